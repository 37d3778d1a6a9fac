"""The record of what a host publishes: all that it takes to decide about a guest from elsewhere.

Sizes are in bytes, times in seconds since 1970 by the host's own clock, which nobody relies on:
what is new and what is old is told by the boot and the sequence.
"""

from collections.abc import Mapping
from typing import Final

from xmlresource.admission.demand import Demand
from xmlresource.admission.weights.cpu.cpu_decision import CpuCap
from xmlresource.admission.weights.weight_tree import WeighedFolder
from xmlresource.cgroup.hierarchy import Controller
from xmlresource.model.host import AncestorLimit, HostFacts
from xmlresource.promises.promise import Held, Key
from xmlresource.promises.terms import WHOLE, PartitionBudget
from xmlresource.record import field, record

FORMAT: Final = "xmlresource-host"
VERSION: Final = 1


@record
class PublishedGuest:
    """A guest that starts or runs on the host.

    Attributes:
        held: Its promise, and what it has of it; of a guest without a promise, what it would have
            been promised: its RAM and expected overhead.
        demand: What it would ask another host for; ``None`` where its definition can't be read.
        fixed_by: What of its definition keeps it from being moved while it runs.
    """

    held: Held
    demand: Demand | None = None
    fixed_by: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Whose it is: its driver and its uuid."""
        return self.held.promise.key


@record
class RecentRefusal:
    """A guest that the host would not start.

    Attributes:
        time: When.
        guest: The guest's name.
        reason: The first line of the answer.
    """

    time: int
    guest: str
    reason: str


@record
class CpuReport:
    """The host's CPUs, as far as guarantees of CPU time depend on them.

    Attributes:
        online: The CPUs that run.
        reserve: The CPU time kept for the host, in thousandths of a CPU.
        isolated: Those to which the kernel moves nobody by itself.
        usual_weight: The weight of a cgroup for which nobody set one.
        allowed: The CPUs that a partition leaves its guests, by the path of its cgroup below the
            mount; as far as there are such cgroups.
        controller: The hierarchy of the CPU controller; ``None`` where there is none.
        obstacle: Why the host keeps no guarantee of CPU time at all; empty where it can.
        caps: The cgroups whose CPU time has a limit of its own.
        folders: The cgroups above guests with the weights of all that is in each.
    """

    online: frozenset[int]
    reserve: int = 0
    isolated: frozenset[int] = frozenset()
    usual_weight: int = 100
    allowed: Mapping[str, frozenset[int]] = field(default_factory=dict)
    controller: Controller | None = None
    obstacle: str = ""
    caps: tuple[CpuCap, ...] = ()
    folders: Mapping[str, WeighedFolder] = field(default_factory=dict)


@record
class HostReport:
    """A host as it publishes itself.

    Attributes:
        name: The host's name.
        boot_id: Which boot of it (``/proc/sys/kernel/random/boot_id``).
        sequence: Which message of this boot: one with a higher number is newer. It is the time
            since boot in microseconds, which no clock that is set can turn back.
        made: When it was made, for people.
        program: The version of xmlresource that made it.
        facts: Its memory, with all nodes and pools.
        reserve: The host reserve.
        commit_ratio: How much of what there is may be promised, in ten-thousandths.
        budgets: The most that may be promised in a partition and below it.
        counts_unpromised: Whether guests without a promise count as if they had one.
        root: The cgroup that is seen at the mount of the memory controller; ``None`` where there is
            no such controller.
        systemd: Whether systemd arranges the cgroups.
        limits: The cgroups in which guests may be that have a limit of their own.
        cpu: Its CPUs; ``None`` where the kernel does not tell them.
        guests: The guests with a promise.
        unpromised: The guests that run without one.
        refusals: The refusals of the last day, the newest last.
    """

    name: str
    boot_id: str
    sequence: int
    made: int
    program: str
    facts: HostFacts
    reserve: int
    commit_ratio: int = WHOLE
    budgets: tuple[PartitionBudget, ...] = ()
    counts_unpromised: bool = False
    root: str | None = None
    systemd: bool = False
    limits: tuple[AncestorLimit, ...] = ()
    cpu: CpuReport | None = None
    guests: tuple[PublishedGuest, ...] = ()
    unpromised: tuple[PublishedGuest, ...] = ()
    refusals: tuple[RecentRefusal, ...] = ()

    @property
    def promised(self) -> int:
        """The sum of all promises, with what is pinned beyond them."""
        return sum(each.held.promise.committed for each in self.guests)
