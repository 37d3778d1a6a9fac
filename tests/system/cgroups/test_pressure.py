"""Pressing leaves every file as it was."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.host import MIB, FakeHost
from tests.fakes.kernel import LIMIT, FakeKernel
from xmlresource.cgroup.hierarchy import Place, Version
from xmlresource.system.cgroups import pressure
from xmlresource.system.cgroups.places import locate
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import StateFolder


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateFolder]:
    """The state folder; no record is left in it."""
    folder = StateFolder(str(tmp_path / "state"), owner=os.geteuid())
    yield folder
    assert list((tmp_path / "state").glob("*")) == []


def test_v1_reclaims_and_puts_the_limit_back(state: StateFolder) -> None:
    kernel = FakeKernel(Version.V1)
    place = kernel.add_guest()
    group = kernel.group(place)
    group.usage, group.reclaimable = 100 * MIB // 4096, 60 * MIB // 4096
    pressure.take(kernel, state, place, 100 * MIB, 4096)
    assert kernel.kernel.writes[0] == (f"{place.directory}/{LIMIT}", str(100 * MIB - 4096))
    assert group.values[LIMIT] == kernel.kernel.most


def test_v1_takes_a_refusal(state: StateFolder) -> None:
    kernel = FakeKernel(Version.V1)
    place = kernel.add_guest()
    kernel.group(place).usage = 100 * MIB
    pressure.take(kernel, state, place, 100 * MIB, MIB)
    assert kernel.group(place).values[LIMIT] == kernel.kernel.most


def test_other_errors_come_through(tmp_path: Path) -> None:
    state = StateFolder(str(tmp_path / "state"), owner=os.geteuid())
    kernel = FakeKernel(Version.V1)
    place = kernel.add_guest()

    def no(count: int) -> None:
        if count == 0:
            raise OSError(errno.EACCES, "no")

    kernel.kernel.before_write = no
    with pytest.raises(OSError, match="no"):
        pressure.take(kernel, state, place, 100 * MIB, MIB)
    assert kernel.group(place).values[LIMIT] == kernel.kernel.most


def test_v1_kills_nobody_meanwhile(tmp_path: Path, state: StateFolder) -> None:
    host = FakeHost(tmp_path / "host")
    folder = host.run("db1", 4242, b"<domain/>")
    host.write(f"{folder}/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n")
    place = pressing_place(host)
    meanwhile = []

    class Watched(Machine):
        def write_value(self, path: str, value: str) -> None:
            if path.endswith("/memory.limit_in_bytes"):
                meanwhile.append(host.read(f"{folder}/memory.oom_control"))
            super().write_value(path, value)

    pressure.take(Watched(str(host.root)), state, place, 100 * MIB, MIB)
    assert meanwhile == ["1", "1"]
    assert host.read(f"{folder}/memory.oom_control") == "0"
    assert host.read(f"{folder}/memory.limit_in_bytes") == "9223372036854771712"


def test_v2_has_a_file_for_it_since_5_19(tmp_path: Path, state: StateFolder) -> None:
    host = FakeHost(tmp_path / "host", version=2)
    folder = host.run("db1", 4242, b"<domain/>")
    place = pressing_place(host)
    pressure.take(host.machine, state, place, 100 * MIB, MIB)
    assert host.read(f"{folder}/memory.high") == "max"
    host.write(f"{folder}/memory.reclaim", "")
    pressure.take(host.machine, state, place, 100 * MIB, MIB)
    assert host.read(f"{folder}/memory.reclaim") == str(MIB)


def test_pressure_is_the_guests_own_or_the_hosts(tmp_path: Path) -> None:
    host = FakeHost(tmp_path / "host", version=2)
    folder = host.run("db1", 4242, b"<domain/>")
    place = pressing_place(host)
    assert pressure.pressure(host.machine, place) is None
    line = "some avg10={} avg60=0.00 avg300=0.00 total=0\nfull avg10=9.00 avg60=0.00\n"
    host.write("/proc/pressure/memory", line.format("2.50"))
    assert pressure.pressure(host.machine, place) == 2.5
    host.write(f"{folder}/memory.pressure", line.format("0.25"))
    assert pressure.pressure(host.machine, place) == 0.25


@pytest.mark.parametrize(
    ("version", "files", "swapped"),
    [
        (2, {}, 0),
        (2, {"memory.swap.current": "7"}, 7),
        (1, {}, 0),
        (1, {"memory.memsw.usage_in_bytes": "12", "memory.usage_in_bytes": "5"}, 7),
    ],
)
def test_swap(tmp_path: Path, version: int, files: dict[str, str], swapped: int) -> None:
    host = FakeHost(tmp_path / "host", version=version)
    folder = host.run("db1", 4242, b"<domain/>")
    for name, text in files.items():
        host.write(f"{folder}/{name}", text)
    assert pressure.swapped(host.machine, pressing_place(host)) == swapped


def pressing_place(host: FakeHost) -> Place:
    place = locate(host.machine, 4242)
    assert isinstance(place, Place)
    return place
