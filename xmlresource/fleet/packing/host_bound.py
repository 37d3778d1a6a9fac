"""The least number of hosts that any packing takes, in plain arithmetic.

In each dimension so many hosts are needed as the largest rooms take to sum to the demand. And of
large guests a host holds a whole number: where each host has room for one and a half, two guests
need two hosts, whatever the sums say.
"""

from collections.abc import Iterable, Sequence

from xmlresource.fleet.packing.packing_problem import PackingProblem


def least_hosts(problem: PackingProblem) -> int | None:
    """The least number of hosts for all guests; ``None`` where all hosts together are too few."""
    bound = 1 if any(kind.count for kind in problem.kinds) else 0
    for dimension, demand in enumerate(problem.demand):
        rooms = [host.room[dimension] for host in problem.hosts]
        sizes = [(kind.demand[dimension], kind.count) for kind in problem.kinds]
        for least in (_by_sum(demand, rooms), _by_large_guests(sizes, rooms)):
            if least is None:
                return None
            bound = max(bound, least)
    return bound


def _by_sum(demand: int, rooms: Iterable[int]) -> int | None:
    """How many of the largest rooms sum to ``demand``."""
    if not demand:
        return 0
    total = 0
    for number, room in enumerate(sorted((room for room in rooms if room > 0), reverse=True), 1):
        total += room
        if total >= demand:
            return number
    return None


def _by_large_guests(sizes: Iterable[tuple[int, int]], rooms: Sequence[int]) -> int | None:
    """The most that guests of at least some size need: as if each had exactly that size."""
    bound = larger = 0
    for size, count in sorted(sizes, reverse=True):
        if not size:
            continue
        larger += count
        least = _by_sum(larger, (room // size for room in rooms))
        if least is None:
            return None
        bound = max(bound, least)
    return bound
