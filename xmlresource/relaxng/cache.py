"""Simplified grammars on disk, so that one small document need not wait for its schema.

An entry is good for exactly the bytes that the grammar was made from, which it holds to compare,
and for this version of the engine and of Python. Whatever goes wrong with the cache, the grammar is
made from its files.

`hashlib` and `pathlib` are not used on the way to a cached grammar: importing them takes longer
than all the rest.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys
import zlib
from enum import Enum

from xmlresource.relaxng.errors import SchemaError
from xmlresource.relaxng.grammar import Grammar
from xmlresource.relaxng.source import Sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, Final, Literal, TypeAlias

    from xmlresource.relaxng.source import Resolver

#: Raised whenever the form of a grammar, or what is checked of one, changes.
ENGINE_VERSION = 2

_MAGIC = f"relaxng {ENGINE_VERSION} {sys.implementation.cache_tag} {marshal.version}\n".encode()
_CHECKSUM = 4
_MAX_BYTES = 64 << 20


class _Default(Enum):
    CACHE = "the user's cache folder"


DEFAULT_CACHE: Final = _Default.CACHE
if TYPE_CHECKING:
    CacheDir: TypeAlias = str | os.PathLike[str] | Literal[_Default.CACHE] | None


def _user_cache() -> str | None:
    """Return ``$XDG_CACHE_HOME/xmlresource/relaxng``, or the same below ``~/.cache``."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    if configured.startswith("/"):
        return f"{configured}/xmlresource/relaxng"
    home = os.environ.get("HOME", "")
    return f"{home}/.cache/xmlresource/relaxng" if home.startswith("/") else None


class GrammarCache:
    """Loads grammars, from a folder where it can."""

    def __init__(self, folder: CacheDir) -> None:
        if isinstance(folder, _Default):
            self._folder = _user_cache()
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
            _write(path, grammar, sources.read_so_far)
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
    data = _read_own(path)
    if data is None or not data.startswith(_MAGIC):
        return None
    payload = data[len(_MAGIC) + _CHECKSUM :]
    if zlib.crc32(payload).to_bytes(_CHECKSUM, "big") != data[len(_MAGIC) :][:_CHECKSUM]:
        return None  # marshal must not be given damaged data
    owner, files, start, elements = marshal.loads(payload)  # noqa: S302  # our own file, and intact
    if owner != _absolute(location):
        return None
    try:
        if any(sources.read(file) != content for file, content in files.items()):
            return None
    except SchemaError:
        return None
    return Grammar(start, elements, []), tuple(files)


def _read_own(path: str) -> bytes | None:
    """Return the content of a regular file that belongs to this user and that no other can write.

    The checks are made on the open file, so that it cannot be exchanged in between.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or writable:
            return None
        try:
            return file.read(_MAX_BYTES)
        except OSError:
            return None


def _write(path: str, grammar: Grammar, files: dict[str, bytes]) -> None:
    """Write a cache file, all or nothing; give up silently where that cannot be done."""
    from pathlib import Path  # noqa: PLC0415  # see the top

    content: tuple[Any, ...] = (
        _absolute(next(iter(files))),
        files,
        grammar.start,
        grammar.elements,
    )
    payload = marshal.dumps(content)
    data = _MAGIC + zlib.crc32(payload).to_bytes(_CHECKSUM, "big") + payload
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
    except (OSError, ValueError):  # a ValueError for a folder with a NUL in its name
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(target)
    except OSError:
        _remove(temporary)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        return
