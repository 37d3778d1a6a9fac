"""A host with systemd, and the bus to it: in this process, so that each step of a call can fail.

systemd does what it was sent whether anybody waits for the answer or not: where an answer is lost,
the value is set; where it is an error, it is not.
"""

import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Self

import pytest
from jeepney import HeaderFields, Message, new_error, new_method_return
from jeepney.low_level import Parser

from tests.fakes.host import FakeHost
from tests.fakes.systemd import told
from tests.faults.points import KILLED, Points, write_whole
from xmlresource.system.systemd import dbus, unit_properties
from xmlresource.system.systemd.unit_properties import CONTROL, DROP_IN, DROP_INS, PROPERTIES

SLICE: Final = "/sys/fs/cgroup/machine.slice"
OURS: Final = f"{DROP_INS}/machine.slice.d/{DROP_IN}"
LEFT: Final = f"{CONTROL}/machine.slice.d"

_FILES: Final = {name: file for file, name in PROPERTIES.items()}
_INFINITY: Final = 2**64 - 1
_ERRORS: Final = {
    "EACCES": "org.freedesktop.DBus.Error.AccessDenied",
    "ENODEV": "org.freedesktop.systemd1.NoSuchUnit",
    "EINTR": "org.freedesktop.DBus.Error.NoReply",  # systemd executes itself anew
}


class SystemdHost(FakeHost):
    """cgroup v2 with systemd and systemd-machined: a guest has a scope, and libvirt's folder."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, version=2)
        self.write("/run/systemd/system/.keep", "")
        self.group("/machine.slice")

    def run(self, name: str, pid: int, definition: bytes, driver: str = "qemu") -> str:
        super().run(name, pid, definition, driver)
        scope = scope_of(name, pid)
        self.group(scope)
        folder = self.group(f"{scope}/libvirt")
        self.process(pid, cgroup=f"{scope}/libvirt/emulator")
        return folder


def scope_of(name: str, pid: int) -> str:
    return f"/machine.slice/machine-qemu\\x2d{pid}\\x2d{name}.scope"


class Socket:
    """What the hook has in place of a socket; ``points`` may spoil what is done with it."""

    points: Points

    def __init__(self, *_: object) -> None:
        self._root = Path()
        self._parser: Parser | None = None
        self._answers: deque[Callable[[], bytes]] = deque()
        self._coming = b""
        self._hung_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.clear()

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def connect(self, path: str) -> None:
        self._root = Path(path.removesuffix(dbus.SYSTEM_BUS))
        self.points.pass_by("bus: connect", lambda: None, self._hang_up)

    def sendall(self, data: bytes) -> None:
        half = data[: len(data) // 2]
        self.points.pass_by("bus: send", lambda: self._take(data), lambda: self._take(half))

    def recv(self, size: int) -> bytes:
        if not self._coming and not self._hung_up:
            if not self._answers:
                raise TimeoutError("timed out")
            self._coming = self._answers.popleft()()
        found, self._coming = self._coming[:size], self._coming[size:]
        return found

    def _hang_up(self) -> bytes:
        self._hung_up = True
        return b""

    def _take(self, data: bytes) -> None:
        if self._parser is not None:
            for message in self._parser.feed(data):
                self._answers.append(lambda sent=message: self._answer(sent))
        elif data == b"BEGIN\r\n":
            self._parser = Parser()
        elif data.endswith(b"\r\n"):
            self._answers.append(lambda: self._pass_by(lambda: b"OK 0123456789abcdef\r\n"))

    def _pass_by(self, call: Callable[[], bytes], instead: Any = None) -> bytes:
        found: bytes = self.points.pass_by("bus: answer", call, self._hang_up, instead)
        return found

    def _answer(self, message: Message) -> bytes:
        if message.header.fields[HeaderFields.member] == "Hello":
            hello = new_method_return(message, "s", (":1.7",))
            return self._pass_by(lambda: hello.serialise(serial=1))

        def carry_out() -> bytes:
            return _carry_out(self._root, message).serialise(serial=2)

        def and_then(do: Callable[[], bytes]) -> Callable[[], bytes]:
            def both() -> bytes:
                carry_out()
                return do()

            return both

        def answer_with(name: str) -> Callable[[], bytes]:
            return lambda: new_error(message, name, "s", ("no",)).serialise(serial=2)

        return self._pass_by(
            carry_out,
            {
                **{fault: answer_with(name) for fault, name in _ERRORS.items()},
                "short": and_then(self._hang_up),
                "ETIMEDOUT": and_then(_time_out),
                "kill before": and_then(lambda: os._exit(KILLED)),
            },
        )


def _time_out() -> bytes:
    raise TimeoutError("timed out")


def _carry_out(root: Path, message: Message) -> Message:
    """What systemd does, and what it says."""
    if message.header.fields[HeaderFields.member] == "Get":
        return told(root, message)
    unit, _, ((name, (_, value)),) = message.body
    slice_ = root / SLICE[1:]
    folder = slice_ if unit == "machine.slice" else slice_ / unit
    if not folder.is_dir():
        return new_error(message, "org.freedesktop.systemd1.NoSuchUnit", "s", ("not loaded",))
    write_whole(folder / _FILES[name], "max\n" if value == _INFINITY else f"{value}\n", root)
    drop_in = root / f"{CONTROL[1:]}/{unit}.d/50-{name}.conf"
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    drop_in.write_text(f"[Slice]\n{name}={value}\n")
    return new_method_return(message)


_SHORTER: Final[dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]] = {
    "write": lambda given: (given[0], given[1][:3]),
}
_CALLS: Final = frozenset({"open", "write", "close", "rename", "unlink", "rmdir", "makedirs"})


class _Os:
    """``os`` for the module that writes drop-ins; each call passes by ``points``."""

    def __init__(self, points: Points) -> None:
        self._points = points

    def __getattr__(self, name: str) -> Any:
        call = getattr(os, name)
        if name not in _CALLS:
            return call

        def passing(*given: Any, **named: Any) -> Any:
            shorter = _SHORTER.get(name, lambda each: each)(given)
            return self._points.pass_by(
                f"drop-in: {name}", lambda: call(*given, **named), lambda: call(*shorter, **named)
            )

        return passing


class _Sockets:
    """The module ``socket``, as much as is used of it."""

    AF_UNIX, SOCK_STREAM, SOCK_CLOEXEC = (
        socket.AF_UNIX,
        socket.SOCK_STREAM,
        socket.SOCK_CLOEXEC,
    )
    socket = Socket


@contextlib.contextmanager
def answering(points: Points | None = None) -> Iterator[None]:
    """Have systemd answer, on whatever host; ``points`` may spoil what is said and written."""
    found = points or Points()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbus, "socket", _Sockets)
        patch.setattr(Socket, "points", found, raising=False)
        patch.setattr(unit_properties, "os", _Os(found))
        patch.setattr(unit_properties, "PAUSE", 0.001)
        yield
