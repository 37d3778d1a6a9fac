"""A simulated host: guests that share its memory, other processes, and the kernel's swapping.

Sizes are in MiB, times in seconds. When memory runs out, the kernel swaps out what is charged to
guests above their guarantees (``memory.min``), cold pages first; what a guest needs of that comes
back when it is used, and its tasks wait for it. If there is nothing to swap out, it kills a guest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.balance.simulation.simulated_guest import Guest

LEAST_AVAILABLE: Final = 0.01
"""The share of its memory below which the kernel reclaims."""
SWAP_SPEED: Final = 200.0


@dataclass(slots=True)
class Host:
    """A host.

    Attributes:
        total: Its memory.
        swap: Its swap.
        others: What processes that are no guests take, at a time.
        guests: Its guests.
        wanted: The guarantee that waits for room, at a time.
    """

    total: float
    swap: float
    others: Callable[[float], float]
    guests: list[Guest]
    wanted: Callable[[float], float] = field(default=lambda _: 0.0)
    taken_by_others: float = 0
    some: float = 0
    swap_in: float = 0
    swapped_out: float = 0
    killed: int = 0

    def begin(self) -> None:
        """Start all guests."""
        for guest in self.guests:
            guest.begin()
        self.taken_by_others = self.others(0)
        # They were started one after the other, and the caches fit.
        over = self.total * 0.08 - self.available
        held = sum(guest.touched - guest.needs for guest in self.guests)
        if over > 0 and held > 0:
            for guest in self.guests:
                guest.touched -= (guest.touched - guest.needs) * min(1.0, over / held)

    @property
    def available(self) -> float:
        """MemAvailable: the RAM of guests is not among it."""
        used = sum(guest.charged for guest in self.guests)
        return max(0.0, self.total - self.taken_by_others - used)

    @property
    def promised(self) -> float:
        """What is promised to guests and not charged yet."""
        return sum(max(0.0, guest.guarantee - guest.charged) for guest in self.guests)

    def live(self, now: float, seconds: float) -> None:
        """Let time pass."""
        self.taken_by_others = self.others(now)
        for guest in self.guests:
            guest.live(now, seconds)
        self._reclaim(now)
        faulted = self._fault(seconds)
        self.swap_in = faulted / seconds
        waits = min(100.0, 100 * faulted / (SWAP_SPEED * seconds))
        fade = 0.9**seconds
        self.some = self.some * fade + waits * (1 - fade)

    def _reclaim(self, now: float) -> None:
        used = sum(guest.charged for guest in self.guests)
        short = used + self.taken_by_others - self.total * (1 - LEAST_AVAILABLE)
        if short <= 0:
            return
        room = self.swap - sum(guest.swapped for guest in self.guests)
        short = self._swap_out(min(short, room), lambda guest: guest.touched - guest.needs)
        if short > 0:
            self._swap_out(short, lambda guest: guest.charged)
        used = sum(guest.charged for guest in self.guests)
        if used + self.taken_by_others > self.total:
            self.killed += 1
            victim = max(self.guests, key=lambda guest: guest.charged)
            victim.touched, victim.swapped = min(victim.touched, 64.0), 0.0
            victim.gone = now + 60

    def _swap_out(self, size: float, part: Callable[[Guest], float]) -> float:
        """Swap out in proportion; what could not be."""
        rooms = [
            max(0.0, min(part(guest) - guest.swapped, guest.charged - guest.guarantee))
            for guest in self.guests
        ]
        there = sum(rooms)
        done = min(max(0.0, size), there)
        for guest, room in zip(self.guests, rooms, strict=True):
            guest.swapped += room * done / there if there else 0.0
        self.swapped_out += done
        return size - done

    def _fault(self, seconds: float) -> float:
        """Bring back what guests need of what was swapped out."""
        most, faulted = SWAP_SPEED * seconds, 0.0
        for guest in self.guests:
            hot = max(0.0, guest.swapped - max(0.0, guest.touched - guest.needs))
            back = min(hot, most - faulted)
            guest.stalled = min(100.0, 100 * back / (SWAP_SPEED * seconds))
            guest.swapped -= back
            faulted += back
        return faulted
