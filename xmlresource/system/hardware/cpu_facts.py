"""The host's CPUs, read from the machine."""

from collections.abc import Iterable
from typing import Final

from xmlresource.admission.weights.cpu.cpu_demand import CpuFacts
from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.document.domain import parse_set
from xmlresource.system.cgroups import cpu_weights, places
from xmlresource.system.cgroups.charges import read_file
from xmlresource.system.host_facts import HostError
from xmlresource.system.machine import Machine

ONLINE: Final = "/sys/devices/system/cpu/online"
ISOLATED: Final = "/sys/devices/system/cpu/isolated"

_ALLOWED: Final = {
    Version.V1: "cpuset.effective_cpus",
    Version.V2: "cpuset.cpus.effective",
}


def read_cpus(machine: Machine, partition: Iterable[str] = ()) -> CpuFacts:
    """The host's CPUs.

    Args:
        machine: The machine.
        partition: The cgroups above the guest, as paths below the mount, nearest first; those that
            do not exist are passed over.

    Raises:
        HostError: The kernel does not tell them.
    """
    try:
        online = parse_set((machine.read_if_there(ONLINE) or "").strip())
        if not online:
            raise HostError(f"{ONLINE}: no CPUs")
        return CpuFacts(
            online=online,
            isolated=parse_set((machine.read_if_there(ISOLATED) or "").strip()),
            allowed=_allowed(machine, partition),
            usual_weight=cpu_weights.usual_weight(machine),
        )
    except OSError as error:
        raise HostError(f"{ONLINE}: {error.strerror or error}") from error


def _allowed(machine: Machine, partition: Iterable[str]) -> frozenset[int] | None:
    """The CPUs of the nearest cgroup that is there already."""
    controller = places.host_controller(machine, "cpuset")
    if isinstance(controller, NoPlace):
        return None
    for path in partition:
        folder = controller.directory(controller.mounted(path))
        text = read_file(machine, f"{folder}/{_ALLOWED[controller.version]}")
        if text is not None:
            return parse_set(text.strip()) or None
    return None
