"""One call of a method over D-Bus, and its answer.

The hook needs a single method of systemd's, and the core needs nothing but Python; so this is as
much of the protocol (dbus.freedesktop.org/doc/dbus-specification.html) as that takes: a call whose
body was marshalled with :class:`Marshaller`, and of the answer whether it is an error. Repairing
takes the strings of a property besides.
"""

import os
import socket
from typing import Final

from xmlresource.record import record
from xmlresource.system.machine import Machine

SYSTEM_BUS: Final = "/run/dbus/system_bus_socket"
TIMEOUT: Final = 30.0
"""Seconds for the bus to take or to give anything; systemd answers in milliseconds."""

_CALL, _RETURN, _ERROR = 1, 2, 3
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL, _DESTINATION, _SIGNATURE = (
    1,
    2,
    3,
    4,
    5,
    6,
    8,
)
_HELLO_SERIAL, _CALL_SERIAL = 1, 2
_FIXED: Final = 16  # bytes of a header before its fields
_LARGEST: Final = 1 << 20  # far above any answer to us
_LONGEST_LINE: Final = 4096


class BusError(OSError):
    """The bus, or the program behind it, answered with an error.

    Attributes:
        name: The error's name, such as ``org.freedesktop.systemd1.NoSuchUnit``.
    """

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{text or 'no reason given'} ({name})")
        self.name: Final = name


@record
class Method:
    """A method of an object on the bus."""

    destination: str
    path: str
    interface: str
    member: str
    signature: str = ""


class Marshaller:
    """Values as D-Bus lays them out, little-endian, each aligned to its size."""

    def __init__(self) -> None:
        self.data = bytearray()

    def align(self, size: int) -> None:
        """Fill up to a multiple of ``size``."""
        self.data += bytes(-len(self.data) % size)

    def number(self, value: int, size: int = 4) -> None:
        """An unsigned number of ``size`` bytes; a boolean is one of 4."""
        self.align(size)
        self.data += value.to_bytes(size, "little")

    def string(self, text: str) -> None:
        """A string or an object's path."""
        encoded = text.encode()
        self.number(len(encoded))
        self.data += encoded + b"\0"

    def signature(self, text: str) -> None:
        """A signature."""
        encoded = text.encode("ascii")
        self.data += bytes((len(encoded),)) + encoded + b"\0"

    def structs(self, content: "Marshaller") -> None:
        """An array of structs; ``content`` begins at a multiple of 8, as every struct does."""
        self.number(len(content.data))
        self.align(8)
        self.data += content.data


def call(machine: Machine, method: Method, body: bytes) -> bytes:
    """Call a method on the system bus and wait for its return, whose body this is.

    Raises:
        BusError: It answered with an error.
        OSError: The bus can't be reached, or does not answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as bus:
        bus.settimeout(TIMEOUT)
        bus.connect(machine.path(SYSTEM_BUS))
        _authenticate(bus)
        hello = Method(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello"
        )
        bus.sendall(message(hello, b"", _HELLO_SERIAL) + message(method, body, _CALL_SERIAL))
        _await(bus, _HELLO_SERIAL)
        return _await(bus, _CALL_SERIAL)


def strings(body: bytes) -> tuple[str, ...]:
    """The string, or the array of them, that a property's value is.

    Raises:
        ConnectionError: It is something else.
    """
    reader = _Reader(body)
    kind = reader.signature()
    if kind == "s":
        return (str(reader.value(kind)),)
    if kind != "as":
        raise ConnectionError(f"the system bus sent a value of type {kind!r}")
    end = reader.number() + reader.at
    found = []
    while reader.at < end:
        found.append(str(reader.value("s")))
    return tuple(found)


def message(method: Method, body: bytes, serial: int) -> bytes:
    """The bytes of a call."""
    fields = Marshaller()
    for code, kind, value in (
        (_PATH, "o", method.path),
        (_INTERFACE, "s", method.interface),
        (_MEMBER, "s", method.member),
        (_DESTINATION, "s", method.destination),
        (_SIGNATURE, "g", method.signature),
    ):
        if not value:
            continue
        fields.align(8)
        fields.number(code, 1)
        fields.signature(kind)
        (fields.signature if kind == "g" else fields.string)(value)
    made = Marshaller()
    made.data += bytes((ord("l"), _CALL, 0, 1))
    made.number(len(body))
    made.number(serial)
    made.structs(fields)
    made.align(8)
    return bytes(made.data) + body


def _authenticate(bus: socket.socket) -> None:
    """Be who the kernel says we are (EXTERNAL)."""
    identity = str(os.geteuid()).encode().hex()
    bus.sendall(f"\0AUTH EXTERNAL {identity}\r\n".encode())
    line = b""
    while not line.endswith(b"\r\n"):
        byte = bus.recv(1)
        if not byte or len(line) > _LONGEST_LINE:
            raise ConnectionError("the system bus hung up while we said who we are")
        line += byte
    if not line.startswith(b"OK "):
        raise ConnectionError(f"the system bus does not let us in: {line!r}")
    bus.sendall(b"BEGIN\r\n")


def _await(bus: socket.socket, serial: int) -> bytes:
    """Read up to the answer to call ``serial``, whose body this is; signals come in between."""
    while True:
        kind, fields, body = _receive(bus)
        if fields.get(_REPLY_SERIAL) != serial:
            continue
        if kind == _RETURN:
            return body
        if kind == _ERROR:
            text = ""
            if str(fields.get(_SIGNATURE, "")).startswith("s"):
                text = str(_Reader(body).value("s"))
            raise BusError(str(fields.get(_ERROR_NAME, "")), text)


def _receive(bus: socket.socket) -> tuple[int, dict[int, int | str], bytes]:
    """The next message's kind, header fields and body."""
    head = _exactly(bus, _FIXED)
    if head[:1] != b"l":  # the bus hands on what was sent; systemd's is the machine's own order
        raise ConnectionError("the system bus speaks big-endian here, which is not supported")
    body_size, fields_size = (int.from_bytes(head[at : at + 4], "little") for at in (4, 12))
    padded = fields_size + -fields_size % 8
    if padded + body_size > _LARGEST:
        raise ConnectionError("the system bus sent more than can be meant for us")
    rest = _exactly(bus, padded + body_size)
    return head[1], _fields(rest[:fields_size]), rest[padded:]


def _fields(data: bytes) -> dict[int, int | str]:
    reader = _Reader(data)
    found: dict[int, int | str] = {}
    while reader.at < len(data):
        reader.align(8)
        code = reader.number(1)
        found[code] = reader.value(reader.signature())
    return found


class _Reader:
    """The few kinds of values that a header or an error has."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def align(self, size: int) -> None:
        self.at += -self.at % size

    def number(self, size: int = 4) -> int:
        self.align(size)
        self.at += size
        return int.from_bytes(self._slice(self.at - size, size), "little")

    def signature(self) -> str:
        return self._text(self.number(1))

    def value(self, kind: str) -> int | str:
        if kind == "u":
            return self.number()
        if kind == "g":
            return self.signature()
        if kind in {"s", "o"}:
            return self._text(self.number())
        raise ConnectionError(f"the system bus sent a header field of type {kind!r}")

    def _text(self, size: int) -> str:
        start = self.at
        self.at += size + 1
        return self._slice(start, size).decode("utf-8", "replace")

    def _slice(self, start: int, size: int) -> bytes:
        part = self.data[start : start + size]
        if len(part) != size:
            raise ConnectionError("the system bus sent less than it announced")
        return part


def _exactly(bus: socket.socket, size: int) -> bytes:
    chunks = []
    while size:
        chunk = bus.recv(size)
        if not chunk:
            raise ConnectionResetError("the system bus hung up")
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)
