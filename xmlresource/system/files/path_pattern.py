"""Patterns of paths: as the standard library's `glob`, but that ``**`` follows no link."""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from xmlresource.system.files.folder_entries import (
    entries_of,
    is_hidden,
    is_own_folder,
    may_be_file,
)

_SIGNS: Final = frozenset("*?[")
_ANY_DEPTH: Final = "**"


def matches(pattern: str) -> Iterator[str]:
    """The files that a pattern matches; no pipes, sockets or devices. Some may come twice."""
    base, *parts = pattern.split("/")
    yield from _matches("", [base, *parts]) if base else _matches("/", parts)


def _matches(folder: str, parts: list[str]) -> Iterator[str]:
    part, *rest = parts
    if part == _ANY_DEPTH:
        yield from _at_any_depth(folder, rest)
    elif _SIGNS.isdisjoint(part):
        path = os.path.join(folder, part)
        if rest and os.path.isdir(path):
            yield from _matches(path, rest)
        elif not rest and os.path.isfile(path):
            yield path
    else:
        yield from _in_folder(folder, part, rest)


def _at_any_depth(folder: str, rest: list[str]) -> Iterator[str]:
    yield from _matches(folder, rest or ["*"])
    for entry in entries_of(folder):
        if is_own_folder(entry) and not is_hidden(entry):
            yield from _at_any_depth(os.path.join(folder, entry.name), rest)


def _in_folder(folder: str, part: str, rest: list[str]) -> Iterator[str]:
    for entry in entries_of(folder):
        if is_hidden(entry) and not part.startswith("."):
            continue
        if not fnmatchcase(entry.name, part):
            continue
        path = os.path.join(folder, entry.name)
        if not rest and may_be_file(entry):
            yield path
        elif rest and entry.is_dir():
            yield from _matches(path, rest)
