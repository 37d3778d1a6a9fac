"""A demand for memory, or room for it, spread over guests that run. Sizes are in bytes.

As the kernel does with ``memory.low``: first all guests give of what they have above both their
guarantee and their soft limit, each in proportion to that; only where it does not do, of what is
between soft limit and guarantee, in the same way. Nobody is left with less than its guarantee.

Given back is first what a guest's own promise covers, which nobody else can have; then, each in
proportion to what it lacks besides, what nothing is promised of.
"""

from collections.abc import Sequence
from typing import Final

from xmlresource.record import record

LEAST: Final = 1 << 20
"""Less than that is not worth asking for: a share is whole MiB, but for the last one."""


@record
class Standing:
    """A guest as far as this goes.

    Attributes:
        charged: What is charged to it.
        guarantee: What it must keep.
        soft: What it should keep if others have something to give; 0 where nothing is said.
        fixed: What can't be had in the way that is open: of a guest that is asked through its
            balloon, all that is not RAM.
    """

    charged: int
    guarantee: int = 0
    soft: int = 0
    fixed: int = 0

    @property
    def above_soft(self) -> int:
        """The bytes the guest has above all three."""
        return max(0, self.charged - max(self.guarantee, self.soft, self.fixed))

    @property
    def above_guarantee(self) -> int:
        """The bytes the guest has above its guarantee."""
        return max(0, self.charged - max(self.guarantee, self.fixed))


@record
class Spread:
    """The plan of taking memory: a share of each guest.

    Attributes:
        shares: What each guest gives, in the order of the guests.
        missing: What of the demand nobody can give.
    """

    shares: tuple[int, ...]
    missing: int


def spread(demand: int, guests: Sequence[Standing]) -> Spread:
    """Spread ``demand`` over the guests."""
    first = proportional(demand, [guest.above_soft for guest in guests])
    left = demand - sum(first)
    second = proportional(
        left,
        [guest.above_guarantee - guest.above_soft for guest in guests],
    )
    shares = tuple(one + two for one, two in zip(first, second, strict=True))
    return Spread(shares, left - sum(second))


@record
class Shortfall:
    """The RAM that a guest lacks.

    Attributes:
        size: All of it.
        promised: What is promised to it of which it has nothing yet.
    """

    size: int
    promised: int = 0

    @property
    def covered(self) -> int:
        """The bytes of the shortfall that are kept for this guest alone."""
        return min(self.size, self.promised)


@record
class Pool:
    """A source of memory that is limited.

    Attributes:
        room: What is there beside all that is promised and not taken yet.
        members: The guests, by their place in the order, that take from it.
    """

    room: int
    members: tuple[int, ...]


def give(guests: Sequence[Shortfall], pots: Sequence[Pool]) -> tuple[int, ...]:
    """Give memory back to each guest, in the order of the guests.

    Args:
        guests: What they lack.
        pots: Each takes its share of what the ones before it leave: narrow ones go first.
    """
    besides = [guest.size - guest.covered for guest in guests]
    for pot in pots:
        parts = proportional(max(0, pot.room), [besides[index] for index in pot.members])
        for index, part in zip(pot.members, parts, strict=True):
            besides[index] = part
    return tuple(guest.covered + part for guest, part in zip(guests, besides, strict=True))


def proportional(demand: int, rooms: Sequence[int]) -> tuple[int, ...]:
    """Parts of ``demand`` in proportion to ``rooms``, none larger than its room.

    Their sum is ``demand``, or all there is. What whole MiB leave over goes to the largest rooms,
    the first of equal ones first.
    """
    total = sum(rooms)
    if demand >= total:
        return tuple(rooms)
    parts = [demand * room // total // LEAST * LEAST for room in rooms]
    left = demand - sum(parts)
    for index in sorted(range(len(rooms)), key=lambda each: -rooms[each]):
        more = min(left, rooms[index] - parts[index])
        parts[index] += more
        left -= more
    return tuple(parts)
