"""The part of one guest in a round: what it can spare, what it needs, or why it is left alone.

Sizes are in bytes. A balloon takes only what the guest itself has just reported as usable, less
what it is to keep: a guest that reports nothing, something old, or something that can't be true is
not asked. Statistics from before its balloon came to rest don't count either: what has been taken
since is still in them.
"""

from typing import Final

from xmlresource.balance.disk_waits import waits_for_disk
from xmlresource.balance.movement import Cause, Reason
from xmlresource.balance.observed import GuestObserved
from xmlresource.balance.recent import GuestRecent
from xmlresource.configuration.balance_settings import BalanceSettings
from xmlresource.record import record

_WHOLE: Final = 10_000
_MIB: Final = 1 << 20

LEAST_STEP: Final = 4 * _MIB
"""Less than that is not worth a step."""
SMALLEST_BOUND: Final = 16 * _MIB
"""What even the smallest guest may be asked for in one round."""
LEAST_RAM: Final = 256 * _MIB
"""A smaller guest keeps what one of this size would."""
GIVE_FACTOR: Final = 3
"""A starving guest is given so many times what is taken from a guest in one round, at most."""
HURRY_FACTOR: Final = 2
"""A guest is asked for so many times as much when the host is about to swap, or a start waits."""
UNTRIED_PART: Final = 2
"""From a guest whose word has not stood a trial, one part in so many of a step is taken at most."""
_LONGEST_BACK_OFF: Final = 4  # doublings


@record
class Need:
    """The RAM that a guest needs at once.

    Attributes:
        size: So much.
        reason: Why.
        severe: Whether its kernel may soon have to kill something.
    """

    size: int
    reason: Reason
    severe: bool = False


def step_of(guest: GuestObserved, settings: BalanceSettings, *, hurry: bool = False) -> int:
    """The most that may be taken from a guest in one round."""
    step = max(SMALLEST_BOUND, guest.maximum * settings.step // _WHOLE)
    return step * HURRY_FACTOR if hurry else step


def unavailable(
    guest: GuestObserved, recent: GuestRecent, now: float, settings: BalanceSettings
) -> Reason | None:
    """Why a guest can't be asked through its balloon; ``None`` where it can."""
    if not guest.answers:
        return Reason(Cause.NO_ANSWER)
    if guest.balloon is None:
        return Reason(Cause.NO_BALLOON)
    if recent.asked is None and _is_soon(recent.ignored, recent.refusals, now, settings):
        return Reason(Cause.IGNORES, (("refusals", recent.refusals),))
    return None


def failed(recent: GuestRecent, now: float, settings: BalanceSettings) -> Reason | None:
    """Why nothing is taken on a guest's word for a while, whatever it is; ``None`` where it may."""
    if _is_soon(recent.failed, recent.failures, now, settings):
        return Reason(Cause.UNMOVED_STATISTICS, (("failures", recent.failures),))
    return None


def _is_soon(since: float | None, times: int, now: float, settings: BalanceSettings) -> bool:
    """Whether a guest is still left alone for what it did: twice as long each time in a row."""
    doublings = min(max(0, times - 1), _LONGEST_BACK_OFF)
    return since is not None and now - since < settings.back_off * 2**doublings


def distrust(guest: GuestObserved, most: float, settings: BalanceSettings) -> Reason | None:
    """Why nothing may be taken on the word of a guest; ``None`` where it may.

    Args:
        guest: The guest.
        most: How old its report may be.
        settings: The settings.
    """
    said, balloon = guest.statistics, guest.balloon or 0
    if said is None or said.usable is None:
        return Reason(Cause.NO_STATISTICS)
    if said.age > most:
        return Reason(Cause.OLD_STATISTICS, (("age", said.age), ("most", most)))
    seen, unused = balloon if said.available is None else said.available, said.unused or 0
    least, largest = min(said.age, said.usable, unused), max(said.usable, unused)
    if least < 0 or largest > min(seen, balloon) or _contradicts_itself(guest, settings):
        figures = (("usable", said.usable), ("available", seen), ("balloon", balloon))
        return Reason(Cause.WRONG_STATISTICS, figures)
    return None


def _contradicts_itself(guest: GuestObserved, settings: BalanceSettings) -> bool:
    """Whether a guest says that much is usable, and waits for its disk for lack of memory."""
    has_much = _usable(guest) >= _kept(guest.balloon or 0, settings.keep)
    return has_much and waits_for_disk(guest, settings) is not None


def spare(guest: GuestObserved, settings: BalanceSettings, *, critical: bool = False) -> int:
    """The RAM of a guest whose statistics are trusted that others could have.

    What it has never touched frees nothing, so it is not among it.
    """
    keep = _least(settings) if critical else settings.keep
    balloon, usable = guest.balloon or 0, _usable(guest)
    return max(0, _until(balloon, usable, keep) - guest.untouched)


def need(guest: GuestObserved, settings: BalanceSettings, *, trusted: bool) -> Need | None:
    """What a guest needs at once; ``None`` where it does not, or more RAM would not help."""
    room = guest.lack if guest.hard is None else min(guest.lack, guest.hard - guest.charged)
    if room < LEAST_STEP:
        return None
    reason = _strain(guest, settings, trusted=trusted)
    if reason is None:
        return None
    most = GIVE_FACTOR * step_of(guest, settings)
    least = step_of(guest, settings)
    if trusted:
        least = max(
            least if reason.cause is not Cause.STARVES else LEAST_STEP,
            -_until(guest.balloon or 0, _usable(guest), _between(settings)),
        )
    severe = trusted and _usable(guest) < _kept(guest.balloon or 0, settings.starving) // 2
    return Need(min(least, most, room), reason, severe)


def _strain(guest: GuestObserved, settings: BalanceSettings, *, trusted: bool) -> Reason | None:
    balloon = guest.balloon or 0
    if trusted:
        usable = _usable(guest)
        below = _kept(balloon, settings.starving)
        if usable < below:
            return Reason(Cause.STARVES, (("usable", usable), ("below", below)))
        if usable >= _kept(balloon, settings.keep):
            return None
    waits = waits_for_disk(guest, settings)
    if waits is not None:
        return waits
    if (guest.pressure or 0) >= settings.pressure:
        return Reason(Cause.STALLS, (("pressure", guest.pressure or 0),))
    return None


def _usable(guest: GuestObserved) -> int:
    return 0 if guest.statistics is None else guest.statistics.usable or 0


def _least(settings: BalanceSettings) -> int:
    """The share that a guest keeps when the host is about to swap, or others to kill."""
    return (settings.keep + 3 * settings.starving) // 4


def _between(settings: BalanceSettings) -> int:
    """The share up to which a starving guest is fed: less than makes it one to take from."""
    return (settings.keep + settings.starving) // 2


def _kept(balloon: int, share: int) -> int:
    return max(balloon, LEAST_RAM) * share // _WHOLE


def _until(balloon: int, usable: int, share: int) -> int:
    """What can go until ``share`` of what is left is usable; negative where it has to come."""
    in_proportion = (usable * _WHOLE - balloon * share) // (_WHOLE - share)
    return min(in_proportion, usable - LEAST_RAM * share // _WHOLE)
