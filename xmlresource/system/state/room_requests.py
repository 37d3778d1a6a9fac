"""A start's request to the balancing service for room, and the wait for its answer.

``balance.socket`` is in the state folder, which is root's alone; both ends look at the other's
credentials all the same. A request and an answer are one message each (SOCK_SEQPACKET), of a
bounded size. ``_socket`` is used because a start imports this before it is refused.
"""

import _socket
import os
import select
import struct
from typing import Final

from xmlresource.record import record
from xmlresource.system.state.private_folder import PrivateFolder, StateError

SOCKET: Final = "balance.socket"

LONGEST: Final = 64
"""Bytes of a message."""

ENOUGH: Final = b"enough"
SHORT: Final = b"short"

_REQUEST: Final = ("make-room", "1")
_WORDS: Final = 4
_KIND: Final = _socket.SOCK_SEQPACKET | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid: unix(7)
_MOST_DIGITS: Final = 18
_MILLISECONDS: Final = 1000


@record
class RoomRequest:
    """A start's request for room.

    Attributes:
        size: The room that there must be beside all promises, in bytes.
        seconds: How long the start waits for it.
    """

    size: int
    seconds: float

    def encode(self) -> bytes:
        """The message that says it."""
        words = (*_REQUEST, str(self.size), str(round(self.seconds * _MILLISECONDS)))
        return " ".join(words).encode("ascii")


def decode(message: bytes) -> RoomRequest | None:
    """The request that a message says; ``None`` where it says none."""
    words = message.decode("ascii", "replace").split(" ")
    if len(words) != _WORDS or tuple(words[:2]) != _REQUEST:
        return None
    if not all(_is_number(word) for word in words[2:]):
        return None
    size, milliseconds = map(int, words[2:])
    return RoomRequest(size, milliseconds / _MILLISECONDS)


def ask(state: PrivateFolder, request: RoomRequest) -> bool:
    """Ask the service for room, and wait for it as long as the request says, no longer.

    Returns:
        Whether there may be room now: the service says so, or was at it all the time. Not where
        none runs, or none that is to be trusted, or where it says that there is nothing to be had.
    """
    client = _socket.socket(_socket.AF_UNIX, _KIND)
    try:
        folder = state.open()
        try:
            client.connect(address(folder))
        finally:
            os.close(folder)
        if peer_user(client) != state.owner:
            return False
        client.send(request.encode())
        waiting = select.poll()
        waiting.register(client.fileno(), select.POLLIN)
        is_answered = waiting.poll(int(request.seconds * _MILLISECONDS))
        return not is_answered or client.recv(LONGEST) == ENOUGH
    except (OSError, StateError):
        return False
    finally:
        client.close()


def address(folder: int) -> str:
    """The socket's path by the folder's descriptor: short, and through no link."""
    return f"/proc/self/fd/{folder}/{SOCKET}"


def peer_user(connection: "_socket.socket") -> int:
    """The user id of the process at the other end, as it was when it connected."""
    data = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, _CREDENTIALS.size)
    user: int = _CREDENTIALS.unpack(data)[1]
    return user


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _MOST_DIGITS
