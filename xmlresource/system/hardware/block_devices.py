"""The block devices of this machine: what a path is, and what a device is made of."""

from collections.abc import Mapping

from xmlresource.cgroup.cpu_and_io.throttled_devices import BlockDevice, DevicePath
from xmlresource.cgroup.hierarchy import Controller, NoPlace, Version
from xmlresource.system.machine import Machine

_DEVICES = "/sys/dev/block"
_MOST_DEVICES = 1024
"""More than any disk is made of; what is shown of a broken stack ends somewhere."""
_NUMBER = 2
"""The place of a file system's number in a line of mountinfo."""


def device_path(machine: Machine, path: str) -> DevicePath | None:
    """What is at a path; ``None`` for nothing.

    Raises:
        OSError: It can't be looked at.
    """
    numbers = machine.device_numbers(path)
    if numbers is None:
        return None
    of_file_system, of_device = numbers
    if of_device is not None:
        return DevicePath(of_device, is_device=True)
    return DevicePath(of_file_system, file_system=_file_system(machine, of_file_system))


def block_devices(
    machine: Machine, number: str, controller: Controller | NoPlace
) -> Mapping[str, BlockDevice]:
    """A block device with all that it is made of, by number; none where it is no block device.

    Args:
        machine: The machine.
        number: The device's ``MAJ:MIN``.
        controller: The io controller, whose root tells for which disks iocost is enabled.

    Raises:
        OSError: The kernel's files can't be read.
    """
    iocost = _with_iocost(machine, controller)
    found: dict[str, BlockDevice] = {}
    wanted = [number]
    while wanted and len(found) < _MOST_DEVICES:
        device = _block_device(machine, wanted.pop(), iocost)
        if device is not None and device.number not in found:
            found[device.number] = device
            wanted += (*device.slaves, device.whole)
    return found


def _block_device(machine: Machine, number: str, iocost: frozenset[str]) -> BlockDevice | None:
    folder = f"{_DEVICES}/{number}"
    uevent = machine.read_if_there(f"{folder}/uevent")
    if uevent is None:
        return None
    facts = dict(line.partition("=")[::2] for line in uevent.splitlines())
    whole = number
    if machine.read_if_there(f"{folder}/partition") is not None:
        # The folder of a partition is in that of its disk.
        whole = (machine.read_if_there(f"{folder}/../dev") or number).strip()
    slaves = (
        machine.read_if_there(f"{folder}/slaves/{name}/dev")
        for name in machine.names_in(f"{folder}/slaves")
    )
    return BlockDevice(
        number=number,
        name=facts.get("DEVNAME", number),
        whole=whole,
        slaves=tuple(slave.strip() for slave in slaves if slave is not None),
        scheduler=_chosen(machine.read_if_there(f"{folder}/queue/scheduler") or ""),
        iocost=number in iocost,
    )


def _chosen(schedulers: str) -> str | None:
    """The scheduler in brackets: ``none [bfq] kyber``."""
    name = schedulers.partition("[")[2].partition("]")[0]
    return name if name and name != "none" else None


def _with_iocost(machine: Machine, controller: Controller | NoPlace) -> frozenset[str]:
    """The devices for which iocost is enabled; the file is in the root cgroup alone."""
    if isinstance(controller, NoPlace) or controller.version is Version.V1:
        return frozenset()
    text = machine.read_if_there(f"{controller.mount_point}/io.cost.qos") or ""
    lines = (line.split() for line in text.splitlines())
    return frozenset(words[0] for words in lines if "enable=1" in words)


def _file_system(machine: Machine, number: str) -> str | None:
    """The type of a file system, by its number in mountinfo (proc_pid_mountinfo(5))."""
    for line in machine.read_text("/proc/self/mountinfo").splitlines():
        fields = line.split(" ")
        if fields[_NUMBER : _NUMBER + 1] == [number] and "-" in fields:
            return next(iter(fields[fields.index("-") + 1 :]), None)
    return None
