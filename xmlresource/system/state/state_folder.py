"""The state folder: the ledger's file, its lock, and one transaction.

The folder holds ``lock``, which is never renamed, ``ledger``, which is only ever replaced as a
whole, ``ledger.new`` while that happens, and ``ledger.corrupt-N``, ledgers that made no sense. On
v2 ``chain`` remembers whose part of the values above the guests is whose; it outlives a lost
ledger. A process killed at any instruction leaves the old ledger or the new one, and a lock that
the kernel takes back.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from xmlresource.promises.ledger import Ledger, LedgerError, NewerLedgerError, decode
from xmlresource.promises.promise import Promise
from xmlresource.system.state.private_folder import (
    FOLDER,
    LARGEST,
    LEDGER,
    PrivateFolder,
    StateError,
)
from xmlresource.system.syscalls import Syscalls

__all__ = ["FOLDER", "LEDGER", "LockTimeoutError", "StateError", "StateFolder", "Transaction"]

LOCK: Final = "lock"
CHAIN: Final = "chain"
FRESH: Final = f"{LEDGER}.new"
CORRUPT: Final = "ledger.corrupt-{}"
MOST_CORRUPT: Final = 8
"""Corrupt ledgers that are kept; the last of them is overwritten."""

DEFAULT_TIMEOUT: Final = 30.0
"""Seconds to wait for the lock."""


class LockTimeoutError(StateError):
    """Others held the lock for longer than this start would wait."""


class StateFolder(PrivateFolder):
    """The private folder that holds the ledger."""

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

    def snapshot_chain(self) -> bytes | None:
        """The recorded protection of the cgroups above guests, read without the lock.

        Raises:
            StateError: It can't be read.
        """
        return self.snapshot_file(CHAIN)

    def newer(self, error: NewerLedgerError) -> StateError:
        """The error for a ledger that must be left alone."""
        return StateError(
            f"{self.path}/{LEDGER} was written by a later xmlresource ({error}); install that again"
        )


class Transaction:
    """The ledger under its lock, from ``__enter__`` to ``__exit__``.

    Change it by assigning to :attr:`ledger`. At the end it is on disk, or an exception says that it
    may not be; an exception inside the block leaves the old one.

    Attributes:
        ledger: The promises as they are.
        damage: Why the ledger that was found is no longer in use; ``None`` where nothing was wrong.
            The caller has to put back the promises of the guests that run.
        is_new: Whether there is no ledger of this boot yet.
        known: Promises that have been read before, by line; others are read when asked for.
    """

    def __init__(self, state: StateFolder, calls: Syscalls, boot_id: str, timeout: float) -> None:
        self.ledger = Ledger(boot_id)
        self.damage: str | None = None
        self.is_new = True
        self.known: Mapping[bytes, Promise] = {}
        self._recalled: tuple[Ledger, tuple[Promise, ...]] | None = None
        self._state: Final = state
        self._calls: Final = calls
        self._boot_id: Final = boot_id
        self._timeout: Final = timeout
        self._folder = -1
        self._lock = -1
        self._found: Ledger | None = None
        self._begun_with = self.ledger

    def __enter__(self) -> Self:
        """Lock and read.

        Raises:
            LockTimeoutError: Others were in the way for too long.
            StateError: Something is wrong with the folder, or a later version wrote the ledger.
        """
        self.take_again()
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
            if kind is None:
                self._write_changes()
        finally:
            self._close()

    def promises(self) -> tuple[Promise, ...]:
        """All promises, oldest first.

        Raises:
            LedgerError: A line makes no sense.
        """
        if self._recalled is None or self._recalled[0] is not self.ledger:
            self.recall(tuple(self.ledger.by_line(self.known).values()))
        return () if self._recalled is None else self._recalled[1]

    def recall(self, promises: tuple[Promise, ...]) -> None:
        """Have the promises of the ledger as it is at hand, so that they are not read again."""
        self._recalled = (self.ledger, promises)

    def make(self, ledger: Ledger) -> None:
        """Have a ledger where there was none."""
        self.ledger = ledger
        self.is_new = False

    def give_back(self) -> None:
        """Write what changed so far and unlock: what takes long is done without the lock.

        :meth:`take_again` has to follow; the ledger may be another one then.

        Raises:
            StateError: As at the end.
        """
        try:
            self._write_changes()
        finally:
            self._close()

    def take_again(self) -> None:
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
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.ledger = self._begun_with = Ledger(self._boot_id)
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
        self._begin_anew()
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
                self._begun_with = self.ledger
                self.is_new = self.ledger is not self._found
        except NewerLedgerError as error:
            raise self._state.newer(error) from error
        except LedgerError as error:
            self.set_aside(str(error))

    def glimpse_chain(self) -> bytes | None:
        """What is remembered of the cgroups above the guests, empty in doubt; needs no lock."""
        try:
            return self._state.snapshot_chain()
        except StateError:
            return b""

    def read_chain(self) -> bytes | None:
        """The recorded protection of the cgroups above guests; ``None`` where there is none.

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

    def _write_changes(self) -> None:
        """An empty ledger that nobody has made yet is none: the next one has to make it."""
        if self.ledger == (self._begun_with if self.is_new else self._found):
            return
        try:
            self._write()
        except OSError as error:
            raise self._state.failed("write to", error) from error

    def _write(self) -> None:
        chunks: list[bytes | memoryview] = list(self.ledger.chunks())
        if sum(map(len, chunks)) > LARGEST:  # it would not be read again
            raise StateError(f"{self._state.path}/{LEDGER} would exceed {LARGEST} bytes")
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
    """The chunks that are left to write."""
    for at, chunk in enumerate(chunks):
        if written < len(chunk):
            return [memoryview(chunk)[written:], *chunks[at + 1 :]]
        written -= len(chunk)
    return []
