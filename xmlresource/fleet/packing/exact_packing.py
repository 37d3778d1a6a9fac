"""Packing by OR-tools' CP-SAT: better than first fit, or the proof that nothing is better.

By itself it is worse than first fit on hundreds of hosts (docs/fleet-planning.md has figures). With
that as a hint, and told the least number of hosts, it proves in seconds that first fit was best.
Its variables are how many guests of a kind go to a host: interchangeable guests are counted, for a
variable a guest and host would have it try the same packing under thousands of names.

Its effort is bounded by its own measure of work beside the clock, and it has one thread and a fixed
seed: the same fleet gets the same plan. OR-tools (the extra ``plan``) is imported here alone, and
when it is asked for.
"""

from collections.abc import Sequence
from math import gcd
from typing import TYPE_CHECKING, Final, TypeAlias

from xmlresource.fleet.packing.packing_problem import (
    UNBOUNDED,
    PackingProblem,
    Seats,
    how_many_fit,
)
from xmlresource.record import record

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

    _Counts: TypeAlias = dict[tuple[int, int], cp_model.IntVar]

_SEED: Final = 1
_WORK_A_SECOND: Final = 1.0
"""CP-SAT's deterministic time is about a second of an idle core."""


@record
class Effort:
    """How much the solver may do for one question, in seconds of an idle core; 0 for no solver."""

    seconds: float = 20


@record
class Solution:
    """The solver's answer.

    Attributes:
        seats: How many of which kind on which host; ``None`` where it found no packing.
        is_final: Whether it proved that: that no packing has fewer hosts, or that there is none.
        bound: The least number of hosts, as far as it is proved.
    """

    seats: tuple[Seats, ...] | None
    is_final: bool
    bound: int


def solver_is_there() -> bool:
    """Whether OR-tools can be imported."""
    try:
        from ortools.sat.python import cp_model  # noqa: F401, PLC0415 -- an extra, and slow to import
    except ImportError:
        return False
    return True


def fewest_hosts(
    problem: PackingProblem, bound: int, hint: Sequence[Seats], effort: Effort
) -> Solution:
    """The packing of all guests on as few hosts as can be.

    Args:
        problem: Guests and hosts.
        bound: The least number of hosts, as far as it is known.
        hint: A packing of all guests.
        effort: How much to try.
    """
    from ortools.sat.python import cp_model  # noqa: PLC0415 -- an extra, and slow to import

    model = cp_model.CpModel()
    counts = _counts(model, problem)
    hinted = {(seat.kind, seat.host): seat.count for seat in hint}
    used_in_hint = {seat.host for seat in hint}
    used = {}
    for host in sorted({host for _, host in counts}):
        used[host] = model.new_bool_var("")
        model.add_hint(used[host], host in used_in_hint)
    for (kind, host), number in counts.items():
        most = how_many_fit(problem.kinds[kind].demand, problem.hosts[host].room)
        model.add(number <= min(most, problem.kinds[kind].count) * used[host])
        model.add_hint(number, hinted.get((kind, host), 0))
    total = cp_model.LinearExpr.sum(list(used.values()))
    model.add(total >= bound)
    model.minimize(total)
    solver = _solver(effort)
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Solution(None, is_final=False, bound=bound)
    return Solution(
        _seats(solver, counts),
        is_final=status == cp_model.OPTIMAL,
        bound=max(bound, round(solver.best_objective_bound)),
    )


def any_packing(problem: PackingProblem, effort: Effort) -> Solution:
    """A packing of all guests, on whatever hosts, or the proof that there is none."""
    from ortools.sat.python import cp_model  # noqa: PLC0415 -- an extra, and slow to import

    model = cp_model.CpModel()
    counts = _counts(model, problem)
    solver = _solver(effort)
    status = solver.solve(model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Solution(_seats(solver, counts), is_final=False, bound=0)
    return Solution(None, is_final=status == cp_model.INFEASIBLE, bound=0)


def _counts(model: "cp_model.CpModel", problem: PackingProblem) -> "_Counts":
    """How many guests of a kind go to a host, for each pair where one fits; with the rooms."""
    from ortools.sat.python import cp_model  # noqa: PLC0415 -- an extra, and slow to import

    counts: _Counts = {}
    for number, kind in enumerate(problem.kinds):
        row = []
        for host, each in enumerate(problem.hosts):
            most = min(kind.count, how_many_fit(kind.demand, each.room))
            if most:
                counts[number, host] = model.new_int_var(0, most, "")
                row.append(counts[number, host])
        model.add(cp_model.LinearExpr.sum(row) == kind.count)
    by_host: dict[int, list[int]] = {}
    for number, host in counts:
        by_host.setdefault(host, []).append(number)
    units = [gcd(*sizes) for sizes in zip(*(kind.demand for kind in problem.kinds), strict=True)]
    for host, kinds in by_host.items():
        for dimension, unit in enumerate(units):
            sizes = [problem.kinds[kind].demand[dimension] for kind in kinds]
            room = problem.hosts[host].room[dimension]
            if room >= UNBOUNDED or not any(sizes):
                continue
            # In units of all demands: small numbers are quick, and nothing is rounded but room
            # that no guest can fill.
            weights = [size // unit for size in sizes]
            row = [counts[kind, host] for kind in kinds]
            model.add(cp_model.LinearExpr.weighted_sum(row, weights) <= room // unit)
    return counts


def _seats(solver: "cp_model.CpSolver", counts: "_Counts") -> tuple[Seats, ...]:
    values = {pair: solver.value(count) for pair, count in counts.items()}
    return tuple(Seats(kind, host, value) for (kind, host), value in values.items() if value)


def _solver(effort: Effort) -> "cp_model.CpSolver":
    from ortools.sat.python import cp_model  # noqa: PLC0415 -- an extra, and slow to import

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = _SEED
    solver.parameters.max_deterministic_time = effort.seconds * _WORK_A_SECOND
    solver.parameters.max_time_in_seconds = effort.seconds * 3
    return solver
