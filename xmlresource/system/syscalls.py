"""The system calls behind the state folder, in one place, so that tests can fail or kill each."""

import fcntl
import os
import stat as stat_bits
import time
from collections.abc import Sequence
from typing import Final

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_SAFE: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO must not hold us up
_PRIVATE: Final = 0o600


class Syscalls:
    """The calls themselves, one a method; each raises what the kernel answers as OSError."""

    def make_folder(self, path: str, mode: int) -> None:
        """A new folder; the process's umask takes bits off ``mode``."""
        os.mkdir(path, mode)

    def open_folder(self, path: str) -> int:
        """A descriptor of the folder ``path``, which must not be a link."""
        return os.open(path, _DIRECTORY)

    def open_parent(self, path: str) -> int:
        """A descriptor of a folder that is trusted as it is; it may be a link."""
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def open_to_read(self, name: str, folder: int) -> int:
        """A descriptor of a file in ``folder``."""
        return os.open(name, os.O_RDONLY | _SAFE, dir_fd=folder)

    def open_lock(self, name: str, folder: int) -> int:
        """A descriptor of a file in ``folder``, made where it is missing."""
        return os.open(name, os.O_RDWR | os.O_CREAT | _SAFE, _PRIVATE, dir_fd=folder)

    def create(self, name: str, folder: int) -> int:
        """A descriptor of a new file in ``folder``."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE
        return os.open(name, flags, _PRIVATE, dir_fd=folder)

    def open_to_append(self, name: str, folder: int) -> int:
        """A descriptor of a file in ``folder`` that is only ever added to, made if missing."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _SAFE
        return os.open(name, flags, _PRIVATE, dir_fd=folder)

    def facts_of(self, name: str, folder: int) -> os.stat_result:
        """Owner, mode and kind of what has that name."""
        return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def facts(self, descriptor: int) -> os.stat_result:
        """Owner, mode and kind of what is open."""
        return os.fstat(descriptor)

    def read(self, descriptor: int, size: int) -> bytes:
        """The next bytes of the file; none at its end."""
        return os.read(descriptor, size)

    def write(self, descriptor: int, chunks: Sequence[bytes | memoryview]) -> int:
        """The number of bytes of the chunks that one call took; maybe not all."""
        return os.writev(descriptor, chunks)

    def sync(self, descriptor: int) -> None:
        """Have the file, or a folder's names, on disk before going on."""
        os.fsync(descriptor)

    def rename(self, old: str, new: str, folder: int) -> None:
        """Give a file in ``folder`` another name, in place of what had it."""
        os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self, name: str, folder: int) -> None:
        """Take a file out of ``folder``."""
        os.unlink(name, dir_fd=folder)

    def exists(self, name: str, folder: int) -> bool:
        """Whether ``folder`` has that name, be it a dangling link."""
        try:
            os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def close(self, descriptor: int) -> None:
        """Give the descriptor back."""
        os.close(descriptor)

    def try_lock(self, descriptor: int) -> bool:
        """Take the file's lock if it is free."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait_for_lock(self, descriptor: int, timeout: float) -> bool:
        """Take the file's lock, waiting so many seconds at most; false when they are over.

        In a process's main thread it sleeps in flock(2), where the kernel keeps the queue, and an
        alarm ends it. Elsewhere it asks again and again.
        """
        if timeout <= 0:
            return False
        import signal  # noqa: PLC0415 - needed only where two starts meet
        import threading  # noqa: PLC0415

        if threading.current_thread() is not threading.main_thread():
            return self._poll_for_lock(descriptor, timeout)

        def expire(_signal: int, _frame: object) -> None:
            raise TimeoutError

        handler = signal.signal(signal.SIGALRM, expire)
        try:
            signal.setitimer(signal.ITIMER_REAL, timeout)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            signal.setitimer(signal.ITIMER_REAL, 0)
        except TimeoutError:
            # Also where it struck just after the lock was taken: closing the file gives it back.
            return False
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
        return True

    def _poll_for_lock(self, descriptor: int, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        pause, longest_pause = 0.001, 0.05
        while not self.try_lock(descriptor):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(pause * 2, longest_pause)
        return True


def is_private(facts: os.stat_result, owner: int) -> bool:
    """Whether nobody but ``owner`` can read or write what has these facts."""
    return facts.st_uid == owner and not facts.st_mode & 0o077


def is_guarded(facts: os.stat_result, owner: int) -> bool:
    """Whether nobody but ``owner`` can write what has these facts."""
    return facts.st_uid == owner and not facts.st_mode & 0o022


def is_file(facts: os.stat_result) -> bool:
    """Whether they are those of a regular file."""
    return stat_bits.S_ISREG(facts.st_mode)
