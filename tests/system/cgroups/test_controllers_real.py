"""The cpu and io controllers of the kernel that runs here answer as the fake does.

Throwaway cgroups below the mounts of both controllers, of whichever version they are; removed
always.
"""

import errno
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.controllers import FakeControllers
from xmlresource.cgroup.cpu_and_io.controls import Control
from xmlresource.cgroup.cpu_and_io.cpu_plan import plan_cpu
from xmlresource.cgroup.cpu_and_io.io_plan import plan_io
from xmlresource.cgroup.cpu_and_io.throttled_devices import BlockDevice, ThrottledDevice
from xmlresource.cgroup.hierarchy import Controller, Layout, NoPlace, Place, Version
from xmlresource.cgroup.writes import Plan
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.system.cgroups.cgroup_files import apply
from xmlresource.system.cgroups.control_files import CPU, FILES, IO
from xmlresource.system.cgroups.places import host_controller
from xmlresource.system.machine import Machine
from xmlresource.units import UNLIMITED

REAL = Machine()
numbers = itertools.count(1)

VALUES = {
    "cpu.shares": ("0", "1", "2", "1024", "262145", "-1", "1.5", "x"),
    "cpu.cfs_quota_us": ("999", "1000", "-1", "0", "50000", "40000"),
    "cpu.weight": ("0", "1", "100", "10000", "10001", "-1", "1.5", "x"),
    "cpu.max": ("1000 100000", "999 100000", "max 100000", "50000"),
    "blkio.bfq.weight": ("0", "1", "1000", "1001", "100"),
    "blkio.throttle.read_bps_device": ("D 262144", "D 0", "D max", "D -1", "X 5"),
    "blkio.throttle.write_iops_device": ("D 4294967295", "D 4294967301", "D 100", "D 0", "X 5"),
    "io.max": (
        "D rbps=262144",
        "D wiops=7 riops=max",
        "D rbps=0",
        "D rbps=max wiops=max",
        "X rbps=5",
    ),
}
NO_DISK = "4095:7"


def group_of(name: str, depth: int = 1) -> Iterator[Place]:
    if os.geteuid() != 0:
        pytest.skip("not root: cgroups can't be made")
    controller = host_controller(REAL, name)
    if isinstance(controller, NoPlace):
        pytest.skip(controller.reason)
    if controller.version is Version.V2:
        passed_on = REAL.read_if_there(f"{controller.mount_point}/cgroup.subtree_control") or ""
        if {"blkio": "io"}.get(name, name) not in passed_on.split():
            pytest.skip(f"cgroup v2 does not pass the {name} controller on")
    top = f"/xmlresource-{os.getpid()}-{next(numbers)}"
    paths = [top + "/a" * level for level in range(depth)]
    for path in paths:
        Path(controller.directory(path)).mkdir()
    try:
        yield Place(controller, paths[-1], Layout.PLAIN, "qemu", tuple(reversed(paths[:-1])))
    finally:
        for path in reversed(paths):
            Path(controller.directory(path)).rmdir()


@pytest.fixture
def cpu_place() -> Iterator[Place]:
    yield from group_of(CPU)


@pytest.fixture
def nested_cpu_place() -> Iterator[Place]:
    yield from group_of(CPU, 2)


@pytest.fixture
def io_place() -> Iterator[Place]:
    yield from group_of(IO)


@pytest.fixture(scope="module")
def disk() -> str:
    for name in REAL.names_in("/sys/block"):
        if not name.startswith(("loop", "ram", "zram")):
            return REAL.read_text(f"/sys/block/{name}/dev").strip()
    pytest.skip("no disk")


def answers(machine: Machine, place: Place, file: str, disk: str) -> list[tuple[str, str | None]]:
    """What each value makes of the file, or the error's name."""
    path = f"{place.directory}/{file}"
    found = []
    for value in VALUES[file]:
        problem = None
        try:
            machine.write_value(path, value.replace("D", disk).replace("X", NO_DISK))
        except OSError as error:
            problem = errno.errorcode[error.errno or 0]
        found.append((machine.read_text(path).strip(), problem))
    return found


def control(machine: Machine, place: Place, name: str) -> Control:
    files = FILES[name, place.controller.version]
    groups = (place.cgroup, *place.ancestors)
    return Control(
        place,
        {
            group: {
                file: text
                for file in files
                if (text := machine.read_if_there(f"{place.controller.directory(group)}/{file}"))
                is not None
            }
            for group in groups
        },
    )


def fake_of(place: Place, disk: str) -> tuple[FakeControllers, Place]:
    fake = FakeControllers(place.controller.version)
    fake.kernel.disks = frozenset({disk})
    return fake, fake.add_guest(place.cgroup)


@pytest.mark.parametrize("file", VALUES)
def test_the_fake_answers_as_the_kernel(
    request: pytest.FixtureRequest, file: str, disk: str
) -> None:
    place: Place = request.getfixturevalue("cpu_place" if file.startswith("cpu") else "io_place")
    if REAL.read_if_there(f"{place.directory}/{file}") is None:
        pytest.skip(f"this kernel has no {file}")
    fake, there = fake_of(place, disk)
    assert answers(fake, there, file, disk) == answers(REAL, place, file, disk)


def test_a_quota_and_those_above_and_inside(nested_cpu_place: Place, disk: str) -> None:
    place = nested_cpu_place
    if place.controller.version is Version.V2:
        pytest.skip("v2 takes any")
    fake, there = fake_of(place, disk)
    for machine, at in ((fake, there), (REAL, place)):
        above = Controller.directory(at.controller, at.ancestors[0])
        machine.write_value(f"{above}/cpu.cfs_quota_us", "50000")
        found = plan_cpu(CpuPolicy(hard_limit=600), control(machine, at, CPU))
        assert "may use 0.5 CPUs" in found.problems[0].reason
        with pytest.raises(OSError, match="Invalid argument"):
            machine.write_value(f"{at.directory}/cpu.cfs_quota_us", "60000")
        machine.write_value(f"{at.directory}/cpu.cfs_quota_us", "50000")
        with pytest.raises(OSError, match="Invalid argument"):
            machine.write_value(f"{above}/cpu.cfs_quota_us", "40000")


def test_a_cpu_policy_is_taken_and_read_back(cpu_place: Place) -> None:
    for policy in (
        CpuPolicy(hard_limit=1500, share=250),
        CpuPolicy(hard_limit=1, share=1),
        CpuPolicy(hard_limit=UNLIMITED, share=10_000),
    ):
        found = plan_cpu(policy, control(REAL, cpu_place, CPU))
        report = apply(REAL, Plan(cpu_place, found.writes))
        assert report.ok, report.describe()
        assert len(report.applied) == 2
        assert plan_cpu(policy, control(REAL, cpu_place, CPU)).writes == ()


def test_an_io_policy_is_taken_and_read_back(io_place: Place, disk: str) -> None:
    device = ThrottledDevice(disk, "disk", (BlockDevice(disk, "disk", disk),))
    for policy in (
        DevicePolicy("vda", None, 1 << 20, 2 << 20, 100, 200),
        DevicePolicy("vda", None, UNLIMITED, 3 << 20, 2**32 + 5, UNLIMITED),
    ):
        whole = IoPolicy(share=250, devices=(policy,))
        found = plan_io(whole, control(REAL, io_place, IO), [device])
        report = apply(REAL, Plan(io_place, found.writes))
        assert report.ok, report.describe()
        assert plan_io(whole, control(REAL, io_place, IO), [device]).writes == ()
