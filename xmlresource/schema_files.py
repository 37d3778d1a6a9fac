"""Find the shipped schemas: in a wheel inside the package, in a checkout beside it.

The schemas include each other, so what is handed out is a file in its folder. Validating with them
is left to whoever asks: xmllint, jing, an editor, ``relaxng``.
"""

from importlib.resources import files
from pathlib import Path


def folder() -> Path:
    """The folder that holds all schemas."""
    package = Path(str(files("xmlresource")))
    shipped = package / "schemas"
    return shipped if shipped.is_dir() else package.parent / "schemas"


def path(name: str) -> Path:
    """The file of the schema ``name``, such as ``resource.rng``.

    Raises:
        FileNotFoundError: No such schema is shipped.
    """
    file = folder() / name
    if Path(name).name != name or not file.is_file():
        raise FileNotFoundError(f"no schema {name!r} in {folder()}")
    return file


def read(name: str) -> bytes:
    """The text of the schema ``name``.

    Raises:
        FileNotFoundError: No such schema is shipped.
    """
    return path(name).read_bytes()
