"""The cache of findings of earlier runs, in the user's cache folder.

An entry holds for exactly the bytes of a document, as long as neither this program nor the schema
that it was checked by has changed. Whatever goes wrong here, the documents are checked again.
"""

import os
import sys
import time
from collections.abc import Iterable
from typing import Any, Final, TypeAlias
from zlib import crc32

from xmlresource.relaxng.loading.files import cache_folder, load, store

try:
    # hashlib takes longer to import than a small run may take.
    from _blake2 import blake2b
except ImportError:  # pragma: no cover -- a Python that was built with OpenSSL's alone
    from hashlib import blake2b

Entry: TypeAlias = Any
"""What was found: any plain value."""

Noted: TypeAlias = dict[bytes, Entry]
"""What was found, by the digests of documents."""

_State: TypeAlias = tuple[int, ...]

UNKNOWN: Final = object()
"""Instead of an entry: nobody has looked yet."""

MOST_ENTRIES: Final = 10_000
JUST_NOW: Final = 2 * 10**9
"""Nanoseconds in which a file may change twice without its times telling."""


class FindingCache:
    """The cached findings in documents that were checked by one schema.

    Args:
        schema: The schema's path; empty for none.
    """

    def __init__(self, schema: str) -> None:
        self._path: Final = _path(schema)
        self._kind: Final = _kind(schema) if self._path else b""
        self._schema_files: dict[str, _State] = {}
        self._earlier: Noted = {}
        self._current: Noted = {}
        self._new: Noted = {}
        self._read()

    def _read(self) -> None:
        kept = load(self._path, self._kind) if self._path else None
        if kept is None:
            return
        files, entries = kept
        if all(_state(path) == state for path, state in files.items()):
            self._schema_files, self._earlier = files, entries

    def found(self, digest: bytes) -> Entry:
        """The cached entry of a document; ``UNKNOWN`` where none is kept."""
        entry = self._earlier.get(digest, UNKNOWN)
        if entry is not UNKNOWN:
            self._current[digest] = entry
        return entry

    def note(self, digest: bytes, entry: Entry) -> None:
        """Remember what was found in a document."""
        self._new[digest] = entry

    def take_new(self) -> Noted:
        """The entries that were noted since the last call; ``add`` takes them."""
        new, self._new = self._new, {}
        return new

    def add(self, noted: Noted) -> None:
        """Remember what was noted, maybe by another process."""
        self._new |= noted

    def save(self, schema_files: Iterable[str] | None) -> None:
        """Keep everything for the next run.

        Args:
            schema_files: The files of the schemas that were used; ``None`` if none was.
        """
        if not self._new or not self._path:
            return
        # What was found earlier may stand on schemas that nobody needed this time.
        files = dict(self._schema_files) if self._earlier else {}
        files |= {path: _state(path) for path in schema_files or ()}
        if not _are_settled(files.values()):
            return
        # What was asked for last is kept, if not all can be.
        entries = self._new | self._current
        for digest in self._earlier:
            if len(entries) >= MOST_ENTRIES:
                break
            entries.setdefault(digest, self._earlier[digest])
        store(self._path, self._kind, (files, dict(list(entries.items())[:MOST_ENTRIES])))


def digest(data: bytes) -> bytes:
    """The digest that stands for the bytes of a document."""
    return blake2b(data, digest_size=32).digest()


def _path(schema: str) -> str:
    folder = cache_folder("validate")
    return f"{folder}/{crc32(os.fsencode(schema)):08x}.findings" if folder else ""


def _kind(schema: str) -> bytes:
    """The first bytes of the file: another program's, Python's or schema's is none of ours."""
    made = blake2b(os.fsencode(schema), digest_size=16)
    made.update(repr((sys.implementation.cache_tag, *program_files())).encode())
    return b"xmlresource findings 1 " + made.hexdigest().encode() + b"\n"


def program_files() -> list[tuple[str, int, int]]:
    """The modules of this program, with time and size: an update outdates what was found."""
    found: list[tuple[str, int, int]] = []
    # Of the whole package: this module is xmlresource/system/files/finding_cache.py.
    folders = [__file__.rsplit(os.sep, 3)[0]]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.name.endswith(".py"):
                        status = entry.stat()
                        found.append((entry.path, status.st_mtime_ns, status.st_size))
                    elif "." not in entry.name and entry.name != "__pycache__":
                        folders.append(entry.path)
        except OSError:
            continue
    return sorted(found)


def _state(path: str) -> _State:
    """The attributes that change with a file; none for one that is not there."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    times = status.st_mtime_ns, status.st_ctime_ns
    return (status.st_dev, status.st_ino, status.st_size, *times)


def _are_settled(states: Iterable[_State]) -> bool:
    """Whether all are there, and none has changed just now: it could again, unseen."""
    just_now = time.time_ns() - JUST_NOW
    return all(state and max(state[3:]) < just_now for state in states)
