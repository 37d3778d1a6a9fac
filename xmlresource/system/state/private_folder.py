"""A folder that belongs to one user alone, and the files in it, checked before they are trusted."""

from typing import Final

from xmlresource.errors import XmlresourceError
from xmlresource.promises.ledger import LedgerError
from xmlresource.system.syscalls import Syscalls, is_file, is_private

FOLDER: Final = "/run/xmlresource"
LEDGER: Final = "ledger"

_ROOT: Final = 0
_FOLDER_MODE: Final = 0o700
LARGEST: Final = 64 << 20  # more than a hundred thousand promises


class StateError(XmlresourceError):
    """The state folder can't be used; the text says why and what to do."""


class PrivateFolder:
    """The folder, checked before it is trusted.

    Attributes:
        path: Where it is.
        owner: The user id that must own it and all in it.
        calls: The system calls.

    Args:
        path: Where it is.
        owner: The user id that must own it and all in it.
        calls: The system calls.
    """

    def __init__(
        self, path: str = FOLDER, owner: int = _ROOT, calls: Syscalls | None = None
    ) -> None:
        self.path: Final = path
        self.owner: Final = owner
        self.calls: Final = calls or Syscalls()

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
            if size > LARGEST:
                raise LedgerError(f"it is larger than {LARGEST} bytes")
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
        if not is_file(facts) or not is_private(facts, self.owner):
            raise StateError(
                f"{self.path}/{name} is not a file of user {self.owner} with mode 0600; "
                "see who made it, then remove it"
            )
        return facts.st_size

    def _make(self) -> None:
        try:
            self.calls.make_folder(self.path, _FOLDER_MODE)
        except FileExistsError:
            return  # another start was faster

    def _check_folder(self, folder: int) -> None:
        if not is_private(self.calls.facts(folder), self.owner):
            raise StateError(
                f"{self.path} does not belong to user {self.owner} alone; see who made it, "
                f"then remove it, or chown {self.owner} and chmod 700 it"
            )

    def failed(self, doing: str, error: OSError) -> StateError:
        """The error for a call that the kernel refused."""
        return StateError(f"can't {doing} {self.path}: {error.strerror or error}")
