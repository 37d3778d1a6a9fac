"""Simplified grammars on disk, so that one small document need not wait for its schema.

An entry is good for exactly the bytes that the grammar was made from, which it holds to compare,
and for this version of the engine and of Python. Whatever goes wrong with the cache, the grammar is
made from its files. An entry has a name, a digest of these bytes, to which what is learnt of the
grammar refers (`knowledge_file`).

`hashlib` is not used on the way to a cached grammar: importing it takes longer than all the rest.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib
from enum import Enum

from xmlresource.relaxng.errors import SchemaError
from xmlresource.relaxng.loading.files import cache_folder, load, store
from xmlresource.relaxng.loading.grammar import Grammar
from xmlresource.relaxng.loading.knowledge_file import KnowledgeFile
from xmlresource.relaxng.loading.sources import Sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal, TypeAlias

    from xmlresource.relaxng.loading.sources import Resolver

#: Raised whenever the form of a grammar, or what is checked of one, changes.
ENGINE_VERSION = 3

MAGIC = f"relaxng {ENGINE_VERSION} {sys.implementation.cache_tag} {marshal.version}\n".encode()


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
    ) -> tuple[Grammar, tuple[str, ...], KnowledgeFile]:
        """Return a grammar, the locations of its files, and where what is learnt of it is kept.

        Raises:
            SchemaError: the schema cannot be read, or is not correct.
        """
        sources = Sources(resolver, given)
        main = sources.read(location)
        path = self._path(location, main)
        found = _read(path, location, sources) if path else None
        if found is not None:
            cached, locations, name = found
            return cached, locations, KnowledgeFile(path, name)
        # Slow to import, and not needed above.
        from xmlresource.relaxng.loading.restrictions import check_restrictions  # noqa: PLC0415
        from xmlresource.relaxng.loading.simplification import simplify  # noqa: PLC0415

        sources = Sources(resolver, {**given, location: main})
        grammar = simplify(sources, location)
        check_restrictions(grammar)
        read = sources.read_so_far
        name = _name(read)
        if path:
            kept = (name, _absolute(location), read, grammar.start, grammar.elements)
            store(path, MAGIC, kept)
        return grammar, tuple(read), KnowledgeFile(path, name)

    def _path(self, location: str, main: bytes) -> str | None:
        """Return where the grammar would be. What is there is compared: this need not be unique."""
        if self._folder is None:
            return None
        place = zlib.crc32(os.fsencode(_absolute(location)))
        return f"{self._folder}/{place:08x}-{zlib.crc32(main):08x}.grammar"


def _absolute(location: str) -> str:
    return location if location.startswith("/") else f"{os.getcwd()}/{location}"  # noqa: PTH109  # see above


def _name(files: dict[str, bytes]) -> bytes:
    """Return what tells a grammar from others: a digest of all that it was made from."""
    from hashlib import blake2b  # noqa: PLC0415  # see the top

    return blake2b(marshal.dumps(sorted(files.items())), digest_size=16).digest()


def _read(
    path: str, location: str, sources: Sources
) -> tuple[Grammar, tuple[str, ...], bytes] | None:
    """Return the grammar in a cache file with its name, if it is ours, intact and up to date."""
    kept = load(path, MAGIC)
    if kept is None:
        return None
    name, owner, files, start, elements = kept
    if owner != _absolute(location):
        return None
    try:
        if any(sources.read(file) != content for file, content in files.items()):
            return None
    except SchemaError:
        return None
    return Grammar(start, elements, []), tuple(files), name
