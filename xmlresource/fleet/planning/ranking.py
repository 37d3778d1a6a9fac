"""Which host can take a guest: those that would admit it, best first, and why the others won't."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum

from xmlresource.fleet.fleet_admission import (
    FleetDecision,
    FleetGuest,
    decide_on,
    promise_for,
)
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.planning.fleet_vectors import Fleet
from xmlresource.promises.promise import Promise
from xmlresource.record import record


class RankingGoal(Enum):
    """Which of the hosts that fit comes first; a value is the option's name."""

    SPREAD = "spread"  # the one with most room left, in percent of its memory
    PACK = "pack"  # the one with least room left


@record
class Candidate:
    """A host that would admit a guest.

    Attributes:
        host: Its name.
        left: What could still be promised there to a guest of the same shape, in bytes.
        total: Its memory.
        decision: Its decision.
    """

    host: str
    left: int
    total: int
    decision: FleetDecision


@record
class RankedHosts:
    """The hosts of a fleet, for one guest.

    Attributes:
        guest: The guest.
        fitting: The hosts that would admit it, best first.
        refusing: How many others refuse it, by the rule that leaves least, most first.
    """

    guest: FleetGuest
    fitting: tuple[Candidate, ...]
    refusing: tuple[tuple[str, int], ...]

    @property
    def chosen(self) -> Candidate | None:
        """The first host; ``None`` where none fits."""
        return self.fitting[0] if self.fitting else None


def rank_hosts(
    guest: FleetGuest,
    reports: Iterable[HostReport],
    goal: RankingGoal,
    claims: Mapping[str, tuple[Promise, ...]],
) -> RankedHosts:
    """Ask each host for one guest.

    Args:
        guest: The guest.
        reports: The hosts.
        goal: Which host comes first.
        claims: What is spoken for on each host besides its guests.

    Raises:
        ValueError: The guest would run in no partition that libvirt takes.
    """
    fitting: list[Candidate] = []
    refusing: Counter[str] = Counter()
    for report in reports:
        decision = decide_on(report, guest, claims.get(report.name, ()))
        if decision.admitted:
            left = decision.memory.promisable - guest.demand.committed
            fitting.append(Candidate(report.name, left, report.facts.memory.total, decision))
        else:
            refusing[why_not(decision)] += 1
    return RankedHosts(guest, tuple(sorted(fitting, key=_order(goal))), _most_first(refusing))


def place_together(
    guests: Sequence[FleetGuest], fleet: Fleet, goal: RankingGoal
) -> tuple[RankedHosts, ...]:
    """Ask for several guests at once: each counts on its host when the others are asked for.

    The largest are placed first. Where spreading leaves one without a host, they are packed
    instead, if that places more.

    Raises:
        ValueError: A guest would run in no partition that libvirt takes.
    """
    found = _place(guests, fleet, goal)
    if goal is RankingGoal.PACK or all(each.fitting for each in found) or len(guests) == 1:
        return found
    packed = _place(guests, fleet, RankingGoal.PACK)
    return max(found, packed, key=lambda each: sum(bool(ranked.fitting) for ranked in each))


def why_not(decision: FleetDecision) -> str:
    """The rule that leaves least, in the words of a decision."""
    if not decision.memory.admitted:
        return decision.memory.failed[0].title
    if decision.cpu is None or decision.cpu.admitted:
        return ""
    obstacle = decision.cpu.obstacle
    return f"CPU time, {obstacle or decision.cpu.failed[0].title}"


def _place(
    guests: Sequence[FleetGuest], fleet: Fleet, goal: RankingGoal
) -> tuple[RankedHosts, ...]:
    claims = dict(fleet.claims)
    reports = {each.name: each for each in fleet.offered()}
    found: dict[int, RankedHosts] = {}
    for number in sorted(range(len(guests)), key=lambda each: -_size(guests[each])):
        ranked = rank_hosts(guests[number], reports.values(), goal, claims)
        found[number] = ranked
        if ranked.chosen is not None:
            host, decision = ranked.chosen.host, ranked.chosen.decision
            promise = promise_for(reports[host], guests[number], decision)
            claims[host] = (*claims.get(host, ()), promise)
    return tuple(found[number] for number in range(len(guests)))


def _size(guest: FleetGuest) -> int:
    pages = sum(each.size for each in guest.demand.hugepages)
    return max(guest.demand.committed, guest.demand.needed) + pages


def _order(goal: RankingGoal) -> Callable[[Candidate], tuple[float, str]]:
    if goal is RankingGoal.PACK:
        return lambda each: (each.left, each.host)
    return lambda each: (-each.left / max(each.total, 1), each.host)


def _most_first(refusing: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(refusing.items(), key=lambda each: (-each[1], each[0])))
