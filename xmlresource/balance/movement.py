"""The result of a decision on moving memory: steps, who is left alone, when to look again.

A reason is a code with figures; :mod:`xmlresource.balance.wording` alone makes sentences of it.
"""

from enum import Enum

from xmlresource.balance.observed import Key
from xmlresource.record import record


class Direction(Enum):
    """The way that memory goes in a step."""

    TAKE = "take"
    GIVE = "give"
    HOLD = "hold"  # ask for no more than the balloon has moved: it stays where it is


class Means(Enum):
    """The means of a step."""

    BALLOON = "balloon"
    PRESS = "press"


class Cause(Enum):
    """The reasons of steps, and of leaving a guest alone, as history and metrics know them.

    The comments name the figures that come with each.
    """

    # a step that takes
    HOST_SHORT = "host-short"  # available, below
    HOST_STALLS = "host-stalls"  # some, available
    HOST_SWAPS = "host-swaps"  # swap_in, available
    ROOM_WANTED = "room-wanted"  # wanted
    OTHERS_STARVE = "others-starve"  # wanted
    # a step that gives
    PROMISED = "promised"  # guarantee, has
    STARVES = "starves"  # usable, below
    SWAPS = "swaps"  # swap_in
    FAULTS = "faults"  # major_faults
    STALLS = "stalls"  # pressure
    HOST_HAS_ROOM = "host-has-room"  # available, above
    # a guest that is held or left alone
    IGNORES = "ignores"  # balloon, asked
    NO_ANSWER = "no-answer"
    NO_BALLOON = "no-balloon"
    NO_STATISTICS = "no-statistics"
    OLD_STATISTICS = "old-statistics"  # age, most
    WRONG_STATISTICS = "wrong-statistics"  # usable, available, balloon
    UNMOVED_STATISTICS = "unmoved-statistics"  # failures


@record
class Reason:
    """A reason: a code, and the figures it stands on, by name.

    Attributes:
        cause: The code.
        figures: Sizes in bytes, rates in bytes a second, times in seconds, pressure in percent.
    """

    cause: Cause
    figures: tuple[tuple[str, float], ...] = ()


@record
class Step:
    """One thing to do to one guest.

    Attributes:
        key: The guest.
        name: Its name, for people.
        direction: Take, give, or hold.
        means: By its balloon or by pressing.
        size: So many bytes; 0 where the guest is held.
        target: The balloon's new size; of pressing, what may stay charged.
        reason: Why.
        observe: Only to be told: the mode forbids doing it.
    """

    key: Key
    name: str
    direction: Direction
    means: Means
    size: int
    target: int
    reason: Reason
    observe: bool = False


@record
class LeftAlone:
    """A guest that could have been asked and is not, and why: to be told once."""

    key: Key
    name: str
    reason: Reason


@record
class RoundDecision:
    """The result of one round.

    Attributes:
        steps: What to do, in this order: what gives to those who starve comes first.
        left_alone: Guests that can't be asked, with the reason.
        demand: What was to come free, for host, start, or starving guests; 0 for nothing.
        missing: What of it nobody can spare.
        soon: Whether to look again after the interval: something is under way or wanted. Where
            not, a trigger or a slow look does.
    """

    steps: tuple[Step, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    demand: int = 0
    missing: int = 0
    soon: bool = False
