"""The balancing service's end of the socket on which starts ask for room, and its lock.

The lock says that there is one service. Whoever holds it may replace a socket that one which was
killed has left.
"""

import contextlib
import os
import socket
from typing import Final

from xmlresource.errors import XmlresourceError
from xmlresource.record import record
from xmlresource.system.state.private_folder import PrivateFolder
from xmlresource.system.state.room_requests import (
    ENOUGH,
    LONGEST,
    SHORT,
    SOCKET,
    RoomRequest,
    address,
    decode,
    peer_user,
)

LOCK: Final = "balance.lock"

MOST_CLIENTS: Final = 64
"""Starts that may wait at once. libvirtd has fewer workers to start guests with."""

_MODE: Final = 0o600
_KIND: Final = socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC


class SecondInstanceError(XmlresourceError):
    """Another balancing service runs on this host."""


@record
class Waiter:
    """A start that waits for room.

    Attributes:
        descriptor: The connection to it.
        request: What it asks for.
    """

    descriptor: int
    request: RoomRequest


class InstanceLock:
    """The lock of the one balancing service; a process that is killed gives it back."""

    def __init__(self, state: PrivateFolder) -> None:
        """Take the lock.

        Raises:
            SecondInstanceError: Another process holds it.
            StateError: The state folder can't be used.
            OSError: The lock can't be opened.
        """
        self._calls: Final = state.calls
        folder = state.open()
        try:
            self._lock: Final = self._calls.open_lock(LOCK, folder)
        finally:
            self._calls.close(folder)
        try:
            state.check_file(self._lock, LOCK)
            is_first = self._calls.try_lock(self._lock)
        except BaseException:
            self.close()
            raise
        if not is_first:
            self.close()
            raise SecondInstanceError(
                f"another balancing service runs: it holds {state.path}/{LOCK}; "
                "see which process has it open (fuser), or look with --dry-run"
            )

    def close(self) -> None:
        """Give it back."""
        self._calls.close(self._lock)


class RoomServer:
    """The socket and the starts that wait.

    Attributes:
        descriptor: What is readable when somebody connects.
    """

    def __init__(self, state: PrivateFolder) -> None:
        """Listen.

        Raises:
            StateError: The state folder can't be used.
            OSError: The socket can't be made.
        """
        self._owner: Final = state.owner
        self._path: Final = f"{state.path}/{SOCKET}"
        self._clients: Final[dict[int, socket.socket]] = {}
        self._folder: Final = state.open()
        self._socket: Final = socket.socket(socket.AF_UNIX, _KIND)
        self.descriptor: Final = self._socket.fileno()
        try:
            self._remove()
            # Nobody but the folder's owner gets there; the mode is for whoever looks.
            os.fchmod(self.descriptor, _MODE)
            self._socket.bind(address(self._folder))
            self._socket.listen(MOST_CLIENTS)
            self._there: tuple[int, int] | None = _file_at(self._path)
        except BaseException:
            self.close()
            raise

    @property
    def clients(self) -> tuple[int, ...]:
        """The descriptors of the starts that are connected."""
        return tuple(self._clients)

    def stands(self) -> bool:
        """Whether starts that look for the socket find this one."""
        return self._there is not None and _file_at(self._path) == self._there

    def accept(self) -> int | None:
        """The descriptor of who connects next; ``None`` where nobody does whom this serves."""
        try:
            client, _ = self._socket.accept()
        except OSError:  # gone already, or no descriptor is left
            return None
        if len(self._clients) >= MOST_CLIENTS or peer_user(client) != self._owner:
            client.close()
            return None
        client.setblocking(False)  # noqa: FBT003 -- the standard library's
        self._clients[client.fileno()] = client
        return client.fileno()

    def is_client(self, descriptor: int) -> bool:
        """Whether a start is at the other end of it."""
        return descriptor in self._clients

    def read(self, descriptor: int) -> RoomRequest | None:
        """What a start asks for; ``None`` where it has gone, or says what nobody understands."""
        try:
            message = self._clients[descriptor].recv(LONGEST + 1)
        except OSError:
            return None
        return decode(message) if len(message) <= LONGEST else None

    def answer(self, descriptor: int, *, enough: bool) -> None:
        """Tell a start whether there is room now; it need not be there any more."""
        with contextlib.suppress(OSError):
            self._clients[descriptor].send(ENOUGH if enough else SHORT)

    def forget(self, descriptor: int) -> None:
        """Have no more to do with a start; whoever watches the descriptor closes it."""
        client = self._clients.pop(descriptor, None)
        if client is not None:
            client.detach()

    def close(self) -> None:
        """Stop listening, and leave no socket behind."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        with contextlib.suppress(OSError):
            self._remove()
        os.close(self._folder)
        self._socket.close()

    def _remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(SOCKET, dir_fd=self._folder)


def _file_at(path: str) -> tuple[int, int] | None:
    try:
        facts = os.lstat(path)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
