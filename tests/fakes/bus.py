"""A system bus with a systemd behind it: a socket that takes calls and answers as told.

Messages are parsed and made by jeepney, so that our own few lines of the protocol are held against
somebody else's.
"""

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from jeepney import HeaderFields, Message, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.low_level import Parser

Answer = Callable[[Message], Message | None]


class FakeBus:
    """Serves one connection after the other; ``calls`` holds the bodies of systemd's calls.

    Args:
        answer: Makes the answer to a call of systemd's; ``None`` hangs up.
    """

    def __init__(self, answer: Answer = new_method_return) -> None:
        # A socket's path has 108 characters at most, pytest's folders more.
        self.root = Path(tempfile.mkdtemp(prefix="bus", dir="/tmp"))
        path = self.root / "run/dbus/system_bus_socket"
        path.parent.mkdir(parents=True)
        self.calls: list[tuple[object, ...]] = []
        self.answer = answer
        self.welcome = b"OK 0123456789abcdef0123456789abcdef\r\n"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        shutil.rmtree(self.root)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        said = b""
        while not said.endswith(b"\r\n"):
            said += connection.recv(1)
        assert said == f"\0AUTH EXTERNAL {str(os.geteuid()).encode().hex()}\r\n".encode()
        connection.sendall(self.welcome)
        begin = b""
        while not begin.endswith(b"BEGIN\r\n"):
            byte = connection.recv(1)
            if not byte:
                return
            begin += byte
        parser = Parser()
        while data := connection.recv(4096):
            for message in parser.feed(data):
                if not self._respond(connection, message):
                    return

    def _respond(self, connection: socket.socket, message: Message) -> bool:
        if message.header.fields[HeaderFields.member] == "Hello":
            signal = new_signal(message_bus, "NameAcquired", "s", (":1.7",))
            answers = [new_method_return(message, "s", (":1.7",)), signal]
        else:
            self.calls.append(message.body)
            answer = self.answer(message)
            if answer is None:
                return False
            answers = [answer]
        for serial, each in enumerate(answers, start=1):
            connection.sendall(each.serialise(serial=serial))
        return True


def refuse(name: str, text: str) -> Answer:
    """Answer every call with an error."""
    return lambda message: new_error(message, name, "s", (text,))


__all__ = ["FakeBus", "Message", "MessageType", "refuse"]
