"""Where among other cgroups a guest will be weighed, whether it runs already or not."""

from collections.abc import Iterable

from xmlresource.admission.weights.floor_decision import WeightTree
from xmlresource.admission.weights.floor_weights import PromisedGroup
from xmlresource.admission.weights.weight_tree import WeighedGuest, tree_of
from xmlresource.cgroup.cpu_and_io.expected_cgroup import competing, expected_cgroup
from xmlresource.cgroup.hierarchy import NoPlace, partition_groups
from xmlresource.operations.ancestors.divided import Divided
from xmlresource.operations.ancestors.weighed_folders import read_folders
from xmlresource.operations.host import Host
from xmlresource.printable import printable
from xmlresource.promises.promise import Promise
from xmlresource.record import record
from xmlresource.system.cgroups import places
from xmlresource.system.cgroups.control_files import CPU, IO
from xmlresource.system.host_facts import HostError
from xmlresource.system.machine import Machine


@record
class Newcomer:
    """A guest that asks for a part of something.

    Attributes:
        uuid: Its uuid.
        partition: ``<resource><partition>`` as written.
        share: Its own share beside others.
        known: What it is promised already; ``None`` for nothing.
    """

    uuid: str
    partition: str | None
    share: int
    known: Promise | None


def place_of(machine: Machine, divided: Divided, guest: Newcomer) -> str:
    """The cgroup of the guest; where it has none yet, one where libvirt will make it.

    Raises:
        HostError: It would run in no partition that there can be.
    """
    return _expected(machine, divided, guest.known, guest.partition, guest.uuid)


def tree_with(
    host: Host, divided: Divided, guest: Newcomer, others: Iterable[Promise]
) -> WeightTree:
    """The cgroups as far as promises reach, with the guest at its place.

    Raises:
        HostError: It would run in no partition that there can be.
        StateError: What is remembered of the cgroups above guests can't be read.
        OSError: A kernel file can't be read.
    """
    machine, weights = host.machine, divided.weighing.weights
    guests = []
    for promise in others:
        part = divided.part_of(promise)
        if part is not None:
            where = _expected(machine, divided, promise, promise.partition, promise.uuid)
            guests.append(WeighedGuest(where, weights.from_share(part.share), part.amount))
    where = place_of(machine, divided, guest)
    own = WeighedGuest(where, weights.from_share(guest.share), 1)
    folders = read_folders(host, divided, [*guests, own])

    def with_guest(guarantee: int) -> PromisedGroup:
        newcomer = WeighedGuest(where, own.own, guarantee)
        root = divided.weighing.controller.root
        return tree_of(root, [*guests, newcomer], folders, weights.usual)

    return WeightTree(weights, with_guest)


def groups_of(partition: str | None) -> tuple[str, ...]:
    """The cgroups that a partition may be, as slices and as folders.

    Raises:
        HostError: There can be no such partition.
    """
    try:
        return partition_groups(partition)
    except ValueError:
        name = printable(partition or "")
        raise HostError(f"<partition> '{name}' is none that libvirt takes") from None


def _expected(
    machine: Machine, divided: Divided, known: Promise | None, partition: str | None, uuid: str
) -> str:
    part = None if known is None else divided.part_of(known)
    if part is not None and part.cgroup is not None:
        return competing(part.cgroup)
    groups_of(partition)  # or there can be none
    systemd = places.systemd_runs(machine)
    return expected_cgroup(divided.weighing.controller, partition, uuid, systemd=systemd)


def cgroups_of(machine: Machine, pid: int) -> tuple[str | None, str | None]:
    """The cgroups of a guest that runs, in the hierarchies of the CPU and of the io controller.

    Raises:
        OSError: A kernel file can't be read.
    """
    found = (places.locate(machine, pid, name) for name in (CPU, IO))
    cpu, io = (None if isinstance(each, NoPlace) else each.cgroup for each in found)
    return cpu, io
