"""The folder of libvirt's schemas on this machine, and the version of libvirt they are of."""

import os
import re
from glob import glob
from typing import Final

VARIABLE: Final = "XMLRESOURCE_DOMAIN_SCHEMA"
"""The environment variable that names the schema, or its folder."""

NAME: Final = "domain.rng"
_LIBRARIES: Final = (
    "/usr/lib/*/libvirt.so.0.*",
    "/usr/lib64/libvirt.so.0.*",
    "/usr/lib/libvirt.so.0.*",
)
PACKAGES: Final = "libvirt-common on Debian 13, libvirt0 on Debian 12 and Ubuntu"
"""The packages that hold the schemas."""

FOLDERS: Final = ("/usr/share/libvirt/schemas", "/usr/local/share/libvirt/schemas")


def named() -> str | None:
    """The schema that the environment names; ``None`` for none."""
    return os.environ.get(VARIABLE) or None


def installed() -> str | None:
    """The schema that libvirt installed; ``None`` for none."""
    candidates = (os.path.join(folder, NAME) for folder in FOLDERS)
    return next((path for path in candidates if os.path.isfile(path)), None)


def located(path: str) -> str:
    """The file of the schema at ``path``, which may be its folder; absolute.

    Raises:
        OSError: There is none.
    """
    file = os.path.abspath(os.path.join(path, NAME) if os.path.isdir(path) else path)
    os.stat(file)
    return file


def version(path: str) -> str | None:
    """The libvirt that the schema at ``path`` came with, such as ``9.0``; ``None`` if unknown.

    The schemas themselves don't say. Those that are installed are of the libvirt that is: its
    library has the number in its name, ``libvirt.so.0.9000.0`` for 9.0.0.
    """
    if os.path.dirname(path) != FOLDERS[0]:
        return None
    names = [name for pattern in _LIBRARIES for name in glob(pattern)]
    found = {match[1] for name in names if (match := re.search(r"\.so\.0\.(\d{4,6})\.\d+$", name))}
    if len(found) != 1:
        return None
    number = int(found.pop())
    return f"{number // 1000}.{number % 1000}"


def has(path: str, name: str) -> bool:
    """Whether the schema ``name`` is in the folder of the schema at ``path``."""
    return os.path.isfile(os.path.join(os.path.dirname(path), name))


def content(path: str) -> bytes | None:
    """The text of a schema; ``None`` where it can't be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
