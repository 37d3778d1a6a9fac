"""Simplified grammars on disk, so that one small document need not wait for its schema.

An entry is good for exactly the bytes that the grammar was made from, which it holds to compare,
and for this version of the engine and of Python. Whatever goes wrong with the cache, the grammar is
made from its files.

`hashlib` is not used on the way to a cached grammar: importing it takes longer than all the rest.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib
from enum import Enum

from xmlresource.relaxng.errors import SchemaError
from xmlresource.relaxng.grammar import Grammar
from xmlresource.relaxng.private_files import cache_folder, load, store
from xmlresource.relaxng.source import Sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal, TypeAlias

    from xmlresource.relaxng.source import Resolver

#: Raised whenever the form of a grammar, or what is checked of one, changes.
ENGINE_VERSION = 2

_MAGIC = f"relaxng {ENGINE_VERSION} {sys.implementation.cache_tag} {marshal.version}\n".encode()


class _Default(Enum):
    CACHE = "the user's cache folder"


DEFAULT_CACHE: Final = _Default.CACHE
if TYPE_CHECKING:
    CacheDir: TypeAlias = str | os.PathLike[str] | Literal[_Default.CACHE] | None


class GrammarCache:
    """Loads grammars, from a folder where it can."""

    def __init__(self, folder: CacheDir) -> None:
        if isinstance(folder, _Default):
            self._folder = cache_folder("relaxng")
        else:
            self._folder = None if folder is None else os.fspath(folder)

    def load(
        self, location: str, given: dict[str, bytes], resolver: Resolver | None
    ) -> tuple[Grammar, tuple[str, ...]]:
        """Return a grammar, and the locations of the files that it is made of.

        Raises:
            SchemaError: the schema cannot be read, or is not correct.
        """
        sources = Sources(resolver, given)
        main = sources.read(location)
        path = self._path(location, main)
        found = _read(path, location, sources) if path else None
        if found is not None:
            return found
        # Slow to import, and not needed above.
        from xmlresource.relaxng.restrictions import check_restrictions  # noqa: PLC0415
        from xmlresource.relaxng.simplify import simplify  # noqa: PLC0415

        sources = Sources(resolver, {**given, location: main})
        grammar = simplify(sources, location)
        check_restrictions(grammar)
        if path:
            files = sources.read_so_far
            owner = _absolute(location)
            store(path, _MAGIC, (owner, files, grammar.start, grammar.elements))
        return grammar, tuple(sources.read_so_far)

    def _path(self, location: str, main: bytes) -> str | None:
        """Return where the grammar would be. What is there is compared: this need not be unique."""
        if self._folder is None:
            return None
        place = zlib.crc32(os.fsencode(_absolute(location)))
        return f"{self._folder}/{place:08x}-{zlib.crc32(main):08x}.grammar"


def _absolute(location: str) -> str:
    return location if location.startswith("/") else f"{os.getcwd()}/{location}"  # noqa: PTH109  # see above


def _read(path: str, location: str, sources: Sources) -> tuple[Grammar, tuple[str, ...]] | None:
    """Return the grammar in a cache file, if it is ours, intact and up to date."""
    kept = load(path, _MAGIC)
    if kept is None:
        return None
    owner, files, start, elements = kept
    if owner != _absolute(location):
        return None
    try:
        if any(sources.read(file) != content for file, content in files.items()):
            return None
    except SchemaError:
        return None
    return Grammar(start, elements, []), tuple(files)
