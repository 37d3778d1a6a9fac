"""A simulated guest: what it needs, what its balloon does, and what it says of itself.

Sizes are in MiB, times in seconds. The RAM that the balloon leaves the guest holds its working set,
then as much cache as it has use for; the rest is free. What it has once touched stays charged to it
until the balloon takes it. A working set beyond the RAM goes to the guest's own swap, and beyond
that its kernel kills a process.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

LEAST_FREE: Final = 0.02
"""The share of its RAM below which a guest can't go on: its kernel needs some itself."""


class Kind(Enum):
    """The kinds of guests."""

    COOPERATING = "co-operating"
    SLOW = "slow"  # its balloon moves, at a hundredth of the speed
    STUBBORN = "stubborn"  # its balloon does not move
    HALFWAY = "halfway"  # its balloon stops before the size that it was asked for
    SILENT = "silent"  # it reports nothing
    OLD = "old"  # it stopped reporting long ago
    BOASTING = "boasting"  # it says that most of its RAM is usable, whatever is true
    IMPOSSIBLE = "impossible"  # it reports more than it has
    BEGGING = "begging"  # it says that it starves, whatever is true


@dataclass(slots=True)
class Report:
    """What the balloon driver last reported."""

    at: float
    usable: float
    unused: float
    swap_in: float
    faults: float


@dataclass(slots=True)
class Guest:
    """A guest.

    Attributes:
        name: Its name.
        kind: How it behaves.
        maximum: Its RAM.
        overhead: What QEMU takes besides.
        guarantee: What it must keep of both.
        soft: What it should keep.
        swap: Its own swap.
        speed: How much its balloon moves in a second.
        working: Its working set at a time.
        cache: The cache that it has use for at a time.
        balloon: The RAM that it has now.
        target: The size that its balloon was asked for.
        touched: Its RAM that is charged, resident or in the host's swap.
        swapped: What of it is in the host's swap.
    """

    name: str
    kind: Kind
    maximum: float
    overhead: float
    guarantee: float
    soft: float
    swap: float
    speed: float
    working: Callable[[float], float]
    cache: Callable[[float], float]
    balloon: float = 0
    target: float = 0
    touched: float = 0
    swapped: float = 0
    needs: float = 0
    killed: int = 0
    in_own_swap: float = 0
    stalled: float = 0
    report: Report | None = None
    gone: float = 0
    restarts: float = field(default=float("-inf"))

    def begin(self) -> None:
        """Have all RAM, and have touched what is in use."""
        self.balloon = self.target = self.maximum
        self.needs = self.working(0)
        self.touched = min(self.maximum, self.needs + self.cache(0) / 2)
        self._say(0)

    @property
    def charged(self) -> float:
        """What its cgroup has: its RAM that is resident, and the overhead."""
        return self.touched - self.swapped + self.overhead

    @property
    def usable(self) -> float:
        """What it could use without swapping."""
        return max(0.0, self.balloon * (1 - LEAST_FREE) - self.needs)

    @property
    def starves(self) -> bool:
        """Whether it lacks RAM that it could have."""
        return self.balloon < self.maximum - 1 and self.in_own_swap > 0

    def ask(self, size: float) -> None:
        """Ask its balloon for a size."""
        if self.kind is not Kind.STUBBORN:
            self.target = min(self.maximum, max(1.0, size))

    def live(self, now: float, seconds: float) -> None:
        """Let time pass: its load changes, its balloon moves, it reports."""
        self.needs = self._load(now)
        self._move_balloon(seconds)
        own = self.balloon * (1 - LEAST_FREE)
        over = max(0.0, self.needs - own)
        if over > self.swap:
            # Its kernel kills the largest process, which is begun anew a minute later.
            self.killed += 1
            self.restarts = now + 60
            self.needs, over = self._load(now), 0.0
        swapped_in = min(over, 200 * seconds) / seconds
        self.in_own_swap = over
        cached = max(0.0, min(self.cache(now), own - self.needs))
        self.touched = min(self.balloon, max(self.touched, min(own, self.needs) + cached))
        self.swapped = min(self.swapped, self.touched)
        # With next to no cache, programs are read from disk again and again.
        thrashes = cached < 0.01 * self.balloon and own - self.needs < 0.02 * self.balloon
        if self.kind is not Kind.OLD or now < 20:
            self._say(now, swapped_in, cached, 500.0 if thrashes else 0.0)

    def _load(self, now: float) -> float:
        needs = self.working(now)
        if now < self.gone:
            return min(64.0, needs)
        left = self.restarts - now
        return needs * (1 - 0.6 * left / 60) if 0 < left <= 60 else needs

    def _move_balloon(self, seconds: float) -> None:
        speed = self.speed * seconds * (0.01 if self.kind is Kind.SLOW else 1)
        aim = self.target
        if self.kind is Kind.HALFWAY and aim < self.balloon:
            aim = max(aim, self.maximum * 0.9)
        if aim < self.balloon:
            # Free pages and cache at once; what is in use only as the guest's own swap takes it.
            free = max(0.0, self.balloon - self.needs)
            speed = min(speed, free * 0.9 + 50 * seconds)
            least = max(0.0, self.needs - self.swap) / (1 - LEAST_FREE)
            aim = max(aim, min(least, self.balloon))
        self.balloon += max(-speed, min(speed, aim - self.balloon))
        self.touched = min(self.touched, self.balloon)

    def _say(self, now: float, swap_in: float = 0, cached: float = 0, faults: float = 0) -> None:
        usable = self.usable
        if self.kind is Kind.SILENT:
            return
        if self.kind is Kind.BOASTING:
            usable = self.balloon * 0.7
        if self.kind is Kind.IMPOSSIBLE:
            usable = self.balloon * 1.5
        if self.kind is Kind.BEGGING:
            usable, swap_in = 0.0, 50.0
        unused = max(0.0, usable - cached)
        self.report = Report(now, usable, unused, swap_in, faults)
