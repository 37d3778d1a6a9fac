"""A pure state machine that takes memory back from a guest that runs, step by step.

First the guest is asked, through its balloon. Whether it co-operates is told by what its balloon
does: a guest without a driver for it leaves it where it was. Only where that is wanted, the host
presses then, in steps that never aim below the target, which is never below the guarantee; a step
that the kernel refuses is halved, and pressing rests while tasks stall for memory.

:func:`begin` and :func:`proceed` say what to do next from what is observed. Who does it, and puts
everything back where the goal is not reached, is ``live.reclaim``. Sizes are in bytes, times in
seconds.
"""

from enum import Enum
from typing import Final, TypeAlias

from xmlresource.record import record, replace
from xmlresource.units import approximate

FIRST_STEP: Final = 64 << 20
LEAST_STEP: Final = 1 << 20
PATIENCE: Final = 5.0
"""Seconds in which nothing moves, after which a guest is judged, where nobody says otherwise."""

MOST_PRESSURE: Final = 10.0
"""Percent of the last ten seconds in which some task waited for memory."""

MOST_ASKS: Final = 6
"""How often a guest is asked that does what it is asked to, each time for twice as much more."""

_SETTLED: Final = 1.0  # seconds after which what a balloon has taken is no longer charged
_NOTICEABLE: Final = 1 << 20  # a balloon that moves less than that, does not


@record
class Goal:
    """The goal of ``reclaim --host``.

    Attributes:
        target: What may stay charged to the guest.
        timeout: When to give up.
        press: Whether to press where asking does not do.
        patience: How long nothing may move before the guest is judged.
    """

    target: int
    timeout: float
    press: bool = False
    patience: float = PATIENCE


@record
class Observation:
    """One observation of a guest while memory is taken back from it.

    Attributes:
        at: When, since the beginning.
        charged: What is charged to the guest.
        balloon: What its balloon leaves it; ``None`` where it can't be asked.
        pressure: Percent of time in which some task stalls for memory; ``None`` where not known.
    """

    at: float
    charged: int
    balloon: int | None = None
    pressure: float | None = None


class Cooperation(Enum):
    """The ways in which a guest answers a request for memory."""

    UNKNOWN = "it was not asked"
    NO_BALLOON = "it does not co-operate: it has no balloon that it could be asked through"
    IGNORES = "it does not co-operate: its balloon did not move when it was asked"
    STOPPED = "it co-operates, and gave less than it was asked for"
    GIVES = "it co-operates: its balloon moves as it was asked to"


@record
class Ask:
    """Ask the guest to make do with so much RAM."""

    balloon: int


@record
class Wait:
    """Look again a little later."""


@record
class Press:
    """Take so much from the guest."""

    size: int


@record
class Stop:
    """It is over: ``reached``, or to be put back, for this reason."""

    reached: bool
    reason: str


Action: TypeAlias = Ask | Wait | Press | Stop


@record
class Progress:
    """The progress of taking memory back from one guest.

    Attributes:
        cooperation: What the guest has shown.
        first: What was observed at the beginning.
        balloon: The balloon when it last moved.
        charged: What was charged when it last moved.
        asked: What the guest was asked to make do with; ``None`` where it was not asked.
        asks: How often it was asked.
        moved: When something last moved.
        pressing: Whether the guest is being pressed.
        step: How much to press for at a time.
    """

    cooperation: Cooperation
    first: Observation
    balloon: int
    charged: int
    moved: float
    asked: int | None = None
    asks: int = 0
    pressing: bool = False
    step: int = FIRST_STEP


def begin(goal: Goal, seen: Observation) -> tuple[Progress, Action]:
    """The first thing to do."""
    course = Progress(Cooperation.UNKNOWN, seen, seen.balloon or 0, seen.charged, seen.at)
    if seen.charged <= goal.target:
        return course, Stop(reached=True, reason="no more than that is charged to it")
    if seen.balloon is None:
        return _press_or_stop(goal, replace(course, cooperation=Cooperation.NO_BALLOON), seen)
    asked = balloon_for(goal, seen.charged, seen.balloon)
    if asked >= seen.balloon:
        return _press_or_stop(goal, course, seen)
    return _ask(course, asked, seen)


def balloon_for(goal: Goal, charged: int, balloon: int) -> int:
    """The RAM to leave the guest so that the target is met: the emulator needs some besides."""
    return max(LEAST_STEP, goal.target - max(0, charged - balloon))


def _ask(course: Progress, balloon: int, seen: Observation) -> tuple[Progress, Action]:
    asked = replace(course, asked=balloon, asks=course.asks + 1, moved=seen.at)
    return asked, Ask(balloon)


def proceed(
    goal: Goal, course: Progress, seen: Observation, *, refused: bool = False
) -> tuple[Progress, Action]:
    """The next thing to do.

    Args:
        goal: The goal.
        course: How far it has come.
        seen: What is observed now.
        refused: The kernel refused the last step, or took less than half of it.
    """
    course = _noticed(course, seen)
    if seen.charged <= goal.target:
        return course, Stop(reached=True, reason=f"{approximate(seen.charged)} is charged to it")
    if seen.at >= goal.timeout:
        return course, Stop(reached=False, reason=f"the {goal.timeout:g} s are over")
    if course.pressing:
        return _pressed(goal, course, seen, refused=refused)
    if seen.at - course.moved < _patience(goal, course, seen):
        return course, Wait()
    again = _further(goal, course, seen)
    if again is not None:
        return _ask(course, again, seen)
    return _press_or_stop(goal, _judged(course, seen), seen)


def _patience(goal: Goal, course: Progress, seen: Observation) -> float:
    """The time to wait for something to move: of a guest that did as it was asked little will."""
    return min(goal.patience, _SETTLED) if _is_obeyed(course, seen) else goal.patience


def _further(goal: Goal, course: Progress, seen: Observation) -> int | None:
    """The next request to a guest that did as it was asked; ``None`` where nothing more is asked.

    More is charged beyond its RAM than when it was asked: the emulator has grown, and may go on
    growing, or what the guest gave is part of huge pages that the kernel has not split yet, and the
    next little that it gives may be, too: hence more each time. It may have little to spare: what
    it was asked to make do with at first is halved at most.
    """
    asked = course.asked
    if asked is None or not _is_obeyed(course, seen) or course.asks >= MOST_ASKS:
        return None
    least = balloon_for(goal, course.first.charged, course.first.balloon or 0) // 2
    more = LEAST_STEP << (course.asks - 1)
    again = max(least, min(balloon_for(goal, seen.charged, asked), asked - more))
    return again if asked - again >= LEAST_STEP else None


def _is_obeyed(course: Progress, seen: Observation) -> bool:
    """Whether the balloon is where it was asked to be."""
    asked, balloon = course.asked, seen.balloon
    return asked is not None and balloon is not None and balloon - asked < _NOTICEABLE


def _noticed(course: Progress, seen: Observation) -> Progress:
    """Take in what moved since."""
    given = course.balloon - (course.balloon if seen.balloon is None else seen.balloon)
    if given >= _NOTICEABLE:
        return replace(
            course,
            cooperation=Cooperation.GIVES,
            balloon=course.balloon - given,
            charged=min(course.charged, seen.charged),
            moved=seen.at,
        )
    if course.charged - seen.charged >= _NOTICEABLE:
        return replace(course, charged=seen.charged, moved=seen.at)
    return course


def _judged(course: Progress, seen: Observation) -> Progress:
    """The verdict on a guest whose memory no longer moves."""
    if _is_obeyed(course, seen):
        return replace(course, cooperation=Cooperation.GIVES)
    if course.cooperation is Cooperation.GIVES:
        return replace(course, cooperation=Cooperation.STOPPED)
    return replace(course, cooperation=Cooperation.IGNORES)


def _press_or_stop(goal: Goal, course: Progress, seen: Observation) -> tuple[Progress, Action]:
    if not goal.press:
        left = approximate(seen.charged - goal.target)
        return course, Stop(reached=False, reason=f"{left} too much is charged to it still")
    return _pressed(goal, replace(course, pressing=True, moved=seen.at), seen)


def _pressed(
    goal: Goal, course: Progress, seen: Observation, *, refused: bool = False
) -> tuple[Progress, Action]:
    if (seen.pressure or 0.0) >= MOST_PRESSURE:
        if seen.at - course.moved >= goal.patience:
            reason = f"tasks wait for memory {seen.pressure:.0f} % of the time"
            return course, Stop(reached=False, reason=reason)
        return course, Wait()
    if refused:
        course = replace(course, step=course.step // 2)
    if course.step < LEAST_STEP:
        reason = f"nothing more can be reclaimed: {approximate(seen.charged)} is charged to it"
        return course, Stop(reached=False, reason=reason)
    return course, Press(min(course.step, seen.charged - goal.target))
