"""``reclaim``: take memory back from a guest that runs, and give it back again."""

import shlex

from xmlresource.document import Document
from xmlresource.errors import ExitStatus
from xmlresource.live.event_context import EventContext, event_context
from xmlresource.live.guest_location import require_location
from xmlresource.live.parameters.current_parameters import promised_to
from xmlresource.live.reclaim.reclaim_run import GuestReclaim, ProgressListener, take
from xmlresource.model.events import GIVEN_BACK, RECLAIMED, ROLLED_BACK, Fields
from xmlresource.operations.guest import RefusalError, subject
from xmlresource.printable import one_line, printable
from xmlresource.reclaim.steps import Cooperation, Goal
from xmlresource.record import record
from xmlresource.system.libvirt.connection import CONFIG, Handle, opened
from xmlresource.system.machine import Machine
from xmlresource.units import KIB, SizeError, approximate, parse_size

DEFAULT_TIMEOUT = 60.0


@record
class Reclaimed:
    """The outcome of taking memory back from one guest.

    Attributes:
        reached: The target is reached; otherwise all is as it was.
        cooperation: How the guest took being asked.
        reason: Why it ended.
        before: What was charged to the guest.
        after: What is charged to it now.
        swapped: What of it has gone to swap.
    """

    reached: bool
    cooperation: Cooperation
    reason: str
    before: int
    after: int
    swapped: int

    @property
    def exit_status(self) -> ExitStatus:
        """Whatever was not reached is put back."""
        return ExitStatus.FINE if self.reached else ExitStatus.ROLLED_BACK


def reclaim(
    domain: str,
    goal: Goal,
    uri: str | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    progress: ProgressListener = lambda *_: None,
) -> Reclaimed:
    """Bring what is charged to a guest down to the goal, or leave it as it was.

    The guest is asked first; it is pressed only if ``goal`` says so. Whatever ends it before the
    target is reached, an interruption too, restores what was.

    Args:
        domain: Its name, uuid or id.
        goal: What may stay charged to it, how long it may take, whether to press.
        uri: The connection to libvirt; ``None`` for its default.
        machine: The machine.
        progress: Told of each step.

    Raises:
        RefusalError: The target is below what is promised to the guest.
        LibvirtError: libvirt can't be reached or refuses.
        ElsewhereError: The guest does not run on this host.
        GoneError: The guest ended meanwhile.
        NotPutBackError: It was not reached, and the guest does not have what it had.
        OSError: A kernel file can't be read or written.
    """
    with opened(uri, domain) as handle:
        command = shlex.join(("xmlresource", "reclaim", handle.name, "--to", f"{goal.target}b"))
        location = require_location(handle, machine, one_line(command))
        telling = event_context(machine, "reclaim", handle, {"target": goal.target})
        with telling.failures():
            promised = promised_to(handle, machine) or 0
            if goal.target < promised:
                text = f"{subject(handle.name)} refused: {approximate(promised)} is promised to it"
                raise RefusalError(ExitStatus.REFUSED, text)
            taking = GuestReclaim(handle, location, machine)
        with telling.failures(undone=True):
            done = _take(taking, goal, progress)
        tell_outcome(telling, done)
        return done


def tell_outcome(telling: EventContext, done: Reclaimed) -> None:
    """Tell what became of taking memory from one guest."""
    figures: Fields = {
        "cooperation": done.cooperation.name.lower(),
        "before": done.before,
        "after": done.after,
        "swapped": done.swapped,
    }
    guest = f"guest '{printable(telling.guest)}'"
    if done.reached:
        taken = approximate(max(0, done.before - done.after))
        telling.of(RECLAIMED, f"{guest} gave {taken}: {done.reason}", figures)
    else:
        text = f"{guest}: not reached, and all is put back: {done.reason}; {done.cooperation.value}"
        telling.of(ROLLED_BACK, text, {"status": int(done.exit_status), **figures})


def give_back(
    domain: str,
    uri: str | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> int:
    """Let a guest have its RAM again: what its persistent definition says, else all of it.

    Returns:
        What its balloon leaves it, in bytes.

    Raises:
        LibvirtError: libvirt can't be reached or refuses, as where there is no balloon.
    """
    with opened(uri, domain) as handle:
        if handle.remote_host is not None:  # another machine's history
            return _give_back(handle)
        telling = event_context(machine, "give-back", handle, {})
        with telling.failures():
            size = _give_back(handle)
        tell_given_back(telling, size)
        return size


def tell_given_back(telling: EventContext, size: int) -> None:
    """Tell that a guest was asked to take so much RAM again."""
    text = f"guest '{printable(telling.guest)}' asked to take {approximate(size)} again"
    telling.of(GIVEN_BACK, text, {"balloon": size})


def _give_back(handle: Handle) -> int:
    kib = defined_memory(handle)
    handle.set_memory(kib)
    return kib * KIB


def _take(taking: GuestReclaim, goal: Goal, progress: ProgressListener) -> Reclaimed:
    reached = False
    try:
        taking.aim(goal)
        (done,) = take([taking], progress)
        reached = done.reached
    finally:
        if not reached:
            taking.restore()
    return Reclaimed(
        reached=reached,
        cooperation=taking.course.cooperation,
        reason=done.reason,
        before=taking.before,
        after=taking.charged(),
        swapped=taking.swapped(),
    )


def defined_memory(handle: Handle) -> int:
    """The RAM, in KiB, that the guest has when nothing is reclaimed.

    ``<currentMemory>`` of its persistent definition, else all of it.

    Raises:
        libvirtError: libvirt does not tell.
    """
    return _current_memory(handle) or handle.memory()[0]


def _current_memory(handle: Handle) -> int | None:
    if not handle.is_persistent():
        return None
    element = Document.parse(handle.xml(CONFIG).encode()).root.first("currentMemory")
    if element is None:
        return None
    try:
        size = parse_size(element.text.strip(), element.attributes.get("unit"))
    except SizeError:
        return None
    return size // KIB if isinstance(size, int) else None
