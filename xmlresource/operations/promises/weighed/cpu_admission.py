"""Ask whether CPU time can be guaranteed to a guest on this host, now."""

from collections.abc import Iterable

from xmlresource.admission.weights.cpu.cpu_decision import CPU_TIME, CpuCap, CpuDecision, decide_cpu
from xmlresource.admission.weights.cpu.cpu_demand import CpuDemand, cpu_demand_of
from xmlresource.admission.weights.cpu.cpu_reserve import cpu_reserve
from xmlresource.cgroup.cpu_and_io.expected_cgroup import cgroups_above
from xmlresource.cgroup.hierarchy import Controller, NoPlace
from xmlresource.model.cpu import WHOLE_CPU, CpuPolicy
from xmlresource.model.domain import Domain
from xmlresource.operations.ancestors.divided import CpuTime
from xmlresource.operations.host import Host
from xmlresource.operations.promises.weighed.weighed_place import (
    Newcomer,
    cgroups_of,
    groups_of,
    place_of,
    tree_with,
)
from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.promises.promise import Promise
from xmlresource.record import replace
from xmlresource.system.cgroups import cpu_weights
from xmlresource.system.hardware.cpu_facts import read_cpus
from xmlresource.system.host_facts import HostError
from xmlresource.system.machine import Machine


def cpu_demand_for(machine: Machine, domain: Domain, policy: CpuPolicy | None) -> CpuDemand:
    """The CPU time that a guest asks for on this host.

    Raises:
        HostError: The host does not tell what must be known, or the guest would run in no partition
            that there can be.
    """
    return cpu_demand_of(domain, policy, read_cpus(machine, groups_of(domain.partition)))


def reckon_cpu(
    host: Host, demand: CpuDemand, domain: Domain, promises: tuple[Promise, ...]
) -> CpuDecision:
    """Whether CPU time can be guaranteed to a guest besides ``promises``; not for under the lock.

    Raises:
        HostError: The host does not tell what must be known.
        StateError: What is remembered of the cgroups above guests can't be read.
        OSError: A kernel file can't be read.
    """
    machine = host.machine
    facts = read_cpus(machine, groups_of(domain.partition))
    controller = cpu_weights.cpu_controller(machine)
    if isinstance(controller, NoPlace):
        return CpuDecision(demand, CPU_TIME, obstacle=controller.reason)
    _, reserve = reserve_of(host)
    divided = CpuTime(machine, controller)
    known = next((each for each in promises if each.key == demand.key), None)
    guest = Newcomer(demand.uuid, domain.partition, demand.share, known)
    where = place_of(machine, divided, guest)
    above = [each for each in cgroups_above(where) if each != controller.root]
    caps = _caps(machine, controller, [controller.root, *above])
    others = tuple(each for each in promises if each.key != demand.key)
    tree = tree_with(host, divided, guest, others)
    return decide_cpu(demand, facts, promises, reserve, caps, tree)


def reserve_of(host: Host) -> tuple[int, int]:
    """All CPU time of the host, and what of it is kept for the host itself.

    Raises:
        HostError: The kernel does not tell its CPUs.
    """
    cpus = len(read_cpus(host.machine).online)
    return cpus * WHOLE_CPU, cpu_reserve(cpus, host.configuration.cpu_reserve)


def plausible_cpu(
    machine: Machine, pid: int, domain: Domain, policy: CpuPolicy | None
) -> CpuPromise | None:
    """What a guest that is found running can have been promised, where no ledger tells.

    It is what the guest declares, but not more than the host has. ``None`` where the host does not
    even tell that.

    Raises:
        OSError: A kernel file can't be read.
    """
    try:
        facts = read_cpus(machine, groups_of(domain.partition))
    except HostError:
        return None
    found = cpu_demand_of(domain, policy, facts).promise
    if found is None:
        return None
    time = min(found.time, len(facts.online) * WHOLE_CPU)
    return replace(found, time=time, cgroup=cgroups_of(machine, pid)[0])


def _caps(machine: Machine, controller: Controller, cgroups: Iterable[str]) -> list[CpuCap]:
    found = []
    for cgroup in cgroups:
        limit = cpu_weights.cap(machine, controller, cgroup)
        if limit is not None:
            found.append(CpuCap(cgroup, limit))
    return found
