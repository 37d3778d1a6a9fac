"""The machine's files, under a root that tests can move.

Paths are absolute, as the machine has them (``/proc/meminfo``); a :class:`Machine` with another
root finds them below it. Nothing here knows what a file means.
"""

import errno
import os
import stat
from typing import Final

from xmlresource.record import record
from xmlresource.system.syscalls import is_file, is_guarded

_READ: Final = os.O_RDONLY | os.O_CLOEXEC
# O_TRUNC means nothing to a kernel file, and keeps a folder of plain files in its place honest.
_WRITE: Final = os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
_CHUNK: Final = 1 << 16


@record
class Machine:
    """A machine whose files lie below ``root``."""

    root: str = "/"

    def path(self, path: str) -> str:
        """The real path of the machine's ``path``."""
        return path if self.root == "/" else self.root.rstrip("/") + path

    def read_bytes(self, path: str) -> bytes:
        """The whole file, also where the kernel makes it up and says it is empty.

        Raises:
            OSError: It can't be read.
        """
        descriptor = os.open(self.path(path), _READ)
        try:
            chunks = []
            while chunk := os.read(descriptor, _CHUNK):
                chunks.append(chunk)
            return b"".join(chunks)
        finally:
            os.close(descriptor)

    def read_beginning(self, path: str, most: int) -> bytes:
        """The first ``most`` bytes of a file that can be of any size.

        Raises:
            OSError: It can't be read.
        """
        descriptor = os.open(self.path(path), _READ | os.O_NONBLOCK)
        try:
            content = b""
            while len(content) < most and (chunk := os.read(descriptor, most - len(content))):
                content += chunk
            return content
        finally:
            os.close(descriptor)

    def read_guarded(self, path: str, most: int) -> bytes:
        """A plain file that nobody but this user can write, or what a link there leads to.

        Args:
            path: The file.
            most: Its size, at most.

        Raises:
            OSError: It can't be read, is no plain file, can be written by others, or is larger.
        """
        # A FIFO must not hold us up.
        descriptor = os.open(self.path(path), _READ | os.O_NONBLOCK)
        try:
            facts = os.fstat(descriptor)
            if not is_file(facts) or not is_guarded(facts, os.geteuid()):
                raise OSError(errno.EPERM, "not a plain file that only its user can write")
            content = b""
            while len(content) <= most and (chunk := os.read(descriptor, most + 1 - len(content))):
                content += chunk
            if len(content) > most:
                raise OSError(errno.EFBIG, f"larger than {most} bytes")
            return content
        finally:
            os.close(descriptor)

    def read_text(self, path: str) -> str:
        """A file's text; bytes that are not UTF-8 come as surrogates, as file names do.

        Raises:
            OSError: It can't be read.
        """
        return self.read_bytes(path).decode("utf-8", "surrogateescape")

    def read_if_there(self, path: str) -> str | None:
        """The file as text, ``None`` where it or its folder does not exist (any more).

        Raises:
            OSError: It exists and can't be read.
        """
        try:
            return self.read_text(path)
        except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
            return None

    def write_value(self, path: str, value: str) -> None:
        """Write a kernel file with one write(2): the kernel parses each write by itself.

        Raises:
            OSError: What the kernel answered, or the file is missing: it is never created.
        """
        descriptor = os.open(self.path(path), _WRITE)
        try:
            os.write(descriptor, value.encode("ascii"))
        finally:
            os.close(descriptor)

    def identity(self, path: str) -> list[int] | None:
        """The identity that tells a file from a later one of the same path; ``None`` for none.

        Raises:
            OSError: It can't be looked at.
        """
        try:
            facts = os.stat(self.path(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return [facts.st_dev, facts.st_ino]

    def device_numbers(self, path: str) -> tuple[str, str | None] | None:
        """``MAJ:MIN`` of the file system that a path is on, and of the block device that it is.

        Returns:
            The second is ``None`` for what is no block device; all of it where nothing is there.

        Raises:
            OSError: It can't be looked at.
        """
        try:
            facts = os.stat(self.path(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        device = facts.st_rdev if stat.S_ISBLK(facts.st_mode) else None
        return _number(facts.st_dev), None if device is None else _number(device)

    def folders_in(self, path: str) -> list[str]:
        """The names of the folders in a folder, sorted; none where it does not exist.

        Raises:
            OSError: It exists and can't be read.
        """
        try:
            with os.scandir(self.path(path)) as entries:
                return sorted(each.name for each in entries if each.is_dir(follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def names_in(self, path: str) -> list[str]:
        """The names in a folder, sorted; none where the folder does not exist.

        Raises:
            OSError: It exists and can't be read.
        """
        try:
            return sorted(os.listdir(self.path(path)))
        except (FileNotFoundError, NotADirectoryError):
            return []


def _number(device: int) -> str:
    return f"{os.major(device)}:{os.minor(device)}"
