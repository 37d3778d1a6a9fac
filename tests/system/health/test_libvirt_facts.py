"""The installed libvirt, its hooks and our own places, on hosts of plain files."""

from pathlib import Path

import pytest

import xmlresource
from tests.fakes.host import FakeHost
from xmlresource.health.health_facts import TimerFacts
from xmlresource.health.health_verdict import Unseen
from xmlresource.system.health import libvirt_facts
from xmlresource.system.libvirt import hook_files
from xmlresource.system.systemd import timer

OWN = str(Path(xmlresource.__file__).parents[1])
HOOK = "/etc/libvirt/hooks/qemu.d/50-xmlresource"
SOON = 0.2


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def program(host: FakeHost, path: str, commands: str, mode: int = 0o755) -> None:
    host.write(path, f"#!/bin/sh\n{commands}\n")
    Path(host.machine.path(path)).chmod(mode)


def install(host: FakeHost, content: str) -> None:
    for driver in hook_files.DRIVERS:
        hook_files.install(host.machine, driver, content)


def test_no_libvirt(host: FakeHost) -> None:
    found = libvirt_facts.libvirt_facts(host.machine)
    assert (found.programs, found.running) == ((), ())


def test_the_version_of_the_daemon(host: FakeHost) -> None:
    program(host, "/usr/sbin/libvirtd", 'echo "${0##*/} (libvirt) 9.10.2"')
    program(host, "/usr/sbin/virtqemud", "exit 1")
    program(host, "/usr/sbin/virtlxcd", "exit 1", mode=0o644)
    found = libvirt_facts.libvirt_facts(host.machine)
    assert (found.programs, found.version) == (("libvirtd", "virtqemud"), (9, 10, 2))


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ("echo none", "/usr/sbin/libvirtd --version tells no version"),
        ("exec sleep 60", "/usr/sbin/libvirtd --version gave no answer within 0.2 s"),
    ],
)
def test_a_daemon_that_does_not_tell(host: FakeHost, commands: str, reason: str) -> None:
    program(host, "/usr/sbin/libvirtd", commands)
    assert libvirt_facts.libvirt_facts(host.machine, SOON).version == Unseen(reason)


def test_a_daemon_that_can_not_be_run(host: FakeHost) -> None:
    host.write("/usr/sbin/libvirtd", "#!/no/such/interpreter\n")
    Path(host.machine.path("/usr/sbin/libvirtd")).chmod(0o755)
    found = libvirt_facts.libvirt_facts(host.machine).version
    assert isinstance(found, Unseen)
    assert "libvirtd" in found.reason


def test_no_hook(host: FakeHost) -> None:
    qemu, lxc = libvirt_facts.hook_facts(host.machine, "")
    assert not qemu.installed
    assert not lxc.installed


def test_a_hook_that_works(host: FakeHost) -> None:
    program(host, "/opt/a python's", "")
    host.write("/opt/our place/xmlresource/hook.py", "")
    content = hook_files.script("/opt/a python's", "/opt/our place")
    install(host, content)
    qemu, _ = libvirt_facts.hook_facts(host.machine, content)
    assert (qemu.installed, qemu.current, qemu.executable, qemu.missing) == (True, True, True, None)
    assert libvirt_facts.hook_interpreter(host.machine) == "/opt/a python's"


def test_a_hook_whose_installation_is_gone(host: FakeHost) -> None:
    install(host, hook_files.script("/opt/python", "/opt/place"))
    qemu, _ = libvirt_facts.hook_facts(host.machine, "another")
    assert (qemu.current, qemu.missing) == (False, "/opt/python")
    program(host, "/opt/python", "")
    qemu, _ = libvirt_facts.hook_facts(host.machine, "another")
    assert qemu.missing == "/opt/place/xmlresource/hook.py"


@pytest.mark.parametrize(
    "script", ["#!/bin/sh\nexit 0\n", "'unclosed -I -S -c '\n", "two words -I -S -c '\n"]
)
def test_a_hook_of_another_kind_is_not_guessed_at(host: FakeHost, script: str) -> None:
    install(host, script)
    qemu, _ = libvirt_facts.hook_facts(host.machine, "another")
    assert (qemu.installed, qemu.current, qemu.missing) == (True, False, None)


def test_a_hook_that_is_not_executable(host: FakeHost) -> None:
    install(host, "#!/bin/sh\n")
    Path(host.machine.path(HOOK)).chmod(0o600)
    qemu, lxc = libvirt_facts.hook_facts(host.machine, "")
    assert (qemu.executable, lxc.executable) == (False, True)


def test_scripts_of_others(host: FakeHost) -> None:
    """The administrator's own, one that is left of an installation, one that calls us."""
    program(host, "/etc/libvirt/hooks/qemu", "# beside xmlresource\nexit 0")
    host.write(f"{HOOK}.new", "half of it")
    program(host, "/etc/libvirt/hooks/qemu.d/00-other", 'exec xmlresource-hook "$@"')
    Path(host.machine.path("/etc/libvirt/hooks/qemu.d/folder")).mkdir()
    qemu, lxc = libvirt_facts.hook_facts(host.machine, "")
    assert qemu.neighbours == (
        "/etc/libvirt/hooks/qemu",
        "/etc/libvirt/hooks/qemu.d/00-other",
        f"{HOOK}.new",
        "/etc/libvirt/hooks/qemu.d/folder",
    )
    assert qemu.unusable_neighbours == (f"{HOOK}.new",)
    assert qemu.doubled == ("/etc/libvirt/hooks/qemu.d/00-other",)
    assert lxc.neighbours == ()


def test_one_installation(host: FakeHost) -> None:
    install(host, hook_files.script("/opt/python"))
    found = libvirt_facts.installation_facts(host.machine)
    assert (found.own, found.others) == (OWN, ())


def test_other_installations_and_who_uses_them(host: FakeHost) -> None:
    install(host, hook_files.script("/opt/python", "/opt/other"))
    host.write("/usr/lib/xmlresource/xmlresource/__init__.py", "")
    service = '[Service]\nExecStart="/opt/python" -I -m xmlresource apply --all\n'
    host.write(f"{timer.FOLDER}/{timer.NAME}.service", service)
    assert libvirt_facts.installation_facts(host.machine).others == (
        ("/opt/other", "the qemu hook"),
        ("/opt/other", "the lxc hook"),
        ("/opt/python", "the timer"),
        ("/usr/lib/xmlresource", "a package"),
    )


def test_no_timer(host: FakeHost) -> None:
    assert libvirt_facts.timer_facts(host.machine) == TimerFacts(installed=False)


@pytest.mark.parametrize(
    ("commands", "active"),
    [
        ('[ "$*" = "is-active xmlresource-reconcile.timer" ] && echo active', True),
        ("echo inactive; exit 3", False),
        ("exec sleep 60", Unseen("/bin/systemctl is-active gave no answer within 0.2 s")),
    ],
)
def test_a_timer(host: FakeHost, commands: str, active: object) -> None:
    host.write(f"{timer.FOLDER}/{timer.NAME}.timer", "")
    program(host, "/bin/systemctl", commands)
    found = libvirt_facts.timer_facts(host.machine, SOON if isinstance(active, Unseen) else 60)
    assert (found.installed, found.enabled, found.active) == (True, False, active)
    host.write(f"{timer.FOLDER}/timers.target.wants/{timer.NAME}.timer", "")
    assert libvirt_facts.timer_facts(host.machine, SOON).enabled
