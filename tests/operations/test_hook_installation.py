"""Installing the hook, on a host of plain files."""

import sys
from pathlib import Path

import pytest

from xmlresource.operations import hook
from xmlresource.reports.hook import as_text
from xmlresource.system import hook_files
from xmlresource.system.hook_files import Daemon
from xmlresource.system.machine import Machine

QEMU = "etc/libvirt/hooks/qemu.d/50-xmlresource"
LXC = "etc/libvirt/hooks/lxc.d/50-xmlresource"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "proc").mkdir()
    return Machine(str(tmp_path))


def test_installs_for_both_drivers_and_removes_all_of_it(machine: Machine, tmp_path: Path) -> None:
    report = hook.install(machine)
    assert all(state.installed and state.current for state in report.hooks)
    for path in (QEMU, LXC):
        assert (tmp_path / path).stat().st_mode & 0o777 == 0o755
    report = hook.uninstall(machine)
    assert not any(state.installed for state in report.hooks)
    assert list((tmp_path / "etc/libvirt/hooks").iterdir()) == []


def test_leaves_the_hooks_of_others(machine: Machine, tmp_path: Path) -> None:
    other = tmp_path / "etc/libvirt/hooks/qemu.d/other"
    other.parent.mkdir(parents=True)
    other.write_text("#!/bin/sh\n")
    hook.install(machine)
    hook.uninstall(machine)
    assert other.read_text() == "#!/bin/sh\n"


def test_uninstalling_nothing_is_fine(machine: Machine) -> None:
    assert not any(state.installed for state in hook.uninstall(machine).hooks)


def test_tells_a_hook_of_another_version(machine: Machine, tmp_path: Path) -> None:
    hook.install(machine)
    (tmp_path / QEMU).write_text("#!/bin/sh\n# older\n")
    qemu, lxc = hook.status(machine).hooks
    assert (qemu.installed, qemu.current, lxc.current) == (True, False, True)
    assert "installed, of another version or place" in as_text(hook.status(machine))


def test_does_not_write_through_a_link(machine: Machine, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "etc/libvirt/hooks/qemu.d"
    folder.mkdir(parents=True)
    (folder / "50-xmlresource").symlink_to(victim)
    hook.install(machine)
    assert victim.read_text() == "precious"
    (folder / "50-xmlresource.new").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"):
        hook.install(machine)
    assert victim.read_text() == "precious"


def test_tells_the_daemons(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pid, name, namespace in (
        (11, "libvirtd", "ns"),
        (12, "virtqemud", "other"),
        (13, "sh", "ns"),
    ):
        (tmp_path / f"proc/{pid}/ns").mkdir(parents=True)
        (tmp_path / f"proc/{pid}/comm").write_text(name + "\n")
        (tmp_path / f"proc/{pid}/ns/mnt").symlink_to(namespace)
    (tmp_path / "proc/self/ns").mkdir(parents=True)
    (tmp_path / "proc/self/ns/mnt").symlink_to("ns")
    told: list[Daemon] = []
    monkeypatch.setattr(hook_files, "notify", lambda daemon: not told.append(daemon))
    report = hook.install(machine)
    assert told == [Daemon("libvirtd", 11)] == list(report.notified)
    assert "told libvirtd (11) to look" in as_text(report)


def test_no_daemon_runs(machine: Machine) -> None:
    assert "no libvirt daemon runs" in as_text(hook.status(machine))


def test_notifying_a_daemon_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(_pid: int, _signal: int) -> None:
        raise ProcessLookupError

    monkeypatch.setattr("os.kill", kill)
    assert not hook_files.notify(Daemon("libvirtd", 1))


@pytest.mark.parametrize(
    ("enabled", "python", "denied"),
    [("Y", "/opt/python/bin/python3", True), ("Y", "/bin/sh", False), ("N", "/opt/x", False)],
)
def test_apparmor(
    machine: Machine, tmp_path: Path, enabled: str, python: str, denied: bool
) -> None:
    file = tmp_path / "sys/module/apparmor/parameters/enabled"
    file.parent.mkdir(parents=True)
    file.write_text(enabled + "\n")
    assert hook_files.apparmor_denies(machine, python) is denied


def test_the_report_warns_of_apparmor(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sys/module/apparmor/parameters/enabled"
    file.parent.mkdir(parents=True)
    file.write_text("Y\n")
    monkeypatch.setattr(sys, "executable", "/opt/python/bin/python3")
    assert "warning: AppArmor's profile of libvirtd" in as_text(hook.status(machine))
