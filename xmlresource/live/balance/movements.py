"""Carry out the steps of a decision, and tell each with its reason."""

from collections.abc import Mapping
from typing import Final

from xmlresource.balance.movement import Direction, Means, Step
from xmlresource.balance.observed import Key
from xmlresource.balance.wording import sentence
from xmlresource.errors import XmlresourceError
from xmlresource.live.balance.balloons import Balloons, EndedError, MovedError
from xmlresource.live.balance.guest_watch import WatchedGuest
from xmlresource.live.balance.once_told import OPERATION
from xmlresource.model.events import GIVEN_BACK, RECLAIMED, WARNING, Event
from xmlresource.operations.host import Host
from xmlresource.printable import printable
from xmlresource.record import record
from xmlresource.system.cgroups import pressure
from xmlresource.system.libvirt import guests
from xmlresource.units import KIB, approximate

_KINDS: Final = {
    Direction.TAKE: RECLAIMED,
    Direction.GIVE: GIVEN_BACK,
    Direction.HOLD: WARNING,
}


@record
class StepOutcome:
    """What became of a step.

    Attributes:
        step: The step.
        fault: Why it was not done; ``None`` where it was.
        is_over: The guest is not what it was decided on: it has ended, or its balloon has moved by
            itself. Nothing is wrong; the next round sees it as it is.
    """

    step: Step
    fault: str | None = None
    is_over: bool = False

    @property
    def done(self) -> bool:
        """Whether it was done."""
        return self.fault is None and not self.is_over


def carry_out(
    host: Host, balloons: Balloons, step: Step, watched: Mapping[Key, WatchedGuest]
) -> StepOutcome:
    """Do one step, if the guest is still what it was decided on.

    Args:
        host: The host.
        balloons: The guests' balloons.
        step: The step.
        watched: The guests that were decided on.
    """
    guest = watched[step.key]
    process = guest.definition.guest.process
    try:
        # One that was started anew meanwhile has all its RAM, and a balloon of its own.
        if guests.process(host.machine, process.pid) != process:
            return StepOutcome(step, is_over=True)
        if step.means is Means.PRESS:
            charged = guest.seen.charged
            pressure.take(host.machine, host.state, guest.place, charged, step.size)
        else:
            expected = (guest.seen.balloon or 0) // KIB
            balloons.move(step.key[1], expected, step.target // KIB)
    except (EndedError, MovedError):
        return StepOutcome(step, is_over=True)
    except FileNotFoundError:  # its cgroup
        return StepOutcome(step, is_over=True)
    except (XmlresourceError, OSError) as error:
        return StepOutcome(step, fault=str(error))
    return StepOutcome(step)


def event_of(step: Step, fault: str | None = None) -> Event:
    """The event of a step that was done, that could not be done, or that would be."""
    figures = {
        "cause": step.reason.cause.value,
        "size": step.size,
        "target": step.target,
        **{name: round(value) for name, value in step.reason.figures},
    }
    kind = _KINDS[step.direction] if fault is None and not step.observe else WARNING
    failed = "" if fault is None else f"; not done: {fault}"
    text = f"{described(step)}{failed}"
    return Event(kind, text, OPERATION, step.name, step.key[1], figures)


def described(step: Step) -> str:
    """A step and its reason in a sentence."""
    guest = f"guest '{printable(step.name)}'"
    size, target = approximate(step.size), approximate(step.target)
    would = "would be" if step.observe else "is"
    why = sentence(step.reason)
    if step.direction is Direction.HOLD:
        return f"{guest} {would} asked for no more than {target}: {why}"
    if step.means is Means.PRESS:
        return f"{guest} {would} pressed for {size}: {why}"
    if step.direction is Direction.TAKE:
        return f"{guest} {would} asked to give {size}, down to {target}: {why}"
    return f"{guest} {would} given {size}, up to {target}: {why}"
