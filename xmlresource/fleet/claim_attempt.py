"""Deciding about a claim on one host, and what came of it."""

from enum import Enum

from xmlresource.admission.refusal import refusal_text
from xmlresource.fleet.fleet_admission import FleetDecision, FleetGuest, decide_on, promise_for
from xmlresource.fleet.fleet_state import FleetHost
from xmlresource.promises.promise import Promise
from xmlresource.record import record

_PREFIX = "xmlresource: "


class ClaimOutcome(Enum):
    """The end of one attempt."""

    CLAIMED = "claimed"
    REFUSED = "refused"  # the host has no room for it, or gets no guests
    BUSY = "busy"  # somebody else claims there just now
    ELSEWHERE = "elsewhere"  # the guest was claimed on another host meanwhile


@record
class HostRefusal:
    """A host on which the guest does not fit.

    Attributes:
        host: The host.
        rule: The rule that fails, for grouping; or why the host gets no guest at all.
        reason: The first line that the host itself would say.
    """

    host: str
    rule: str
    reason: str


@record
class Offer:
    """What one host has for a guest.

    Attributes:
        promise: What the guest would be promised there; ``None`` where it does not fit.
        refusal: Why not.
    """

    promise: Promise | None
    refusal: HostRefusal | None


def offer_of(host: FleetHost, guest: FleetGuest) -> Offer:
    """What a host has for a guest, besides what is claimed there for others.

    Raises:
        ValueError: The guest would run in no partition that libvirt takes.
    """
    closed = host.closed
    if closed or host.report is None:
        return Offer(None, HostRefusal(host.name, closed, closed))
    decision = decide_on(host.report, guest, host.claimed)
    if decision.admitted:
        return Offer(promise_for(host.report, guest, decision), None)
    return Offer(None, _refusal(host.name, decision))


def _refusal(host: str, decision: FleetDecision) -> HostRefusal:
    failed = decision.memory
    if decision.memory.admitted and decision.cpu is not None:
        reason = refusal_text(decision.cpu).partition("\n")[0].removeprefix(_PREFIX)
        rules = decision.cpu.failed
        rule = f"CPU time, {rules[0].title}" if rules else decision.cpu.obstacle
        return HostRefusal(host, rule, reason)
    reason = refusal_text(failed).partition("\n")[0].removeprefix(_PREFIX)
    return HostRefusal(host, failed.failed[0].title, reason)
