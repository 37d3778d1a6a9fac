"""Sentences for the reasons of steps: for log, history and ``--dry-run``, in this one place."""

from typing import Final

from xmlresource.balance.movement import Cause, Reason
from xmlresource.units import approximate

_SENTENCES: Final = {
    Cause.HOST_SHORT: "the host has {available} available, less than {below}",
    Cause.HOST_STALLS: "tasks of the host wait for memory {some} of the time",
    Cause.HOST_SWAPS: "the host reads {swap_in} a second back from swap",
    Cause.ROOM_WANTED: "a guest that is to start lacks {wanted}",
    Cause.OTHERS_STARVE: "other guests lack {wanted} of RAM that they need",
    Cause.PROMISED: "it has {has}, and {guarantee} is promised to it",
    Cause.STARVES: "only {usable} of its RAM is usable, less than {below}",
    Cause.SWAPS: "it reads {swap_in} a second back from its swap",
    Cause.FAULTS: "it waits for {major_faults} pages from disk a second",
    Cause.STALLS: "its tasks wait for memory {pressure} of the time",
    Cause.HOST_HAS_ROOM: "the host has {available} available, more than {above}",
    Cause.IGNORES: "its balloon did not move as it was asked to",
    Cause.NO_ANSWER: "it does not answer",
    Cause.NO_BALLOON: "it has no balloon that it could be asked through",
    Cause.NO_STATISTICS: "it does not report how much memory it could spare",
    Cause.OLD_STATISTICS: "its last report is {age} old",
    Cause.UNMOVED_STATISTICS: "what was taken from it was not missing in its reports",
    Cause.WRONG_STATISTICS: "it reports what can't be true: {usable} usable of {available}",
}

_PERCENT: Final = frozenset({"some", "pressure"})
_COUNTS: Final = frozenset({"major_faults", "refusals", "failures"})
_SECONDS: Final = frozenset({"age", "most"})


def sentence(reason: Reason) -> str:
    """A reason as a clause that can follow a colon."""
    return _SENTENCES[reason.cause].format(
        **{name: _shown(name, value) for name, value in reason.figures}
    )


def _shown(name: str, value: float) -> str:
    if name in _PERCENT:
        return f"{value:.1f} %"
    if name in _COUNTS:
        return f"{value:.0f}"
    if name in _SECONDS:
        return f"{value:.0f} s"
    return approximate(int(value))
