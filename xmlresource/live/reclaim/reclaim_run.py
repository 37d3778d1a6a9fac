"""Take memory from guests that run, several at once, a step of each in turn.

What to do next is ``reclaiming``'s business; here it is done, and undone.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from xmlresource.errors import ExitStatus, XmlresourceError
from xmlresource.live.guest_location import GuestLocation
from xmlresource.operations.guest import subject
from xmlresource.operations.host import state_of
from xmlresource.printable import printable
from xmlresource.reclaim.steps import (
    Action,
    Ask,
    Goal,
    Observation,
    Press,
    Progress,
    Stop,
    Wait,
    begin,
    proceed,
)
from xmlresource.system.cgroups import charges, pressure
from xmlresource.system.libvirt.connection import Handle, error_type
from xmlresource.system.machine import Machine
from xmlresource.units import KIB

_INTERVAL = 0.5

ProgressListener: TypeAlias = Callable[[str, Observation, Action], None]
"""Told each time of a guest's name, what is observed and what is done."""


class GoneError(XmlresourceError):
    """The guest ended meanwhile."""


class NotPutBackError(XmlresourceError):
    """Guests that don't have what they had; the text names them."""

    exit_status = ExitStatus.ROLLED_BACK


class GuestReclaim:
    """Memory being taken from one guest, step by step.

    Attributes:
        handle: The guest.
        before: What was charged to it at first.
        course: How far it has come.
        action: What comes next; a :class:`Stop` where it is over.
    """

    course: Progress
    action: Action

    def __init__(self, handle: Handle, location: GuestLocation, machine: Machine) -> None:
        self.handle = handle
        self._place = location.place
        self._machine = machine
        self._state = state_of(machine)
        self._begun = pressure.now()
        self._asked_from: int | None = None
        self._seen = self._look()
        self.before = self._seen.charged

    @property
    def stopped(self) -> Stop | None:
        """The end of the reclaim; ``None`` while it goes on."""
        return self.action if isinstance(self.action, Stop) else None

    def aim(self, goal: Goal) -> None:
        """Begin, or begin again with another goal; its time counts from the very beginning."""
        self._goal = goal
        self._seen = self._look()
        self.course, self.action = begin(goal, self._seen)

    def step(self, progress: ProgressListener) -> None:
        """Do what comes next, and see what comes then.

        Raises:
            libvirtError: libvirt does not ask the guest.
            GoneError: The guest has ended.
            OSError: A kernel file can't be read or written.
        """
        progress(self.handle.name, self._seen, self.action)
        refused = self._carry_out(self.action, self._seen)
        seen = self._seen = self._look()
        if refused is None:
            unasked = Observation(seen.at, seen.charged, None, seen.pressure)
            self.course, self.action = begin(self._goal, unasked)
        else:
            self.course, self.action = proceed(self._goal, self.course, seen, refused=refused)
        if self.stopped:
            progress(self.handle.name, seen, self.action)

    def charged(self) -> int:
        """The bytes that are charged to the guest now.

        Raises:
            GoneError: It has ended.
            OSError: A kernel file can't be read.
        """
        usage = charges.usage(self._machine, self._place.controller, self._place.cgroup)
        if usage is None:
            raise GoneError(f"{subject(self.handle.name)}: it has ended")
        return usage.charged

    def swapped(self) -> int:
        """The bytes of the guest that are in swap."""
        return pressure.swapped(self._machine, self._place)

    def restore(self) -> None:
        """Let the guest have what it had.

        Raises:
            NotPutBackError: libvirt does not tell it.
        """
        try:
            if self._asked_from is not None and self.handle.is_running():
                self.handle.set_memory(self._asked_from // KIB)
        except error_type() as error:
            text = f"NOT put back: guest '{printable(self.handle.name)}': {error}"
            raise NotPutBackError(text) from error

    def hold(self) -> None:
        """Have the guest asked for no more than it gave, so that it is not for ever short of it.

        Raises:
            libvirtError: libvirt does not tell it.
        """
        balloon = balloon_of(self.handle)
        if self._asked_from is not None and balloon is not None:
            self.handle.set_memory(balloon // KIB)

    def _carry_out(self, action: Action, seen: Observation) -> bool | None:
        """Whether the kernel refused a step; ``None`` where the guest can't be asked."""
        if isinstance(action, Press):
            pressure.take(self._machine, self._state, self._place, seen.charged, action.size)
            return seen.charged - self.charged() < action.size // 2
        if isinstance(action, Ask):
            return self._ask(action.balloon, seen)
        return False

    def _ask(self, balloon: int, seen: Observation) -> bool | None:
        first = self._asked_from is None
        self._asked_from = self._asked_from or seen.balloon
        try:
            self.handle.set_memory(balloon // KIB)
        except error_type():
            if not first:
                raise
            self._asked_from = None  # "without the balloon device"
            return None
        return False

    def _look(self) -> Observation:
        return Observation(
            at=pressure.now() - self._begun,
            charged=self.charged(),
            balloon=balloon_of(self.handle),
            pressure=pressure.pressure(self._machine, self._place),
        )


def take(takings: Sequence[GuestReclaim], progress: ProgressListener) -> tuple[Stop, ...]:
    """Go on with each until it is over; how they ended.

    Raises:
        libvirtError: libvirt does not ask a guest.
        GoneError: A guest has ended.
        OSError: A kernel file can't be read or written.
    """
    while going := [each for each in takings if each.stopped is None]:
        if all(isinstance(each.action, Wait) for each in going):
            pressure.pause(_INTERVAL)
        for each in going:
            each.step(progress)
    return tuple(each.action for each in takings if isinstance(each.action, Stop))


def balloon_of(handle: Handle) -> int | None:
    """The size that the balloon leaves the guest, as QEMU says now; ``None`` for a container."""
    if handle.driver != "qemu":
        return None
    kib = handle.memory_statistics().get("actual")
    return None if kib is None else kib * KIB
