"""The files in a folder, as whoever collects what hosts publish leaves them there."""

import os
from typing import Final

from xmlresource.system.machine import Machine

MOST_FILES: Final = 20_000
_SUFFIX: Final = ".json"


def published_files(folder: str, most: int) -> dict[str, bytes]:
    """The contents of a folder's ``*.json``, by path, sorted.

    Args:
        folder: The folder.
        most: The bytes of a file that are read; a larger one ends after them.

    Raises:
        OSError: The folder or a file in it can't be read, or there are too many files.
    """
    machine = Machine()
    names = [each for each in _names(folder) if each.endswith(_SUFFIX)]
    if len(names) > MOST_FILES:
        raise OSError(f"{folder}: more than {MOST_FILES} files")
    paths = [f"{folder.rstrip('/')}/{each}" for each in names]
    return {path: machine.read_beginning(path, most) for path in paths}


def _names(folder: str) -> list[str]:
    return sorted(os.listdir(folder))
