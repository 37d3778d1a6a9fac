"""The first of many hosts on which a guest fits, without a look at each.

A node of the tree has, for each dimension, the most that a host below it has. A guest that does not
fit that fits on none of them. So a search passes over hosts in bulk, in whichever dimension they
are full, and 500 hosts take nine steps where one dimension decides.
"""

from collections.abc import Sequence

from xmlresource.fleet.packing.packing_problem import Vector, fits


class RoomTree:
    """Hosts in a fixed order, and the room of each."""

    def __init__(self, rooms: Sequence[Vector]) -> None:
        self._leaves = 1 << max(0, len(rooms) - 1).bit_length()
        # A host that is not there has room for nothing, whatever the number of dimensions.
        nothing: Vector = (-1,) * len(rooms[0]) if rooms else ()
        self._most: list[Vector] = [nothing] * (2 * self._leaves)
        self._most[self._leaves : self._leaves + len(rooms)] = rooms
        self._count = len(rooms)
        for node in range(self._leaves - 1, 0, -1):
            self._most[node] = self._most_below(node)

    def room(self, host: int) -> Vector:
        """The room of a host, by its place in the order."""
        return self._most[self._leaves + host]

    def set_room(self, host: int, room: Vector) -> None:
        """FleetChange the room of a host."""
        node = self._leaves + host
        self._most[node] = room
        while node > 1:
            node //= 2
            most = self._most_below(node)
            if most == self._most[node]:
                return
            self._most[node] = most

    def first(self, demand: Vector, begin: int = 0) -> int | None:
        """The first host at or after ``begin`` on which a guest fits; ``None`` where none is."""
        if begin >= self._count:
            return None
        node = self._leaves + begin
        while True:
            if fits(demand, self._most[node]):
                if node >= self._leaves:
                    host = node - self._leaves
                    return host if host < self._count else None
                node *= 2
                continue
            # To the next node on the right: up while this one is a right child.
            while node & 1:
                node //= 2
            if not node:
                return None
            node += 1

    def _most_below(self, node: int) -> Vector:
        return tuple(map(max, self._most[2 * node], self._most[2 * node + 1]))
