"""Guests that are bound to CPUs, and whether there is room for all of them.

A guest without a binding can be anywhere, one with a set only there, and guests whose sets overlap
share what is in them. All have room if and only if for each set of CPUs the guests that can be
nowhere else ask for no more than it has (Hall's theorem). Trying all sets would take for ever; a
largest flow from guests to CPUs finds the set that leaves least (Ford and Fulkerson).
"""

from collections.abc import Iterable
from typing import Final

from xmlresource.record import record

CpuSet = frozenset[int]


@record
class Bottleneck:
    """What is left for one more guest.

    Attributes:
        room: The most that it can get besides what the others keep.
        cpus: The CPUs that leave no more: it and all that are bound there can be nowhere else.
    """

    room: int
    cpus: CpuSet


class Placement:
    """Amounts placed on CPUs, each of a guest on any CPUs of its set.

    Args:
        cpus: All CPUs.
        each: What each of them has.
    """

    def __init__(self, cpus: CpuSet, each: int) -> None:
        self._cpus: Final = cpus
        self._each: Final = each
        self._demands: Final[dict[CpuSet, int]] = {}

    def add(self, where: CpuSet | None, amount: int) -> None:
        """Take in one that is bound to ``where``; ``None`` for any CPU.

        One without a CPU that is there counts anywhere: it is somewhere.
        """
        cpus = self._known(where)
        self._demands[cpus] = self._demands.get(cpus, 0) + amount

    def bottleneck(self, where: CpuSet | None = None) -> Bottleneck:
        """What is left for one more that is bound to ``where``."""
        own = self._known(where)
        flow = self._flow((*self._demands, own))
        for cpus, amount in self._demands.items():
            flow.push(cpus, amount)
        room = flow.push(own, self._each * len(self._cpus))
        return Bottleneck(room, flow.reached_from(own))

    def placed(self) -> int:
        """The most that all of them can have together."""
        flow = self._flow(self._demands)
        return sum(flow.push(cpus, amount) for cpus, amount in self._demands.items())

    def fits(self, each: int) -> bool:
        """Whether all have room where each CPU has ``each``."""
        flow = _Flow(self._demands, self._cpus, each)
        return all(flow.push(cpus, amount) == amount for cpus, amount in self._demands.items())

    def least_needed(self) -> int:
        """The least that each CPU must have for all to have room; of a CPU, if they have none."""
        low, high = 0, self._each
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.fits(middle) else (middle + 1, high)
        return high

    def bound_within(self, cpus: CpuSet) -> int:
        """What those ask for that can be nowhere but on ``cpus``."""
        return sum(amount for where, amount in self._demands.items() if where <= cpus)

    def _known(self, where: CpuSet | None) -> CpuSet:
        return (self._cpus & where if where is not None else self._cpus) or self._cpus

    def _flow(self, sets: Iterable[CpuSet]) -> "_Flow":
        return _Flow(sets, self._cpus, self._each)


class _Flow:
    """A flow from sets to CPUs; CPUs that are in the same sets are one."""

    def __init__(self, sets: Iterable[CpuSet], cpus: CpuSet, each: int) -> None:
        by_sets: dict[tuple[CpuSet, ...], list[int]] = {}
        distinct = tuple(dict.fromkeys(sets))
        for cpu in cpus:
            by_sets.setdefault(tuple(one for one in distinct if cpu in one), []).append(cpu)
        self._atoms: Final = [frozenset(group) for group in by_sets.values()]
        self._spare: Final = [len(atom) * each for atom in self._atoms]
        self._within: Final = {
            one: [number for number, sets_of in enumerate(by_sets) if one in sets_of]
            for one in distinct
        }
        self._placed: Final[list[dict[CpuSet, int]]] = [{} for _ in self._atoms]

    def push(self, source: CpuSet, amount: int) -> int:
        """Place as much of ``amount`` as there is room for, moving others about; that much."""
        left = amount
        while left:
            came_from = self._search(source)
            end = next((atom for atom in came_from if self._spare[atom]), None)
            if end is None:
                break
            left -= self._move(end, left, came_from)
        return amount - left

    def reached_from(self, source: CpuSet) -> CpuSet:
        """The CPUs to which anything of ``source`` could be moved."""
        return frozenset(cpu for atom in self._search(source) for cpu in self._atoms[atom])

    def _search(self, source: CpuSet) -> dict[int, tuple[CpuSet, int | None]]:
        """Where ``source`` can go: each atom with the set that goes there and where from."""
        found: dict[int, tuple[CpuSet, int | None]] = {}
        seen = {source}
        queue: list[tuple[CpuSet, int | None]] = [(source, None)]
        for one, before in queue:
            for atom in self._within[one]:
                if atom in found:
                    continue
                found[atom] = (one, before)
                for other, there in self._placed[atom].items():
                    if there and other not in seen:
                        seen.add(other)
                        queue.append((other, atom))
        return found

    def _move(self, end: int, most: int, came_from: dict[int, tuple[CpuSet, int | None]]) -> int:
        """Place something, and have others give way along the path to ``end``."""
        path: list[tuple[CpuSet, int | None, int]] = []
        at: int | None = end
        while at is not None:
            one, before = came_from[at]
            path.append((one, before, at))
            at = before
        moved = min(most, self._spare[end])
        for one, before, _ in path:
            if before is not None:
                moved = min(moved, self._placed[before][one])
        for one, before, to in path:
            self._placed[to][one] = self._placed[to].get(one, 0) + moved
            if before is not None:
                self._placed[before][one] -= moved
        self._spare[end] -= moved
        return moved
