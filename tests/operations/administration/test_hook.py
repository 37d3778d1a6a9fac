"""Installing the hook, on a host of plain files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xmlresource.operations.administration import hook
from xmlresource.reports.host.hook import as_text
from xmlresource.system.libvirt import hook_files
from xmlresource.system.libvirt.hook_files import Daemon
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


def script(path: Path, text: str, mode: int = 0o755) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def test_names_the_administrators_script_and_what_an_installation_left(
    machine: Machine, tmp_path: Path
) -> None:
    hook.install(machine)
    script(tmp_path / "etc/libvirt/hooks/qemu", "#!/bin/sh\n")
    assert "note: /etc/libvirt/hooks/qemu: libvirt runs it beside" in as_text(hook.status(machine))
    script(tmp_path / f"{QEMU}.new", "half", 0o600)
    assert f"warning: /{QEMU}.new is not executable" in as_text(hook.status(machine))


def test_names_a_hook_whose_program_is_gone_and_other_installations(
    machine: Machine, tmp_path: Path
) -> None:
    script(tmp_path / QEMU, hook_files.script("/opt/python3", "/opt/other"))
    text = as_text(hook.status(machine))
    assert f"error: /{QEMU} needs /opt/python3, which is not there: every guest with a" in text
    assert "the qemu hook: /opt/other" in text


def test_names_what_denies_the_hook_something(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/sh")  # which the profile lets libvirtd run
    hook.install(machine)
    assert "kernel's log" not in as_text(hook.status(machine))
    script(tmp_path / "dev/kmsg", '6,1,10,-;apparmor="DENIED" comm="50-xmlresource"\n')
    text = as_text(hook.status(machine))
    assert "error: 1 in the kernel's log, the last: apparmor" in text
    script(tmp_path / QEMU, hook_files.script("/opt/python3", "/opt/other"))
    script(tmp_path / "sys/module/apparmor/parameters/enabled", "Y\n")
    assert "error: the profile of libvirtd lets it run only what" in as_text(hook.status(machine))


def test_a_host_without_hooks_has_nothing_else_to_tell(machine: Machine) -> None:
    assert hook.status(machine).findings == ()


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


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Daemon]:
    """The daemons that get a signal."""
    signalled: list[Daemon] = []
    monkeypatch.setattr(hook_files, "notify", lambda daemon: not signalled.append(daemon))
    return signalled


def process(tmp_path: Path, pid: int, name: str, root: Path | None) -> None:
    """A process, with the root that its mount namespace shows it."""
    folder = tmp_path / f"proc/{pid}"
    folder.mkdir(parents=True)
    (folder / "comm").write_text(name + "\n")
    if root is not None:
        (folder / "root").symlink_to(root)


def test_tells_the_daemons(machine: Machine, tmp_path: Path, told: list[Daemon]) -> None:
    """Which mount namespace a daemon is in is no matter, but what its root shows."""
    bare, other = tmp_path / "bare", tmp_path / "other"
    bare.mkdir()
    (other / LXC).parent.mkdir(parents=True)
    (other / LXC).write_text("its own")
    (tmp_path / LXC).parent.mkdir(parents=True)
    process(tmp_path, 11, "libvirtd", tmp_path)
    process(tmp_path, 12, "virtqemud", bare)
    process(tmp_path, 13, "sh", tmp_path)
    process(tmp_path, 14, "virtlxcd", other)
    for act in (hook.install, hook.uninstall):
        report = act(machine)
        assert list(report.daemons) == [
            Daemon("libvirtd", 11),
            Daemon("virtqemud", 12, sees_hook=False),
            Daemon("virtlxcd", 14, sees_hook=False),
        ]
        assert told == [Daemon("libvirtd", 11)] == list(report.notified)
        text = as_text(report)
        assert "told libvirtd (11) to look" in text
        assert "warning: virtqemud (12) has a file system of its own" in text
        told.clear()


def test_a_daemon_sees_one_driver_of_two(
    machine: Machine, tmp_path: Path, told: list[Daemon]
) -> None:
    other = tmp_path / "other"
    (other / QEMU).parent.mkdir(parents=True)
    process(tmp_path, 11, "libvirtd", other)
    hook.install(machine)
    (other / QEMU).hardlink_to(tmp_path / QEMU)
    assert [each.sees_hook for each in hook.status(machine).daemons] == [False]
    (other / LXC).parent.mkdir(parents=True)
    (other / LXC).hardlink_to(tmp_path / LXC)
    assert [each.sees_hook for each in hook.status(machine).daemons] == [True]
    assert told == []


def test_what_can_not_be_told_is_said(machine: Machine, tmp_path: Path, told: list[Daemon]) -> None:
    """The root of another user's process; here a link that leads to itself."""
    process(tmp_path, 11, "virtqemud", Path("root"))
    report = hook.install(machine)
    assert [each.sees_hook for each in report.daemons] == [None]
    assert "whether virtqemud (11) sees this hook can't be told" in as_text(report)
    assert told == list(report.notified)


CONTAINER = """
mount --make-rprivate / && mount -t tmpfs tmpfs /etc && mkdir -p /etc/libvirt/hooks || exit 9
echo ready; read -r _
"""
PRIVATE = "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && echo ready; read -r _"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts take root")
@pytest.mark.parametrize(("script", "sees"), [(PRIVATE, True), (CONTAINER, False)])
def test_real_mount_namespaces(script: str, sees: bool) -> None:
    """A mount namespace of systemd's, and one with another /etc."""
    process = subprocess.Popen(  # noqa: S603 -- our own program
        ["/usr/bin/unshare", "-m", "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        path = hook_files.path_of("qemu")
        assert hook_files.is_seen(Machine(), str(process.pid), path) is sees
    finally:
        process.communicate()


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


@pytest.mark.parametrize(
    ("daemon", "rule", "denied"),
    [
        ("libvirtd", "/opt/py/bin/python3 PUx,", False),
        ("virtqemud", '  "/opt/py/bin/python3"  rix,  # ours', False),
        ("libvirtd", "#/opt/py/bin/python3 PUx,", True),
        ("libvirtd", "/opt/py/bin/python3 r,", True),
        ("libvirtd", "/opt/py/bin/python3.11 PUx,", True),
        ("dnsmasq", "/opt/py/bin/python3 PUx,", True),
    ],
)
def test_a_rule_that_was_added_to_the_profile(
    machine: Machine, tmp_path: Path, daemon: str, rule: str, denied: bool
) -> None:
    for name, text in (
        ("sys/module/apparmor/parameters/enabled", "Y\n"),
        (f"etc/apparmor.d/local/usr.sbin.{daemon}", f"# Site-specific additions\n{rule}\n"),
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
    assert hook_files.apparmor_denies(machine, "/opt/py/bin/python3") is denied


def test_the_report_warns_of_apparmor(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sys/module/apparmor/parameters/enabled"
    file.parent.mkdir(parents=True)
    file.write_text("Y\n")
    monkeypatch.setattr(sys, "executable", "/opt/python/bin/python3")
    assert "warning: AppArmor's profile of libvirtd" in as_text(hook.status(machine))
