"""Guests and hosts for tests of decisions, with as little said as a test needs."""

from typing import Any, Final

from xmlresource.balance.balancing import decide
from xmlresource.balance.movement import RoundDecision
from xmlresource.balance.observed import (
    BalloonStatistics,
    GuestObserved,
    HostObserved,
    Observed,
)
from xmlresource.balance.recent import GuestRecent, Lately, noticed
from xmlresource.configuration.balance_settings import BalanceSettings, Mode

MIB: Final = 1 << 20
GIB: Final = 1 << 30
NOW: Final = 1000.0
SETTINGS: Final = BalanceSettings(mode=Mode.PRESS)
LONG_AGO: Final = Lately(0)
PROVEN: Final = Lately(
    0, tuple(GuestRecent(("qemu", name), proven=True) for name in ("a", "b", "c"))
)
"""Guests whose word has stood a trial."""


def statistics(usable: int, balloon: int = 4 * GIB, **more: Any) -> BalloonStatistics:
    values: dict[str, Any] = {
        "age": 1,
        "available": balloon,
        "usable": usable,
        "unused": usable // 2,
    }
    return BalloonStatistics(**(values | more))


def guest(name: str = "a", *, usable: int = 2 * GIB, **more: Any) -> GuestObserved:
    """A guest of 4 GiB that has half of them to spare."""
    balloon = more.get("balloon", 4 * GIB)
    values: dict[str, Any] = {
        "key": ("qemu", name),
        "name": name,
        "maximum": 4 * GIB,
        "charged": (balloon or 0) + 100 * MIB,
        "balloon": balloon,
        "statistics": statistics(usable, balloon or 0),
    }
    return GuestObserved(**(values | more))


def host(available: int, **more: Any) -> HostObserved:
    """A host of 16 GiB: it takes below 1.6 GiB, and gives above 2.4."""
    return HostObserved(16 * GIB, available, **more)


def decided(
    facts: HostObserved,
    *guests: GuestObserved,
    lately: Lately = LONG_AGO,
    settings: BalanceSettings = SETTINGS,
    now: float = NOW,
) -> RoundDecision:
    seen = Observed(now, facts, guests)
    return decide(seen, noticed(lately, seen, settings), settings)
