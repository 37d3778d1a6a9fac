"""Simulated hosts drawn from a seed: sizes, kinds of guests, and loads that change in steps."""

import random
from collections.abc import Callable, Sequence
from typing import Final

from tests.balance.simulation.simulated_guest import LEAST_FREE, Guest, Kind
from tests.balance.simulation.simulated_host import Host

DURATION: Final = 300
CHANGE: Final = 60
"""When the load changes."""
MOST_NEEDED: Final = 0.88
"""The share of a host's memory that is needed at most."""
LAST_CHANGE: Final = 120
"""When it changes for the last time, but for guests that leak."""

_SIZES: Final = (4096, 8192, 16384, 32768, 65536, 131072)
_ODD: Final = tuple(kind for kind in Kind if kind is not Kind.COOPERATING)


def draw(seed: int, *, odd: float = 0.35) -> Host:
    """A host.

    Args:
        seed: What it is drawn from.
        odd: How likely a guest is one that does not co-operate, or lies.
    """
    dice = random.Random(seed)  # noqa: S311 -- a simulation
    total: float = dice.choice(_SIZES)
    count = dice.randint(3, 10)
    sizes = [dice.uniform(0.5, 2) for _ in range(count)]
    over = dice.uniform(1.0, 1.6) * total * 0.9 / sum(sizes)
    guests = [_guest(dice, f"guest{at}", size * over, odd) for at, size in enumerate(sizes)]
    others = _others(dice, total)
    total = max(total, _peak(guests, others) / MOST_NEEDED)
    hogs = max(others(now) for now in range(0, DURATION, 5))
    _promise(dice, guests, total * 0.95 - hogs)
    return Host(total, total * dice.choice((0, 0.25, 0.5)), others, guests)


def _peak(guests: Sequence[Guest], others: Callable[[float], float]) -> float:
    """The most that is needed at once: nobody has to go without if memory is where it is needed."""
    return max(
        others(now)
        + sum(guest.working(now) / (1 - LEAST_FREE) + guest.overhead for guest in guests)
        for now in range(0, DURATION, 5)
    )


def _guest(dice: random.Random, name: str, size: float, odd: float) -> Guest:
    maximum = max(256, size // 4 * 4)
    return Guest(
        name=name,
        kind=dice.choice(_ODD) if dice.random() < odd else Kind.COOPERATING,
        maximum=maximum,
        overhead=30 + 0.01 * maximum,
        guarantee=0,
        soft=0,
        swap=dice.choice((0, 0.25)) * maximum,
        speed=dice.uniform(150, 1500),
        working=_load(dice, maximum),
        cache=_constant(dice.uniform(0.05, 0.6) * maximum),
    )


def _promise(dice: random.Random, guests: Sequence[Guest], left: float) -> None:
    """Guarantees that admission would give, of what is left, and soft limits above them."""
    for guest in guests:
        whole = guest.maximum + guest.overhead
        asks = dice.choice((0, 0, 0.25, 0.5, 0.75, 1)) * whole
        if asks <= left:
            guest.guarantee = asks
            left -= asks
        guest.soft = dice.choice((0, 0, 1)) * dice.uniform(guest.guarantee, whole)


def _load(dice: random.Random, maximum: float) -> Callable[[float], float]:
    """Idle, steady, bursting once or for good, or leaking."""
    low, high = dice.uniform(0.08, 0.35) * maximum, dice.uniform(0.5, 0.85) * maximum
    rise = dice.uniform(0.005, 0.04) * maximum  # in a second
    shape = dice.choice(("idle", "idle", "steady", "burst", "lasting", "leak"))
    if shape == "idle":
        return _constant(low)
    if shape == "steady":
        return _constant((low + high) / 2)
    end = LAST_CHANGE if shape == "burst" else float("inf")
    if shape == "leak":
        rise, high = 0.003 * maximum, 0.9 * maximum

    def working(now: float) -> float:
        if CHANGE <= now < end:
            return min(high, low + (now - CHANGE) * rise)
        return low

    return working


def _others(dice: random.Random, total: float) -> Callable[[float], float]:
    """What is no guest's: little, and on some hosts a hog that comes and may go."""
    base = dice.uniform(0.01, 0.03) * total
    hog = dice.choice((0, 0.08, 0.15, 0.25)) * total
    end = dice.choice((LAST_CHANGE, float("inf")))
    rise = 0.02 * total  # in a second

    def taken(now: float) -> float:
        return base + (min(hog, (now - CHANGE) * rise) if CHANGE <= now < end else 0)

    return taken


def _constant(value: float) -> Callable[[float], float]:
    return lambda _: value
