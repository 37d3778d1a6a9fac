"""The judgement of one thing on a host: its state, what follows from it, and the cure."""

from enum import Enum

from xmlresource.record import record


class Health(Enum):
    """The state of one thing on a host.

    ``ERROR`` is what keeps guarantees from being checked or put in force, or refuses guests for
    nothing. ``WARNING`` is what may lead there. ``NOTE`` is no fault, but changes what the figures
    mean. ``UNSEEN`` is what this user, or this system, could not tell.
    """

    FINE = "fine"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"
    UNSEEN = "unseen"


@record
class Unseen:
    """A fact that could not be read; ``reason`` says why."""

    reason: str


@record
class Verdict:
    """What is so, what follows from it, and what to do about it.

    Attributes:
        state: How it stands.
        found: What was found, without final stop.
        follows: What follows; empty where nothing does.
        cure: What to do; empty where nothing has to be done.
    """

    state: Health
    found: str
    follows: str = ""
    cure: str = ""


@record
class HealthFinding:
    """The verdict on one named thing.

    Attributes:
        name: The thing, such as ``memory-controller``; it never changes its meaning.
        verdict: How it stands.
    """

    name: str
    verdict: Verdict


def fine(found: str, follows: str = "") -> Verdict:
    """Nothing has to be done."""
    return Verdict(Health.FINE, found, follows)


def note(found: str, follows: str, cure: str = "") -> Verdict:
    """No fault, but the figures mean something else."""
    return Verdict(Health.NOTE, found, follows, cure)


def warning(found: str, follows: str, cure: str) -> Verdict:
    """It may lead to an error."""
    return Verdict(Health.WARNING, found, follows, cure)


def error(found: str, follows: str, cure: str) -> Verdict:
    """Guarantees are not checked or not in force, or guests are refused for nothing."""
    return Verdict(Health.ERROR, found, follows, cure)
