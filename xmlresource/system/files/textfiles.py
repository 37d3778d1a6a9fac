"""Files of a person's own: read whole, replaced whole.

A file is replaced in one step: whoever reads it sees the old or the new content, never half of it,
also after a crash. The new file has the old one's mode, owner and extended attributes. A link is
followed, and the file it points to replaced: the link stays one. Of several hard links only the one
that was named gets the new content.

Nobody's change is lost. Two programs of ours wait for each other, by a lock on the folder, and what
was read is compared once they have it. Others take no lock: so new and old file are swapped, what
was taken out is compared, and swapped back where it is not what was read.
"""

import contextlib
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Final

from xmlresource.record import record
from xmlresource.system.files import document_files
from xmlresource.system.files.exchange import exchanged

_FEW: Final = 8
_PATIENCE: Final = 30.0
"""Seconds to wait for another program that holds the folder."""


def write_new(path: str, data: bytes) -> None:
    """Write a file that need not exist yet.

    Raises:
        OSError: It can't be written; then there is none.
    """
    if os.path.exists(path):
        replace_files([Replacement(path, data)])
        return
    with open(path, "xb") as file:
        try:
            file.write(data)
            file.flush()
        except OSError:
            os.unlink(path)
            raise


@record
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


@record
class _Prepared:
    """A new file beside the old one.

    Attributes:
        replacement: What it is for.
        target: The file that it is to replace.
        temporary: Its own name until then.
    """

    replacement: Replacement
    target: str
    temporary: str

    def check(self, path: str) -> None:
        """Compare what is at ``path`` with what was read.

        Raises:
            OSError: It has changed, or can't be read.
        """
        unchanged = self.replacement.unchanged
        if unchanged is not None and document_files.read(path) != unchanged:
            raise OSError(
                f"{self.replacement.path} has been changed by someone else meanwhile; "
                "nothing is written: do it again"
            )


def replace_files(replacements: Sequence[Replacement]) -> None:
    """Replace the content of ordinary files, each atomically.

    All are written before the first is put in place, so that what can go wrong (no space, no
    permission, a change by someone else) leaves every one as it was.

    Raises:
        OSError: One can't be replaced, is no ordinary file, or has changed.
    """
    few = len(replacements) <= _FEW
    with contextlib.ExitStack() as cleanup:
        temporaries: set[str] = set()
        cleanup.callback(_remove, temporaries)
        prepared = [_prepared(one, temporaries, sync=few) for one in replacements]
        if not few:
            os.sync()  # one wait for all; a wait for each takes ten times as long as the edits
        # In order, or two programs would wait for each other for ever.
        for folder in sorted({os.path.dirname(one.target) for one in prepared}):
            cleanup.enter_context(_locked(folder))
        for one in prepared:
            one.check(one.target)
        _put_in_place(prepared, temporaries)


def _prepared(replacement: Replacement, temporaries: set[str], *, sync: bool) -> _Prepared:
    target = os.path.realpath(replacement.path)
    status = os.lstat(target)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{replacement.path} is no ordinary file")
    folder, name = os.path.split(target)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name[:200]}.", dir=folder)
    temporaries.add(temporary)
    try:
        _write_all(descriptor, replacement.data)
        _take_over(descriptor, target, status)
        if sync:
            # The content has to be on disk before its name: a crash must leave no empty file.
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return _Prepared(replacement, target, temporary)


def _put_in_place(prepared: Sequence[_Prepared], temporaries: set[str]) -> None:
    """Give the new files their names, unless an old one is not what was read."""
    done: list[_Prepared] = []
    try:
        for one in prepared:
            if not exchanged(one.temporary, one.target):
                os.rename(one.temporary, one.target)
                continue
            done.append(one)
            one.check(one.temporary)
    except BaseException:
        for one in reversed(done):
            _take_back(one, temporaries)
        raise


def _take_back(one: _Prepared, temporaries: set[str]) -> None:
    """Put an old file back under its name, and keep what somebody has written in this moment."""
    temporaries.discard(one.temporary)
    exchanged(one.temporary, one.target)
    if document_files.read(one.temporary) != one.replacement.data:
        raise OSError(
            f"{one.replacement.path} has been changed by someone else twice: "
            f"the later change is in {one.temporary}"
        )
    temporaries.add(one.temporary)


def _remove(temporaries: set[str]) -> None:
    for temporary in temporaries:
        with contextlib.suppress(FileNotFoundError):  # it has been put in place
            os.unlink(temporary)


@contextlib.contextmanager
def _locked(folder: str) -> Iterator[None]:
    """No other program of ours replaces a file in ``folder`` meanwhile; what is done, lasts."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, folder)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OSError(f"{folder} is locked by another program") from None
            time.sleep(0.01)
        except OSError:  # NFS has no locks for folders
            return
        else:
            return


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
