"""What weights divide among guests: the host's CPU time, and what each of its disks can do."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from xmlresource.admission.weights.cpu.cpu_decision import time_to_share
from xmlresource.admission.weights.disks.disk_decision import WHOLE_DISK, WeighedDisk
from xmlresource.cgroup.ancestors import AncestorProtection
from xmlresource.cgroup.hierarchy import Controller, NoPlace
from xmlresource.cgroup.writes import Problem
from xmlresource.printable import printable
from xmlresource.promises.promise import Promise
from xmlresource.record import record
from xmlresource.system.cgroups import cpu_weights
from xmlresource.system.cgroups.weighing import Weighing
from xmlresource.system.hardware.cpu_facts import read_cpus
from xmlresource.system.hardware.weighed_disks import (
    FILES,
    disk_weighing,
    io_controller,
    weighed_disks,
)
from xmlresource.system.machine import Machine

CPU_TUNABLE = "cpu_min_guarantee"
DISK_TUNABLE = "io_bandwidth_percentage"


@record
class PromisedPart:
    """The part of something that a guest is promised.

    Attributes:
        amount: How much, in thousandths.
        share: The guest's own share beside others.
        cgroup: Its cgroup in the controller's hierarchy; ``None`` for none yet.
    """

    amount: int
    share: int
    cgroup: str | None


class Divided(Protocol):
    """One thing of the host of which guests are promised parts."""

    @property
    def weighing(self) -> Weighing:
        """The weights that divide it."""

    @property
    def tunable(self) -> str:
        """The tunable by which a guest asks for a part."""

    @property
    def subject(self) -> str:
        """What a guest has of it, in a few words."""

    def part_of(self, promise: Promise) -> PromisedPart | None:
        """What a guest is promised of it; ``None`` for nothing."""

    def whole(self, promises: Sequence[Promise]) -> int:
        """How much there is of it for guests with these promises, in thousandths."""

    def cap(self, cgroup: str) -> int | None:
        """The most that a cgroup can have of it; ``None`` for no limit."""


@record
class CpuTime:
    """The host's CPU time."""

    machine: Machine
    controller: Controller

    @property
    def weighing(self) -> Weighing:
        """The weights that divide it."""
        return cpu_weights.cpu_weighing(self.controller)

    @property
    def tunable(self) -> str:
        """The tunable by which a guest asks for a part."""
        return CPU_TUNABLE

    @property
    def subject(self) -> str:
        """What a guest has of it, in a few words."""
        return "CPU time"

    def part_of(self, promise: Promise) -> PromisedPart | None:
        """What a guest is promised of it; ``None`` for nothing."""
        cpu = promise.cpu
        return None if cpu is None else PromisedPart(cpu.time, cpu.share, cpu.cgroup)

    def whole(self, promises: Sequence[Promise]) -> int:
        """How much there is of it for guests with these promises, in thousandths.

        Raises:
            HostError: The kernel does not tell which CPUs there are.
        """
        bound = [(each.cpu.cpus, each.cpu.time) for each in promises if each.cpu is not None]
        return time_to_share(read_cpus(self.machine).online, bound)

    def cap(self, cgroup: str) -> int | None:
        """The most that a cgroup can have of it; ``None`` for no limit."""
        return cpu_weights.cap(self.machine, self.controller, cgroup)


@record
class DiskTime:
    """What one disk can do, however much that is.

    Attributes:
        controller: The io controller.
        disk: The disk.
        is_former: Nothing is promised by these weights any more: they are to be given back.
    """

    controller: Controller
    disk: WeighedDisk
    is_former: bool = False

    @property
    def weighing(self) -> Weighing:
        """The weights that divide it."""
        return disk_weighing(self.controller, self.disk.weights, self.disk.number)

    @property
    def tunable(self) -> str:
        """The tunable by which a guest asks for a part."""
        return DISK_TUNABLE

    @property
    def subject(self) -> str:
        """What a guest has of it, in a few words."""
        return f"part of {printable(self.disk.name)}"

    def part_of(self, promise: Promise) -> PromisedPart | None:
        """What a guest is promised of it; ``None`` for nothing."""
        part = promise.part_of(self.disk.number)
        if promise.io is None or not part or self.is_former:
            return None
        return PromisedPart(part, promise.io.share, promise.io.cgroup)

    def whole(self, promises: Sequence[Promise]) -> int:
        """How much there is of it, whatever is promised, in thousandths."""
        return WHOLE_DISK if promises else 0

    def cap(self, cgroup: str) -> None:
        """No limit of a cgroup is known as a part of what the disk can do."""


def all_divided(
    machine: Machine, promises: Iterable[Promise], chain: AncestorProtection
) -> Iterator[Divided | Problem]:
    """All of which something is promised or has been, and why what is promised can't be kept.

    Args:
        machine: The machine.
        promises: What is promised, or was until now.
        chain: What is remembered of the weights above guests.

    Raises:
        OSError: A kernel file can't be read.
    """
    known = list(promises)
    yield from _cpu_time(machine, known, chain)
    yield from _disks(machine, known, chain)


def parts_of(machine: Machine, promise: Promise) -> Iterator[Divided]:
    """All of which a guest is promised a part, as far as that can be kept on this host.

    Raises:
        OSError: A kernel file can't be read.
    """
    for each in all_divided(machine, [promise], AncestorProtection("")):
        if not isinstance(each, Problem):
            yield each


def names_of(machine: Machine, numbers: Iterable[str]) -> dict[str, str]:
    """The names of those of these disks on which guests are weighed now, by ``MAJ:MIN``.

    Raises:
        OSError: A kernel file can't be read.
    """
    controller = io_controller(machine)
    if isinstance(controller, NoPlace):
        return {}
    return {each.number: each.name for each in weighed_disks(machine, controller, numbers)}


def _cpu_time(
    machine: Machine, promises: list[Promise], chain: AncestorProtection
) -> Iterator[Divided | Problem]:
    files = {weights.file for weights in cpu_weights.RANGES.values()}
    is_promised = any(each.cpu is not None for each in promises)
    if not is_promised and not any(file in files for _, file in chain.parts):
        return
    controller = cpu_weights.cpu_controller(machine)
    if not isinstance(controller, NoPlace):
        yield CpuTime(machine, controller)
    elif is_promised:
        yield Problem(CPU_TUNABLE, controller.reason)


def _disks(
    machine: Machine, promises: list[Promise], chain: AncestorProtection
) -> Iterator[Divided | Problem]:
    """The disks that are promised, as they are weighed now, and those where weights of ours are."""
    promised = {each.disk for promise in promises if promise.io for each in promise.io.disks}
    labels = {label for _, label in chain.parts if label.partition(" ")[0] in FILES}
    if not promised and not labels:
        return
    controller = io_controller(machine)
    if isinstance(controller, NoPlace):
        if promised:
            yield Problem(DISK_TUNABLE, controller.reason)
        return
    for disk in weighed_disks(machine, controller, sorted(promised)):
        found = DiskTime(controller, disk)
        labels.discard(found.weighing.label)
        promised.discard(disk.number)
        yield found
    for number in sorted(promised):
        reason = f"neither does iocost weigh guests on disk {number} any more, nor bfq"
        yield Problem(DISK_TUNABLE, reason)
    for label in sorted(labels):  # nothing is promised there any more
        file, _, number = label.partition(" ")
        yield DiskTime(controller, WeighedDisk(number, number, FILES[file]), is_former=True)
