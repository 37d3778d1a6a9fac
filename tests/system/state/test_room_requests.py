"""The socket on which starts ask for room: real sockets, in a folder of the test's own."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.system.state import room_requests, room_server
from xmlresource.system.state.room_requests import LONGEST, SOCKET, RoomRequest, ask, decode
from xmlresource.system.state.room_server import (
    LOCK,
    MOST_CLIENTS,
    InstanceLock,
    RoomServer,
    SecondInstanceError,
)
from xmlresource.system.state.state_folder import StateError, StateFolder

SIZE = 123 << 20


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    # Longer than a socket's address may be.
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    return StateFolder(str(folder / "xmlresource"), owner=os.geteuid())


@pytest.fixture
def server(state: StateFolder) -> Iterator[RoomServer]:
    made = RoomServer(state)
    yield made
    made.close()


class Asking:
    """A start that asks, in a thread of its own."""

    def __init__(self, state: StateFolder, seconds: float = 30) -> None:
        self.answer: bool | None = None

        def run() -> None:
            self.answer = ask(state, RoomRequest(SIZE, seconds))

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def end(self) -> bool | None:
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.answer


def accepted(server: RoomServer) -> int:
    deadline = time.monotonic() + 30
    while (client := server.accept()) is None:
        assert time.monotonic() < deadline
    return client


def heard(server: RoomServer, client: int) -> RoomRequest | None:
    os.set_blocking(client, True)
    return server.read(client)


@pytest.mark.parametrize("enough", [True, False])
def test_a_start_is_told_what_there_is(
    state: StateFolder, server: RoomServer, *, enough: bool
) -> None:
    asking = Asking(state)
    client = accepted(server)
    assert heard(server, client) == RoomRequest(SIZE, 30)
    server.answer(client, enough=enough)
    assert asking.end() is enough


def test_without_a_service_nobody_waits(state: StateFolder) -> None:
    begun = time.monotonic()
    assert not ask(state, RoomRequest(SIZE, 60))
    RoomServer(state).close()
    assert not ask(state, RoomRequest(SIZE, 60))
    assert time.monotonic() - begun < 30


def test_one_that_was_killed_leaves_a_socket_that_nobody_waits_at(state: StateFolder) -> None:
    folder = state.open()
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    dead.bind(room_requests.address(folder))
    dead.listen()
    dead.close()
    os.close(folder)
    assert (Path(state.path) / SOCKET).exists()
    assert not ask(state, RoomRequest(SIZE, 60))
    server = RoomServer(state)  # takes its place
    asking = Asking(state)
    client = accepted(server)
    server.answer(client, enough=True)
    assert asking.end() is True
    server.close()
    assert not (Path(state.path) / SOCKET).exists()


def test_a_service_that_says_nothing_in_time_was_at_it(
    state: StateFolder, server: RoomServer
) -> None:
    del server  # its backlog takes the connection
    assert ask(state, RoomRequest(SIZE, 0.05))


def test_one_that_ends_meanwhile_is_no_answer(state: StateFolder, server: RoomServer) -> None:
    asking = Asking(state)
    assert heard(server, accepted(server))
    server.close()
    assert asking.end() is False
    RoomServer.__init__(server, state)  # for the fixture


def test_others_are_not_served(
    state: StateFolder, server: RoomServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_server, "peer_user", lambda _: os.geteuid() + 1)
    asking = Asking(state)
    assert server.accept() is None
    deadline = time.monotonic() + 30
    while asking.answer is None and time.monotonic() < deadline:
        server.accept()
    assert asking.end() is False


def test_a_start_asks_nobody_else(
    state: StateFolder, server: RoomServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_requests, "peer_user", lambda _: os.geteuid() + 1)
    assert not ask(state, RoomRequest(SIZE, 60))
    client = accepted(server)
    assert heard(server, client) is None


def test_the_socket_is_its_owners_alone(state: StateFolder, server: RoomServer) -> None:
    del server
    facts = (Path(state.path) / SOCKET).stat()
    assert facts.st_mode & 0o777 == 0o600
    Path(state.path).chmod(0o755)
    with pytest.raises(StateError):
        RoomServer(state)
    assert not ask(state, RoomRequest(SIZE, 60))
    Path(state.path).chmod(0o700)


def test_too_many_are_turned_away(state: StateFolder, server: RoomServer) -> None:
    folder = state.open()
    clients = []
    for number in range(MOST_CLIENTS + 1):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.connect(room_requests.address(folder))
        clients.append(client)
        assert (server.accept() is None) is (number == MOST_CLIENTS)
    assert len(server.clients) == MOST_CLIENTS
    for client in clients:
        client.close()
    os.close(folder)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"make-room",
        b"make-room 1 5",
        b"make-room 2 5 5",
        b"make-room 1 -5 5",
        b"make-room 1 5 5 5",
        b"make-room 1 5 \xc2\xb2",
        b"make-room 1 " + b"9" * 19 + b" 5",
        b"\0" * LONGEST,
        b"x" * 4096,
        b"make-room 1 5 5" + b" " * 4096,
    ],
)
def test_what_nobody_understands_is_no_request(
    state: StateFolder, server: RoomServer, message: bytes
) -> None:
    folder = state.open()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.connect(room_requests.address(folder))
        client.send(message)
        assert heard(server, accepted(server)) is None
    os.close(folder)


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**9))
def test_a_request_is_read_as_it_was_written(size: int, milliseconds: int) -> None:
    request = RoomRequest(size, milliseconds / 1000)
    assert len(request.encode()) <= LONGEST
    assert decode(request.encode()) == request


@given(st.binary(max_size=80))
def test_no_message_is_more_than_a_request(message: bytes) -> None:
    found = decode(message)
    assert found is None or decode(found.encode()) == found


def test_a_socket_that_somebody_removed_does_not_stand(
    state: StateFolder, server: RoomServer
) -> None:
    assert server.stands()
    (Path(state.path) / SOCKET).unlink()
    assert not server.stands()
    (Path(state.path) / SOCKET).touch()
    assert not server.stands()


def test_there_is_one_instance(state: StateFolder) -> None:
    first = InstanceLock(state)
    with pytest.raises(SecondInstanceError, match="another balancing service runs"):
        InstanceLock(state)
    first.close()
    InstanceLock(state).close()


def test_a_killed_instance_is_none(state: StateFolder) -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        InstanceLock(state)
        os.write(writer, b"!")
        time.sleep(600)
    os.read(reader, 1)
    with pytest.raises(SecondInstanceError):
        InstanceLock(state)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    InstanceLock(state).close()
    os.close(reader)
    os.close(writer)


def test_a_lock_that_others_may_open_is_none(state: StateFolder) -> None:
    InstanceLock(state).close()
    (Path(state.path) / LOCK).chmod(0o666)
    with pytest.raises(StateError):
        InstanceLock(state)
