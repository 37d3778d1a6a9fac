"""Finding and reading the documents that a user names: files, folders, patterns, standard input."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import Final

STANDARD_INPUT: Final = "-"

_PATTERN_SIGNS: Final = frozenset("*?[")


def expand(paths: Iterable[str]) -> Iterator[str]:
    """The documents that ``paths`` name, each once, in the order given.

    Folders give their ``*.xml``, sorted, at any depth; links to folders below a named folder are
    not followed, so that a loop of them ends. Patterns (quoted from the shell) give what matches,
    sorted, ``**`` at any depth. What is not there comes as it is: reading it will say so.
    """
    seen: set[str] = set()
    for path in paths:
        for found in _documents(path):
            if found not in seen:
                seen.add(found)
                yield found


def read(path: str, most: int = -1) -> bytes:
    """The document at ``path``; ``-`` is standard input.

    Args:
        path: The document.
        most: How many bytes are read at most; all by default.

    Raises:
        OSError: It can't be read.
    """
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(most)
    with open(path, "rb", buffering=0) as file:
        if most < 0:
            return file.readall()
        # Nearly always all there is, in one call; a pipe gives what it has.
        pieces = []
        while most > 0 and (piece := file.read(min(most, 1 << 20))):
            pieces.append(piece)
            most -= len(piece)
        return b"".join(pieces)


def below(path: str, folder: str) -> str:
    """``path`` relative to ``folder`` where it lies below, else as it is."""
    absolute = os.path.normpath(os.path.join(os.getcwd(), path))
    inside = os.path.join(folder, "")
    return absolute.removeprefix(inside) if absolute.startswith(inside) else path


def _documents(path: str) -> Iterator[str]:
    if path == STANDARD_INPUT:
        yield path
    elif os.path.isdir(path):
        yield from _documents_below(path)
    elif _PATTERN_SIGNS.isdisjoint(path) or os.path.lexists(path):
        yield path
    else:
        yield from _matching(path)


def _matching(pattern: str) -> Iterator[str]:
    from glob import glob  # noqa: PLC0415 -- shells resolve most patterns

    found = sorted(glob(pattern, recursive=True))
    for path in found or [pattern]:
        if os.path.isdir(path):
            continue
        yield path


def _documents_below(folder: str) -> Iterator[str]:
    for parent, folders, files in os.walk(folder, onerror=None):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(parent, name)
            if name.endswith(".xml") and not _is_special(path):
                yield path


def _is_special(path: str) -> bool:
    """Whether it is a pipe, a socket or a device: reading one might never end."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False  # a link to nowhere is a document that can't be read
