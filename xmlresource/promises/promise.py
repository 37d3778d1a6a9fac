"""A guarantee given to a guest that starts or runs. Sizes are in bytes."""

from enum import Enum
from typing import TypeAlias

from xmlresource.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.promises.cpu_promise import CpuPromise
    from xmlresource.promises.io_promise import IoPromise

Key: TypeAlias = tuple[str, str]
"""Whose a promise is: the driver and the uuid. Each driver of libvirt has its own uuids, so that a
container may have that of a QEMU guest."""


class PromiseState(Enum):
    """The state of a guest that has a promise."""

    STARTING = "starting"  # libvirt's `prepare` was answered, `started` not yet
    RUNNING = "running"


@record
class Process:
    """One run of a process: a pid alone is used again, a pid with its start time is not.

    ``start_time`` is field 22 of ``/proc/PID/stat``, in clock ticks since boot.
    """

    pid: int
    start_time: int


@record
class NodeShare:
    """The part of a promise that is bound strictly to some NUMA nodes."""

    nodes: frozenset[int]
    size: int


@record
class HugepageShare:
    """The hugepages a guest takes besides its promise; the pool shows them once it runs.

    Attributes:
        page_size: The page's size.
        size: How much of it.
        nodes: The host's nodes it must come from; ``None`` for any.
    """

    page_size: int
    size: int
    nodes: frozenset[int] | None = None


@record
class Promise:
    """One entry of the ledger.

    Attributes:
        uuid: The guest's uuid.
        name: The guest's name, for people.
        driver: ``qemu`` or ``lxc``.
        size: The bytes promised.
        state: Starting or running.
        shares: What of ``size`` is bound strictly to NUMA nodes.
        hugepages: The hugepages the guest takes.
        process: The emulator's (LXC: the controller's) process, once it runs.
        cgroup: The guest's cgroup as the kernel names it, once it is known.
        parent: The cgroup below which the guest's own will be made; ``None`` where not known.
        partition: ``<resource><partition>`` as written; ``None`` for libvirt's default.
        caller: The libvirt daemon that asked; with it a start ends that was under way.
        since: When it was decided to give the promise, in seconds since boot; ``None`` where nobody
            was asked: the guest was found running.
        soft: What its soft limit protects as long as others have something to give; not promised,
            but carried by the cgroups above it, too.
        at_once: What the guest takes of ordinary memory before it runs, whatever is promised; 0
            once it runs.
        pinned: What of it can't be taken back as long as the guest runs.
        cpu: The CPU time promised; ``None`` for none.
        io: The parts of disks promised; ``None`` for none.
    """

    uuid: str
    name: str
    driver: str
    size: int
    state: PromiseState
    shares: tuple[NodeShare, ...] = ()
    hugepages: tuple[HugepageShare, ...] = ()
    process: Process | None = None
    cgroup: str | None = None
    parent: str | None = None
    partition: str | None = None
    caller: Process | None = None
    since: int | None = None
    soft: int = 0
    at_once: int = 0
    pinned: int = 0
    cpu: "CpuPromise | None" = None
    io: "IoPromise | None" = None

    @property
    def key(self) -> Key:
        """Whose it is: no other promise in the ledger has the same."""
        return self.driver, self.uuid

    @property
    def committed(self) -> int:
        """The bytes that can't be promised again: the promise, or what is pinned beyond it."""
        return max(self.size, self.pinned)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is promised, and nothing carried for the guest."""
        return not (self.size or self.soft or self.cpu or self.io)

    @property
    def cpu_time(self) -> int:
        """The CPU time promised, in thousandths of a CPU."""
        return 0 if self.cpu is None else self.cpu.time

    def part_of(self, disk: str) -> int:
        """The part of a disk, by its ``MAJ:MIN``, that is promised, in thousandths of a percent."""
        return 0 if self.io is None else self.io.part_of(disk)

    @property
    def needed(self) -> int:
        """The bytes that must be available: those committed, or more that is taken at once."""
        return max(self.committed, self.at_once)

    def is_below(self, path: str) -> bool:
        """Whether the guest's memory is charged to the cgroup ``path``, too.

        A guest of which no cgroup is known may be anywhere, so it counts everywhere.
        """
        return _is_below(self.cgroup or self.parent, path)

    def uses_time_of(self, path: str) -> bool:
        """Whether the guest's CPU time counts in the CPU controller's cgroup ``path``, too.

        As for memory: a guest of which no cgroup is known may be anywhere.
        """
        return _is_below(None if self.cpu is None else self.cpu.cgroup, path)


def _is_below(place: str | None, path: str) -> bool:
    return place is None or place == path or place.startswith(path.rstrip("/") + "/")


@record
class Held:
    """A promise and what its guest already has.

    Attributes:
        promise: The promise.
        charged: The bytes charged to the guest's cgroup now; 0 while it starts.
        reclaimable: What of ``charged`` is page cache. The kernel counts that as available, so it
            does not keep the promise: take it away, and the guest may ask for it again.
    """

    promise: Promise
    charged: int = 0
    reclaimable: int = 0

    @property
    def kept(self) -> int:
        """The bytes the guest has for good."""
        return max(0, self.charged - self.reclaimable)

    @property
    def untouched(self) -> int:
        """The bytes that the guest needs and has yet to take."""
        return max(0, self.promise.needed - self.kept)
