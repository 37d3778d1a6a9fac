"""``reclaim`` on guests of a fake libvirt."""

import json
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.host import MIB, FakeHost
from tests.fakes.libvirt import LIVE, FakeDomain, module
from xmlresource.cli import main
from xmlresource.errors import ExitStatus
from xmlresource.live import set_memory_parameters
from xmlresource.live.guest_location import ElsewhereError
from xmlresource.live.reclaim.guest_reclaim import Reclaimed, give_back, reclaim
from xmlresource.live.reclaim.reclaim_run import GoneError, ProgressListener
from xmlresource.operations.guest import RefusalError
from xmlresource.reclaim.steps import Action, Cooperation, Goal, Observation
from xmlresource.reports.guests.reclaim import progress_line
from xmlresource.system.cgroups import pressure
from xmlresource.system.terminal.signals import ENDINGS

HOST = ["--host", "50MiB", "--yes"]


@pytest.fixture
def domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDomain:
    made = FakeDomain(FakeHost(tmp_path / "host"))
    made.host.write(f"{made.folder}/memory.usage_in_bytes", f"{80 * MIB}\n")
    monkeypatch.setitem(sys.modules, "libvirt", module(made))
    monkeypatch.setattr(pressure, "pause", lambda _seconds: None)
    return made


def goal(mebibytes: int, *, press: bool = False) -> Goal:
    return Goal(mebibytes * MIB, 5, press=press, patience=0.01)


def test_a_guest_that_co_operates(domain: FakeDomain) -> None:
    done = reclaim("db1", goal(50), machine=domain.host.machine)
    assert (done.reached, done.cooperation) == (True, Cooperation.GIVES)
    assert (done.before, done.after) == (80 * MIB, 50 * MIB)
    assert done.exit_status is ExitStatus.FINE
    assert domain.balloon == 34 * 1024
    assert give_back("db1", machine=domain.host.machine) == 64 * MIB
    assert domain.balloon == 64 * 1024


def test_a_guest_without_a_driver(domain: FakeDomain) -> None:
    domain.has_driver = False
    done = reclaim("db1", goal(50), machine=domain.host.machine)
    assert (done.reached, done.cooperation) == (False, Cooperation.IGNORES)
    assert done.exit_status is ExitStatus.ROLLED_BACK
    assert domain.calls[-1] == ("setMemoryFlags", 64 * 1024)


def test_a_guest_without_a_balloon(domain: FakeDomain) -> None:
    domain.balloon = None
    done = reclaim("db1", goal(50, press=True), machine=domain.host.machine)
    assert (done.reached, done.cooperation) == (False, Cooperation.NO_BALLOON)
    assert "nothing more can be reclaimed" in done.reason
    assert len(domain.calls) == 1


def test_a_container_has_no_balloon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = FakeDomain(FakeHost(tmp_path / "host"), kind="lxc")
    made.host.write(f"{made.folder}/memory.usage_in_bytes", f"{80 * MIB}\n")
    monkeypatch.setitem(sys.modules, "libvirt", module(made))
    done = reclaim("db1", goal(50), machine=made.host.machine)
    assert done.cooperation is Cooperation.NO_BALLOON


def test_what_is_promised_is_not_taken(domain: FakeDomain) -> None:
    set_memory_parameters(domain, {"min_guarantee": 60 * 1024}, LIVE, domain.host.machine)
    with pytest.raises(RefusalError, match="60 MiB is promised") as caught:
        reclaim("db1", goal(50), machine=domain.host.machine)
    assert caught.value.exit_status is ExitStatus.REFUSED
    assert ("setMemoryFlags", LIVE) not in domain.calls


def test_an_interruption_gives_back(domain: FakeDomain) -> None:
    domain.host.write(f"{domain.folder}/memory.usage_in_bytes", f"{800 * MIB}\n")

    def interrupt(_name: str, seen: Observation, _action: Action) -> None:
        if seen.balloon != 64 * MIB:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reclaim("db1", goal(50), machine=domain.host.machine, progress=interrupt)
    assert domain.balloon == 64 * 1024


def test_a_guest_that_ends_meanwhile(domain: FakeDomain) -> None:
    domain.has_driver = False

    def end(_name: str, seen: Observation, _action: Action) -> None:
        del seen
        (domain.host.root / domain.folder[1:] / "memory.usage_in_bytes").unlink(missing_ok=True)
        domain.pid = None

    with pytest.raises(GoneError):
        reclaim("db1", goal(50), machine=domain.host.machine, progress=end)


def test_a_transient_guest_is_given_all_of_its_memory(domain: FakeDomain) -> None:
    domain.persistent = False
    assert give_back("db1", machine=domain.host.machine) == 64 * MIB


def test_the_command_gives_back(
    domain: FakeDomain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = partial(give_back, machine=domain.host.machine)
    monkeypatch.setattr("xmlresource.cli.reclaim.give_back", here)
    assert main(["reclaim", "db1", "--give-back"]) == 0
    assert "64 MiB" in capsys.readouterr().out
    assert domain.balloon == 64 * 1024


@pytest.mark.parametrize(
    "words",
    [
        ["db1", "--to", "much"],
        ["db1", "--to", "unlimited"],
        ["db1", "--to", "1GiB", "--timeout", "0"],
        ["db1", "--to", "1GiB", "--dry-run"],
        ["db1", "--host", "1GiB"],
        ["--to", "1GiB"],
        ["--host", "1MiB"],
        ["--host", "much", "--yes"],
    ],
)
def test_bad_usage(domain: FakeDomain, words: list[str]) -> None:
    assert main(["reclaim", *words]) == ExitStatus.USAGE
    assert domain.calls == []


@pytest.mark.parametrize(("driver", "status"), [(True, 0), (False, 4)])
def test_the_command_tells_what_became_of_it(
    domain: FakeDomain,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    driver: bool,
    status: int,
) -> None:
    domain.has_driver = driver
    told: list[str] = []

    def here(name: str, wanted: Goal, uri: str | None, progress: ProgressListener) -> Reclaimed:
        assert (name, uri, wanted.target, wanted.timeout) == ("db1", None, 50 * MIB, 9)

        def note(name: str, seen: Observation, action: Action) -> None:
            progress(name, seen, action)
            told.append(progress_line(seen, action))

        return reclaim(name, goal(50, press=True), machine=domain.host.machine, progress=note)

    monkeypatch.setattr("xmlresource.cli.reclaim.reclaim", here)
    assert main(["reclaim", "db1", "--to", "50MiB", "--timeout", "9"]) == status
    fate, who, figures = capsys.readouterr().out.splitlines()
    assert fate.startswith("reached: " if driver else "not reached, and all is put back: ")
    assert who.startswith(f"guest 'db1': it {'co-operates' if driver else 'does not co-operate'}")
    assert figures.startswith("charged: 80 MiB before, ")
    assert "charged 80 MiB, balloon 64 MiB  asking it to make do with 34 MiB" in told[0]
    assert driver or any("pressing for" in line for line in told)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_signal_that_ends_the_command_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ending: signal.Signals
) -> None:
    def ended(*_: object, **__: object) -> None:
        signal.raise_signal(ending)
        pytest.fail("it went on")

    before = signal.signal(ending, signal.SIG_DFL)
    try:
        for words, name in ((["db1", "--to", "50MiB"], "reclaim"), (HOST, "reclaim_host")):
            monkeypatch.setattr(f"xmlresource.cli.reclaim.{name}", ended)
            assert main(["reclaim", *words]) == ExitStatus.ROLLED_BACK
            assert capsys.readouterr().err == "\nxmlresource: interrupted; all is put back\n"
            assert signal.getsignal(ending) == signal.SIG_DFL
    finally:
        signal.signal(ending, before)


def test_the_command_takes_an_interruption(
    domain: FakeDomain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del domain

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("xmlresource.cli.reclaim.reclaim", interrupted)
    assert main(["reclaim", "db1", "--to", "50MiB"]) == ExitStatus.ROLLED_BACK
    assert "all is put back" in capsys.readouterr().err


def test_the_command_prints_json(
    domain: FakeDomain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = partial(reclaim, machine=domain.host.machine)
    monkeypatch.setattr("xmlresource.cli.reclaim.reclaim", here)
    assert main(["reclaim", "db1", "--to", "50MiB", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "name": "db1",
        "reached": True,
        "reason": "50 MiB is charged to it",
        "cooperation": "gives",
        "before": 80 * MIB,
        "after": 50 * MIB,
        "swapped": 0,
    }


def test_memory_is_taken_on_the_guests_host(domain: FakeDomain) -> None:
    domain.uri = "qemu+ssh://far.example.org/system"
    with pytest.raises(ElsewhereError, match=r"on far\.example\.org, .*reclaim db1 --to"):
        reclaim("db1", goal(50), domain.uri, domain.host.machine)
    assert domain.calls == []
