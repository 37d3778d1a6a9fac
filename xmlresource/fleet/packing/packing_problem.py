"""Guests to be placed on hosts, as numbers alone.

What a guest takes and what a host has are vectors of the same dimensions: memory that can be
promised, memory that is available, CPU time, nodes, hugepage pools, partitions. Nothing here knows
which is which. Guests with the same vector are interchangeable, and a packing counts them.
"""

from collections.abc import Iterable
from enum import Enum
from itertools import islice
from typing import Final, TypeAlias

from xmlresource.record import record

UNBOUNDED: Final = 1 << 62
"""The room of a host in a dimension that is none of its business: a budget that it does not have.
More than all memory that there can be, and still a number of the solver's."""

Vector: TypeAlias = tuple[int, ...]
"""An amount for each dimension, bytes or thousandths of a CPU."""


@record
class GuestKind:
    """Guests that are interchangeable: they take the same.

    Attributes:
        demand: What each takes, dimension by dimension; 0 where it takes nothing.
        guests: The numbers by which they are known, none of them twice.
    """

    demand: Vector
    guests: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.guests)


@record
class HostRoom:
    """The room of one host; negative where more is taken than there is."""

    host: str
    room: Vector


@record
class PackingProblem:
    """Guests and the hosts that may take them.

    Attributes:
        kinds: The guests.
        hosts: The hosts.
    """

    kinds: tuple[GuestKind, ...]
    hosts: tuple[HostRoom, ...]

    @property
    def demand(self) -> Vector:
        """What all guests take together, dimension by dimension; empty without guests."""
        rows = [[amount * kind.count for amount in kind.demand] for kind in self.kinds]
        return tuple(map(sum, zip(*rows, strict=True)))


@record
class Seats:
    """So many guests of a kind on one host, both by their place in the problem."""

    kind: int
    host: int
    count: int


class Proof(Enum):
    """What is known of a packing; a value is its name in JSON."""

    OPTIMAL = "optimal"  # no packing has fewer hosts
    FEASIBLE = "feasible"  # all guests have a place; fewer hosts may do
    IMPOSSIBLE = "impossible"  # some have no place, and no packing has one for all
    UNKNOWN = "unknown"  # some have no place, and another packing may have one


@record
class Packing:
    """Where guests go.

    Attributes:
        seats: How many of which kind on which host.
        unplaced: How many of each kind have no place, by the kind's place in the problem.
        bound: The least number of hosts that any packing of those that have a place takes.
        proof: What is known of it.
        solved: Whether a solver was asked.
    """

    seats: tuple[Seats, ...]
    unplaced: tuple[tuple[int, int], ...]
    bound: int
    proof: Proof
    solved: bool = False

    @property
    def hosts_used(self) -> int:
        """How many hosts get guests."""
        return len({seat.host for seat in self.seats})


def hosts_of(problem: PackingProblem, packing: Packing) -> dict[int, str]:
    """The host of each guest that has a place, by the number of the guest."""
    left = [iter(kind.guests) for kind in problem.kinds]
    return {
        number: problem.hosts[seat.host].host
        for seat in packing.seats
        for number in islice(left[seat.kind], seat.count)
    }


def kinds_of(demands: Iterable[Vector]) -> tuple[GuestKind, ...]:
    """Guests by their demand, each known by its place among ``demands``."""
    by_demand: dict[Vector, list[int]] = {}
    for number, demand in enumerate(demands):
        by_demand.setdefault(demand, []).append(number)
    return tuple(GuestKind(demand, tuple(numbers)) for demand, numbers in by_demand.items())


def fits(demand: Vector, room: Vector) -> bool:
    """Whether a guest fits: in a dimension of which it takes nothing, any room will do."""
    return all(not needed or needed <= there for needed, there in zip(demand, room, strict=True))


def how_many_fit(demand: Vector, room: Vector) -> int:
    """How many guests of the same demand fit, ``UNBOUNDED`` where they take nothing at all."""
    return max(
        0,
        min(
            (there // needed for needed, there in zip(demand, room, strict=True) if needed),
            default=UNBOUNDED,
        ),
    )
