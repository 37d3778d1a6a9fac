"""Simplified grammars on disk, so that one small document need not wait for its schema.

An entry is good for exactly the bytes that the grammar was made from, and for this version of the
engine and of Python. Whatever goes wrong with the cache, the grammar is made from its files.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import secrets
import stat
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from xmlresource.relaxng.errors import SchemaError
from xmlresource.relaxng.grammar import Grammar
from xmlresource.relaxng.source import Sources

if TYPE_CHECKING:
    from typing import TypeAlias

    from xmlresource.relaxng.source import Resolver

#: Raised whenever the form of a grammar, or what is checked of one, changes.
ENGINE_VERSION = 1

_MAGIC = f"relaxng {ENGINE_VERSION} {sys.implementation.cache_tag} {marshal.version}\n".encode()
_DIGEST = hashlib.sha256().digest_size
_MAX_BYTES = 32 << 20


class _Default(Enum):
    CACHE = "the user's cache folder"


DEFAULT_CACHE: Final = _Default.CACHE
if TYPE_CHECKING:
    CacheDir: TypeAlias = str | os.PathLike[str] | Literal[_Default.CACHE] | None


def _user_cache() -> Path | None:
    """Return ``$XDG_CACHE_HOME/xmlresource/relaxng``, or the same below ``~/.cache``."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    try:
        root = Path(configured) if Path(configured).is_absolute() else Path.home() / ".cache"
    except RuntimeError:  # there is no home
        return None
    return root / "xmlresource" / "relaxng"


class GrammarCache:
    """Loads grammars, from a folder where it can."""

    def __init__(self, folder: CacheDir) -> None:
        if isinstance(folder, _Default):
            self._folder = _user_cache()
        else:
            self._folder = None if folder is None else Path(folder)

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
        found = _read(path, sources) if path else None
        if found is not None:
            return found
        from xmlresource.relaxng.restrictions import check_restrictions  # noqa: PLC0415  # slow,
        from xmlresource.relaxng.simplify import simplify  # noqa: PLC0415  # not needed above

        sources = Sources(resolver, {**given, location: main})
        grammar = simplify(sources, location)
        check_restrictions(grammar)
        if path:
            _write(path, grammar, sources.read_so_far)
        return grammar, tuple(sources.read_so_far)

    def _path(self, location: str, main: bytes) -> Path | None:
        if self._folder is None:
            return None
        # The folder matters: the same bytes include other files elsewhere.
        key = hashlib.sha256(_MAGIC + os.fsencode(Path(location).absolute()) + b"\0" + main)
        return self._folder / f"{key.hexdigest()}.grammar"


def _read(path: Path, sources: Sources) -> tuple[Grammar, tuple[str, ...]] | None:
    """Return the grammar in a cache file, if it is ours, intact and up to date."""
    data = _read_own(path)
    if data is None or not data.startswith(_MAGIC):
        return None
    digest, payload = data[len(_MAGIC) :][:_DIGEST], data[len(_MAGIC) + _DIGEST :]
    if hashlib.sha256(payload).digest() != digest:
        return None  # marshal must not be given damaged data
    files, start, elements = marshal.loads(payload)  # noqa: S302  # our own file, and intact
    try:
        if any(hashlib.sha256(sources.read(file)).digest() != seal for file, seal in files):
            return None
    except SchemaError:
        return None
    return Grammar(start, elements, []), tuple(file for file, _ in files)


def _read_own(path: Path) -> bytes | None:
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


def _write(path: Path, grammar: Grammar, files: dict[str, bytes]) -> None:
    """Write a cache file, all or nothing; give up silently where that cannot be done."""
    seals = [(file, hashlib.sha256(data).digest()) for file, data in files.items()]
    content: tuple[Any, ...] = (seals, grammar.start, grammar.elements)
    payload = marshal.dumps(content)
    data = _MAGIC + hashlib.sha256(payload).digest() + payload
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
    except (OSError, ValueError):  # a ValueError for a folder with a NUL in its name
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except OSError:
        _remove(temporary)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        return
