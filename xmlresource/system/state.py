"""The state folder: the ledger's file, its lock, and one transaction.

The folder holds ``lock``, which is never renamed, ``ledger``, which is only ever replaced as a
whole, ``ledger.new`` while that happens, and ``ledger.corrupt-N``, ledgers that made no sense. On
v2 ``chain`` remembers whose part of the values above the guests is whose; it outlives a lost
ledger. A process killed at any instruction leaves the old ledger or the new one, and a lock that
the kernel takes back.
"""

from types import TracebackType
from typing import Final, Self

from xmlresource.errors import XmlresourceError
from xmlresource.ledger import Ledger, LedgerError, NewerLedgerError, decode
from xmlresource.system.syscalls import Syscalls, is_file, is_private

FOLDER: Final = "/run/xmlresource"
LOCK: Final = "lock"
LEDGER: Final = "ledger"
CHAIN: Final = "chain"
FRESH: Final = f"{LEDGER}.new"
CORRUPT: Final = "ledger.corrupt-{}"
MOST_CORRUPT: Final = 8
"""Corrupt ledgers that are kept; the last of them is overwritten."""

DEFAULT_TIMEOUT: Final = 30.0
"""Seconds to wait for the lock."""

_ROOT: Final = 0
_FOLDER_MODE: Final = 0o700
_LARGEST: Final = 64 << 20  # more than a hundred thousand promises


class StateError(XmlresourceError):
    """The state folder can't be used; the text says why and what to do."""


class LockTimeoutError(StateError):
    """Others held the lock for longer than this start would wait."""


class StateFolder:
    """The folder, checked before it is trusted.

    Args:
        path: Where it is.
        owner: The user id that must own it and all in it.
        calls: The system calls.
    """

    def __init__(
        self, path: str = FOLDER, owner: int = _ROOT, calls: Syscalls | None = None
    ) -> None:
        self.path: Final = path
        self._owner: Final = owner
        self.calls: Final = calls or Syscalls()

    def transaction(self, boot_id: str, timeout: float = DEFAULT_TIMEOUT) -> "Transaction":
        """A transaction, to be entered with ``with``.

        Args:
            boot_id: The host's boot; promises of another one are left out.
            timeout: Seconds to wait for the lock.
        """
        return Transaction(self, self.calls, boot_id, timeout)

    def snapshot(self, boot_id: str) -> Ledger:
        """The ledger as it is, without the lock and without making anything.

        Raises:
            StateError: It can't be read, or makes no sense.
        """
        try:
            folder = self.calls.open_folder(self.path)
        except FileNotFoundError:
            return Ledger(boot_id)
        except OSError as error:
            raise self.failed("open", error) from error
        try:
            self._check_folder(folder)
            text = self.read(folder)
            return Ledger(boot_id) if text is None else decode(text).for_boot(boot_id)
        except OSError as error:
            raise self.failed("read", error) from error
        except LedgerError as error:
            raise StateError(f"{self.path}/{LEDGER} is damaged: {error}") from error
        except NewerLedgerError as error:
            raise self.newer(error) from error
        finally:
            self.calls.close(folder)

    def open(self) -> int:
        """A descriptor of the folder, made where it is missing.

        Raises:
            StateError: It is not the owner's alone.
            OSError: It can't be opened.
        """
        try:
            folder = self.calls.open_folder(self.path)
        except FileNotFoundError:
            self._make()
            folder = self.calls.open_folder(self.path)
        try:
            self._check_folder(folder)
        except BaseException:
            self.calls.close(folder)
            raise
        return folder

    def snapshot_chain(self) -> bytes | None:
        """What is remembered of the cgroups above the guests, without the lock.

        Raises:
            StateError: It can't be read.
        """
        return self.snapshot_file(CHAIN)

    def snapshot_file(self, name: str) -> bytes | None:
        """A file as it is, without the lock and without making anything; ``None`` for none.

        Raises:
            StateError: It can't be read.
        """
        try:
            folder = self.calls.open_folder(self.path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.failed("open", error) from error
        try:
            self._check_folder(folder)
            return self.read(folder, name)
        except (OSError, LedgerError) as error:
            raise StateError(f"can't read {self.path}/{name}: {error}") from error
        finally:
            self.calls.close(folder)

    def read(self, folder: int, name: str = LEDGER) -> bytes | None:
        """The text of the ledger, or of another file; ``None`` where there is none.

        Raises:
            StateError: It is not the owner's alone, or no file.
            LedgerError: It is too large to be one.
            OSError: It can't be read.
        """
        try:
            descriptor = self.calls.open_to_read(name, folder)
        except FileNotFoundError:
            return None
        try:
            size = self.check_file(descriptor, name)
            if size > _LARGEST:
                raise LedgerError(f"it is larger than {_LARGEST} bytes")
            # Usually all at once. The file is only ever replaced, so it does not grow meanwhile.
            text = self.calls.read(descriptor, size + 1)
            while chunk := self.calls.read(descriptor, size + 1):
                text += chunk
            return text
        finally:
            self.calls.close(descriptor)

    def check_file(self, descriptor: int, name: str) -> int:
        """The file's size, unless others could have made or changed it.

        Raises:
            StateError: It is no plain file of the owner's alone.
            OSError: The kernel does not tell.
        """
        facts = self.calls.facts(descriptor)
        if not is_file(facts) or not is_private(facts, self._owner):
            raise StateError(
                f"{self.path}/{name} is not a file of user {self._owner} with mode 0600; "
                "see who made it, then remove it"
            )
        return facts.st_size

    def _make(self) -> None:
        try:
            self.calls.make_folder(self.path, _FOLDER_MODE)
        except FileExistsError:
            return  # another start was faster

    def _check_folder(self, folder: int) -> None:
        if not is_private(self.calls.facts(folder), self._owner):
            raise StateError(
                f"{self.path} does not belong to user {self._owner} alone; see who made it, "
                f"then remove it, or chown {self._owner} and chmod 700 it"
            )

    def failed(self, doing: str, error: OSError) -> StateError:
        """What to say of a call that the kernel refused."""
        return StateError(f"can't {doing} {self.path}: {error.strerror or error}")

    def newer(self, error: NewerLedgerError) -> StateError:
        """What to say of a ledger that must be left alone."""
        return StateError(
            f"{self.path}/{LEDGER} was written by a later xmlresource ({error}); install that again"
        )


class Transaction:
    """The ledger under its lock, from ``__enter__`` to ``__exit__``.

    Change it by assigning to :attr:`ledger`. At the end it is on disk, or an exception says that it
    may not be; an exception inside the block leaves the old one.

    Attributes:
        ledger: The book.
        damage: Why the book that was found is no longer in use; ``None`` where nothing was wrong.
            The caller has to put back the promises of the guests that run.
        is_new: Whether there was no ledger of this boot.
    """

    def __init__(self, state: StateFolder, calls: Syscalls, boot_id: str, timeout: float) -> None:
        self.ledger = Ledger(boot_id)
        self.damage: str | None = None
        self.is_new = True
        self._state: Final = state
        self._calls: Final = calls
        self._boot_id: Final = boot_id
        self._timeout: Final = timeout
        self._folder = -1
        self._lock = -1
        self._found: Ledger | None = None

    def __enter__(self) -> Self:
        """Lock and read.

        Raises:
            LockTimeoutError: Others were in the way for too long.
            StateError: Something is wrong with the folder, or a later version wrote the ledger.
        """
        try:
            self._open()
        except OSError as error:
            self._close()
            raise self._state.failed("use", error) from error
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what changed and unlock.

        Raises:
            StateError: It could not be written; the ledger is the old one, or, where only the last
                step failed, the new one.
        """
        try:
            if kind is None and self.ledger != self._found:
                self._write()
        except OSError as error:
            raise self._state.failed("write to", error) from error
        finally:
            self._close()

    def set_aside(self, reason: str) -> None:
        """Keep the ledger under another name and go on with an empty one.

        For a caller, too, who finds that a promise in it makes no sense.

        Raises:
            StateError: It can't be renamed.
        """
        try:
            kept_as = self._rename_corrupt()
        except OSError as error:
            raise self._state.failed("set aside the ledger in", error) from error
        self.damage = (
            f"the ledger was damaged ({reason}); it is kept as {self._state.path}/{kept_as}"
        )
        self.ledger = Ledger(self._boot_id)
        self._found = None
        self.is_new = True

    def _rename_corrupt(self) -> str:
        for number in range(1, MOST_CORRUPT):
            name = CORRUPT.format(number)
            if not self._calls.exists(name, self._folder):
                break
        else:
            name = CORRUPT.format(MOST_CORRUPT)
        self._calls.rename(LEDGER, name, self._folder)
        return name

    def _open(self) -> None:
        self._folder = self._state.open()
        self._lock = self._calls.open_lock(LOCK, self._folder)
        self._state.check_file(self._lock, LOCK)
        locked = self._calls.try_lock(self._lock) or self._calls.wait_for_lock(
            self._lock, self._timeout
        )
        if not locked:
            raise LockTimeoutError(
                f"others held {self._state.path}/{LOCK} for more than {self._timeout:g} s; "
                "see which processes have it open (fuser), or raise lock_timeout"
            )
        try:
            text = self._state.read(self._folder)
            if text is not None:
                self._found = decode(text)
                self.ledger = self._found.for_boot(self._boot_id)
                self.is_new = self.ledger is not self._found
        except NewerLedgerError as error:
            raise self._state.newer(error) from error
        except LedgerError as error:
            self.set_aside(str(error))

    def read_chain(self) -> bytes | None:
        """What is remembered of the cgroups above the guests; ``None`` where nothing is.

        Raises:
            StateError: It can't be read.
        """
        try:
            return self._state.read(self._folder, CHAIN)
        except (OSError, LedgerError) as error:
            raise StateError(f"can't read {self._state.path}/{CHAIN}: {error}") from error

    def keep_chain(self, text: bytes) -> None:
        """Remember ``text``, now: it has to be on disk before what it tells of is done.

        Raises:
            StateError: It can't be written.
        """
        try:
            self._replace(CHAIN, [text])
        except OSError as error:
            raise self._state.failed("write to", error) from error

    def _write(self) -> None:
        chunks: list[bytes | memoryview] = list(self.ledger.chunks())
        if sum(map(len, chunks)) > _LARGEST:  # it would not be read again
            raise StateError(f"{self._state.path}/{LEDGER} would exceed {_LARGEST} bytes")
        self._replace(LEDGER, chunks)

    def _replace(self, name: str, rest: list[bytes | memoryview]) -> None:
        """Replace a file: whole on disk before it gets its name, and the name on disk, too."""
        fresh = f"{name}.new"
        try:
            descriptor = self._calls.create(fresh, self._folder)
        except FileExistsError:  # of a process that was killed
            self._calls.remove(fresh, self._folder)
            descriptor = self._calls.create(fresh, self._folder)
        try:
            while rest:
                rest = _without(rest, self._calls.write(descriptor, rest))
            self._calls.sync(descriptor)
        finally:
            self._calls.close(descriptor)
        self._calls.rename(fresh, name, self._folder)
        self._calls.sync(self._folder)

    def _close(self) -> None:
        """Give back the lock, last, and the folder."""
        folder, lock = self._folder, self._lock
        self._folder = self._lock = -1
        try:
            if folder >= 0:
                self._calls.close(folder)
        finally:
            if lock >= 0:
                self._calls.close(lock)


def _without(chunks: list[bytes | memoryview], written: int) -> list[bytes | memoryview]:
    """What of the chunks is left to write."""
    for at, chunk in enumerate(chunks):
        if written < len(chunk):
            return [memoryview(chunk)[written:], *chunks[at + 1 :]]
        written -= len(chunk)
    return []
