"""``reclaim``: take memory back from a guest that runs, and give it back again."""

from collections.abc import Callable

from xmlresource.document import Document
from xmlresource.errors import XmlresourceError
from xmlresource.exit_status import ExitStatus
from xmlresource.live.getting import promised_to
from xmlresource.live.sides import Here, must_be_here
from xmlresource.operations.guest import RefusalError, subject
from xmlresource.reclaiming import (
    Action,
    Ask,
    Cooperation,
    Course,
    Goal,
    Press,
    Seen,
    Stop,
    begin,
    proceed,
)
from xmlresource.record import record
from xmlresource.system import charges, pressing
from xmlresource.system.libvirt import CONFIG, Handle, error_type, opened
from xmlresource.system.machine import Machine
from xmlresource.units import KIB, SizeError, approximate, parse_size

DEFAULT_TIMEOUT = 60.0
_INTERVAL = 0.5

Progress = Callable[[Seen, Action], None]
"""Told each time what is observed and what is done."""


@record
class Reclaimed:
    """What became of it.

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


class GoneError(XmlresourceError):
    """The guest ended meanwhile."""


def reclaim(
    domain: str,
    goal: Goal,
    uri: str | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    progress: Progress = lambda _seen, _action: None,
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
        OSError: A kernel file can't be read or written.
    """
    with opened(uri, domain) as handle:
        here = must_be_here(handle, machine, f"xmlresource reclaim {handle.name} --to …")
        promised = promised_to(handle, machine) or 0
        if goal.target < promised:
            text = f"{subject(handle.name)} refused: {approximate(promised)} is promised to it"
            raise RefusalError(ExitStatus.REFUSED, text)
        return _Reclaim(handle, here, machine, progress).run(goal)


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
    del machine  # pressing leaves nothing behind
    with opened(uri, domain) as handle:
        kib = _defined_memory(handle) or handle.memory()[0]
        handle.set_memory(kib)
        return kib * KIB


class _Reclaim:
    """One run of it, on one guest."""

    def __init__(self, handle: Handle, here: Here, machine: Machine, progress: Progress) -> None:
        self._handle = handle
        self._place = here.place
        self._machine = machine
        self._progress = progress
        self._begun = pressing.now()
        self._asked_from: int | None = None

    def run(self, goal: Goal) -> Reclaimed:
        reached = False
        try:
            done, course = self._follow(goal)
            reached = done.reached
        finally:
            if not reached:
                self._restore()
        return Reclaimed(
            reached=done.reached,
            cooperation=course.cooperation,
            reason=done.reason,
            before=course.first.charged,
            after=self._charged(),
            swapped=pressing.swapped(self._machine, self._place),
        )

    def _follow(self, goal: Goal) -> tuple[Stop, Course]:
        seen = self._look()
        course, action = begin(goal, seen)
        while not isinstance(action, Stop):
            self._progress(seen, action)
            refused = self._carry_out(action, seen)
            seen = self._look()
            if refused is None:
                course, action = begin(goal, Seen(seen.at, seen.charged, None, seen.pressure))
            else:
                course, action = proceed(goal, course, seen, refused=refused)
        self._progress(seen, action)
        return action, course

    def _carry_out(self, action: Action, seen: Seen) -> bool | None:
        """Whether the kernel refused a step; ``None`` where the guest can't be asked."""
        if isinstance(action, Press):
            pressing.take(self._machine, self._place, seen.charged, action.size)
            return seen.charged - self._charged() < action.size // 2
        if isinstance(action, Ask):
            return self._ask(action.balloon, seen)
        pressing.pause(_INTERVAL)
        return False

    def _ask(self, balloon: int, seen: Seen) -> bool | None:
        self._asked_from = seen.balloon
        try:
            self._handle.set_memory(balloon // KIB)
        except error_type():  # "without the balloon device"
            self._asked_from = None
            return None
        return False

    def _look(self) -> Seen:
        return Seen(
            at=pressing.now() - self._begun,
            charged=self._charged(),
            balloon=self._balloon(),
            pressure=pressing.pressure(self._machine, self._place),
        )

    def _charged(self) -> int:
        usage = charges.usage(self._machine, self._place.controller, self._place.cgroup)
        if usage is None:
            raise GoneError(f"{subject(self._handle.name)}: it has ended")
        return usage.charged

    def _balloon(self) -> int | None:
        """What QEMU says now; ``None`` for a container, which has none."""
        if self._handle.driver != "qemu":
            return None
        kib = self._handle.memory_statistics().get("actual")
        return None if kib is None else kib * KIB

    def _restore(self) -> None:
        if self._asked_from is not None and self._handle.is_running():
            self._handle.set_memory(self._asked_from // KIB)


def _defined_memory(handle: Handle) -> int | None:
    """``<currentMemory>`` of the persistent definition, in KiB."""
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
