"""What if hosts were lost, guests came, or more were kept for the hosts themselves?

The changes are made one after the other on paper: first the reserve, then the hosts that are lost,
whose guests start elsewhere, then the guests that are added. The fleet that comes of it is asked
whether it could still lose any one host.
"""

from collections.abc import Iterable, Sequence

from xmlresource.admission.reserve import host_reserve
from xmlresource.fleet.fleet_admission import FleetGuest
from xmlresource.fleet.packing.best_packing import pack
from xmlresource.fleet.packing.exact_packing import Effort
from xmlresource.fleet.packing.first_fit import rooms_after
from xmlresource.fleet.packing.losses import losses
from xmlresource.fleet.packing.packing_problem import (
    HostRoom,
    PackingProblem,
    Proof,
    Vector,
    hosts_of,
    kinds_of,
)
from xmlresource.fleet.planning.dimensions import MEMORY, usual_of, wanted_by
from xmlresource.fleet.planning.fleet_vectors import (
    Fleet,
    FleetVectors,
    SeatedGuest,
    seated_guests,
    vectors_of,
)
from xmlresource.model.host import ReserveSetting
from xmlresource.record import record, replace


@record
class FleetChange:
    """What is to be tried.

    Attributes:
        lost: Hosts that are lost, by name.
        added: Guests that are added, each with how many of it.
        reserve: Another host reserve; ``None`` for that of each host.
    """

    lost: tuple[str, ...] = ()
    added: tuple[tuple[FleetGuest, int], ...] = ()
    reserve: ReserveSetting | None = None


@record
class Overfull:
    """A host on which more is promised than another reserve leaves."""

    host: str
    missing: int


@record
class AddedGuests:
    """Guests that are added: how many were asked for, and how many have a place."""

    guest: FleetGuest
    asked: int
    placed: int


@record
class HostLoss:
    """What the loss of one host would come to.

    Attributes:
        host: The host.
        guests: How many guests it has.
        homeless: Those that would have no place.
        proof: Whether they have none: ``FEASIBLE``, ``IMPOSSIBLE`` or ``UNKNOWN``.
    """

    host: str
    guests: int
    homeless: tuple[SeatedGuest, ...]
    proof: Proof


@record
class FleetOutcome:
    """What would come of it.

    Attributes:
        overfull: The hosts that another reserve leaves too full.
        lost_guests: How many guests the lost hosts have.
        devices: Those of them that use devices of their host, which another one may lack.
        homeless: Those of them for which there is no place.
        proof: Whether there is none.
        added: The guests that are added.
        losses: For each host that is left, what its loss would come to; added guests not counted.
    """

    overfull: tuple[Overfull, ...]
    lost_guests: int
    devices: tuple[SeatedGuest, ...]
    homeless: tuple[SeatedGuest, ...]
    proof: Proof
    added: tuple[AddedGuests, ...]
    losses: tuple[HostLoss, ...]

    @property
    def is_fine(self) -> bool:
        """Whether all guests have a place; what a further loss would come to is not asked."""
        added = all(each.asked == each.placed for each in self.added)
        return added and not (self.homeless or self.overfull)

    @property
    def survives_any_loss(self) -> bool:
        """Whether the fleet could lose any one host (N+1)."""
        return not any(each.homeless for each in self.losses)


def what_if(fleet: Fleet, change: FleetChange, effort: Effort) -> FleetOutcome:
    """Try a change on paper."""
    fleet = _with_reserve(fleet, change.reserve)
    left = fleet.offered(without=change.lost)
    lost = [each for each in map(fleet.report, change.lost) if each is not None]
    guests = seated_guests((*left, *lost), left)
    usual = usual_of(left)
    added = [wanted_by(guest, usual) for guest, _ in change.added]
    wanted = [*(each.wanted for each in guests), *added]
    vectors = vectors_of(wanted, left, fleet)
    hosts = vectors.hosts
    of_lost = [number for number, each in enumerate(guests) if each.host in change.lost]
    seats, proof = _seats(hosts, [vectors.demands[number] for number in of_lost], effort)
    seat_of = dict(zip(of_lost, seats, strict=True))
    hosts = rooms_after(hosts, [(seat_of[number], vectors.demands[number]) for number in of_lost])
    counts = []
    for place, (guest, count) in enumerate(change.added, len(guests)):
        taken, _ = _seats(hosts, [vectors.demands[place]] * count, effort)
        counts.append(AddedGuests(guest, count, sum(each is not None for each in taken)))
        hosts = rooms_after(hosts, [(each, vectors.demands[place]) for each in taken])
    return FleetOutcome(
        overfull=tuple(_overfull(vectors)),
        lost_guests=len(of_lost),
        devices=tuple(guests[number] for number in of_lost if guests[number].guest.fixed_by),
        homeless=tuple(guests[number] for number in of_lost if seat_of[number] is None),
        proof=proof,
        added=tuple(counts),
        losses=tuple(_losses(guests, vectors, hosts, seat_of, effort)),
    )


def _with_reserve(fleet: Fleet, reserve: ReserveSetting | None) -> Fleet:
    if reserve is None:
        return fleet
    reports = tuple(
        replace(each, reserve=host_reserve(each.facts.memory.total, reserve))
        for each in fleet.reports
    )
    return replace(fleet, reports=reports)


def _seats(
    hosts: Sequence[HostRoom], demands: Sequence[Vector], effort: Effort
) -> tuple[list[str | None], Proof]:
    """The host of each guest, ``None`` where there is none for it."""
    problem = PackingProblem(kinds_of(demands), tuple(hosts))
    packing = pack(problem, effort)
    seats = hosts_of(problem, packing)
    return [seats.get(number) for number in range(len(demands))], packing.proof


def _overfull(vectors: FleetVectors) -> Iterable[Overfull]:
    memory = vectors.dimensions.index(MEMORY)
    for each in vectors.hosts:
        if each.room[memory] < 0:
            yield Overfull(each.host, -each.room[memory])


def _losses(
    guests: Sequence[SeatedGuest],
    vectors: FleetVectors,
    hosts: Sequence[HostRoom],
    seats: dict[int, str | None],
    effort: Effort,
) -> Iterable[HostLoss]:
    seated: dict[str, list[tuple[int, Vector]]] = {}
    for number, guest in enumerate(guests):
        host = seats.get(number, guest.host)
        if host is not None:
            seated.setdefault(host, []).append((number, vectors.demands[number]))
    for loss in losses(hosts, seated, effort):
        yield HostLoss(
            host=loss.host,
            guests=len(seated.get(loss.host, ())),
            homeless=tuple(guests[number] for number in loss.homeless),
            proof=loss.proof,
        )
