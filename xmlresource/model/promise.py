"""A guarantee given to a guest that starts or runs. Sizes are in bytes."""

from enum import Enum

from xmlresource.record import record


class State(Enum):
    """How far the guest has come."""

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
        uuid: The guest's uuid, its key in the ledger.
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
    """

    uuid: str
    name: str
    driver: str
    size: int
    state: State
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

    @property
    def committed(self) -> int:
        """What nobody else can be promised: what is promised, or what is pinned beyond it."""
        return max(self.size, self.pinned)

    @property
    def needed(self) -> int:
        """What must be there for the guest: that, or what it takes at once beyond it."""
        return max(self.committed, self.at_once)

    def is_below(self, path: str) -> bool:
        """Whether the guest's memory is charged to the cgroup ``path``, too.

        A guest of which no cgroup is known may be anywhere, so it counts everywhere.
        """
        place = self.cgroup or self.parent
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
        """What the guest needs and has yet to take."""
        return max(0, self.promise.needed - self.kept)
