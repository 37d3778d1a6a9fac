"""The rules by which CPU time is guaranteed. Thousandths of a CPU.

As for memory each rule is a function from facts to reckonings, and all are asked. There is no
*physical* rule: CPU time that others use is there again a moment later.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from xmlresource.admission.notation import Notation
from xmlresource.admission.reckoning import Line, Reckoning, Rule, numbers_text
from xmlresource.admission.reserve import reserve_of_part
from xmlresource.admission.weights.cpu.cpu_demand import CpuDemand, CpuFacts
from xmlresource.admission.weights.cpu.placement import Placement
from xmlresource.admission.weights.floor_decision import (
    FloorDecision,
    WeightTree,
    by_weights,
    decided,
    promisable,
    reckoning,
)
from xmlresource.formats.quantities import decimal
from xmlresource.model.cpu import WHOLE_CPU
from xmlresource.promises.promise import Promise
from xmlresource.record import record

CpuDecision: TypeAlias = FloorDecision[CpuDemand]
"""Whether CPU time can be guaranteed to a guest, and why."""


def cpus_text(time: int) -> str:
    """``1.5 CPUs``, ``1 CPU``, ``0.25 CPUs``."""
    return f"{number_text(time)} {'CPU' if abs(time) == WHOLE_CPU else 'CPUs'}"


def number_text(time: int) -> str:
    """``1.5``, ``-0.25``, ``2``."""
    return f"-{decimal(-time)}" if time < 0 else decimal(time)


CPU_TIME: Final = Notation(
    short=cpus_text,
    exact=cpus_text,
    term=number_text,
    plain=number_text,
    cell=lambda time: f"{time / WHOLE_CPU:,.3f}",
    promised=lambda promise: promise.cpu_time,
    suffix="_millicpus",
)


@record
class CpuCap:
    """A cgroup above the guest whose CPU time has a limit of its own."""

    path: str
    limit: int


def decide_cpu(
    demand: CpuDemand,
    facts: CpuFacts,
    promises: Sequence[Promise],
    reserve: int,
    caps: Sequence[CpuCap] = (),
    tree: WeightTree | None = None,
) -> CpuDecision:
    """Whether the guest's CPU time can be promised.

    Args:
        demand: What it asks for.
        facts: The host's CPUs.
        promises: Those given so far. One to the same guest is left out: a start replaces it.
        reserve: The CPU reserve.
        caps: The limits above the place where the guest will run.
        tree: The weights above and beside it; ``None`` where nothing is known of them.
    """
    others = tuple(each for each in promises if each.cpu_time and each.key != demand.key)
    reckonings = [
        *possible(demand, facts),
        commitment(demand, facts, others, reserve),
        *on_cpus(demand, facts, others, reserve),
        *(below_cap(demand, cap, others) for cap in caps),
    ]
    if tree is not None:
        bound = [(_cpus_of(each), each.cpu_time) for each in others]

        def time(guarantee: int) -> int:
            return time_to_share(facts.online, [*bound, (demand.cpus, guarantee)])

        most = max(promisable(reckonings), demand.guarantee)
        reckonings.append(by_weights(demand.guarantee, tree, time, most))
    return decided(demand, CPU_TIME, promises, reckonings)


def possible(demand: CpuDemand, facts: CpuFacts) -> Iterator[Reckoning]:
    """What the guest could use at all: a vCPU is on one CPU at a time."""
    if demand.vcpus is not None:
        lines = [Line("vCPUs", demand.vcpus * WHOLE_CPU)]
        lost = _out_of_reach(demand, facts)
        if lost:
            lines.append(Line("pinned to fewer CPUs", -lost))
        yield reckoning(Rule.VCPUS, "", lines, demand.guarantee)
    if demand.hard_limit is not None:
        yield reckoning(
            Rule.HARD_LIMIT, "", [Line("cpuHardLimit", demand.hard_limit)], demand.guarantee
        )


def _out_of_reach(demand: CpuDemand, facts: CpuFacts) -> int:
    """What its vCPUs can't use, for several are pinned to the same CPUs."""
    vcpus = sum(number for _, number in demand.pins)
    placement = Placement(facts.online, WHOLE_CPU)
    for cpus, number in demand.pins:
        placement.add(cpus, number * WHOLE_CPU)
    return vcpus * WHOLE_CPU - placement.placed() if vcpus else 0


def commitment(
    demand: CpuDemand, facts: CpuFacts, others: Sequence[Promise], reserve: int
) -> Reckoning:
    """Σ promises + g ≤ CPUs - CPU reserve."""
    lines = [
        Line("CPUs", len(facts.online) * WHOLE_CPU),
        Line("CPU reserve", -reserve),
        Line("promised", -sum(each.cpu_time for each in others)),
    ]
    return reckoning(Rule.COMMITMENT, "", lines, demand.guarantee)


def on_cpus(
    demand: CpuDemand, facts: CpuFacts, others: Sequence[Promise], reserve: int
) -> Iterator[Reckoning]:
    """The same on the CPUs that leave least, where anybody is bound to some.

    The host's own processes may run on any CPU, so each has its part of the reserve.
    """
    total = len(facts.online)
    if not total or not _is_bound(demand, others):
        return
    # Every CPU has a whole number of these parts, less its part of the reserve.
    placement = Placement(facts.online, max(0, WHOLE_CPU * total - reserve))
    for each in others:
        placement.add(_cpus_of(each), each.cpu_time * total)
    tight = placement.bottleneck(demand.cpus).cpus
    if tight == facts.online:
        return
    lines = [
        Line("CPUs", len(tight) * WHOLE_CPU),
        Line("CPU reserve", -reserve_of_part(reserve, len(tight), total)),
        Line("promised there", -(placement.bound_within(tight) // total)),
    ]
    yield reckoning(Rule.CPUS, numbers_text(tight), lines, demand.guarantee)


def below_cap(demand: CpuDemand, cap: CpuCap, others: Sequence[Promise]) -> Reckoning:
    """Σ promises below a cgroup with a limit + g ≤ its limit."""
    below = sum(each.cpu_time for each in others if each.uses_time_of(cap.path))
    lines = [Line("limit", cap.limit), Line("promised below it", -below)]
    return reckoning(Rule.ANCESTORS, cap.path, lines, demand.guarantee)


def time_to_share(
    online: frozenset[int], bound: Sequence[tuple[frozenset[int] | None, int]]
) -> int:
    """The CPU time that weights share out.

    Where guests are bound to CPUs, others may crowd there, too. So the host counts as if all of it
    were as full of promises as its fullest CPUs.

    Args:
        online: The host's CPUs.
        bound: The promises: to which CPUs each is bound, and how much it is.
    """
    total = len(online) * WHOLE_CPU
    promised = sum(time for _, time in bound)
    if not promised or all(cpus is None for cpus, _ in bound):
        return total
    placement = Placement(online, WHOLE_CPU)
    for cpus, time in bound:
        placement.add(cpus, time)
    return min(total, promised * WHOLE_CPU // placement.least_needed())


def _cpus_of(promise: Promise) -> frozenset[int] | None:
    return None if promise.cpu is None else promise.cpu.cpus


def _is_bound(demand: CpuDemand, others: Iterable[Promise]) -> bool:
    return demand.cpus is not None or any(_cpus_of(each) is not None for each in others)
