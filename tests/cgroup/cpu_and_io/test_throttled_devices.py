import pytest

from xmlresource.cgroup.cpu_and_io.throttled_devices import (
    BlockDevice,
    DevicePath,
    ThrottledDevice,
    Unthrottled,
    path_of,
    throttled_device,
)
from xmlresource.model.domain import Device
from xmlresource.model.io import DevicePolicy

SDA = BlockDevice("8:0", "sda", "8:0", scheduler="bfq")
SDA1 = BlockDevice("8:1", "sda1", "8:0")
SDB = BlockDevice("8:16", "sdb", "8:16")
CRYPT = BlockDevice("253:0", "dm-0", "253:0", slaves=("8:1",))
VOLUME = BlockDevice("253:1", "dm-1", "253:1", slaves=("253:0",))
MIRROR = BlockDevice("9:0", "md0", "9:0", slaves=("8:1", "8:16"))
ON_MIRROR = BlockDevice("259:0", "md0p1", "9:0")
BLOCKS = {each.number: each for each in (SDA, SDA1, SDB, CRYPT, VOLUME, MIRROR, ON_MIRROR)}


def disk(target="vda", **attributes):
    named = {name.replace("__", "/@"): value for name, value in attributes.items()}
    return Device("disk", {"target/@dev": target, **named})


IMAGE = disk(type="file", source__file="/images/a.qcow2")
VDA = DevicePolicy(target="vda")


def found(at, policy=VDA, disks=(IMAGE,), blocks=BLOCKS):
    return throttled_device(policy, disks, at, blocks)


@pytest.mark.parametrize(
    ("number", "limited", "leaves"),
    [
        ("8:0", SDA, (SDA,)),
        ("8:1", SDA, (SDA,)),
        ("8:16", SDB, (SDB,)),
        ("253:0", CRYPT, (SDA,)),
        ("253:1", VOLUME, (SDA,)),
        ("9:0", MIRROR, (SDA, SDB)),
        ("259:0", MIRROR, (SDA, SDB)),
    ],
)
@pytest.mark.parametrize("is_device", [True, False])
def test_where_a_disk_is_limited(number, limited, leaves, is_device):
    device = found(DevicePath(number, is_device, "ext4"))
    assert device == ThrottledDevice(limited.number, limited.name, leaves, is_buffered=True)


def test_two_ways_to_one_disk_are_one_leaf():
    both = BlockDevice("9:1", "md1", "9:1", slaves=("8:0", "8:1"))
    device = found(DevicePath("9:1", is_device=True), blocks=BLOCKS | {"9:1": both})
    assert device.leaves == (SDA,)


def test_a_disk_below_that_is_gone_is_passed_over():
    blocks = {"9:0": MIRROR, "8:16": SDB}
    assert found(DevicePath("9:0", is_device=True), blocks=blocks).leaves == (SDB,)


def test_a_partition_whose_disk_is_not_known():
    leaf = BlockDevice("9:2", "md2", "9:2", slaves=("8:1",))
    blocks = {"9:2": leaf, "8:1": SDA1}
    assert found(DevicePath("9:2", is_device=True), blocks=blocks).leaves == (SDA1,)


@pytest.mark.parametrize(
    ("cache", "is_buffered"),
    [(None, True), ("writeback", True), ("none", False), ("directsync", False)],
)
def test_whether_writes_go_through_the_page_cache(cache, is_buffered):
    disks = (disk(source__file="/a", **({"driver__cache": cache} if cache else {})),)
    assert found(DevicePath("8:0"), disks=disks).is_buffered is is_buffered


def test_a_path_tells_the_device_by_itself():
    policy = DevicePolicy(path="/dev/sda1")
    assert path_of(policy, ()) == "/dev/sda1"
    device = found(DevicePath("8:1", is_device=True), policy, ())
    assert device == ThrottledDevice("8:0", "sda", (SDA,))
    assert found(DevicePath("8:1"), policy, ()) == Unthrottled("'/dev/sda1' is no block device")
    assert found(None, policy, ()) == Unthrottled("'/dev/sda1' is not there")


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"type": "network", "source__protocol": "rbd"}, "is on the network (rbd)"),
        ({"type": "network"}, "is on the network (?)"),
        ({"type": "volume", "source__pool": "p"}, "name the block device with path="),
        ({"type": "nvme"}, "has no file and no block device"),
        ({}, "limit it with <iotune>"),
    ],
)
def test_a_disk_without_a_path(attributes, words):
    reason = found(None, disks=(disk(**attributes),))
    assert isinstance(reason, Unthrottled)
    assert words in reason.reason
    assert "<iotune>" in reason.reason


def test_a_disk_that_the_guest_lacks():
    assert path_of(DevicePolicy(target="vdb"), (IMAGE,)) == Unthrottled(
        "the guest has no disk 'vdb'"
    )


def test_a_block_device_as_source():
    assert path_of(VDA, (disk(type="block", source__dev="/dev/vg/a"),)) == "/dev/vg/a"


@pytest.mark.parametrize(
    ("file_system", "words"),
    [
        ("tmpfs", "is on tmpfs, which has no block device; limit it with <iotune>"),
        ("overlay", "is on overlay, which has no block device"),
        ("btrfs", "is on btrfs, which does not tell its block device; name the block device"),
        ("zfs", "which does not tell its block device"),
        (None, "is on device 0:44, which has no block device"),
    ],
)
def test_a_file_system_without_a_block_device(file_system, words):
    reason = found(DevicePath("0:44", file_system=file_system))
    assert isinstance(reason, Unthrottled)
    assert words in reason.reason
