"""Block devices as ``/sys`` shows them, in a folder that looks like a host, and on the real one."""

from pathlib import Path

import pytest

from tests.fakes.host import FakeHost
from xmlresource.cgroup.cpu_and_io.throttled_devices import BlockDevice, DevicePath
from xmlresource.cgroup.hierarchy import Controller, NoPlace, Version
from xmlresource.system.hardware.block_devices import block_devices, device_path
from xmlresource.system.machine import Machine

NOWHERE = NoPlace("no io controller")
MOUNTS = (
    "22 1 254:1 / / rw shared:1 - ext4 /dev/vda1 rw\n"
    "30 22 0:26 / /run rw - tmpfs tmpfs rw\n"
    "31 22 0:44 /@images /images rw - btrfs /dev/sdb rw\n"
    "32 22 0:45 / /odd rw -\n"
)
NUMBERS = {
    "/dev/sda1": ("0:6", "8:1"),
    "/images/a.qcow2": ("0:44", None),
    "/var/a.img": ("254:1", None),
    "/odd/a": ("0:45", None),
    "/new/a": ("0:99", None),
}


class Numbered(Machine):
    """A machine of plain files, some of which stand for others."""

    def device_numbers(self, path: str) -> tuple[str, str | None] | None:
        return NUMBERS.get(path)


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    made = FakeHost(tmp_path)
    made.machine = Numbered(str(tmp_path))
    made.write("/proc/self/mountinfo", MOUNTS)
    return made


def add(host: FakeHost, number: str, folder: str, *, name: str, more: dict[str, str]) -> None:
    """A device below ``/sys/devices``, and the link that leads to it."""
    major, minor = number.split(":")
    files = {"dev": f"{number}\n", "uevent": f"MAJOR={major}\nMINOR={minor}\nDEVNAME={name}\n"}
    for file, text in (files | more).items():
        host.write(f"/sys/devices/{folder}/{file}", text)
    links = host.root / "sys/dev/block"
    links.mkdir(parents=True, exist_ok=True)
    (links / number).symlink_to(f"../../devices/{folder}")


@pytest.fixture
def disks(host: FakeHost) -> FakeHost:
    """A volume on an encrypted partition."""
    add(
        host,
        "8:0",
        "pci/block/sda",
        name="sda",
        more={"queue/scheduler": "none [bfq] kyber\n"},
    )
    add(host, "8:1", "pci/block/sda/sda1", name="sda1", more={"partition": "1\n"})
    mapped = {"queue/scheduler": "[none]\n"}
    add(host, "253:0", "virtual/block/dm-0", name="dm-0", more=mapped)
    add(host, "253:1", "virtual/block/dm-1", name="dm-1", more={})
    for above, below in (("dm-0", "pci/block/sda/sda1"), ("dm-1", "virtual/block/dm-0")):
        slaves = host.root / f"sys/devices/virtual/block/{above}/slaves"
        slaves.mkdir()
        (slaves / below.rpartition("/")[2]).symlink_to(f"../../../../{below}")
    return host


def test_a_device_with_all_that_it_is_made_of(disks: FakeHost) -> None:
    assert block_devices(disks.machine, "253:1", NOWHERE) == {
        "253:1": BlockDevice("253:1", "dm-1", "253:1", slaves=("253:0",)),
        "253:0": BlockDevice("253:0", "dm-0", "253:0", slaves=("8:1",)),
        "8:1": BlockDevice("8:1", "sda1", "8:0"),
        "8:0": BlockDevice("8:0", "sda", "8:0", scheduler="bfq"),
    }


def test_a_number_that_is_no_block_device(disks: FakeHost) -> None:
    assert block_devices(disks.machine, "0:44", NOWHERE) == {}


@pytest.mark.parametrize(("version", "enabled"), [(Version.V2, True), (Version.V1, False)])
def test_iocost_is_enabled_in_the_root(disks: FakeHost, version: Version, enabled: bool) -> None:
    text = "8:16 enable=0 ctrl=auto\n8:0 enable=1 ctrl=user rpct=0.00\n"
    disks.write("/sys/fs/cgroup/io.cost.qos", text)
    found = block_devices(disks.machine, "8:0", Controller(version, "/sys/fs/cgroup"))
    assert found["8:0"].iocost is enabled


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/dev/sda1", DevicePath("8:1", is_device=True)),
        ("/images/a.qcow2", DevicePath("0:44", file_system="btrfs")),
        ("/var/a.img", DevicePath("254:1", file_system="ext4")),
        ("/odd/a", DevicePath("0:45")),
        ("/new/a", DevicePath("0:99")),
        ("/gone", None),
    ],
)
def test_what_is_at_a_path(host: FakeHost, path: str, found: DevicePath | None) -> None:
    assert device_path(host.machine, path) == found


def test_the_real_machine_tells_its_file_systems() -> None:
    machine = Machine()
    found = device_path(machine, "/proc/self/stat")
    assert found is not None
    assert (found.is_device, found.file_system) == (False, "proc")
    assert device_path(machine, "/proc/self/stat/x") is None
    assert device_path(machine, "/dev/null") is not None


def test_the_real_disk_below_this_file() -> None:
    machine = Machine()
    at = device_path(machine, __file__)
    assert at is not None
    blocks = block_devices(machine, at.number, NOWHERE)
    if not blocks:
        pytest.skip(f"{at.file_system} is on no block device")
    device = blocks[at.number]
    assert machine.device_numbers(f"/dev/{device.name}") == (
        machine.device_numbers("/dev/null")[0],  # type: ignore[index] # it is there
        at.number,
    )
