"""The timer's files; systemd itself is asked in the test machine."""

import sys
from pathlib import Path

import pytest

from xmlresource.operations.administration import hook
from xmlresource.reports.host.hook import as_text
from xmlresource.system.libvirt import hook_files
from xmlresource.system.machine import Machine
from xmlresource.system.systemd import timer


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(timer, "systemctl", lambda _, *words: calls.append(words))
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


def test_the_balancing_service_comes_and_goes_with_the_hook(
    machine: Machine, told: list[tuple[str, ...]]
) -> None:
    assert not hook.install(machine).balance
    assert told == []
    report = hook.install(machine, balance=True)
    assert report.balance
    assert not report.timer
    assert "balance: installed" in as_text(report)
    unit = "xmlresource-balance.service"
    assert told == [("daemon-reload",), ("enable", unit), ("restart", unit)]
    text = machine.read_text(f"/etc/systemd/system/{unit}")
    assert f'ExecStart="{sys.executable}" -I -m xmlresource balance\n' in text
    told.clear()
    assert not hook.uninstall(machine).balance
    assert told == [("disable", "--now", unit), ("daemon-reload",)]
    assert list((Path(machine.root) / "etc/systemd/system").iterdir()) == []


def test_an_interpreters_path_is_quoted(machine: Machine, told: list[tuple[str, ...]]) -> None:
    timer.install(machine, '/opt/a b%$"\\/python3')
    assert told
    unit = machine.read_text("/etc/systemd/system/xmlresource-reconcile.service")
    assert r'ExecStart="/opt/a b%%$$\"\\/python3" -I -m xmlresource apply --all' in unit


def test_another_machines_systemd_is_not_told(machine: Machine) -> None:
    with pytest.raises(OSError, match="on this machine itself"):
        timer.install(machine, "/usr/bin/python3")


def test_a_packages_units_are_enabled_and_not_written(
    machine: Machine, told: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_files, "own_folder", lambda: hook_files.PACKAGE)
    assert not hook.install(machine, systemd=True).timer
    assert told == [("daemon-reload",), ("enable", "--now", "xmlresource-reconcile.timer")]
    told.clear()
    hook.install(machine, balance=True)
    assert ("enable", "xmlresource-balance.service") in told
    folder = Path(machine.root) / "etc/systemd/system"
    assert list(folder.iterdir()) == []
    wants = folder / "timers.target.wants"
    wants.mkdir()
    (wants / "xmlresource-reconcile.timer").symlink_to("/usr/lib/systemd/system/…")
    assert hook.status(machine).timer
    told.clear()
    hook.uninstall(machine)
    assert ("disable", "--now", "xmlresource-reconcile.timer") in told
