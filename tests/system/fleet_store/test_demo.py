"""The demo shows what it says, with commands that work, and leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.fleet_store.fleets import until
from tests.system.fleet_store.test_throwaway_server import runs_in
from xmlresource.cli import main
from xmlresource.cli.fleet import demo
from xmlresource.operations.fleet.fleet_server import connect
from xmlresource.operations.fleet.fleet_view import fleet_hosts
from xmlresource.system.fleet_store import throwaway_server
from xmlresource.system.machine import Machine

Captured = pytest.CaptureFixture[str]
COMMAND = (sys.executable, "-m", "xmlresource", "fleet")


def folder_in(text: str) -> Path:
    found = re.search(r"/tmp/xmlresource-pg-[^/\s]+", text)  # noqa: S108 -- no file is made
    assert found is not None
    return Path(found[0])


def test_it_shows_each_command_at_work_and_removes_all(postgres: Path, capsys: Captured) -> None:
    assert postgres
    before = dict(os.environ)
    assert main(["fleet", "demo"]) == 0
    out, err = capsys.readouterr()
    _, *shown = out.split("\n$ xmlresource fleet ")
    status, check, claim, refusal, drain, what_if = shown
    assert status.startswith("status\n")
    assert len(re.findall(r"(?m)^host\d{3} +up ", status)) == 40
    (best,) = re.findall(r"fits on 40 of 40 hosts; best: (host\d{3})", check)
    assert claim.splitlines()[1] == best
    assert refusal.startswith("claim ")
    assert "guest 'huge' can't be claimed: it fits on none of 40 hosts" in err
    assert drain.startswith("drain host007\n")
    assert re.search(r"host007: \d+ guests to 1 host; 1 is the least", drain)
    assert "N+1: any one of 40 hosts can be lost" in what_if
    assert out.endswith("\nthe server is stopped, and all is removed\n")
    assert not folder_in(out).exists()
    assert not runs_in(folder_in(out))
    assert dict(os.environ) == before


@contextmanager
def kept() -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A demo that stays, and what it has printed by then."""
    with subprocess.Popen(  # noqa: S603 -- our own program
        [*COMMAND, "demo", "--keep"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as there:
        assert there.stdout is not None
        lines = []
        for line in there.stdout:
            lines.append(line)
            if line.startswith("export "):
                break
        try:
            yield there, "".join(lines)
        finally:
            there.kill()


def test_others_use_the_fleet_that_is_kept(postgres: Path) -> None:
    assert postgres
    with kept() as (there, out):
        export = out.splitlines()[-1]
        web = folder_in(out) / "web.xml"
        shell = f"{export}; {' '.join(COMMAND)} status --json; {' '.join(COMMAND)} release {web}"
        done = subprocess.run(  # noqa: S603 -- our own program
            ["/bin/sh", "-c", shell], stdout=subprocess.PIPE, check=True
        )
        text, _, last = done.stdout.decode().rstrip("\n").rpartition("\n")
        assert sum(each["open"] for each in json.loads(text)["hosts"]) == 40
        assert re.fullmatch(r"released on host\d{3}", last)
        there.terminate()
        assert there.wait(30) == 0
        assert not web.parent.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_leaves_nothing_behind(number: signal.Signals, postgres: Path) -> None:
    assert postgres
    with kept() as (there, out):
        folder = folder_in(out)
        assert runs_in(folder)
        there.send_signal(number)
        status = there.wait(30)
    if number == signal.SIGKILL:
        until(lambda: not folder.exists() and not runs_in(folder))
    else:
        assert status == 0
        assert not folder.exists()
        assert not runs_in(folder)


def test_hosts_that_are_kept_go_on_talking(
    postgres: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert postgres
    opened = []

    def pause(seconds: float) -> None:
        assert seconds < 90
        opened.append(sum(not each.closed for each in fleet_hosts()))
        if len(opened) == 2:
            raise KeyboardInterrupt
        with connect(Machine()) as connection:
            connection.run("update xmlresource.host set published = published - interval '1 h'")

    monkeypatch.setattr(demo, "pause", pause)
    assert main(["fleet", "demo", "--keep"]) == 0
    assert opened == [40, 40]
    assert not folder_in(capsys.readouterr().out).exists()


def test_without_postgresql_the_cure_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(throwaway_server, "_PACKAGES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["fleet", "demo"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("xmlresource: PostgreSQL's server is not installed: ")
    assert "apt install postgresql" in err


def test_a_command_that_does_not_show_what_it_should_is_told(
    postgres: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert postgres
    monkeypatch.setattr(demo, "main", lambda _: 1)
    assert main(["fleet", "demo"]) == 2
    out, err = capsys.readouterr()
    assert (
        err == "xmlresource: `xmlresource fleet status` ended with 1, not with 0: the demo ends\n"
    )
    assert "all is removed" not in out
