"""The trial of a guest's word: what was taken from it must be missing in its next report.

What a guest can spare is known from itself alone, and some boast. But how much was taken is known
to the host, and free memory or cache that is gone is not usable any more. So a report that does not
fall by about that is not about this memory: it is made up, or what the guest uses had to go. Or its
load has just fallen by as much, which the next trial shows; being wrong about that costs little.

A guest whose report is false by the same amount before and after stands the trial until it has
nothing left; then its report can't fall any more.
"""

from typing import Final

from xmlresource.balance.disk_waits import waits_for_disk
from xmlresource.balance.observed import GuestObserved
from xmlresource.configuration.balance_settings import BalanceSettings
from xmlresource.record import record

LEAST_FALL: Final = 8_000
"""How much of what was taken must be missing in the report, in hundredths of a percent."""

_WHOLE: Final = 10_000


@record
class Trial:
    """What a guest had when memory was taken from it on its word.

    Attributes:
        balloon: The RAM that its balloon left it.
        usable: What of that it reported as usable.
    """

    balloon: int
    usable: int


def trial_of(guest: GuestObserved) -> Trial | None:
    """The trial that taking from a guest begins; ``None`` where it says nothing to be tried."""
    said = guest.statistics
    if guest.balloon is None or said is None or said.usable is None:
        return None
    return Trial(guest.balloon, said.usable)


def verdict(
    trial: Trial, guest: GuestObserved, most: float, settings: BalanceSettings
) -> bool | None:
    """Whether a guest's word stands the trial.

    Args:
        trial: What it had before.
        guest: What it has and says now, its balloon being where it was asked to be.
        most: How old its report may be: it must be from after the balloon came to rest.
        settings: The settings.

    Returns:
        ``None`` as long as there is no such report, and where somebody else has given it back what
        was taken.
    """
    said = guest.statistics
    if said is None or said.usable is None or not 0 <= said.age <= most:
        return None
    taken = trial.balloon - (trial.balloon if guest.balloon is None else guest.balloon)
    if taken <= 0:
        return None
    if waits_for_disk(guest, settings) is not None:
        return False
    fell = trial.usable - said.usable
    return fell * _WHOLE >= taken * LEAST_FALL
