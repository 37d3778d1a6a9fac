"""Taking hosts out: where their guests go, in which order, and which can't go."""

from collections.abc import Mapping, Sequence

from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.packing.best_packing import pack
from xmlresource.fleet.packing.exact_packing import Effort
from xmlresource.fleet.packing.first_fit import rooms_after
from xmlresource.fleet.packing.making_room import make_room
from xmlresource.fleet.packing.moves import Move, in_order
from xmlresource.fleet.packing.packing_problem import (
    PackingProblem,
    Proof,
    Vector,
    hosts_of,
    kinds_of,
)
from xmlresource.fleet.planning.fleet_vectors import (
    Fleet,
    FleetVectors,
    SeatedGuest,
    seated_guests,
    vectors_of,
)
from xmlresource.fleet.planning.verified_moves import (
    Homeless,
    PlannedMove,
    reasons_against,
    verified,
)
from xmlresource.record import record


@record
class DrainPlan:
    """How hosts are emptied.

    Attributes:
        hosts: The hosts that are taken out.
        fixed: Guests that can't be moved while they run.
        moves: The moves, in an order that no host is ever too full for.
        homeless: Guests for which there is no place.
        hosts_used: How many hosts get guests.
        bound: The least number of hosts that would do.
        proof: What is known of the plan.
        solved: Whether a solver was asked.
    """

    hosts: tuple[str, ...]
    fixed: tuple[SeatedGuest, ...]
    moves: tuple[PlannedMove, ...]
    homeless: tuple[Homeless, ...]
    hosts_used: int
    bound: int
    proof: Proof
    solved: bool

    @property
    def is_complete(self) -> bool:
        """Whether the hosts are empty after it."""
        return not (self.fixed or self.homeless)

    @property
    def aside(self) -> int:
        """How many guests of other hosts move, to make room."""
        return sum(each.seated.host not in self.hosts for each in self.moves)


@record
class _Choice:
    """The guests that may move, and the host that is chosen for some of them.

    Attributes:
        guests: The guests: those of the drained hosts first, then others that may move aside.
        vectors: What they take, and what hosts have left.
        targets: The host of each guest that has one, by its place among the guests; those that
            move aside first.
    """

    guests: tuple[SeatedGuest, ...]
    vectors: FleetVectors
    targets: Mapping[int, str]


def plan_drain(fleet: Fleet, hosts: Sequence[str], effort: Effort) -> DrainPlan:
    """Plan to empty hosts.

    Args:
        fleet: The fleet, with these hosts in it.
        hosts: The hosts.
        effort: How much a solver may do.
    """
    sources = [each for each in map(fleet.report, hosts) if each is not None]
    targets = fleet.offered(without=hosts)
    guests = seated_guests(sources, targets)
    movable = tuple(each for each in guests if not each.guest.fixed_by)
    vectors = vectors_of([each.wanted for each in movable], targets, fleet)
    problem = PackingProblem(kinds_of(vectors.demands), vectors.hosts)
    packing = pack(problem, effort)
    choice = _Choice(movable, vectors, hosts_of(problem, packing))
    if packing.unplaced:
        choice = _with_room_made(choice, targets, fleet)
    kept, refused = verified(_moves(choice), targets, fleet)
    unplaced = [each for number, each in enumerate(movable) if number not in choice.targets]
    homeless = (
        *(Homeless(each, reasons_against(each, targets, fleet)) for each in unplaced),
        *(each for each in refused if each.seated.host in hosts),
    )
    return DrainPlan(
        hosts=tuple(hosts),
        fixed=tuple(each for each in guests if each.guest.fixed_by),
        moves=tuple(kept),
        homeless=homeless,
        hosts_used=len({each.target for each in kept if each.seated.host in hosts}),
        bound=packing.bound,
        proof=Proof.UNKNOWN if refused else _proof(packing.proof, homeless),
        solved=packing.solved,
    )


def _proof(proof: Proof, homeless: Sequence[Homeless]) -> Proof:
    """What is known of the plan, of which a packing knows only without others moving aside."""
    without_place = proof in {Proof.IMPOSSIBLE, Proof.UNKNOWN}
    return Proof.FEASIBLE if without_place and not homeless else proof


def _with_room_made(choice: _Choice, targets: Sequence[HostReport], fleet: Fleet) -> _Choice:
    """The choice, with places for more guests where others may move aside."""
    others = tuple(each for each in seated_guests(targets, targets) if _may_move_aside(each))
    guests = (*choice.guests, *others)
    vectors = vectors_of([each.wanted for each in guests], targets, fleet)
    demands = vectors.demands
    left = rooms_after(
        vectors.hosts, [(host, demands[number]) for number, host in choice.targets.items()]
    )
    aside: dict[str, list[tuple[int, Vector]]] = {}
    for number, each in enumerate(others, len(choice.guests)):
        aside.setdefault(each.host, []).append((number, demands[number]))
    homeless = [number for number in range(len(choice.guests)) if number not in choice.targets]
    made = make_room([(number, demands[number]) for number in homeless], left, aside)
    return _Choice(guests, vectors, {**made.aside, **choice.targets, **made.placed})


def _may_move_aside(seated: SeatedGuest) -> bool:
    """Whether a guest can be moved and so gives back what it would take elsewhere.

    What comes back on which node, or in which pool, a report does not tell.
    """
    held, wanted = seated.guest.held, seated.wanted
    plain = not (seated.guest.fixed_by or wanted.demand.nodes or wanted.demand.hugepages)
    gives_back = (
        wanted.committed <= held.promise.committed
        and wanted.needed <= max(held.kept, held.promise.needed)
        and held.promise.size > 0
    )
    return plain and gives_back


def _moves(choice: _Choice) -> list[PlannedMove]:
    """The moves in order: who makes room, then host by host, the largest guests of each first."""
    guests, demands, targets = choice.guests, choice.vectors.demands, choice.targets
    rooms = {each.host: each.room for each in choice.vectors.hosts}
    ranks = {host: rank for rank, host in enumerate(dict.fromkeys(each.host for each in guests))}
    nothing = (0,) * len(choice.vectors.dimensions)
    aside = [number for number in targets if guests[number].host in rooms]
    drained = sorted(
        (number for number in targets if guests[number].host not in rooms),
        key=lambda number: (ranks[guests[number].host], -guests[number].wanted.needed),
    )
    moves = [
        Move(number, guests[number].host, targets[number], demands[number])
        for number in (*aside, *drained)
    ]
    ordered = in_order(moves, {**dict.fromkeys(ranks, nothing), **rooms}, rooms)
    return [PlannedMove(guests[each.guest], each.target) for each in ordered.moves]
