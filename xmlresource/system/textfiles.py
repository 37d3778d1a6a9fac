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
from collections.abc import Iterator

from xmlresource.system import documents


def write_new(path: str, data: bytes) -> None:
    """Write a file that need not exist yet.

    Raises:
        OSError: It can't be written.
    """
    if os.path.exists(path):
        replace_file(path, data)
        return
    with open(path, "xb") as file:
        file.write(data)


def replace_file(path: str, data: bytes, *, unchanged: bytes | None = None) -> None:
    """Replace an ordinary file's content, atomically.

    Args:
        path: The file, or a link to it.
        data: The new content.
        unchanged: What it must still hold, so that nobody's change is lost.

    Raises:
        OSError: It can't be replaced, is no ordinary file, or has changed; it is as it was.
    """
    target = os.path.realpath(path)
    status = os.lstat(target)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path} is no ordinary file")
    if unchanged is not None and documents.read(target) != unchanged:
        raise OSError(f"{path} has been changed by someone else meanwhile")
    with _beside(target) as (descriptor, temporary):
        _write_all(descriptor, data)
        _take_over(descriptor, target, status)
        os.fsync(descriptor)
        os.rename(temporary, target)
    _sync_folder(os.path.dirname(target))


@contextlib.contextmanager
def _beside(target: str) -> Iterator[tuple[int, str]]:
    """A new file in the folder of ``target``; it is gone afterwards unless it was renamed."""
    folder, name = os.path.split(target)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name[:200]}.", dir=folder)
    try:
        yield descriptor, temporary
    finally:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
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
