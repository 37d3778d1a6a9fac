"""First fit decreasing: the largest guests first, each on the first host on which it fits.

The hosts are tried in the order of their room, largest first, so that few get guests. Guests of the
same kind follow each other, and go to a host as many at a time as fit.
"""

from collections.abc import Iterable, Sequence

from xmlresource.fleet.packing.packing_problem import (
    UNBOUNDED,
    HostRoom,
    PackingProblem,
    Seats,
    Vector,
    how_many_fit,
)
from xmlresource.fleet.packing.room_tree import RoomTree
from xmlresource.record import record


@record
class FirstFit:
    """What first fit decreasing comes to.

    Attributes:
        seats: How many of which kind on which host.
        unplaced: How many of each kind have no place.
    """

    seats: tuple[Seats, ...]
    unplaced: tuple[tuple[int, int], ...]

    @property
    def hosts_used(self) -> int:
        """How many hosts get guests."""
        return len({seat.host for seat in self.seats})


def first_fit_decreasing(problem: PackingProblem) -> FirstFit:
    """Place the guests; those that find no place are left."""
    order = roomiest_first(problem.hosts, problem.demand)
    tree = RoomTree([problem.hosts[host].room for host in order])
    seats: list[Seats] = []
    unplaced: list[tuple[int, int]] = []
    for kind in largest_first(problem):
        placed, left = place(tree, problem.kinds[kind].demand, problem.kinds[kind].count)
        seats += [Seats(kind, order[position], count) for position, count in placed]
        if left:
            unplaced.append((kind, left))
    return FirstFit(tuple(seats), tuple(unplaced))


def place(
    tree: RoomTree, demand: Vector, count: int, before: dict[int, Vector] | None = None
) -> tuple[list[tuple[int, int]], int]:
    """Place interchangeable guests, and take their room.

    Args:
        tree: The hosts.
        demand: What each guest takes.
        count: How many there are.
        before: Where to note what a host had before, if it is not noted yet.

    Returns:
        How many on which host, by its place in the tree; and how many found no place.
    """
    placed = []
    host = tree.first(demand)
    while count and host is not None:
        room = tree.room(host)
        if before is not None:
            before.setdefault(host, room)
        number = min(count, how_many_fit(demand, room))
        tree.set_room(host, less(room, demand, number))
        placed.append((host, number))
        count -= number
        host = tree.first(demand, host + 1)
    return placed, count


def less(room: Vector, demand: Vector, count: int = 1) -> Vector:
    """The room that so many guests leave."""
    return tuple(there - needed * count for there, needed in zip(room, demand, strict=True))


def rooms_after(
    hosts: Iterable[HostRoom], taken: Iterable[tuple[str | None, Vector]]
) -> tuple[HostRoom, ...]:
    """The rooms once guests have their places; those on no host take nothing."""
    rooms = {each.host: each.room for each in hosts}
    for host, demand in taken:
        if host is not None:
            rooms[host] = less(rooms[host], demand)
    return tuple(HostRoom(host, room) for host, room in rooms.items())


def roomiest_first(hosts: Sequence[HostRoom], demand: Vector) -> list[int]:
    """The hosts by the part of the demand for which each has room, in its scarcest dimension."""

    def part(host: int) -> float:
        return min(
            (
                there / wanted
                for there, wanted in zip(hosts[host].room, demand, strict=True)
                if wanted
            ),
            default=0.0,
        )

    return sorted(range(len(hosts)), key=part, reverse=True)


def largest_first(problem: PackingProblem) -> list[int]:
    """The kinds by the largest part that one guest takes of what all hosts have together."""
    totals = [
        sum(room for room in rooms if 0 < room < UNBOUNDED)
        for rooms in zip(*(host.room for host in problem.hosts), strict=True)
    ]

    def part(kind: int) -> tuple[float, Vector]:
        demand = problem.kinds[kind].demand
        largest = max(
            (needed / total for needed, total in zip(demand, totals, strict=False) if total),
            default=0.0,
        )
        return largest, demand

    return sorted(range(len(problem.kinds)), key=part, reverse=True)
