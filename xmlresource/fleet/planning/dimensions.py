"""What hosts can be short of, as dimensions: the rules of admission, each with what it is about.

A demand is what the rule would ask for, and a room what its own reckoning says is left on a host
(``host_rooms``). So a packing keeps the rules by construction, with two exceptions, about which a
host is asked in the end by ``decide_on``: CPU time beside weights and bindings, and hugepages of
the default size on hosts that differ in it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand
from xmlresource.admission.reckoning import Reckoning, Rule, nodes_text, pages_text
from xmlresource.cgroup.hierarchy import partition_groups
from xmlresource.fleet.fleet_admission import FleetGuest
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.packing.packing_problem import Vector
from xmlresource.promises.terms import PartitionBudget
from xmlresource.record import record


@record
class Dimension:
    """A rule and what it is applied to.

    Attributes:
        rule: The rule.
        part: Whether it is about what is promised or about what is there.
        nodes: The nodes, of nodes and of pools; ``None`` where it is about no certain ones.
        page_size: The size of hugepages; ``None`` where it is about none.
        path: The partition with a budget, or the cgroup with a limit; empty for neither.
    """

    rule: Rule
    part: Rule | None = None
    nodes: frozenset[int] | None = None
    page_size: int | None = None
    path: str = ""

    @property
    def title(self) -> str:
        """The rule in the words of a decision: ``nodes, commitment on node 0``."""
        subject = self.path
        if self.rule is Rule.HUGEPAGES:
            subject = pages_text(self.page_size, self.nodes)
        elif self.nodes is not None:
            subject = nodes_text(self.nodes)
        return Reckoning(self.rule, subject, self.part, (), 0, None).title


GUESTS: Final = Dimension(Rule.PRIORITY)
"""Every guest takes one of this, of which a host has no end: one that is not there has none."""
MEMORY: Final = Dimension(Rule.COMMITMENT)
AVAILABLE: Final = Dimension(Rule.PHYSICAL)
CPU_TIME: Final = Dimension(Rule.CPUS)
_ALWAYS: Final = (GUESTS, MEMORY, AVAILABLE)


@record
class GuestWants:
    """What a guest takes, under the rules that depend on its definition.

    Attributes:
        demand: What it asks for.
        partition: Its partition; ``None`` for libvirt's default.
        committed: What it takes of what can be promised.
        needed: What it takes of what is available.
        cpu_time: The CPU time that it must get, in thousandths of a CPU.
        default_page: The size of hugepages for which it names none.
    """

    demand: Demand
    partition: str | None
    committed: int
    needed: int
    cpu_time: int = 0
    default_page: int | None = None

    def pages(self) -> Iterable[HugepageDemand]:
        """Its hugepages, all of a known size."""
        for each in self.demand.hugepages:
            size = each.page_size or self.default_page
            if size is not None:
                yield HugepageDemand(size, each.size, each.nodes)


@record
class Usual:
    """What is usual on the hosts of a fleet, for guests that say less than a figure.

    Attributes:
        cpus: The CPUs of the largest host: of so many is a guarantee that is a share of them.
        page_size: The size of hugepages that most hosts give where none is named.
    """

    cpus: int = 1
    page_size: int | None = None


def usual_of(reports: Sequence[HostReport]) -> Usual:
    """What is usual on these hosts."""
    sizes = Counter(each.facts.default_hugepage for each in reports)
    return Usual(
        cpus=max((len(each.cpu.online) for each in reports if each.cpu is not None), default=1),
        page_size=sizes.most_common(1)[0][0] if sizes else None,
    )


def wanted_by(guest: FleetGuest, usual: Usual) -> GuestWants:
    """What a guest takes on a host of a fleet."""
    demand = guest.demand
    cpu_time = 0 if demand.cpu is None else demand.cpu.time
    if guest.cpu_policy is not None:
        cpu_time = guest.cpu_policy.guarantee_of(usual.cpus)
    return GuestWants(
        demand=demand,
        partition=guest.partition,
        committed=demand.committed,
        needed=demand.needed,
        cpu_time=cpu_time,
        default_page=usual.page_size,
    )


def dimensions_of(
    guests: Iterable[GuestWants], reports: Sequence[HostReport]
) -> tuple[Dimension, ...]:
    """The dimensions in which these guests and hosts can be short of something."""
    found = dict.fromkeys(_ALWAYS)
    budgets = {budget.path for each in reports for budget in each.budgets}
    limits = {limit for each in reports for limit in relative_limits(each)}
    for guest in guests:
        if guest.cpu_time:
            found[CPU_TIME] = None
        for group in guest.demand.nodes:
            found[Dimension(Rule.NODES, Rule.COMMITMENT, nodes=group.nodes)] = None
            found[Dimension(Rule.NODES, Rule.PHYSICAL, nodes=group.nodes)] = None
        for pages in guest.pages():
            for nodes in dict.fromkeys((pages.nodes, None)):
                found[Dimension(Rule.HUGEPAGES, nodes=nodes, page_size=pages.page_size)] = None
        for path in sorted(budgets):
            if PartitionBudget(path, 0).covers(guest.partition):
                found[Dimension(Rule.PARTITIONS, Rule.COMMITMENT, path=path)] = None
        for path in sorted(limits.intersection(("", *groups_of(guest.partition)))):
            for part in (Rule.COMMITMENT, Rule.PHYSICAL):
                found[Dimension(Rule.ANCESTORS, part, path=path)] = None
    return tuple(found)


def demand_in(dimensions: Iterable[Dimension], guest: GuestWants) -> Vector:
    """What a guest takes in each dimension."""
    return tuple(_asked(each, guest) for each in dimensions)


def _asked(dimension: Dimension, guest: GuestWants) -> int:
    if dimension.rule in _ASKED:
        return _ASKED[dimension.rule](dimension, guest)
    return guest.needed if Rule.PHYSICAL in (dimension.rule, dimension.part) else guest.committed


def _on_nodes(dimension: Dimension, guest: GuestWants) -> int:
    """What the guest takes on nodes; what it may take on any of them counts in full."""
    demand, nodes = guest.demand, dimension.nodes or frozenset()
    bound = [each for each in demand.nodes if each.nodes & nodes]
    group = NodeDemand(nodes, sum(each.cells for each in bound), any(each.rest for each in bound))
    committed = dimension.part is Rule.COMMITMENT
    beyond = sum(each.pinned if committed else each.at_once for each in bound)
    return max(group.share(demand.guarantee, demand.ordinary), beyond) if bound else 0


def _of_pool(dimension: Dimension, guest: GuestWants) -> int:
    nodes = dimension.nodes
    return sum(
        each.size
        for each in guest.pages()
        if each.page_size == dimension.page_size
        and (nodes is None or (each.nodes or frozenset()) & nodes)
    )


def _of_partition(dimension: Dimension, guest: GuestWants) -> int:
    is_covered = PartitionBudget(dimension.path, 0).covers(guest.partition)
    return guest.committed if is_covered else 0


def _below_limit(dimension: Dimension, guest: GuestWants) -> int:
    if dimension.path not in ("", *groups_of(guest.partition)):
        return 0
    return guest.committed if dimension.part is Rule.COMMITMENT else guest.needed


_ASKED: Final[Mapping[Rule, Callable[[Dimension, GuestWants], int]]] = {
    GUESTS.rule: lambda _, __: 1,
    CPU_TIME.rule: lambda _, guest: guest.cpu_time,
    Rule.NODES: _on_nodes,
    Rule.HUGEPAGES: _of_pool,
    Rule.PARTITIONS: _of_partition,
    Rule.ANCESTORS: _below_limit,
}


def groups_of(partition: str | None) -> tuple[str, ...]:
    """The cgroups in which a guest of a partition may be; none where there can be no such."""
    try:
        return partition_groups(partition)
    except ValueError:
        return ()


def relative_limits(report: HostReport) -> list[str]:
    """The cgroups of a host that have a limit of their own, below what is mounted."""
    return [relative_path(report, each.path) for each in report.limits]


def relative_path(report: HostReport, path: str) -> str:
    """The path of a cgroup below what is mounted, as partitions are told; empty for that itself."""
    root = report.root or "/"
    return "" if path == root else path.removeprefix("" if root == "/" else root)
