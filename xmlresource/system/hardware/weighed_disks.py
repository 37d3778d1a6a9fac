"""The disks on which cgroups are weighed: those for which iocost is enabled, or that bfq serves."""

from collections.abc import Iterable
from typing import Final

from xmlresource.admission.weights.disks.disk_decision import WeighedDisk
from xmlresource.admission.weights.floor_weights import BFQ, IOCOST, V1_BFQ, WeightRange
from xmlresource.cgroup.cpu_and_io.throttled_devices import BlockDevice
from xmlresource.cgroup.hierarchy import Controller, NoPlace, Version
from xmlresource.system.cgroups import places
from xmlresource.system.cgroups.control_files import IO
from xmlresource.system.cgroups.weighing import Weighing
from xmlresource.system.hardware.block_devices import block_devices
from xmlresource.system.machine import Machine

FILES: Final = {each.file: each for each in (IOCOST, BFQ, V1_BFQ)}
"""The weights by the files that have them for each disk."""


def io_controller(machine: Machine) -> Controller | NoPlace:
    """The io controller, v1's blkio.

    Raises:
        OSError: A kernel file can't be read.
    """
    controller = places.host_controller(machine, IO)
    if isinstance(controller, NoPlace) or controller.version is Version.V1:
        return controller
    top = controller.directory(controller.root)
    available = machine.read_if_there(f"{top}/cgroup.controllers")
    if available is not None and "io" not in available.split():
        return NoPlace(f"the io controller is off in {controller.root} (cgroup.controllers)")
    return controller


def weighed_disk(device: BlockDevice, controller: Controller) -> WeighedDisk | None:
    """A disk as one on which cgroups are weighed; ``None`` where they are not."""
    weights = _weights(device, controller)
    return None if weights is None else WeighedDisk(device.number, device.name, weights)


def weighed_disks(
    machine: Machine, controller: Controller, numbers: Iterable[str]
) -> tuple[WeighedDisk, ...]:
    """Those of the disks with these ``MAJ:MIN`` on which cgroups are weighed now.

    Raises:
        OSError: The kernel's files can't be read.
    """
    found = []
    for number in numbers:
        device = block_devices(machine, number, controller).get(number)
        disk = None if device is None else weighed_disk(device, controller)
        if disk is not None:
            found.append(disk)
    return tuple(found)


def disk_weighing(controller: Controller, weights: WeightRange, disk: str) -> Weighing:
    """How what a disk can do is divided."""
    return Weighing(controller, weights, disk)


def _weights(device: BlockDevice, controller: Controller) -> WeightRange | None:
    """A disk that bfq serves is weighed by bfq, which is below iocost."""
    is_v1 = controller.version is Version.V1
    if device.scheduler == "bfq":
        return V1_BFQ if is_v1 else BFQ
    return IOCOST if device.iocost and not is_v1 else None
