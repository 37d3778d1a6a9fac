"""What the kernel and the init system tell, on hosts of plain files."""

import errno
import os
from pathlib import Path

import pytest

from tests.fakes.host import FakeHost
from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.health.health_facts import (
    ArcFacts,
    ControllerFacts,
    InitFacts,
    MergingFacts,
    SwapFacts,
)
from xmlresource.health.health_verdict import Unseen
from xmlresource.system.cgroups.places import PAGE_SIZE
from xmlresource.system.health import kernel_facts
from xmlresource.system.machine import Machine

MIB = 1 << 20
ROOT = "/sys/fs/cgroup"
SERVICE = "usr/share/dbus-1/system-services/org.freedesktop.machine1.service"


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path, version=2)


def test_v1_needs_no_more(tmp_path: Path) -> None:
    found = kernel_facts.controller_facts(FakeHost(tmp_path, version=1).machine)
    assert found == ControllerFacts(Version.V1)


def test_no_controller(host: FakeHost) -> None:
    host.write("/proc/self/mountinfo", "")
    assert isinstance(kernel_facts.controller_facts(host.machine), NoPlace)


def test_v2_without_a_memory_controller(host: FakeHost) -> None:
    host.write(f"{ROOT}/cgroup.controllers", "cpu io pids\n")
    assert kernel_facts.controller_facts(host.machine) == ControllerFacts(Version.V2, ROOT)


def test_v2_hands_the_controller_on_or_not(host: FakeHost) -> None:
    host.write(f"{ROOT}/cgroup.controllers", "cpu memory\n")
    host.group("/machine.slice/a.scope")
    found = kernel_facts.controller_facts(host.machine)
    assert found == ControllerFacts(Version.V2, disabled_below=("/", "/machine.slice"))
    host.write(f"{ROOT}/cgroup.subtree_control", "cpu memory\n")
    host.write(f"{ROOT}/machine.slice/cgroup.subtree_control", "pids memory\n")
    assert kernel_facts.controller_facts(host.machine) == ControllerFacts(Version.V2)


def test_machined_is_there_unless_masked(host: FakeHost, tmp_path: Path) -> None:
    assert kernel_facts.init_facts(host.machine) == InitFacts(
        runs_systemd=False, has_machined=False
    )
    host.write("/" + SERVICE, "")
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    found = kernel_facts.init_facts(host.machine)
    assert found == InitFacts(runs_systemd=True, has_machined=True)
    mask = tmp_path / "etc/systemd/system/systemd-machined.service"
    mask.parent.mkdir(parents=True)
    mask.symlink_to("/dev/null")
    assert not kernel_facts.init_facts(host.machine).has_machined


@pytest.mark.parametrize(
    ("text", "mode"), [("1", "enforcing"), ("0", "permissive"), (None, None), ("?", None)]
)
def test_selinux(host: FakeHost, text: str | None, mode: str | None) -> None:
    if text is not None:
        host.write("/sys/fs/selinux/enforce", text)
    assert kernel_facts.confinement_facts(host.machine, "/usr/bin/python3").selinux == mode


def test_apparmor_off_and_on(host: FakeHost) -> None:
    assert not kernel_facts.confinement_facts(host.machine, "/opt/python").apparmor
    host.write("/sys/module/apparmor/parameters/enabled", "Y\n")
    found = kernel_facts.confinement_facts(host.machine, "/opt/python")
    assert (found.apparmor, found.apparmor_denies) == (True, True)


def test_denials_that_name_the_hook_or_its_interpreter(host: FakeHost) -> None:
    log = [
        '6,1,10,-;audit: apparmor="DENIED" name="/opt/py" profile="libvirtd"',
        '6,2,20,-;audit: apparmor="DENIED" name="/etc/shadow" profile="libvirtd"',
        '6,3,30,-;audit: apparmor="ALLOWED" name="/opt/py" profile="libvirtd"',
        '6,4,40,-;audit: avc:  denied  { execute } for path="/etc/…/50-xmlresource"',
        "no record at all",
    ]
    host.write("/dev/kmsg", "\n".join(log) + "\n")
    found = kernel_facts.confinement_facts(host.machine, "/opt/py").denials
    assert isinstance(found, tuple)
    assert [("/opt/py" in found[0]), ("50-xmlresource" in found[1]), len(found)] == [True, True, 2]


def test_a_denial_names_the_file_that_an_interpreter_is_a_link_to(
    host: FakeHost, tmp_path: Path
) -> None:
    (tmp_path / "python3.12").touch()
    (tmp_path / "python").symlink_to("python3.12")
    host.write("/dev/kmsg", f'6,1,10,-;apparmor="DENIED" name="{tmp_path}/python3.12"\n')
    found = kernel_facts.confinement_facts(host.machine, str(tmp_path / "python")).denials
    assert isinstance(found, tuple)
    assert len(found) == 1


def test_no_kernel_log(host: FakeHost) -> None:
    found = kernel_facts.confinement_facts(host.machine, "/opt/py").denials
    assert isinstance(found, Unseen)
    assert "/dev/kmsg" in found.reason


def test_the_kernel_log_ends_where_the_next_message_is_not_yet_there(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each read(2) of /dev/kmsg is one message; EPIPE says that some were overwritten."""
    host.write("/dev/kmsg", "")
    answers: list[bytes | OSError] = [
        b'6,1,10,-;apparmor="DENIED" name="/opt/py"\n',
        BrokenPipeError(errno.EPIPE, "overwritten"),
        b'6,9,10,-;apparmor="DENIED" name="/opt/py" again\n',
        BlockingIOError(errno.EAGAIN, "no more"),
    ]

    def read(_descriptor: int, _size: int) -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(os, "read", read)
        messages = list(kernel_facts.messages(host.machine))
    assert [message[-5:] for message in messages] == ['t/py"', "again"]
    assert answers == []


@pytest.mark.skipif(os.geteuid() != 0, reason="the kernel's log is root's")
def test_the_real_kernel_log_can_be_read_to_its_end() -> None:
    if not Path("/dev/kmsg").exists():
        pytest.skip("there is no kernel's log here")
    found = kernel_facts.confinement_facts(Machine(), "/no/such/interpreter").denials
    assert isinstance(found, tuple | Unseen)


def test_pressure(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not kernel_facts.has_pressure(host.machine)
    host.write("/proc/pressure/memory", "some avg10=0.00\n")
    assert kernel_facts.has_pressure(host.machine)

    def switched_off(_machine: Machine, _path: str) -> str:
        raise OSError(errno.EOPNOTSUPP, "psi=0")

    def unreadable(_machine: Machine, _path: str) -> str:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(Machine, "read_if_there", switched_off)
    assert not kernel_facts.has_pressure(host.machine)
    monkeypatch.setattr(Machine, "read_if_there", unreadable)
    with pytest.raises(PermissionError):
        kernel_facts.has_pressure(host.machine)


def test_swap(host: FakeHost) -> None:
    assert kernel_facts.swap_facts(host.machine) == SwapFacts(0)
    host.write("/proc/meminfo", "MemTotal: 8192 kB\nSwapTotal: 3072 kB\n")
    host.write(
        "/proc/swaps",
        "Filename\t\tType\t\tSize\tUsed\tPriority\n"
        "/dev/sda2\tpartition\t2048\t0\t-2\n"
        "/dev/zram0\tpartition\t1024\t0\t100\n",
    )
    host.write("/sys/module/zswap/parameters/enabled", "Y\n")
    assert kernel_facts.swap_facts(host.machine) == SwapFacts(3 * MIB, MIB, zswap=True)


def test_samepage_merging(host: FakeHost) -> None:
    assert kernel_facts.merging_facts(host.machine) is None
    host.write(f"{kernel_facts.KSM}/run", "1\n")
    assert kernel_facts.merging_facts(host.machine) == MergingFacts(runs=True)
    host.write(f"{kernel_facts.KSM}/pages_sharing", "256\n")
    assert kernel_facts.merging_facts(host.machine) == MergingFacts(True, 256 * PAGE_SIZE)  # noqa: FBT003 -- as it prints


def test_zfs(host: FakeHost) -> None:
    assert kernel_facts.arc_facts(host.machine) is None
    host.write(
        kernel_facts.ARC,
        "9 1 0x01 147 39984 4110 6510\nname  type data\nsize  4  1073741824\nc_min 4 33554432\n",
    )
    assert kernel_facts.arc_facts(host.machine) == ArcFacts(1 << 30, 32 * MIB)
    host.write(kernel_facts.ARC, "torn")
    assert isinstance(kernel_facts.arc_facts(host.machine), Unseen)
