"""The signs that a guest waits for its disk for lack of memory.

They are in its reports, too. But a guest that claims to have memory to spare has no reason to make
them up.
"""

from typing import Final

from xmlresource.balance.movement import Cause, Reason
from xmlresource.balance.observed import GuestObserved
from xmlresource.configuration.balance_settings import BalanceSettings

MOST_FAULTS: Final = 200.0
"""Major page faults a second from which on a guest with little usable memory lacks RAM."""


def waits_for_disk(guest: GuestObserved, settings: BalanceSettings) -> Reason | None:
    """The sign that a guest waits for its disk for lack of memory; ``None`` where there is none."""
    said = guest.statistics
    if said is None or not 0 <= said.age <= settings.stale:
        return None
    if (said.swap_in or 0) >= settings.swap_in:
        return Reason(Cause.SWAPS, (("swap_in", said.swap_in or 0),))
    if (said.major_faults or 0) >= MOST_FAULTS:
        return Reason(Cause.FAULTS, (("major_faults", said.major_faults or 0),))
    return None
