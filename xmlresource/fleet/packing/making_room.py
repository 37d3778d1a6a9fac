"""Places for guests that fit nowhere as things are: others move aside first.

A fleet that is nearly full has room, but in pieces: no host has enough for a large guest. Then some
small guests of one host go to others, and the large one takes their place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from xmlresource.fleet.packing.first_fit import less
from xmlresource.fleet.packing.packing_problem import HostRoom, Vector, fits
from xmlresource.fleet.packing.room_tree import RoomTree
from xmlresource.record import record

MOST_ASIDE: Final = 8
"""The guests that move aside for one other; each is a migration."""


@record
class MadeRoom:
    """Guests that got a place, and those that moved aside for them.

    Attributes:
        aside: The host that each guest moves to that makes room, in the order of the moves.
        placed: The host of each guest for which room was made.
    """

    aside: Mapping[int, str]
    placed: Mapping[int, str]


def make_room(
    homeless: Iterable[tuple[int, Vector]],
    hosts: Sequence[HostRoom],
    aside: Mapping[str, Sequence[tuple[int, Vector]]],
) -> MadeRoom:
    """Find places by moving others aside, the largest guest first.

    Args:
        homeless: The guests without a place.
        hosts: What is left on each host.
        aside: The guests of each host that may move, with what they would give back.
    """
    rooms = _Rooms(hosts, aside)
    placed = {}
    for number, demand in sorted(homeless, key=lambda each: each[1], reverse=True):
        host = rooms.place(demand)
        if host is not None:
            placed[number] = host
    return MadeRoom(rooms.moved, placed)


class _Rooms:
    """What is left on each host while guests move aside."""

    def __init__(
        self, hosts: Sequence[HostRoom], aside: Mapping[str, Sequence[tuple[int, Vector]]]
    ) -> None:
        self._names = [each.host for each in hosts]
        self._tree = RoomTree([each.room for each in hosts])
        self._movable = [list(aside.get(each.host, ())) for each in hosts]
        self.moved: dict[int, str] = {}

    def place(self, demand: Vector) -> str | None:
        """The host on which the guest has a place now; ``None`` where none could be made."""
        for host, leaving in sorted(self._choices(demand), key=lambda each: _weight(each[1])):
            if self._move_aside(host, leaving):
                self._tree.set_room(host, less(self._tree.room(host), demand))
                return self._names[host]
        return None

    def _choices(self, demand: Vector) -> Iterator[tuple[int, list[tuple[int, Vector]]]]:
        """Hosts with the guests that would have to leave each."""
        for host, movable in enumerate(self._movable):
            leaving = _fewest(demand, self._tree.room(host), movable)
            if leaving is not None:
                yield host, leaving

    def _move_aside(self, host: int, leaving: Sequence[tuple[int, Vector]]) -> bool:
        """Move these guests to other hosts, all or none."""
        before: dict[int, Vector] = {host: self._tree.room(host)}
        self._tree.set_room(host, (-1,) * len(before[host]))  # none of them stays
        moved = {}
        for number, demand in leaving:
            target = self._tree.first(demand)
            if target is None:
                break
            before.setdefault(target, self._tree.room(target))
            self._tree.set_room(target, less(self._tree.room(target), demand))
            moved[number] = self._names[target]
        fits_all = len(moved) == len(leaving)
        restored = before if not fits_all else {host: _with(before[host], leaving)}
        for place, room in restored.items():
            self._tree.set_room(place, room)
        if fits_all:
            self.moved |= moved
            # Who has moved aside once stays where it is.
            self._movable[host] = [each for each in self._movable[host] if each not in leaving]
        return fits_all


def _fewest(
    demand: Vector, room: Vector, movable: Sequence[tuple[int, Vector]]
) -> list[tuple[int, Vector]] | None:
    """Few guests that leave enough for another one; ``None`` where it takes too many."""
    if fits(demand, room):
        return []
    smallest_first = sorted(movable, key=lambda one: one[1])
    for each in smallest_first:
        if fits(demand, _with(room, [each])):
            return [each]
    leaving: list[tuple[int, Vector]] = []
    left = room
    for each in reversed(smallest_first):
        if fits(demand, left) or len(leaving) == MOST_ASIDE:
            break
        leaving.append(each)
        left = _with(left, [each])
    return leaving if fits(demand, left) else None


def _with(room: Vector, leaving: Iterable[tuple[int, Vector]]) -> Vector:
    for _, demand in leaving:
        room = less(room, demand, -1)
    return room


def _weight(leaving: Sequence[tuple[int, Vector]]) -> tuple[int, int]:
    """How much would be moved aside: its memory, in the dimension after the number of guests."""
    return sum(demand[1] for _, demand in leaving), len(leaving)
