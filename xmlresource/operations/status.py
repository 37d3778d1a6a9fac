"""How the host and its guests with a promise stand."""

from collections.abc import Iterator

from xmlresource.admission.demand import Demand
from xmlresource.admission.reckoning import HeldBack
from xmlresource.admission.reserve import host_reserve
from xmlresource.cgroup.effective import dependable
from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.cgroup.in_force import in_force
from xmlresource.cgroup.writes import Rejection
from xmlresource.ledger import canonical_uuid
from xmlresource.model.domain import Domain
from xmlresource.model.host import MemoryRegion
from xmlresource.model.promise import Held, Promise
from xmlresource.operations.admitting import host_for, reckon
from xmlresource.operations.book import current_promises, definition, held, promise_to_run
from xmlresource.operations.boot import held_back
from xmlresource.operations.enforcing import plan_for, subject_of
from xmlresource.operations.guest_policy import guest_policy
from xmlresource.operations.host import Host, open_host
from xmlresource.record import record, replace
from xmlresource.system import cgroups, guests, places, pressing
from xmlresource.system.machine import Machine
from xmlresource.system.protection import levels
from xmlresource.units import Amount


@record
class GuestStatus:
    """A guest with a promise.

    Attributes:
        held: The promise, and what the guest has of it.
        drift: What should be in force and is not, a sentence each.
        effective: What the kernel protects whatever others use; ``None`` where that can't be told,
            as on v1, which protects nothing.
        limit: The hard limit in force; ``None`` while the guest starts.
        soft_limit: The soft limit in force.
        pressure: Percent of the last ten seconds in which some task of the guest waited for memory;
            ``None`` where the kernel does not tell.
    """

    held: Held
    drift: tuple[str, ...]
    effective: int | None = None
    limit: Amount | None = None
    soft_limit: Amount | None = None
    pressure: float | None = None

    @property
    def headroom(self) -> int | None:
        """What it can have besides; ``None`` where nothing limits it, or that is not known."""
        if not isinstance(self.limit, int):
            return None
        return max(0, self.limit - self.held.charged)


@record
class Status:
    """A host and its promises. Sizes are in bytes.

    Attributes:
        memory: The host's memory.
        reserve: What is kept for the host itself.
        promised: The sum of all promises, with what is pinned beyond them.
        promisable: The largest guarantee that could be promised now.
        guests: The guests with a promise.
        held_back: What is held back for guests of higher priority that are still to start;
            ``None`` where nothing is.
        pressure: As that of a guest, of the whole host.
    """

    memory: MemoryRegion
    reserve: int
    promised: int
    promisable: int
    guests: tuple[GuestStatus, ...]
    held_back: HeldBack | None = None
    pressure: float | None = None


def status(
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    *,
    everyone: bool = False,
) -> Status:
    """How the host stands now. Nothing is written, no lock is taken.

    Args:
        machine: The machine.
        everyone: Whether to tell of guests without a promise, too, as having one of 0.

    Raises:
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The book of promises can't be read.
        OSError: A kernel file can't be read.
    """
    host = open_host(machine)
    promises = current_promises(machine, host.state)
    nobody = Demand(name="", uuid="", guarantee=0)
    region = host_for(machine, nobody).memory
    decision = reckon(machine, host.configuration, nobody, Domain(), promises)
    return Status(
        memory=region,
        reserve=host_reserve(region.total, host.configuration.host_reserve),
        promised=sum(promise.committed for promise in promises),
        promisable=decision.promisable,
        guests=tuple(
            _guest(host, each, promises)
            for each in held(
                machine, (*promises, *(_others(machine, promises) if everyone else ()))
            )
        ),
        held_back=held_back(machine, host.configuration, promises),
        pressure=pressing.host_pressure(machine),
    )


def _others(machine: Machine, promises: tuple[Promise, ...]) -> Iterator[Promise]:
    """A promise of nothing for each guest that runs without one."""
    known = {promise.uuid for promise in promises}
    for guest in guests.running_guests(machine):
        document = definition(guest)
        domain = None if document is None else document.domain
        uuid = None if domain is None else canonical_uuid(domain.uuid or "")
        if domain is not None and uuid is not None and uuid not in known:
            yield promise_to_run(machine, guest, domain, uuid, 0)


def _guest(host: Host, each: Held, promises: tuple[Promise, ...]) -> GuestStatus:
    machine, promise = host.machine, each.promise
    found = GuestStatus(each, _drift(host, promise, promises), _effective(machine, promise))
    place = None if promise.process is None else places.locate(machine, promise.process.pid)
    if place is None or isinstance(place, NoPlace):
        return found
    holds = in_force(place, cgroups.read_state(machine, place))
    return replace(
        found,
        limit=holds.hard_limit,
        soft_limit=holds.soft_limit,
        pressure=pressing.pressure_in(machine, place),
    )


def _drift(host: Host, promise: Promise, promises: tuple[Promise, ...]) -> tuple[str, ...]:
    """What the plan would still write: nothing, where all is in force."""
    if promise.process is None:
        return ()
    running = guests.running_guest(host.machine, promise.driver, promise.name)
    document = None if running is None else definition(running)
    if running is None or document is None:
        return ("libvirt's run folder does not show it",)
    subject = subject_of(host.machine, guest_policy(document), running.process.pid)
    if isinstance(subject, Rejection):
        return tuple(problem.describe() for problem in subject.problems)
    above = None
    if subject.place.controller.version is Version.V2:
        from xmlresource.operations.chain import targets_by  # noqa: PLC0415 -- see enforcing

        above = targets_by(host, promises, subject.place, subject.state)
    found = plan_for(host.configuration, subject, above)
    if isinstance(found, Rejection):
        return tuple(problem.describe() for problem in found.problems)
    # A v1 soft limit is inert on recent kernels: it reads back what it was, and is no drift.
    return tuple(write.describe() for write in found.writes if write.must_hold or above is not None)


def _effective(machine: Machine, promise: Promise) -> int | None:
    """What the guest can count on, by what is set for all cgroups above and beside it."""
    place = None if promise.process is None else places.locate(machine, promise.process.pid)
    if place is None or isinstance(place, NoPlace) or place.controller.version is Version.V1:
        return None
    found = dependable(levels(machine, place))
    return found if isinstance(found, int) else None
