"""The hosts of a fleet as somebody who plans sees them: what each published, and what is claimed.

Ages are in seconds by the server's clock.
"""

from enum import Enum
from typing import Final

from xmlresource.admission.decision import commitment, physical
from xmlresource.admission.demand import Demand
from xmlresource.fleet.host_report import HostReport
from xmlresource.promises.promise import Held, Promise
from xmlresource.promises.terms import Terms
from xmlresource.record import record

LONGEST_SILENCE: Final = 90
"""A host that was not heard for so many seconds is offered no guest."""

_NOBODY: Final = Demand(name="", uuid="", guarantee=0)


class HostState(Enum):
    """The use that is made of a host."""

    UP = "up"
    DRAINING = "draining"  # it gets no guests, for it is to be emptied
    DOWN = "down"


@record
class Claim:
    """Room taken on a host for a guest that is to come. It is no promise: the host decides.

    Attributes:
        host: The host.
        promise: What the guest will be promised there.
        left: The seconds until it expires.
        source: The host that the guest is to be moved from; ``None`` where it starts.
        moving: Whether the move is under way.
        claimer: Who made it.
    """

    host: str
    promise: Promise
    left: float
    source: str | None = None
    moving: bool = False
    claimer: str = ""


@record
class FleetHost:
    """One host.

    Attributes:
        name: Its name.
        report: What it published; ``None`` where it never did, or where that can't be read.
        state: The use that is made of it.
        age: How long ago it was heard; ``None`` where it never was, or where a file tells.
        claims: What is claimed on it.
        problem: Why its report can't be read; empty where it can.
    """

    name: str
    report: HostReport | None
    state: HostState = HostState.UP
    age: float | None = None
    claims: tuple[Claim, ...] = ()
    problem: str = ""

    @property
    def closed(self) -> str:
        """Why it gets no guest at all, whatever room it has; empty where it may get some."""
        if self.state is not HostState.UP:
            return str(self.state.value)
        if self.problem:
            return f"its report can't be read: {self.problem}"
        if self.report is None:
            return "never heard of"
        if self.age is not None and self.age > LONGEST_SILENCE:
            return f"not heard for {self.age:.0f} s"
        return ""

    @property
    def claimed(self) -> tuple[Promise, ...]:
        """What is claimed for guests that are not there yet."""
        there = () if self.report is None else self.report.guests
        keys = {each.key for each in there}
        return tuple(each.promise for each in self.claims if each.promise.key not in keys)


@record
class OfferedRoom:
    """The room that a host has left for guests that ask for nothing but memory, wherever it is.

    Attributes:
        commitment: By the rule of commitment; below 0 where too much is promised.
        physical: By the physical rule.
    """

    commitment: int
    physical: int


def rooms_of(report: HostReport) -> OfferedRoom:
    """The room of a host, claims not taken off: no guest that fits needs more."""
    held = tuple(each.held for each in report.guests)
    unpromised: tuple[Held, ...] = ()
    if report.counts_unpromised:
        unpromised = tuple(each.held for each in report.unpromised)
    terms = Terms(report.commit_ratio, unpromised=unpromised)
    return OfferedRoom(
        commitment(_NOBODY, report.facts, held, report.reserve, terms).room,
        physical(_NOBODY, report.facts, held, report.reserve, unpromised).room,
    )
