"""Files of a person's own: read whole, replaced whole.

A file is replaced in one step: whoever reads it sees the old or the new content, never half of it,
also after a crash. The new file has the old one's mode, owner and extended attributes. A link is
followed, and the file it points to replaced: the link stays one. Of several hard links only the one
that was named gets the new content.
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xmlresource.system import documents

_FEW: Final = 8


def write_new(path: str, data: bytes) -> None:
    """Write a file that need not exist yet.

    Raises:
        OSError: It can't be written.
    """
    if os.path.exists(path):
        replace_files([Replacement(path, data)])
        return
    with open(path, "xb") as file:
        file.write(data)


@dataclass(frozen=True, slots=True)
class Replacement:
    """New content for one file.

    Attributes:
        path: The file, or a link to it.
        data: The new content.
        unchanged: What it must still hold, so that nobody's change is lost; ``None`` for anything.
    """

    path: str
    data: bytes
    unchanged: bytes | None = None


def replace_files(replacements: Sequence[Replacement]) -> None:
    """Replace the content of ordinary files, each atomically.

    All are written before the first is put in place, so that what can go wrong (no space, no
    permission, a change by someone else) leaves every one as it was.

    Raises:
        OSError: One can't be replaced, is no ordinary file, or has changed.
    """
    few = len(replacements) <= _FEW
    with contextlib.ExitStack() as cleanup:
        prepared = [_prepared(one, cleanup, sync=few) for one in replacements]
        if not few:
            os.sync()  # one wait for all; a wait for each takes ten times as long as the edits
        for temporary, target in prepared:
            os.rename(temporary, target)
    for folder in {os.path.dirname(target) for _, target in prepared}:
        _sync_folder(folder)


def _prepared(
    replacement: Replacement, cleanup: contextlib.ExitStack, *, sync: bool
) -> tuple[str, str]:
    """A new file beside the old one: its name, and the name that it is to get."""
    target = os.path.realpath(replacement.path)
    status = os.lstat(target)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{replacement.path} is no ordinary file")
    if replacement.unchanged not in {None, documents.read(target)}:
        raise OSError(f"{replacement.path} has been changed by someone else meanwhile")
    folder, name = os.path.split(target)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name[:200]}.", dir=folder)
    cleanup.callback(_gone, temporary)
    try:
        _write_all(descriptor, replacement.data)
        _take_over(descriptor, target, status)
        if sync:
            # The content has to be on disk before its name: a crash must leave no empty file.
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return temporary, target


def _gone(temporary: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # it has been put in place
        os.unlink(temporary)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _take_over(descriptor: int, target: str, status: os.stat_result) -> None:
    """Give the new file the old one's owner, mode and attributes."""
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (status.st_uid, status.st_gid):
        os.fchown(descriptor, status.st_uid, status.st_gid)
    # After chown, which clears the set-id bits.
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    names: list[str] = []
    with contextlib.suppress(OSError):  # not every file system has them
        names = os.listxattr(target)
    for name in names:
        with contextlib.suppress(OSError):  # and some only the kernel may set
            os.setxattr(descriptor, name, os.getxattr(target, name))


def _sync_folder(folder: str) -> None:
    """Make the rename last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
