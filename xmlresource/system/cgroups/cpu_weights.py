"""The CPU controller, and the limits of its cgroups, as the kernel has them."""

from typing import Final

from xmlresource.admission.weights.floor_weights import SHARES, V1_SHARES, WeightRange
from xmlresource.cgroup.hierarchy import Controller, NoPlace, Version
from xmlresource.model.cpu import WHOLE_CPU
from xmlresource.system.cgroups import places
from xmlresource.system.cgroups.charges import read_file
from xmlresource.system.cgroups.weighing import Weighing
from xmlresource.system.machine import Machine

CPU: Final = "cpu"
RANGES: Final = {Version.V1: V1_SHARES, Version.V2: SHARES}


def cpu_controller(machine: Machine) -> Controller | NoPlace:
    """The CPU controller, where weights share out its time.

    Raises:
        OSError: A kernel file can't be read.
    """
    controller = places.host_controller(machine, CPU)
    if isinstance(controller, NoPlace):
        return controller
    top = controller.directory(controller.root)
    if controller.version is Version.V1:
        if read_file(machine, f"{top}/{V1_SHARES.file}") is None:
            return NoPlace(
                f"{controller.root} has no {V1_SHARES.file}: the kernel lacks "
                "CONFIG_FAIR_GROUP_SCHED"
            )
        return controller
    available = read_file(machine, f"{top}/cgroup.controllers")
    if available is not None and CPU not in available.split():
        return NoPlace(f"the cpu controller is off in {controller.root} (cgroup.controllers)")
    return controller


def usual_weight(machine: Machine) -> int:
    """The weight of a cgroup for which nobody set one.

    Raises:
        OSError: A kernel file can't be read.
    """
    controller = places.host_controller(machine, CPU)
    return SHARES.usual if isinstance(controller, NoPlace) else weights_of(controller).usual


def weights_of(controller: Controller) -> WeightRange:
    """The weights that this hierarchy knows."""
    return RANGES[controller.version]


def cpu_weighing(controller: Controller) -> Weighing:
    """How CPU time is divided."""
    return Weighing(controller, weights_of(controller))


def cap(machine: Machine, controller: Controller, cgroup: str) -> int | None:
    """The most CPU time that a cgroup can have; ``None`` for no limit.

    Raises:
        OSError: It is there and can't be read.
        ValueError: The file holds what no kernel writes.
    """
    folder = controller.directory(cgroup)
    if controller.version is Version.V2:
        quota, _, period = (read_file(machine, f"{folder}/cpu.max") or "max").strip().partition(" ")
    else:
        quota = (read_file(machine, f"{folder}/cpu.cfs_quota_us") or "-1").strip()
        period = read_file(machine, f"{folder}/cpu.cfs_period_us") or ""
    if quota in {"max", "-1"}:
        return None
    return int(quota) * WHOLE_CPU // int(period)
