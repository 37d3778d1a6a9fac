"""What is sent to the journal and to syslog, and that nobody waits for either."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from xmlresource.model.events import ADMITTED, REFUSED, Event
from xmlresource.system import log

EVENT = Event(
    REFUSED, "guest 'a' refused", "prepare", "a\nPRIORITY=0\x1b[31m é", "0-1", {"asked": 5}
)


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    yield from _listening(tmp_path / "journal", "JOURNAL", monkeypatch)


@pytest.fixture
def syslog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.setattr(log, "JOURNAL", str(tmp_path / "nothing"))
    yield from _listening(tmp_path / "log", "SYSLOG", monkeypatch)


def _listening(path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(10)
        monkeypatch.setattr(log, name, str(path))
        yield listener


def test_the_journal_gets_each_key_as_a_field(journal: socket.socket) -> None:
    log.tell(EVENT)
    lines = journal.recv(65536).decode().splitlines()
    assert lines[0].startswith("MESSAGE=event=refused operation=prepare guest=")
    assert lines[1:] == [
        "PRIORITY=4",
        "SYSLOG_IDENTIFIER=xmlresource",
        "XMLRESOURCE_EVENT=refused",
        "XMLRESOURCE_OPERATION=prepare",
        r"XMLRESOURCE_GUEST=a\nPRIORITY=0\x1b[31m é",
        "XMLRESOURCE_UUID=0-1",
        "XMLRESOURCE_ASKED=5",
        "XMLRESOURCE_MESSAGE=guest 'a' refused",
    ]


def test_what_is_not_urgent(journal: socket.socket) -> None:
    log.tell(Event(ADMITTED, "x"))
    assert b"\nPRIORITY=6\n" in journal.recv(65536)
    log.warning("x")
    assert b"\nPRIORITY=4\n" in journal.recv(65536)


def test_syslog_gets_one_line(syslog: socket.socket) -> None:
    log.tell(EVENT)
    line = syslog.recv(65536).decode("ascii")
    assert re.match(r"<28>[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d xmlresource\[\d+\]: event=", line)
    assert line.isprintable()
    log.warning("x" * 100_000)
    assert len(syslog.recv(65536)) <= 8000


@pytest.mark.parametrize("name", ["journal", "syslog"])
def test_a_log_that_does_not_keep_up_holds_up_nobody(
    name: str, request: pytest.FixtureRequest
) -> None:
    """The queue of a socket is a few datagrams: more than it takes must not block."""
    listener: socket.socket = request.getfixturevalue(name)
    for _ in range(5000):
        log.tell(Event(ADMITTED, "x" * 1000))
    assert listener.recv(65536)


def test_what_the_journal_does_not_take_is_not_sent_to_another(
    journal: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On most hosts /dev/log is the journal's, too: it would get what it can't keep up with."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as other:
        other.bind(str(tmp_path / "log"))
        monkeypatch.setattr(log, "SYSLOG", str(tmp_path / "log"))
        for _ in range(5000):
            log.tell(Event(ADMITTED, "x" * 1000))
        with pytest.raises(BlockingIOError):
            other.recv(65536)
    assert journal.recv(65536)


def test_where_nobody_listens_it_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "JOURNAL", str(tmp_path / "nothing"))
    monkeypatch.setattr(log, "SYSLOG", str(tmp_path / "nothing"))
    log.tell(EVENT)
    log.tell(EVENT, already_shown=True)
    log.tell(Event(ADMITTED, "x"))
    refused, admitted = log.unsent().splitlines()
    assert refused.startswith("xmlresource: event=refused operation=prepare guest=")
    assert refused.isascii()
    assert refused.isprintable()
    assert admitted == "xmlresource: event=admitted message=x"
    assert log.unsent() == ""


def test_only_what_somebody_should_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "JOURNAL", str(tmp_path / "nothing"))
    monkeypatch.setattr(log, "SYSLOG", str(tmp_path / "nothing"))
    log.tell(Event(ADMITTED, "x"))
    log.warning("y")
    assert log.unsent(urgent=True) == "xmlresource: event=warning message=y\n"
    assert log.unsent() == ""


def test_what_is_held_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "JOURNAL", str(tmp_path / "nothing"))
    monkeypatch.setattr(log, "SYSLOG", str(tmp_path / "nothing"))
    for _ in range(1000):
        log.tell(Event(ADMITTED, "x" * 100_000))
    assert len(log.unsent()) < 1_000_000


def test_without_a_socket_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(24, "too many open files")

    monkeypatch.setattr("_socket.socket", full)
    log.tell(EVENT)
