"""Packing: first fit decreasing always, its distance from the best, and the solver where it helps.

The order is that of cost. First fit takes milliseconds and is mostly best, which a lower bound in
plain arithmetic often proves at once. The solver is asked when it could change the answer: for
fewer hosts, or for a packing where first fit leaves guests without a place.
"""

from typing import Final

from xmlresource.fleet.packing.exact_packing import (
    Effort,
    any_packing,
    fewest_hosts,
    solver_is_there,
)
from xmlresource.fleet.packing.first_fit import first_fit_decreasing
from xmlresource.fleet.packing.host_bound import least_hosts
from xmlresource.fleet.packing.packing_problem import (
    GuestKind,
    Packing,
    PackingProblem,
    Proof,
    Seats,
    how_many_fit,
)

NO_SOLVER: Final = Effort(0)


def pack(problem: PackingProblem, effort: Effort = NO_SOLVER) -> Packing:
    """Place the guests on as few hosts as can be found.

    Guests that fit on no host even alone are left out first: the others are packed without them.
    """
    hopeless = {
        number
        for number, kind in enumerate(problem.kinds)
        if not any(how_many_fit(kind.demand, host.room) for host in problem.hosts)
    }
    if not hopeless:
        return _pack(problem, effort)
    kept = [number for number in range(len(problem.kinds)) if number not in hopeless]
    rest = _pack(PackingProblem(_kinds(problem, kept), problem.hosts), effort)
    return Packing(
        seats=tuple(Seats(kept[each.kind], each.host, each.count) for each in rest.seats),
        unplaced=(
            *((number, problem.kinds[number].count) for number in sorted(hopeless)),
            *((kept[number], count) for number, count in rest.unplaced),
        ),
        bound=rest.bound,
        proof=Proof.IMPOSSIBLE,
        solved=rest.solved,
    )


def _pack(problem: PackingProblem, effort: Effort) -> Packing:
    """Place guests each of which fits somewhere."""
    if not problem.kinds:
        return Packing((), (), 0, Proof.OPTIMAL)
    found = first_fit_decreasing(problem)
    bound = least_hosts(problem)
    if found.unplaced:
        if bound is None:
            return Packing(found.seats, found.unplaced, 0, Proof.IMPOSSIBLE)
        if not effort.seconds or not solver_is_there():
            return Packing(found.seats, found.unplaced, 0, Proof.UNKNOWN)
        answer = any_packing(problem, effort)
        if answer.seats is None:
            proof = Proof.IMPOSSIBLE if answer.is_final else Proof.UNKNOWN
            return Packing(found.seats, found.unplaced, 0, proof, solved=True)
        return _fewer(problem, answer.seats, bound, effort)
    return _fewer(problem, found.seats, bound or 0, effort)


def _fewer(
    problem: PackingProblem, seats: tuple[Seats, ...], bound: int, effort: Effort
) -> Packing:
    """The packing, or a better one, once all guests have a place."""
    packing = Packing(seats, (), bound, Proof.FEASIBLE)
    if packing.hosts_used == bound:
        return Packing(seats, (), bound, Proof.OPTIMAL)
    if not effort.seconds or not solver_is_there():
        return packing
    answer = fewest_hosts(problem, bound, seats, effort)
    best = seats if answer.seats is None else answer.seats
    proof = Proof.OPTIMAL if answer.is_final else Proof.FEASIBLE
    return Packing(best, (), answer.bound, proof, solved=True)


def _kinds(problem: PackingProblem, numbers: list[int]) -> tuple[GuestKind, ...]:
    return tuple(problem.kinds[number] for number in numbers)
