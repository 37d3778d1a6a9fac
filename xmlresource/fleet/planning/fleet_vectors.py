"""A fleet as numbers: each host's room and each guest's demand, in the dimensions that matter."""

from collections.abc import Iterable, Mapping, Sequence

from xmlresource.fleet.fleet_admission import FleetGuest, guest_published
from xmlresource.fleet.host_report import HostReport, PublishedGuest
from xmlresource.fleet.packing.packing_problem import HostRoom, Vector
from xmlresource.fleet.planning.dimensions import (
    Dimension,
    GuestWants,
    demand_in,
    dimensions_of,
    usual_of,
    wanted_by,
)
from xmlresource.fleet.planning.host_rooms import room_in
from xmlresource.promises.promise import Promise
from xmlresource.record import field, record, replace


@record
class Fleet:
    """The hosts that published themselves.

    Attributes:
        reports: Their reports, each host once.
        unavailable: Hosts that are not offered to guests, each with the reason.
        claims: What is claimed on hosts for guests that are to come, by the host's name.
    """

    reports: tuple[HostReport, ...]
    unavailable: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, tuple[Promise, ...]] = field(default_factory=dict)

    def offered(self, without: Iterable[str] = ()) -> tuple[HostReport, ...]:
        """The hosts that may take guests."""
        left_out = {*self.unavailable, *without}
        return tuple(each for each in self.reports if each.name not in left_out)

    def report(self, host: str) -> HostReport | None:
        """The report of a host; ``None`` where there is no such host."""
        return next((each for each in self.reports if each.name == host), None)

    def claims_on(self, host: str) -> tuple[Promise, ...]:
        """What is claimed on a host."""
        return self.claims.get(host, ())


@record
class SeatedGuest:
    """A guest and the host that it is on.

    Attributes:
        guest: The guest.
        host: The host's name.
        asks: What it would ask another host for.
        wanted: The same as figures; a guest without a promise wants its memory all the same.
    """

    guest: PublishedGuest
    host: str
    asks: FleetGuest
    wanted: GuestWants


def seated_guests(
    reports: Iterable[HostReport], others: Sequence[HostReport]
) -> tuple[SeatedGuest, ...]:
    """The guests of some hosts, as other hosts would see them, in the order of the hosts."""
    counted = any(each.counts_unpromised for each in others)
    usual = usual_of(others)
    found = []
    for report in reports:
        for guest in report.guests:
            asks = guest_published(guest)
            found.append(SeatedGuest(guest, report.name, asks, wanted_by(asks, usual)))
        for guest in report.unpromised:
            asks = guest_published(guest)
            wanted = _without_promise(wanted_by(asks, usual), guest, counted=counted)
            found.append(SeatedGuest(guest, report.name, asks, wanted))
    return tuple(found)


def _without_promise(wanted: GuestWants, guest: PublishedGuest, *, counted: bool) -> GuestWants:
    """A guest to which nothing is promised: it takes its memory, and that must be there."""
    size = guest.held.promise.needed
    return replace(
        wanted,
        committed=max(wanted.committed, size) if counted else wanted.committed,
        needed=max(wanted.needed, size),
    )


@record
class FleetVectors:
    """Guests and hosts in the same dimensions.

    Attributes:
        dimensions: What each place in a vector stands for.
        demands: What each guest takes.
        hosts: What each host has left.
    """

    dimensions: tuple[Dimension, ...]
    demands: tuple[Vector, ...]
    hosts: tuple[HostRoom, ...]


def vectors_of(
    guests: Sequence[GuestWants], reports: Sequence[HostReport], fleet: Fleet
) -> FleetVectors:
    """The guests and hosts as numbers."""
    dimensions = dimensions_of(guests, reports)
    rooms = (room_in(dimensions, each, fleet.claims_on(each.name)) for each in reports)
    return FleetVectors(
        dimensions=dimensions,
        demands=tuple(demand_in(dimensions, each) for each in guests),
        hosts=tuple(HostRoom(each.name, room) for each, room in zip(reports, rooms, strict=True)),
    )
