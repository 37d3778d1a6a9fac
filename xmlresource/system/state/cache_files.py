"""Results worked out of files, kept in the state folder until the files change.

Everything here may be worked out again: a file that is missing, damaged, not the owner's alone, or
was made from something else counts for nothing, and what can't be written is not kept. It is only
ever replaced as a whole, and nobody waits for the lock or the disk.
"""

import json
import os
import time
from typing import Any, Final, TypeAlias
from zlib import crc32

from xmlresource.errors import XmlresourceError
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import StateFolder

Identity: TypeAlias = list[int]
"""What changes with a file's content, owner or mode."""

MAGIC: Final = b"xmlresource-kept 1"
_JUST_NOW: Final = 2 * 10**9
"""Nanoseconds in which a file may change twice without its times telling."""
_LEFT_OVER: Final = 60
"""Seconds after which a fresh file is one of a process that was killed."""


def identity(facts: os.stat_result) -> Identity:
    """The identity of a file with these facts."""
    return [
        facts.st_dev,
        facts.st_ino,
        facts.st_size,
        facts.st_mtime_ns,
        facts.st_ctime_ns,
        facts.st_uid,
        facts.st_mode,
    ]


def identity_of(machine: Machine, path: str) -> Identity | None:
    """The identity of what a path leads to; ``None`` for nothing."""
    try:
        return identity(os.stat(machine.path(path)))
    except OSError:
        return None


def is_settled(found: Identity) -> bool:
    """Whether a file has not changed just now: it could again, unseen."""
    just_now = time.time_ns() - _JUST_NOW
    return max(found[3:5]) < just_now


def program() -> list[int]:
    """The identity of this program: its folders change where their modules are replaced."""
    top = os.path.dirname(os.path.dirname(__file__))
    found = []
    for folder in ("", "admission", "document", "model", "operations", "rules", "system"):
        try:
            facts = os.stat(os.path.join(top, folder))
        except OSError:  # in an archive
            continue
        found += [facts.st_ino, facts.st_mtime_ns]
    return found


def load(state: StateFolder, name: str, key: object) -> Any | None:
    """Load what was kept under a name for a key; ``None`` for nothing.

    Args:
        state: The state folder.
        name: The file's name.
        key: What all of it was made from, as JSON can hold it.
    """
    try:
        text = state.snapshot_file(name)
    except XmlresourceError:
        return None
    if text is None:
        return None
    head, _, body = text.partition(b"\n")
    if head != _head(body):
        return None
    try:
        found_key, value = json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return None
    return value if found_key == key else None


def keep(state: StateFolder, name: str, key: object, value: object) -> bool:
    """Keep a value, as JSON can hold it; whether it was kept."""
    body = json.dumps([key, value], separators=(",", ":")).encode("ascii")
    try:
        folder = state.open()
        try:
            return _replace(state, folder, name, [_head(body), b"\n", body])
        finally:
            state.calls.close(folder)
    except (OSError, XmlresourceError):
        return False


def _head(body: bytes) -> bytes:
    return b"%s %08x" % (MAGIC, crc32(body))


def _replace(state: StateFolder, folder: int, name: str, chunks: list[bytes]) -> bool:
    calls, fresh = state.calls, f"{name}.new"
    try:
        descriptor = calls.create(fresh, folder)
    except FileExistsError:  # another start is about to do the same, or was killed over it
        if time.time() - calls.facts_of(fresh, folder).st_mtime > _LEFT_OVER:
            calls.remove(fresh, folder)
        return False
    try:
        whole = calls.write(descriptor, chunks) == sum(map(len, chunks))
    except BaseException:
        calls.remove(fresh, folder)
        raise
    finally:
        calls.close(descriptor)
    if not whole:
        calls.remove(fresh, folder)
        return False
    calls.rename(fresh, name, folder)
    return True
