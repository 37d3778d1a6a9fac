"""``reclaim --host``: take so much from the guests of a host, and from each what it can spare."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from xmlresource.cgroup.current_policy import current_policy
from xmlresource.document import Document
from xmlresource.errors import ExitStatus
from xmlresource.live.event_context import EventContext, event_context
from xmlresource.live.guest_location import GuestLocation, elsewhere, find_location
from xmlresource.live.parameters.current_parameters import promised_to
from xmlresource.live.parameters.relations import effective
from xmlresource.live.reclaim.guest_reclaim import DEFAULT_TIMEOUT, Reclaimed, tell_outcome
from xmlresource.live.reclaim.reclaim_run import (
    GuestReclaim,
    NotPutBackError,
    ProgressListener,
    balloon_of,
    take,
)
from xmlresource.model.events import RECLAIMED, REFUSED, ROLLED_BACK, Fields
from xmlresource.operations.guest_policy import guest_policy
from xmlresource.reclaim.sharing import Standing, spread
from xmlresource.reclaim.steps import PATIENCE, Goal, Stop
from xmlresource.record import record, replace
from xmlresource.system.cgroups import cgroup_files, charges
from xmlresource.system.libvirt.connection import LIVE, Handle, connected
from xmlresource.system.machine import Machine
from xmlresource.units import approximate

NOT_HERE: Final = "libvirt's run folder does not show it here"
NO_BALLOON: Final = "it has no balloon to be asked through"

_OPERATION: Final = "reclaim-host"


@record
class HostGoal:
    """The goal of ``reclaim --host``.

    Attributes:
        demand: What is to be taken from all guests together.
        timeout: When to give up, in seconds.
        press: Whether to press where asking does not do; then guests without a balloon count, too.
        patience: How long nothing may move before a guest is judged.
    """

    demand: int
    timeout: float = DEFAULT_TIMEOUT
    press: bool = False
    patience: float = PATIENCE


@record
class Share:
    """The share that one guest is to give.

    Attributes:
        name: The guest.
        uuid: Its uuid.
        standing: What it has, and what it keeps.
        size: What it gives.
    """

    name: str
    uuid: str
    standing: Standing
    size: int

    @property
    def target(self) -> int:
        """The bytes that stay charged to the guest."""
        return self.standing.charged - self.size

    @property
    def below_soft(self) -> bool:
        """Whether the guest is left with less than its soft limit."""
        return self.size > self.standing.above_soft


@record
class HostPlan:
    """The plan of taking memory: a share of each guest.

    Attributes:
        demand: What is to be taken, in all.
        missing: What of that nobody can give.
        shares: A share for each guest that can give.
        passed_over: The other guests that run, by name, each with the reason.
    """

    demand: int
    missing: int
    shares: tuple[Share, ...]
    passed_over: tuple[tuple[str, str], ...] = ()


@record
class HostReclaimed:
    """The outcome of taking memory back from guests of a host.

    Attributes:
        plan: What was planned.
        reached: The demand is met; otherwise every guest has again what it had.
        reason: Why it ended.
        guests: What became of those that were asked, in the order of the plan; ``None`` for one
            that nothing was asked of.
    """

    plan: HostPlan
    reached: bool
    reason: str
    guests: tuple[Reclaimed | None, ...] = ()

    @property
    def exit_status(self) -> ExitStatus:
        """A demand that can't be met is refused before anything is done."""
        if self.reached:
            return ExitStatus.FINE
        return ExitStatus.ROLLED_BACK if self.guests else ExitStatus.REFUSED


@record
class _Guest:
    handle: Handle
    location: GuestLocation
    share: Share


def plan_host(
    wanted: HostGoal,
    uri: str | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> HostPlan:
    """Plan what each guest would give; nothing is changed.

    Args:
        wanted: What is to be reached.
        uri: The connection to libvirt; ``None`` for its default.
        machine: The machine.

    Raises:
        LibvirtError: libvirt can't be reached or refuses.
        ElsewhereError: The guests run on another host.
        OSError: A kernel file can't be read.
    """
    with _planned(wanted, uri, machine) as (plan, _):
        return plan


def reclaim_host(
    wanted: HostGoal,
    uri: str | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    agreed: Callable[[HostPlan], bool] = lambda _: True,
    progress: ProgressListener = lambda *_: None,
) -> HostReclaimed:
    """Take so much from the guests of this host, or leave all as it was.

    What a guest does not give that was asked to, is asked of the others that do, as long as they
    have something above their guarantees. Whatever ends it before the demand is met, an
    interruption too, gives back to all.

    Args:
        wanted: What is to be reached.
        uri: The connection to libvirt; ``None`` for its default.
        machine: The machine.
        agreed: Asked with the plan whether to carry it out.
        progress: Told of each step.

    Raises:
        LibvirtError: libvirt can't be reached or refuses.
        ElsewhereError: The guests run on another host.
        GoneError: A guest ended meanwhile.
        NotPutBackError: It was interrupted, or failed, and not every guest has what it had.
        OSError: A kernel file can't be read or written.
    """
    telling = EventContext(machine, _OPERATION, {"asked": wanted.demand})
    with _planned(wanted, uri, machine) as (plan, guests):
        if plan.missing:
            had = approximate(wanted.demand - plan.missing)
            refused = HostReclaimed(plan, reached=False, reason=f"no more than {had} can be had")
            _tell(telling, REFUSED, refused, {"status": int(refused.exit_status)})
            return refused
        if not agreed(plan):
            return HostReclaimed(plan, reached=False, reason="it was not agreed to")
        with telling.failures(undone=True):
            done = _Host(plan, guests, machine, progress).run(wanted)
        if done.reached:
            _tell_taken(telling, guests, done)
        else:
            _tell(telling, ROLLED_BACK, done, {"status": int(done.exit_status)})
        return done


def _tell(telling: EventContext, kind: str, done: HostReclaimed, figures: Fields) -> None:
    demand = approximate(done.plan.demand)
    telling.of(kind, f"{demand} asked of all guests: {done.reason}", figures)


def _tell_taken(telling: EventContext, guests: Sequence[_Guest], done: HostReclaimed) -> None:
    """A line for each guest that has less than it had, and one for all of them."""
    taken = 0
    for guest, outcome in zip(guests, done.guests, strict=True):
        if outcome is not None and outcome.after < outcome.before:
            taken += outcome.before - outcome.after
            tell_outcome(
                event_context(telling.machine, telling.operation, guest.handle, {}), outcome
            )
    _tell(telling, RECLAIMED, done, {"taken": taken})


@contextlib.contextmanager
def _planned(
    wanted: HostGoal, uri: str | None, machine: Machine
) -> Iterator[tuple[HostPlan, tuple[_Guest, ...]]]:
    demand, press = wanted.demand, wanted.press
    command = f"xmlresource reclaim --host {demand}b"
    guests: list[_Guest] = []
    passed_over: list[tuple[str, str]] = []
    with connected(uri) as hypervisor:
        for handle in hypervisor.running():
            location = find_location(handle, machine)
            if location is None:
                if handle.remote_host is not None:
                    raise elsewhere(handle, command)
                passed_over.append((handle.name, NOT_HERE))
                continue
            document = Document.parse(handle.xml(LIVE).encode(), "live XML")
            if not press and not has_balloon(handle, document):
                passed_over.append((handle.name, NO_BALLOON))
                continue
            standing = _standing(handle, location, document, machine, press=press)
            guests.append(_Guest(handle, location, Share(handle.name, handle.uuid, standing, 0)))
        found = spread(demand, [each.share.standing for each in guests])
        shared = tuple(
            replace(guest, share=replace(guest.share, size=size))
            for guest, size in zip(guests, found.shares, strict=True)
        )
        shares = tuple(each.share for each in shared)
        yield HostPlan(demand, found.missing, shares, tuple(passed_over)), shared


def has_balloon(handle: Handle, document: Document) -> bool:
    """Whether a guest can be asked."""
    devices = document.root.first("devices")
    balloon = None if devices is None else devices.first("memballoon")
    return (
        handle.driver == "qemu"
        and balloon is not None
        and balloon.attributes.get("model") != "none"
    )


def _standing(
    handle: Handle, location: GuestLocation, document: Document, machine: Machine, *, press: bool
) -> Standing:
    usage = charges.usage(machine, location.place.controller, location.place.cgroup)
    charged = 0 if usage is None else usage.charged
    declared = guest_policy(document).declared
    holds = effective(
        current_policy(location.place, cgroup_files.read_state(machine, location.place)), declared
    )
    balloon = None if press else balloon_of(handle)
    return Standing(
        charged=charged,
        guarantee=max(promised_to(handle, machine) or 0, declared.guarantee),
        soft=holds.soft_limit if isinstance(holds.soft_limit, int) else 0,
        fixed=0 if balloon is None else max(0, charged - balloon),
    )


class _Host:
    """One run of it."""

    def __init__(
        self, plan: HostPlan, guests: Sequence[_Guest], machine: Machine, progress: ProgressListener
    ) -> None:
        self._plan = plan
        self._guests = guests
        self._progress = progress
        self._takings = [GuestReclaim(each.handle, each.location, machine) for each in guests]
        self._ends: dict[int, Stop] = {}

    def run(self, wanted: HostGoal) -> HostReclaimed:
        try:
            missing = self._follow(wanted)
            outcomes = self._outcomes()
        except BaseException as error:
            left = self._restore()
            if left:
                raise NotPutBackError("; ".join(left)) from error
            raise
        reason = "all of it has come free"
        if missing:
            left = self._restore()
            reason = "; ".join((f"{approximate(missing)} of it could not be had", *left))
            outcomes = self._outcomes()
        return HostReclaimed(self._plan, not missing, reason, outcomes)

    def _follow(self, wanted: HostGoal) -> int:
        """Take round after round from those that give; what could not be had comes back."""
        targets = {
            index: each.share.target for index, each in enumerate(self._guests) if each.share.size
        }
        while True:
            for index, target in targets.items():
                goal = Goal(target, wanted.timeout, wanted.press, wanted.patience)
                self._takings[index].aim(goal)
            ends = take([self._takings[index] for index in targets], self._progress)
            self._ends.update(zip(targets, ends, strict=True))
            for index, end in zip(targets, ends, strict=True):
                if not end.reached:
                    self._takings[index].hold()
            short = wanted.demand - self._taken()
            if all(end.reached for end in ends) or short <= 0:
                return 0
            giving = {
                index: self._standing(index)
                for index in range(len(self._takings))
                if index not in self._ends or self._ends[index].reached
            }
            found = spread(short, tuple(giving.values()))
            if found.missing:
                return found.missing
            targets = {
                index: standing.charged - size
                for (index, standing), size in zip(giving.items(), found.shares, strict=True)
                if size
            }

    def _taken(self) -> int:
        """The bytes that have come free from the guests that were asked."""
        return sum(
            max(0, self._takings[index].before - self._takings[index].charged())
            for index in self._ends
        )

    def _standing(self, index: int) -> Standing:
        charged = self._takings[index].charged()
        return replace(self._guests[index].share.standing, charged=charged)

    def _restore(self) -> list[str]:
        """Give back to all; what could not be, a sentence each."""
        left = []
        for taking in self._takings:
            try:
                taking.restore()
            except NotPutBackError as error:
                left.append(str(error))
        return left

    def _outcomes(self) -> tuple[Reclaimed | None, ...]:
        return tuple(map(self._outcome, range(len(self._takings))))

    def _outcome(self, index: int) -> Reclaimed | None:
        end, taking = self._ends.get(index), self._takings[index]
        if end is None:
            return None
        return Reclaimed(
            reached=end.reached,
            cooperation=taking.course.cooperation,
            reason=end.reason,
            before=taking.before,
            after=taking.charged(),
            swapped=taking.swapped(),
        )
