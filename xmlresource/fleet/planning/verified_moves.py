"""Moves that their targets admit one after the other, by all of their rules.

The hosts are followed move by move: a guest that has left gives back what it had, and one that has
come has its promise.
"""

from collections.abc import Sequence

from xmlresource.fleet.fleet_admission import decide_on, promise_for
from xmlresource.fleet.host_order import RankingGoal
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.planning.fleet_vectors import Fleet, SeatedGuest
from xmlresource.fleet.planning.ranking import rank_hosts, why_not
from xmlresource.promises.promise import Promise
from xmlresource.record import record, replace


@record
class PlannedMove:
    """A guest that goes to another host."""

    seated: SeatedGuest
    target: str


@record
class Homeless:
    """A guest for which there is no place.

    Attributes:
        seated: The guest.
        reasons: How many hosts refuse it by which rule, most first. Where some would admit it
            alone, they are full of the others.
    """

    seated: SeatedGuest
    reasons: tuple[tuple[str, int], ...]


def verified(
    planned: Sequence[PlannedMove], targets: Sequence[HostReport], fleet: Fleet
) -> tuple[list[PlannedMove], list[Homeless]]:
    """The moves that are admitted, and the guests whose targets refuse them."""
    reports = {each.name: each for each in targets}
    claims: dict[str, list[Promise]] = {}
    kept, refused = [], []
    for move in planned:
        report, seated = reports[move.target], move.seated
        coming = claims.setdefault(move.target, list(fleet.claims_on(move.target)))
        decision = decide_on(report, seated.asks, coming)
        if not decision.admitted:
            refused.append(Homeless(seated, ((why_not(decision), 1),)))
            continue
        promise = promise_for(report, seated.asks, decision)
        # Memory of a guest without a promise is gone for the next one, too.
        coming.append(replace(promise, at_once=max(promise.at_once, seated.wanted.needed)))
        kept.append(move)
        if seated.host in reports:
            reports[seated.host] = without(reports[seated.host], seated)
    return kept, refused


def without(report: HostReport, seated: SeatedGuest) -> HostReport:
    """The host once a guest has left: what was charged to it is available again."""
    facts = report.facts
    memory = replace(facts.memory, available=facts.memory.available + seated.guest.held.kept)
    return replace(
        report,
        facts=replace(facts, memory=memory),
        guests=tuple(each for each in report.guests if each.key != seated.guest.key),
    )


def reasons_against(
    seated: SeatedGuest, targets: Sequence[HostReport], fleet: Fleet
) -> tuple[tuple[str, int], ...]:
    """How many hosts refuse a guest by which rule, as they are before any move."""
    return rank_hosts(seated.asks, targets, RankingGoal.SPREAD, fleet.claims).refusing
