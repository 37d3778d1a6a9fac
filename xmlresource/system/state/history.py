"""The history: the last events, in two files of the state folder.

A record is appended by one write(2), so that those of others stand before or after it, never in it.
``history`` is renamed to ``history.old`` when it is half as large as both may be. A process that is
killed leaves at most its own record torn. Nothing waits: neither for a lock nor for the disk.
"""

from typing import Final

from xmlresource.errors import XmlresourceError
from xmlresource.system.state.state_folder import StateFolder
from xmlresource.system.syscalls import Syscalls

NAME: Final = "history"
OLD: Final = "history.old"


def append(state: StateFolder, record: bytes, most: int) -> bool:
    """Add a record; whether it was added. Nothing that goes wrong here is a start's business.

    Args:
        state: The state folder.
        record: The record.
        most: The bytes of both files together.
    """
    if len(record) > most // 2:
        return False
    try:
        folder = state.open()
        try:
            return _append(state, folder, record, most // 2)
        finally:
            state.calls.close(folder)
    except (OSError, XmlresourceError):
        return False


def read(state: StateFolder) -> bytes:
    """All records, oldest first, with what else stands among them.

    Raises:
        StateError: They can't be read.
    """
    newer, older = state.snapshot_file(NAME) or b"", state.snapshot_file(OLD) or b""
    if newer and older.startswith(newer):
        return older  # it was renamed in between
    return older + newer


def _append(state: StateFolder, folder: int, record: bytes, half: int) -> bool:
    calls = state.calls
    for last in (False, True):
        descriptor = calls.open_to_append(NAME, folder)
        try:
            size = state.check_file(descriptor, NAME)
            fits = size + len(record) <= half
            # At last all the same: others are about to rename it, or have filled the new one.
            if fits or last:
                return calls.write(descriptor, [record]) == len(record)
            _retire(calls, descriptor, folder)
        finally:
            calls.close(descriptor)
    return False


def _retire(calls: Syscalls, descriptor: int, folder: int) -> None:
    """Rename the full file, unless somebody else does or has done so."""
    if not calls.try_lock(descriptor):
        return
    mine = calls.facts(descriptor)
    there = calls.facts_of(NAME, folder)
    if (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino):
        calls.rename(NAME, OLD, folder)
