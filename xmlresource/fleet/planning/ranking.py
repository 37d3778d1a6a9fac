"""Which host can take a guest: those that would admit it, best first, and why the others won't."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from xmlresource.fleet.fleet_admission import (
    FleetDecision,
    FleetGuest,
    decide_on,
    promise_for,
)
from xmlresource.fleet.fleet_state import rooms_of
from xmlresource.fleet.host_order import RankingGoal, RoomyHost, beside, in_order
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.planning.fleet_vectors import Fleet
from xmlresource.promises.promise import Promise
from xmlresource.record import record


@record
class Candidate:
    """A host that would admit a guest.

    Attributes:
        host: Its name.
        left: What could still be promised there beside it, in bytes.
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
    decisions: dict[str, FleetDecision] = {}
    fitting: list[RoomyHost] = []
    refusing: Counter[str] = Counter()
    for report in reports:
        claimed = claims.get(report.name, ())
        decision = decide_on(report, guest, claimed)
        if decision.admitted:
            decisions[report.name] = decision
            room = beside(rooms_of(report), claimed, guest.demand)
            fitting.append(RoomyHost(report.name, room, report.facts.memory.total))
        else:
            refusing[why_not(decision)] += 1
    best_first = tuple(
        Candidate(each.host, each.left(guest.demand), each.total, decisions[each.host])
        for each in in_order(fitting, guest.demand, goal)
    )
    return RankedHosts(guest, best_first, _most_first(refusing))


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


def _most_first(refusing: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(refusing.items(), key=lambda each: (-each[1], each[0])))
