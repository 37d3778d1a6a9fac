"""What a killed press leaves is on record: on plain files, and on the kernel that runs here."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.host import MIB, FakeHost, domain, guarantee
from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.operations.administration.history import history
from xmlresource.operations.administration.status import status
from xmlresource.operations.guests.apply import apply_all
from xmlresource.operations.host import state_of
from xmlresource.reports.host.status import as_json, as_text
from xmlresource.system.cgroups import press_records, pressure
from xmlresource.system.cgroups.places import host_controller, locate
from xmlresource.system.machine import Machine

# Presses the guest of the given process on the given root, and is killed at the given write.
PROGRAM = """
import os, signal, sys
from xmlresource.operations.host import state_of
from xmlresource.system.cgroups import pressure
from xmlresource.system.cgroups.places import locate
from xmlresource.system.machine import Machine

class Killed(Machine):
    left = [int(sys.argv[3])]
    def write_value(self, path, value):
        if self.left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left[0] -= 1
        super().write_value(path, value)

machine = Killed(sys.argv[1])
place = locate(machine, int(sys.argv[2]))
state = state_of(Machine(sys.argv[4]))
pressure.take(machine, state, place, 100 << 20, 1 << 20)
"""
OOM = "oom_kill_disable {}\nunder_oom 0\noom_kill 0\n"


def press_and_be_killed(root: Path | str, pid: int, writes: int, state: Path | str) -> int:
    done = subprocess.run(  # noqa: S603 -- ours
        [sys.executable, "-c", PROGRAM, str(root), str(pid), str(writes), str(state)], check=False
    )
    return done.returncode


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path / "host")


def run(host: FakeHost, policy: str = "") -> str:
    """A guest; the folder of its cgroup."""
    folder = host.run("db1", 4242, domain("db1", 1, policy))
    if host.version == 1:
        host.write(f"{folder}/memory.oom_control", OOM.format(0))
    return folder


def records(host: FakeHost) -> list[Path]:
    return list((host.root / "run/xmlresource").glob(f"{press_records.PREFIX}*"))


@pytest.mark.parametrize("policy", ["", guarantee(8)])
@pytest.mark.parametrize("writes", range(4))
def test_v1_killed_at_each_write(host: FakeHost, writes: int, policy: str) -> None:
    """The OOM killer off, then a smaller limit; both back, with a policy and without."""
    folder = run(host, policy)
    limit = host.read(f"{folder}/memory.limit_in_bytes").strip()
    assert press_and_be_killed(host.root, 4242, writes, host.root) == -signal.SIGKILL
    assert len(records(host)) == 1
    # The kernel takes the flag alone and shows it among others.
    flag = host.read(f"{folder}/memory.oom_control").strip()
    if writes:
        assert flag == "1"
        host.write(f"{folder}/memory.oom_control", OOM.format(1))
    expected = ["memory.oom_control"] * (writes > 0) + ["memory.limit_in_bytes"] * (writes == 2)
    found = status(host.machine)
    assert len(found.left_over) == len(expected)
    for each, file in zip(found.left_over, expected, strict=True):
        assert each.startswith(f"{folder}/{file} holds what a killed reclaim left there")
    assert as_json(found).get("drift", []) == list(found.left_over)
    assert as_text(found).count("put back by 'apply --all'") == len(expected)
    apply_all(host.machine)
    assert pressure.value_of(host.read(f"{folder}/memory.oom_control")) == "0"
    assert host.read(f"{folder}/memory.limit_in_bytes").strip() == limit
    assert records(host) == []
    assert status(host.machine).left_over == ()
    told = [each for each in history(machine=host.machine).records if "killed" in each["message"]]
    assert [each["event"] for each in told] == ["repaired"] * len(expected)


def test_v2_killed_in_between(tmp_path: Path) -> None:
    """Before Linux 5.19 memory.high is what presses."""
    host = FakeHost(tmp_path / "host", 2)
    folder = run(host)
    assert press_and_be_killed(host.root, 4242, 1, host.root) == -signal.SIGKILL
    assert host.read(f"{folder}/memory.high") == str(99 * MIB)
    assert len(status(host.machine).left_over) == 1
    apply_all(host.machine)
    assert host.read(f"{folder}/memory.high") == "max"


def test_one_that_presses_is_left_alone(host: FakeHost) -> None:
    folder = run(host)
    place = locate(host.machine, 4242)
    assert not isinstance(place, NoPlace)
    change = press_records.Pressed(f"{folder}/memory.oom_control", "0", "1")
    with press_records.on_record(host.machine, state_of(host.machine), folder, [change]):
        host.write(f"{folder}/memory.oom_control", OOM.format(1))
        assert status(host.machine).left_over == ()
        apply_all(host.machine)
        assert pressure.value_of(host.read(f"{folder}/memory.oom_control")) == "1"
        assert len(records(host)) == 1
    assert records(host) == []


def left(host: FakeHost, folder: str) -> Path:
    """A killed press that left the OOM killer off."""
    press_and_be_killed(host.root, 4242, 1, host.root)
    host.write(f"{folder}/memory.oom_control", OOM.format(1))
    (path,) = records(host)
    return path


def test_what_somebody_has_changed_since_stays(host: FakeHost) -> None:
    folder = run(host)
    press_and_be_killed(host.root, 4242, 2, host.root)
    host.write(f"{folder}/memory.oom_control", OOM.format(0))
    host.write(f"{folder}/memory.limit_in_bytes", f"{64 * MIB}\n")
    assert status(host.machine).left_over == ()
    apply_all(host.machine)
    assert host.read(f"{folder}/memory.limit_in_bytes") == f"{64 * MIB}\n"
    assert records(host) == []


def test_another_cgroup_of_the_same_path_is_left_alone(host: FakeHost) -> None:
    folder = run(host)
    path = left(host, folder)
    content = json.loads(path.read_text())
    content["cgroup"][1] += 1
    path.write_text(json.dumps(content))
    assert status(host.machine).left_over == ()
    apply_all(host.machine)
    assert pressure.value_of(host.read(f"{folder}/memory.oom_control")) == "1"
    assert records(host) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"folder": "/", "cgroup": 1}', "null"])
def test_a_torn_record_is_of_nothing(host: FakeHost, text: str) -> None:
    left(host, run(host)).write_text(text)
    assert status(host.machine).left_over == ()
    apply_all(host.machine)
    assert records(host) == []


def test_what_can_not_be_put_back_is_told_and_stays_on_record(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And keeps nobody else from being repaired."""
    folder = run(host, guarantee(8))
    left(host, folder)
    refuse = Machine.write_value

    def busy(self: Machine, path: str, value: str) -> None:
        if path.endswith("memory.oom_control"):
            raise OSError(16, "Device or resource busy")
        refuse(self, path, value)

    monkeypatch.setattr(Machine, "write_value", busy)
    for _ in range(2):
        assert [each.name for each in apply_all(host.machine)] == ["db1"]
    assert len(records(host)) == 1
    warnings = [
        each for each in history(machine=host.machine).records if each["event"] == "warning"
    ]
    assert [
        "can't be put back: Device or resource busy" in each["message"] for each in warnings
    ] == [True]


def test_a_real_oom_killer_is_on_again(tmp_path: Path) -> None:
    controller = host_controller(Machine())
    if os.geteuid() != 0 or isinstance(controller, NoPlace) or controller.version is Version.V2:
        pytest.skip("takes root and cgroup v1")
    cgroup = Path(controller.directory("/")) / f"xmlresource-{os.getpid()}-9.libvirt-qemu"
    try:
        cgroup.mkdir()
    except OSError as error:
        pytest.skip(f"the memory controller's mount can't be written: {error}")
    guest = subprocess.Popen(["/bin/sleep", "600"])
    try:
        (cgroup / "cgroup.procs").write_text(str(guest.pid))
        limit = (cgroup / "memory.limit_in_bytes").read_text()
        (tmp_path / "run").mkdir()
        assert press_and_be_killed("/", guest.pid, 2, tmp_path) == -signal.SIGKILL
        assert (cgroup / "memory.oom_control").read_text().startswith("oom_kill_disable 1")
        state = state_of(Machine(str(tmp_path)))
        assert len(press_records.left_over(Machine(), state)) == 2
        assert [error for _, error in press_records.put_back(Machine(), state)] == [None, None]
        assert (cgroup / "memory.oom_control").read_text().startswith("oom_kill_disable 0")
        assert (cgroup / "memory.limit_in_bytes").read_text() == limit
        assert press_records.left_over(Machine(), state) == ()
    finally:
        guest.kill()
        guest.wait()
        for _ in range(100):
            try:
                cgroup.rmdir()
                break
            except OSError:
                signal.sigtimedwait([], 0.05)
