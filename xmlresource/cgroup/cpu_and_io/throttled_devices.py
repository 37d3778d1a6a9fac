"""From a disk of a guest to the block devices of the host on which it is limited.

A limit counts where the guest's requests enter the block layer: at the block device that a disk is,
or that holds the file system of its image. Throttling "can be used on leaf nodes as well as higher
level logical devices like device mapper" (blkio-controller.rst). There it is exact: below an
encrypted volume requests are not the guest's any more, and those to a mirror are twice as many. A
partition has no limits of its own: its disk has them.

A weight counts at the disks that serve requests, below device mapper and md.

Which facts are needed is told by :func:`path_of`; what is read from the machine for a path is a
:class:`DevicePath`, and :class:`BlockDevice` for all below it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from xmlresource.model.domain import Device
from xmlresource.model.io import DevicePolicy
from xmlresource.record import record

IOTUNE: Final = "limit it with <iotune> in its <disk>, which QEMU keeps by itself"
"""The cure for a disk that the kernel can't limit."""
_BY_PATH: Final = "name the block device with path='/dev/…'"
_UNBUFFERED: Final = frozenset({"none", "directsync"})


@record
class DevicePath:
    """A path on the host.

    Attributes:
        number: ``MAJ:MIN`` of the block device that it is, or else of its file system.
        is_device: It is a block device.
        file_system: The type of its file system, where that is known.
    """

    number: str
    is_device: bool = False
    file_system: str | None = None


@record
class BlockDevice:
    """A block device as ``/sys/dev/block`` shows it.

    Attributes:
        number: Its ``MAJ:MIN``.
        name: Its name, such as ``sda1``.
        whole: The number of the disk whose partition it is; its own where it is none.
        slaves: The numbers of the devices that it is made of: of device mapper and md.
        scheduler: The IO scheduler that serves it; ``None`` where it has none.
        iocost: ``io.cost.qos`` is enabled for it.
    """

    number: str
    name: str
    whole: str
    slaves: tuple[str, ...] = ()
    scheduler: str | None = None
    iocost: bool = False


@record
class ThrottledDevice:
    """The block devices on which one disk of a guest, or one path, is limited.

    Attributes:
        number: ``MAJ:MIN`` of the one that takes limits.
        name: Its name.
        leaves: The disks that serve its requests.
        is_buffered: What is written is kept in the host's page cache first.
    """

    number: str
    name: str
    leaves: tuple[BlockDevice, ...]
    is_buffered: bool = False


@record
class Unthrottled:
    """There is no device to limit; ``reason`` says why, and what to do instead."""

    reason: str


@record
class LocatedDisks:
    """The block devices of this host that an IO policy is about.

    Attributes:
        declared: Where each of the policy's devices is limited, in its order.
        all: Where each disk of the guest is that has a block device; empty where no share asks.
    """

    declared: tuple[ThrottledDevice | Unthrottled, ...] = ()
    all: tuple[ThrottledDevice, ...] = ()


def path_of(policy: DevicePolicy, disks: Iterable[Device]) -> str | Unthrottled:
    """The path on the host that tells the device: its own, or that of the disk's source."""
    if policy.path is not None:
        return policy.path
    disk = _disk(policy, disks)
    if disk is None:
        return Unthrottled(f"the guest has no disk '{policy.target}'")
    for source in ("source/@file", "source/@dev"):
        if disk.attributes.get(source):
            return disk.attributes[source]
    kind = disk.attributes.get("type", "")
    subject = f"disk '{policy.target}'"
    if kind == "network":
        protocol = disk.attributes.get("source/@protocol", "?")
        return Unthrottled(
            f"{subject} is on the network ({protocol}), and no block device of this host has it; "
            f"{IOTUNE}"
        )
    if kind == "volume":
        return Unthrottled(
            f"{subject} is a volume of a storage pool, which libvirt alone can find; {_BY_PATH}, "
            f"or {IOTUNE}"
        )
    return Unthrottled(f"{subject} has no file and no block device of this host; {IOTUNE}")


def throttled_device(
    policy: DevicePolicy,
    disks: Iterable[Device],
    at: DevicePath | None,
    blocks: Mapping[str, BlockDevice],
) -> ThrottledDevice | Unthrottled:
    """The devices on which a disk or path is limited.

    Args:
        policy: Which disk or path.
        disks: The guest's disks.
        at: What is at its path; ``None`` for nothing.
        blocks: All block devices there and below, by number.
    """
    path = path_of(policy, disks)
    if isinstance(path, Unthrottled):
        return path
    if at is None:
        return Unthrottled(f"'{path}' is not there")
    if policy.path is not None and not at.is_device:
        return Unthrottled(f"'{path}' is no block device")
    entered = blocks.get(at.number)
    limited = None if entered is None else blocks.get(entered.whole)
    if limited is None:
        return Unthrottled(_anonymous(path, at))
    disk = _disk(policy, disks)
    is_buffered = disk is not None and disk.attributes.get("driver/@cache") not in _UNBUFFERED
    leaves = tuple({each.number: each for each in _leaves(limited, blocks)}.values())
    return ThrottledDevice(limited.number, limited.name, leaves, is_buffered)


def _disk(policy: DevicePolicy, disks: Iterable[Device]) -> Device | None:
    wanted = policy.target
    if wanted is None:
        return None
    return next((each for each in disks if each.attributes.get("target/@dev") == wanted), None)


def _anonymous(path: str, at: DevicePath) -> str:
    """What to say of a file system that lies on no block device, or does not show on which."""
    kind = at.file_system or f"device {at.number}"
    if at.file_system in {"btrfs", "zfs", "bcachefs"}:
        why = "which does not tell its block device"
        return f"'{path}' is on {kind}, {why}; {_BY_PATH}, or {IOTUNE}"
    return f"'{path}' is on {kind}, which has no block device; {IOTUNE}"


def _leaves(device: BlockDevice, blocks: Mapping[str, BlockDevice]) -> Iterable[BlockDevice]:
    """The disks at the bottom; what is not known any more is passed over."""
    if not device.slaves:
        yield blocks.get(device.whole, device)
    for number in device.slaves:
        below = blocks.get(number)
        if below is not None:
            yield from _leaves(below, blocks)
