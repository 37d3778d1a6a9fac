"""Questions to a fleet: where does a guest fit, may hosts be taken out, what if some are lost?

Nothing is claimed and nothing written. The hosts are those of the fleet's server, or of a folder of
the objects that they publish, and what they answer is what they would answer by their last report.
"""

import json
import os
from collections.abc import Iterable, Sequence
from typing import Final

from xmlresource.cgroup.hierarchy import partition_groups
from xmlresource.configuration.host_settings import parse_configuration
from xmlresource.errors import XmlresourceError
from xmlresource.fleet.fleet_admission import FleetGuest
from xmlresource.fleet.fleet_state import FleetHost
from xmlresource.fleet.host_order import RankingGoal
from xmlresource.fleet.packing.exact_packing import Effort
from xmlresource.fleet.planning.drain_plan import DrainPlan, plan_drain
from xmlresource.fleet.planning.fleet_vectors import Fleet
from xmlresource.fleet.planning.ranking import RankedHosts, place_together
from xmlresource.fleet.planning.what_if import FleetChange, FleetOutcome
from xmlresource.fleet.planning.what_if import what_if as try_change
from xmlresource.formats.misuse import check_many
from xmlresource.operations.fleet.fleet_guest import fleet_guest
from xmlresource.operations.fleet.fleet_view import fleet_hosts
from xmlresource.operations.named_document import AnyInput, name_of
from xmlresource.printable import one_line, printable
from xmlresource.record import record
from xmlresource.system.machine import Machine

USUAL_EFFORT: Final = Effort()

_LAGGING: Final = 86_400

Folder = str | os.PathLike[str] | None


class PlanningError(XmlresourceError, ValueError):
    """A question that can't be asked of this fleet."""


@record
class HostNotes:
    """What is to be known about hosts beside an answer.

    Attributes:
        unavailable: Hosts that get no guests, each with the reason.
        lagging: Hosts whose report was made long before the newest one, by how many seconds, as
            far as their clocks can be trusted.
    """

    unavailable: tuple[tuple[str, str], ...] = ()
    lagging: tuple[tuple[str, int], ...] = ()


@record
class GuestCheck:
    """The answer for one guest.

    Attributes:
        path: Its document.
        ranked: The hosts that would admit it, and why others would not.
    """

    path: str
    ranked: RankedHosts


@record
class FleetCheck:
    """Where guests fit, all of them together.

    Attributes:
        hosts: How many hosts were asked.
        guests: The answer for each guest.
        notes: What is to be known about hosts.
    """

    hosts: int
    guests: tuple[GuestCheck, ...]
    notes: HostNotes

    @property
    def fits(self) -> bool:
        """Whether there is a host for each guest."""
        return all(each.ranked.chosen is not None for each in self.guests)


def check(
    documents: Sequence[AnyInput],
    goal: RankingGoal = RankingGoal.SPREAD,
    folder: Folder = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> FleetCheck:
    """Which hosts would admit guests, all of them together.

    Args:
        documents: The guests.
        goal: Which of the hosts that fit comes first.
        folder: A folder of the objects that hosts publish; ``None`` for the fleet's server.
        machine: The machine, for how the server is named.

    Raises:
        DocumentError: A document can't be read, or is no domain.
        FaultyGuestError: One has errors.
        PlanningError: One names a partition that there can't be.
        FolderError: The folder holds something else.
        FleetServerError: The server is away or refuses.
        OSError: The folder can't be read.
    """
    check_many("check", documents)
    guests = [_guest(given, number) for number, given in enumerate(documents)]
    fleet = fleet_of(fleet_hosts(folder, machine))
    ranked = place_together(guests, fleet, goal)
    return FleetCheck(
        hosts=len(fleet.offered()),
        guests=tuple(
            GuestCheck(name_of(given), each) for given, each in zip(documents, ranked, strict=True)
        ),
        notes=_notes(fleet),
    )


@record
class FleetDrain:
    """How hosts are emptied.

    Attributes:
        plan: The plan.
        notes: What is to be known about the other hosts.
    """

    plan: DrainPlan
    notes: HostNotes


def drain(
    hosts: Sequence[str],
    effort: Effort = USUAL_EFFORT,
    folder: Folder = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> FleetDrain:
    """Plan to empty hosts: where their guests go, in which order, and which can't go.

    Args:
        hosts: The hosts, by name.
        effort: How much a solver may do, where there is one.
        folder: A folder of the objects that hosts publish; ``None`` for the fleet's server.
        machine: The machine, for how the server is named.

    Raises:
        PlanningError: There is no such host, or it never published anything.
        FolderError: The folder holds something else.
        FleetServerError: The server is away or refuses.
        OSError: The folder can't be read.
    """
    check_many("drain", hosts)
    return drain_of(fleet_hosts(folder, machine), hosts, effort)


def drain_of(there: Iterable[FleetHost], hosts: Sequence[str], effort: Effort) -> FleetDrain:
    """Plan to empty hosts of a fleet that is known already.

    Raises:
        PlanningError: There is no such host, or it never published anything.
    """
    fleet = fleet_of(there)
    named = _known(hosts, fleet)
    return FleetDrain(plan_drain(fleet, named, effort), _notes(fleet, without=named))


@record
class AskedChange:
    """A change that is to be tried.

    Attributes:
        lost: Hosts that are lost, by name.
        added: Guests that are added, each with how many of it.
        host_reserve: What each host keeps for itself instead, as its settings would say it;
            ``None`` for what they say.
    """

    lost: tuple[str, ...] = ()
    added: tuple[tuple[AnyInput, int], ...] = ()
    host_reserve: str | None = None


@record
class FleetWhatIf:
    """What would come of a change.

    Attributes:
        asked: The change.
        outcome: What would come of it.
        notes: What is to be known about hosts.
    """

    asked: AskedChange
    outcome: FleetOutcome
    notes: HostNotes


def what_if(
    change: AskedChange,
    effort: Effort = USUAL_EFFORT,
    folder: Folder = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> FleetWhatIf:
    """Try a change on paper, and whether the fleet could lose any one host after it.

    Args:
        change: The change; without one, the fleet is asked as it is.
        effort: How much a solver may do, where there is one.
        folder: A folder of the objects that hosts publish; ``None`` for the fleet's server.
        machine: The machine, for how the server is named.

    Raises:
        ConfigurationError: The host reserve makes no sense.
        DocumentError: A document can't be read, or is no domain.
        FaultyGuestError: One has errors.
        PlanningError: There is no such host, or no such partition.
        FolderError: The folder holds something else.
        FleetServerError: The server is away or refuses.
        OSError: The folder can't be read.
    """
    reserve = None
    if change.host_reserve is not None:
        text = f"host_reserve = {json.dumps(change.host_reserve)}"
        reserve = parse_configuration(text, "--host-reserve").host_reserve
    added = tuple(
        (_guest(given, number), count) for number, (given, count) in enumerate(change.added)
    )
    fleet = fleet_of(fleet_hosts(folder, machine))
    lost = _known(change.lost, fleet)
    outcome = try_change(fleet, FleetChange(lost, added, reserve), effort)
    return FleetWhatIf(change, outcome, _notes(fleet, without=lost))


def fleet_of(hosts: Iterable[FleetHost]) -> Fleet:
    """The fleet as planning sees it."""
    there = tuple(hosts)
    return Fleet(
        reports=tuple(each.report for each in there if each.report is not None),
        unavailable={each.name: each.closed for each in there if each.closed},
        claims={each.name: each.claimed for each in there if each.claimed},
    )


def _notes(fleet: Fleet, without: Sequence[str] = ()) -> HostNotes:
    newest = max((each.made for each in fleet.reports), default=0)
    behind = {each.name: newest - each.made for each in fleet.reports}
    return HostNotes(
        unavailable=tuple(
            each for each in sorted(fleet.unavailable.items()) if each[0] not in without
        ),
        lagging=tuple(
            (name, seconds) for name, seconds in sorted(behind.items()) if seconds >= _LAGGING
        ),
    )


def _known(names: Sequence[str], fleet: Fleet) -> tuple[str, ...]:
    known = {each.name for each in fleet.reports}
    for name in names:
        if name not in known:
            reason = fleet.unavailable.get(name)
            end = f" is {reason}" if reason else " has published nothing; is its name right?"
            raise PlanningError(f"host '{one_line(name)}'{end}")
    return tuple(dict.fromkeys(names))


def _guest(given: AnyInput, number: int) -> FleetGuest:
    guest = fleet_guest(given, unnamed=f"document {number}")
    try:
        partition_groups(guest.partition)
    except ValueError:
        raise PlanningError(
            f"{name_of(given)}: <partition> '{printable(guest.partition or '')}' is none that "
            "libvirt takes; it begins with /"
        ) from None
    return guest
