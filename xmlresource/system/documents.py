"""Finding and reading the documents that a user names: files, folders, standard input."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Final

STANDARD_INPUT: Final = "-"


def expand(paths: Iterable[str]) -> Iterator[str]:
    """The documents that ``paths`` name: folders give their ``*.xml``, sorted, at any depth.

    Links to folders below a named folder are not followed, so that a loop of them ends.
    """
    for path in paths:
        if path != STANDARD_INPUT and os.path.isdir(path):
            yield from _documents_below(path)
        else:
            yield path


def read(path: str) -> bytes:
    """The document at ``path``; ``-`` is standard input.

    Raises:
        OSError: It can't be read.
    """
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def _documents_below(folder: str) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if name.endswith(".xml"):
                yield os.path.join(parent, name)
