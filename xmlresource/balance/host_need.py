"""The memory that a host needs to come free, and the room it has to give. Sizes are in bytes.

Two marks make a dead band. Below the lower one memory is taken, until the middle of the band is
reached; above the upper one it is given, as far as that mark. So what is taken is not given back at
once, nor the other way round, unless the load changes by half of the band.

Pressure and swapping count as long as the host is not above the upper mark: with so much memory
available, those who wait do so for a limit of their own, which nobody else's memory mends.
"""

from typing import Final

from xmlresource.balance.movement import Cause, Reason
from xmlresource.balance.observed import HostObserved
from xmlresource.configuration.balance_settings import BalanceSettings
from xmlresource.model.host import ReserveSetting
from xmlresource.record import record

_WHOLE: Final = 10_000
_MIB: Final = 1 << 20

DEFAULT_BELOW: Final = 1000
"""10 % of MemTotal, in hundredths of a percent."""
LEAST_BELOW: Final = 256 * _MIB
MOST_BELOW: Final = 8192 * _MIB

_FULL_SHARE: Final = 0.5  # of the pressure that counts: all tasks wait is worse than one does


@record
class Marks:
    """The sizes of available memory between which nothing is done.

    Attributes:
        below: Below it memory is taken.
        above: Above it memory is given.
    """

    below: int
    above: int

    @property
    def critical(self) -> int:
        """The size below which the host is about to swap."""
        return self.below // 2

    @property
    def last(self) -> int:
        """The size that is left to the host whoever starves."""
        return self.below // 4

    @property
    def middle(self) -> int:
        """The middle of the band."""
        return (self.below + self.above) // 2


def marks(total: int, settings: BalanceSettings) -> Marks:
    """The marks of a host with ``total`` memory.

    The upper one is half as high again as the lower one, unless it is set.
    """
    below = min(max(total * DEFAULT_BELOW // _WHOLE, LEAST_BELOW), MOST_BELOW)
    if settings.take_below is not None:
        below = _size(settings.take_below, total)
    above = below + below // 2
    if settings.give_above is not None:
        above = max(below, _size(settings.give_above, total))
    return Marks(min(below, total), min(above, total))


@record
class HostNeed:
    """The memory that is to come free on the host.

    Attributes:
        size: So much; 0 for none.
        critical: Whether the host is so short that guests may be left with less to spare.
        reason: Why; ``None`` where nothing is needed.
    """

    size: int = 0
    critical: bool = False
    reason: Reason | None = None


def host_need(host: HostObserved, settings: BalanceSettings) -> HostNeed:
    """What is to come free for the host itself and for guests that wait to start."""
    own = _own_need(host, settings)
    if host.wanted > own.size:
        wanted = Reason(Cause.ROOM_WANTED, (("wanted", host.wanted),))
        return HostNeed(host.wanted, own.critical, wanted)
    return own


def _own_need(host: HostObserved, settings: BalanceSettings) -> HostNeed:
    band = marks(host.total, settings)
    critical = host.available < band.critical
    pressing = _pressing(host, settings) if host.available < band.above else None
    if pressing is not None:
        # The middle of the band did not do: all of it.
        return HostNeed(band.above - host.available, critical, pressing)
    if host.available < band.below:
        figures = (("available", host.available), ("below", band.below))
        return HostNeed(band.middle - host.available, critical, Reason(Cause.HOST_SHORT, figures))
    return HostNeed()


def _pressing(host: HostObserved, settings: BalanceSettings) -> Reason | None:
    if (host.swap_in or 0) >= settings.swap_in:
        figures = (("swap_in", host.swap_in or 0), ("available", host.available))
        return Reason(Cause.HOST_SWAPS, figures)
    some, full = host.some or 0, host.full or 0
    if host.stalled or some >= settings.pressure or full >= settings.pressure * _FULL_SHARE:
        return Reason(Cause.HOST_STALLS, (("some", some), ("available", host.available)))
    return None


def _size(setting: ReserveSetting, total: int) -> int:
    if setting.size is not None:
        return setting.size
    return total * (setting.basis_points or 0) // _WHOLE
