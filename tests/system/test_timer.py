"""The timer's files; systemd itself is asked in the test machine."""

from pathlib import Path

import pytest

from xmlresource.operations import hook
from xmlresource.reports.hook import as_text
from xmlresource.system import timer
from xmlresource.system.machine import Machine


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(timer, "_systemctl", lambda _, *words: calls.append(words))
    return calls


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "proc").mkdir()
    return Machine(str(tmp_path))


def test_it_comes_with_the_hook_if_asked_for(machine: Machine, told: list[tuple[str, ...]]) -> None:
    assert not hook.install(machine).timer
    assert told == []
    report = hook.install(machine, systemd=True)
    assert report.timer
    assert "timer: installed" in as_text(report)
    assert told == [("daemon-reload",), ("enable", "--now", "xmlresource-reconcile.timer")]


def test_it_goes_with_the_hook(machine: Machine, told: list[tuple[str, ...]]) -> None:
    hook.install(machine, systemd=True)
    told.clear()
    assert not hook.uninstall(machine).timer
    assert told == [("disable", "--now", "xmlresource-reconcile.timer"), ("daemon-reload",)]
    assert list((Path(machine.root) / "etc/systemd/system").iterdir()) == []
    told.clear()
    hook.uninstall(machine)
    assert told == []


def test_an_interpreters_path_is_quoted(machine: Machine, told: list[tuple[str, ...]]) -> None:
    timer.install(machine, '/opt/a b%$"\\/python3')
    assert told
    unit = machine.read_text("/etc/systemd/system/xmlresource-reconcile.service")
    assert r'ExecStart="/opt/a b%%$$\"\\/python3" -I -m xmlresource apply --all' in unit


def test_another_machines_systemd_is_not_told(machine: Machine) -> None:
    with pytest.raises(OSError, match="on this machine itself"):
        timer.install(machine, "/usr/bin/python3")
