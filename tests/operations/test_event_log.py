"""On a host with neither journal nor syslog: what the hook and the commands say instead."""

import io
import socket
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.host import MIB, FakeHost, domain, guarantee, hard_limit
from xmlresource import hook
from xmlresource.cli import main
from xmlresource.operations.administration.history import history
from xmlresource.operations.guests.apply import apply, apply_all
from xmlresource.operations.guests.hook_events import answer
from xmlresource.system import log

FITS = domain("db1", 1, guarantee(1000) + hard_limit(2000))
TOO_MUCH = domain("db1", 1, guarantee(9000))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    made = FakeHost(tmp_path / "host")
    for name in ("JOURNAL", "SYSLOG"):
        monkeypatch.setattr(log, name, str(tmp_path / "nothing"))

    def here(name: str, operation: str, xml: bytes, caller: int | None) -> tuple[int, str]:
        return answer(name, operation, xml, caller, made.machine)

    monkeypatch.setattr("xmlresource.operations.guests.hook_events.answer", here)
    for name, function in (("apply", apply), ("apply_all", apply_all)):
        monkeypatch.setattr(
            f"xmlresource.cli.apply.{name}", partial(function, machine=made.machine)
        )
    return made


@pytest.fixture(params=["JOURNAL", "SYSLOG"])
def listener(
    host: FakeHost, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    path = str(host.root / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(path)
        monkeypatch.setattr(log, request.param, path)
        yield made


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def call(patch: pytest.MonkeyPatch, operation: str, xml: bytes = FITS) -> tuple[int, list[str]]:
    """What the hook answers, and its lines."""
    stderr = io.StringIO()
    patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(xml)))
    patch.setattr(sys, "stderr", stderr)
    status = hook.main(["db1", operation, "begin", "-"])
    return status, stderr.getvalue().splitlines()


def command(patch: pytest.MonkeyPatch, stderr: io.StringIO, *words: str) -> tuple[int, list[str]]:
    patch.setattr(sys, "stderr", stderr)
    return main(["apply", *words]), stderr.getvalue().splitlines()


def test_the_hook_says_what_it_decides(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    status, (line,) = call(monkeypatch, "prepare")
    assert status == 0
    assert line.startswith("xmlresource: event=admitted operation=prepare guest=db1 uuid=")
    assert f" guarantee={1000 * MIB} " in line
    host.run("db1", 42, FITS)
    status, (line,) = call(monkeypatch, "started")
    assert status == 0
    assert line.startswith("xmlresource: event=written operation=started guest=db1 ")
    assert call(monkeypatch, "reconnect") == (0, [])  # nothing to repair


def test_a_refusal_is_said_once_and_first(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """libvirt shows all of it to whoever starts the guest."""
    status, lines = call(monkeypatch, "prepare", TOO_MUCH)
    assert status == 3
    assert lines[0].startswith("xmlresource: guest 'db1' refused: ")
    assert not any("event=" in line for line in lines)
    (host.root / "run/xmlresource/ledger").write_bytes(b"nothing")
    (host.root / "run/xmlresource/ledger").chmod(0o600)
    status, lines = call(monkeypatch, "prepare", TOO_MUCH)
    assert status == 3
    assert lines[0].startswith("xmlresource: guest 'db1' refused: ")
    assert lines[-1].startswith("xmlresource: event=warning ")
    assert [line for line in lines if "event=" in line] == lines[-1:]
    kinds = [each["event"] for each in history(machine=host.machine).records]
    assert kinds == ["refused", "warning", "refused"]


def test_where_there_is_a_log_nothing_is_said(
    host: FakeHost, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(monkeypatch, "prepare") == (0, [])
    host.run("db1", 42, FITS)
    status, lines = command(monkeypatch, io.StringIO(), "db1")
    assert (status, lines) == (0, [])
    for kind in (b"event=admitted", b"event=written"):
        assert kind in listener.recv(65536)


def test_a_command_says_it_where_nobody_sits(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host.run("db1", 42, FITS)
    status, (line,) = command(monkeypatch, io.StringIO(), "db1")
    assert status == 0
    assert line.startswith("xmlresource: event=written operation=apply guest=db1 ")
    assert "applied" in capsys.readouterr().out
    assert command(monkeypatch, Terminal(), "db1") == (0, [])


def test_a_terminal_gets_what_the_command_does_not_say(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = host.run("db1", 42, FITS)
    assert command(monkeypatch, Terminal(), "--all") == (0, [])
    (host.root / "run/xmlresource/ledger").write_bytes(b"nothing")
    host.write(f"{folder}/memory.limit_in_bytes", "-1\n")
    status, (line,) = command(monkeypatch, Terminal(), "--all")
    assert status == 0
    assert line.startswith("xmlresource: event=warning message=")
    assert "the ledger was damaged" in line


def test_a_failure_of_apply_is_said_once_and_recorded(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer("web", "prepare", domain("web", 2, guarantee(1)), None, host.machine)
    log.unsent()
    host.run("db1", 42, TOO_MUCH)
    status, lines = command(monkeypatch, io.StringIO(), "db1")
    assert status == 3
    assert lines[0].startswith("xmlresource: guest 'db1' refused: ")
    assert not any("event=" in line for line in lines)
    _, record = history(machine=host.machine).records
    assert (record["event"], record["operation"], record["rule"]) == (
        *("refused", "apply"),
        "commitment",
    )


def test_what_can_not_be_repaired_is_recorded_once(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.run("db1", 42, FITS)
    host.process(42, cgroup="/elsewhere")
    for _ in range(2):  # as the timer does
        assert command(monkeypatch, io.StringIO(), "--all") == (4, [])
    (record,) = history(machine=host.machine).records
    assert (record["event"], record["operation"], record["guest"]) == ("warning", "apply", "db1")
    assert record["status"] == 4
    assert "can't be put in force" in record["message"]
