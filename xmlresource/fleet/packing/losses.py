"""For each host: if it were lost, could the others take its guests?

A fleet that can lose any one host is called N+1. There is one tree of rooms for all questions: a
host is taken out of it, its guests are placed, and all is put back.
"""

from collections.abc import Iterator, Mapping, Sequence

from xmlresource.fleet.packing.best_packing import NO_SOLVER, pack
from xmlresource.fleet.packing.exact_packing import Effort
from xmlresource.fleet.packing.first_fit import largest_first, place, roomiest_first
from xmlresource.fleet.packing.packing_problem import (
    GuestKind,
    HostRoom,
    PackingProblem,
    Proof,
    Vector,
    kinds_of,
)
from xmlresource.fleet.packing.room_tree import RoomTree
from xmlresource.record import record


@record
class Loss:
    """What the loss of a host would come to.

    Attributes:
        host: The host.
        homeless: The guests without a place, by the numbers by which they are known.
        proof: Whether there is none: ``FEASIBLE``, ``IMPOSSIBLE`` or ``UNKNOWN``.
    """

    host: str
    homeless: tuple[int, ...]
    proof: Proof


def losses(
    hosts: Sequence[HostRoom],
    seated: Mapping[str, Sequence[tuple[int, Vector]]],
    effort: Effort = NO_SOLVER,
) -> Iterator[Loss]:
    """What the loss of each host would come to, one host at a time.

    Args:
        hosts: What each has left. A guest takes some of the first dimension, whatever it is.
        seated: The guests of each, with their numbers.
        effort: How much a solver may do for a host of which first fit does not tell.
    """
    everybody = [demand for guests in seated.values() for _, demand in guests]
    problem = PackingProblem(kinds_of(everybody), tuple(hosts))
    ranks = {problem.kinds[kind].demand: rank for rank, kind in enumerate(largest_first(problem))}
    order = roomiest_first(hosts, problem.demand) if everybody else list(range(len(hosts)))
    tree = RoomTree([hosts[host].room for host in order])
    places = {hosts[host].host: place for place, host in enumerate(order)}
    for host in hosts:
        kinds = _kinds(seated.get(host.host, ()))
        kinds.sort(key=lambda kind: ranks[kind.demand])
        homeless = _homeless(tree, places[host.host], kinds)
        if not homeless:
            yield Loss(host.host, (), Proof.FEASIBLE)
        else:
            others = tuple(each for each in hosts if each is not host)
            yield _closer_look(host.host, PackingProblem(tuple(kinds), others), effort)


def _kinds(guests: Sequence[tuple[int, Vector]]) -> list[GuestKind]:
    by_place = kinds_of(demand for _, demand in guests)
    return [
        GuestKind(kind.demand, tuple(guests[place][0] for place in kind.guests))
        for kind in by_place
    ]


def _homeless(tree: RoomTree, lost: int, kinds: Sequence[GuestKind]) -> bool:
    """Whether first fit leaves a guest without a place; the tree is as before afterwards."""
    before = {lost: tree.room(lost)}
    tree.set_room(lost, (-1,) * len(before[lost]))
    left = 0
    for kind in kinds:
        _, left = place(tree, kind.demand, kind.count, before)
        if left:
            break
    for host, room in before.items():
        tree.set_room(host, room)
    return bool(left)


def _closer_look(host: str, problem: PackingProblem, effort: Effort) -> Loss:
    packing = pack(problem, effort)
    homeless = [
        number for kind, count in packing.unplaced for number in problem.kinds[kind].guests[-count:]
    ]
    proof = Proof.FEASIBLE if packing.proof is Proof.OPTIMAL else packing.proof
    return Loss(host, tuple(homeless), proof)
