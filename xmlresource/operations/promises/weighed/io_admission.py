"""Ask whether parts of disks can be guaranteed to a guest on this host, now."""

from xmlresource.admission.demand import Demand
from xmlresource.admission.weights.disks.disk_decision import (
    WHOLE_DISK,
    DiskDecision,
    DiskDemand,
    WeighedDisk,
    decide_disk,
)
from xmlresource.cgroup.cpu_and_io.throttled_devices import LocatedDisks, ThrottledDevice
from xmlresource.cgroup.hierarchy import NoPlace
from xmlresource.model.domain import Domain
from xmlresource.model.io import IoPolicy
from xmlresource.operations.ancestors.divided import DiskTime
from xmlresource.operations.guest import Guest
from xmlresource.operations.host import Host
from xmlresource.operations.promises.weighed.located_disks import locate_disks
from xmlresource.operations.promises.weighed.weighed_place import Newcomer, cgroups_of, tree_with
from xmlresource.promises.io_promise import DiskPart, IoPromise
from xmlresource.promises.promise import Promise
from xmlresource.record import replace
from xmlresource.system.hardware.weighed_disks import io_controller, weighed_disk, weighed_disks
from xmlresource.system.host_facts import HostError
from xmlresource.system.machine import Machine

_USUAL_SHARE = 100


def io_promise_of(machine: Machine, guest: Guest) -> IoPromise | None:
    """The parts of disks that a guest asks for, of those on which this host can keep any.

    Not for under the lock where nobody looked for the guest's disks yet.

    Raises:
        OSError: A kernel file can't be read.
    """
    policy = guest.policy.io
    if policy is None:
        return None
    return io_promise_for(machine, policy, guest.domain, guest.disks)


def io_promise_for(
    machine: Machine, policy: IoPolicy, domain: Domain, disks: LocatedDisks | None = None
) -> IoPromise | None:
    """The parts of disks that a policy asks for, of those on which this host can keep any.

    Two disks of a guest that are on one disk of the host ask for the sum.

    Args:
        machine: The machine.
        policy: The policy.
        domain: The guest.
        disks: Where its disks are; ``None`` where nobody looked yet.

    Raises:
        OSError: A kernel file can't be read.
    """
    controller = io_controller(machine)
    if isinstance(controller, NoPlace):
        return None
    located = disks or locate_disks(machine, policy, domain)
    parts: dict[str, int] = {}
    for device, where in zip(policy.devices, located.declared, strict=True):
        if not device.bandwidth_percentage or not isinstance(where, ThrottledDevice):
            continue
        for leaf in where.leaves:
            if weighed_disk(leaf, controller) is not None:
                before = parts.get(leaf.number, 0)
                parts[leaf.number] = before + device.bandwidth_percentage
    if not parts:
        return None
    found = tuple(DiskPart(disk, part) for disk, part in parts.items())
    return IoPromise(found, policy.share or _USUAL_SHARE)


def plausible_io(
    machine: Machine, pid: int, domain: Domain, policy: IoPolicy | None
) -> IoPromise | None:
    """The parts of disks that a guest that is found running can have been promised.

    They are those that it declares, but no more than there is.

    Raises:
        OSError: A kernel file can't be read.
    """
    found = None if policy is None else io_promise_for(machine, policy, domain)
    if found is None:
        return None
    parts = (DiskPart(each.disk, min(each.part, WHOLE_DISK)) for each in found.disks)
    return replace(found, disks=tuple(parts), cgroup=cgroups_of(machine, pid)[1])


def reckon_io(
    host: Host, demand: Demand, domain: Domain, promises: tuple[Promise, ...]
) -> tuple[DiskDecision, ...]:
    """Whether the parts of disks can be guaranteed to a guest besides ``promises``, disk by disk.

    Not for under the lock.

    Raises:
        HostError: The host does not tell what must be known.
        StateError: What is remembered of the cgroups above guests can't be read.
        OSError: A kernel file can't be read.
    """
    if demand.io is None:
        return ()
    controller = io_controller(host.machine)
    if isinstance(controller, NoPlace):
        raise HostError(controller.reason)
    numbers = [each.disk for each in demand.io.disks]
    disks = {each.number: each for each in weighed_disks(host.machine, controller, numbers)}
    known = next((each for each in promises if each.key == demand.key), None)
    others = tuple(each for each in promises if each.key != demand.key)
    guest = Newcomer(demand.uuid, domain.partition, demand.io.share, known)
    decisions = []
    for part in demand.io.disks:
        disk = disks.get(part.disk)
        if disk is None:
            raise HostError(f"guests are not weighed on disk {part.disk} any more")
        tree = tree_with(host, DiskTime(controller, disk), guest, others)
        decisions.append(decide_disk(_of(demand, disk, part), promises, tree))
    return tuple(decisions)


def _of(demand: Demand, disk: WeighedDisk, part: DiskPart) -> DiskDemand:
    share = _USUAL_SHARE if demand.io is None else demand.io.share
    return DiskDemand(demand.name, demand.uuid, demand.driver, disk, part.part, share)
