"""The order of moves in which no host is ever too full.

While a guest moves, its source and its target both hold it: a live migration copies its memory, and
the source gives it up only at the end. So a move may begin when its target has room besides all
that it holds at that moment. Where moves wait for each other in a circle, one of the guests goes to
a spare host meanwhile.
"""

from collections.abc import Iterable, Mapping

from xmlresource.fleet.packing.first_fit import less
from xmlresource.fleet.packing.packing_problem import Vector, fits
from xmlresource.record import record


@record
class Move:
    """A guest that goes from one host to another.

    Attributes:
        guest: The number by which it is known.
        source: The host that it leaves.
        target: The host that it goes to.
        demand: What it takes on either.
    """

    guest: int
    source: str
    target: str
    demand: Vector


@record
class OrderedMoves:
    """Moves in an order in which each can begin when those before it have ended.

    Attributes:
        moves: The moves; a guest that goes by way of a spare host has two.
        stuck: Moves for which there is no order, not even by way of a spare host.
    """

    moves: tuple[Move, ...]
    stuck: tuple[Move, ...] = ()


def in_order(
    moves: Iterable[Move], rooms: Mapping[str, Vector], spares: Iterable[str] = ()
) -> OrderedMoves:
    """The moves, as near to the given order as can be.

    Args:
        moves: The moves, of each guest at most one.
        rooms: What is left on each host before the first one, of sources and targets alike.
        spares: Hosts that may hold a guest for a while.
    """
    return _Schedule(rooms, tuple(spares)).run(moves)


class _Schedule:
    """What is left on each host while moves are made, and the moves that wait for a host."""

    def __init__(self, rooms: Mapping[str, Vector], spares: tuple[str, ...]) -> None:
        self._rooms = dict(rooms)
        self._spares = spares
        self._done: list[Move] = []
        self._waiting: dict[str, list[Move]] = {}
        self._aside: set[int] = set()

    def run(self, moves: Iterable[Move]) -> OrderedMoves:
        """Make all moves that can be made."""
        for move in moves:
            self._waiting.setdefault(move.target, []).append(move)
            self._settle(move.target)
        while self._by_way_of_a_spare():
            pass
        stuck = (move for queue in self._waiting.values() for move in queue)
        return OrderedMoves(tuple(self._done), tuple(stuck))

    def _settle(self, target: str) -> None:
        """Make the moves that wait for this host and may begin, and those that wait for them."""
        settled = [target]
        while settled:
            for move in tuple(self._waiting.get(settled.pop(), ())):
                if fits(move.demand, self._rooms[move.target]):
                    self._waiting[move.target].remove(move)
                    self._make(move)
                    settled += [move.target, move.source]

    def _make(self, move: Move) -> None:
        self._done.append(move)
        self._rooms[move.target] = less(self._rooms[move.target], move.demand)
        self._rooms[move.source] = less(self._rooms[move.source], move.demand, -1)

    def _by_way_of_a_spare(self) -> bool:
        """Have the smallest guest wait on a spare host that so lets another one move."""
        waiting = [move for queue in self._waiting.values() for move in queue]
        for move in sorted(waiting, key=lambda each: each.demand):
            spare = self._spare_for(move)
            if spare is None:
                continue
            self._aside.add(move.guest)
            self._waiting[move.target].remove(move)
            self._make(Move(move.guest, move.source, spare, move.demand))
            self._waiting[move.target].append(Move(move.guest, spare, move.target, move.demand))
            self._settle(move.source)
            return True
        return False

    def _spare_for(self, move: Move) -> str | None:
        """Where the guest may wait; ``None`` where nobody would gain by it."""
        left = less(self._rooms[move.source], move.demand, -1)
        gains = any(fits(each.demand, left) for each in self._waiting.get(move.source, ()))
        if not gains or move.guest in self._aside:
            return None
        others = (spare for spare in self._spares if spare not in (move.source, move.target))
        return next((each for each in others if fits(move.demand, self._rooms[each])), None)
