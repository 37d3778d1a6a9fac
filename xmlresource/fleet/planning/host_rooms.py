"""What a host has left in each dimension, by the reckonings of admission."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from xmlresource.admission import decision as rules
from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand
from xmlresource.admission.reckoning import Reckoning, Rule
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.packing.packing_problem import UNBOUNDED, Vector
from xmlresource.fleet.planning.dimensions import CPU_TIME, GUESTS, Dimension, relative_path
from xmlresource.model.cpu import WHOLE_CPU
from xmlresource.promises.promise import Held, Promise
from xmlresource.promises.terms import Terms
from xmlresource.record import record

_NOBODY: Final = Demand(name="", uuid="", guarantee=0)


@record
class _Taken:
    """A host and what is taken there."""

    report: HostReport
    held: tuple[Held, ...]
    terms: Terms


def room_in(
    dimensions: Iterable[Dimension], report: HostReport, claims: Iterable[Promise] = ()
) -> Vector:
    """What a host has left in each dimension, besides its guests and those that are to come."""
    there = {each.key for each in report.guests}
    held = (
        *(each.held for each in report.guests),
        *(Held(each) for each in claims if each.key not in there),
    )
    counted = report.unpromised if report.counts_unpromised else ()
    terms = Terms(report.commit_ratio, (), tuple(each.held for each in counted))
    taken = _Taken(report, held, terms)
    return tuple(_ROOMS[each.rule](each, taken) for each in dimensions)


def _memory(_: Dimension, taken: _Taken) -> int:
    report = taken.report
    return rules.commitment(_NOBODY, report.facts, taken.held, report.reserve, taken.terms).room


def _available(_: Dimension, taken: _Taken) -> int:
    report, unpromised = taken.report, taken.terms.unpromised
    return rules.physical(_NOBODY, report.facts, taken.held, report.reserve, unpromised).room


def _cpu_time(_: Dimension, taken: _Taken) -> int:
    cpu = taken.report.cpu
    if cpu is None or cpu.obstacle:
        return 0
    promised = sum(each.promise.cpu_time for each in taken.held)
    return len(cpu.online) * WHOLE_CPU - cpu.reserve - promised


def _on_nodes(dimension: Dimension, taken: _Taken) -> int:
    report, group = taken.report, NodeDemand(dimension.nodes or frozenset(), 0, rest=False)
    everybody = (*taken.held, *taken.terms.unpromised)
    both = rules.nodes(_NOBODY, group, report.facts, everybody, report.reserve)
    return _of_part(both, dimension.part)


def _in_pool(dimension: Dimension, taken: _Taken) -> int:
    pages = HugepageDemand(dimension.page_size, 0, dimension.nodes)
    asking = Demand(name="", uuid="", guarantee=0, hugepages=(pages,))
    return rules.hugepages(asking, taken.report.facts, taken.held)[0].room


def _in_partition(dimension: Dimension, taken: _Taken) -> int:
    budgets = (each for each in taken.report.budgets if each.path == dimension.path)
    rooms = (rules.partition(_NOBODY, each, taken.held).room for each in budgets)
    return min(rooms, default=UNBOUNDED)


def _below_limit(dimension: Dimension, taken: _Taken) -> int:
    report = taken.report
    limits = (each for each in report.limits if relative_path(report, each.path) == dimension.path)
    both = (rules.ancestor(_NOBODY, each, taken.held, taken.terms) for each in limits)
    return min((_of_part(each, dimension.part) for each in both), default=UNBOUNDED)


def _of_part(both: tuple[Reckoning, Reckoning], part: Rule | None) -> int:
    committed, present = both
    return (committed if part is Rule.COMMITMENT else present).room


_ROOMS: Final[Mapping[Rule, Callable[[Dimension, _Taken], int]]] = {
    GUESTS.rule: lambda _, __: UNBOUNDED,
    CPU_TIME.rule: _cpu_time,
    Rule.COMMITMENT: _memory,
    Rule.PHYSICAL: _available,
    Rule.NODES: _on_nodes,
    Rule.HUGEPAGES: _in_pool,
    Rule.PARTITIONS: _in_partition,
    Rule.ANCESTORS: _below_limit,
}
