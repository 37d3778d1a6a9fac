"""Finding the sources of an import that a user names: files, and what a folder holds of them."""

import os
from collections.abc import Iterable, Iterator
from typing import Final

from xmlresource.record import record

_SUFFIXES: Final = (".ovf", ".ova", ".vmx", ".json", ".conf", ".cfg", ".yaml", ".yml")


@record
class SourceFile:
    """A source to import.

    Attributes:
        path: Where it is.
        is_named: Whether the user named this very file; else a folder holds it.
    """

    path: str
    is_named: bool


def sources_in(paths: Iterable[str]) -> Iterator[SourceFile]:
    """The sources that ``paths`` name; folders give those below, sorted, without hidden ones.

    Links to folders are not followed. What is not there comes as it is: reading it will say so.
    """
    for path in paths:
        if not os.path.isdir(path):
            yield SourceFile(path, is_named=True)
            continue
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                if name.lower().endswith(_SUFFIXES) and not name.startswith("."):
                    yield SourceFile(os.path.join(folder, name), is_named=False)


def is_folder(path: str) -> bool:
    """Whether there is a folder at ``path``."""
    return os.path.isdir(path)
