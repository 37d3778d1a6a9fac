"""The state of the host and of its guests that have a promise."""

from collections.abc import Iterator

from xmlresource.admission.demand import Demand
from xmlresource.admission.reckoning import HeldBack
from xmlresource.admission.reserve import host_reserve
from xmlresource.cgroup.current_policy import current_policy
from xmlresource.cgroup.effective import dependable
from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.cgroup.writes import Rejection, Write
from xmlresource.model.cpu import WHOLE_PERCENT
from xmlresource.model.domain import Domain
from xmlresource.model.host import MemoryRegion
from xmlresource.operations.administration.balance_status import BalanceStatus, balance_status
from xmlresource.operations.guest import Guest
from xmlresource.operations.guest_policy import guest_policy
from xmlresource.operations.guests.enforcement import plan_for, subject_of
from xmlresource.operations.guests.guest_definitions import GuestDefinitions
from xmlresource.operations.host import Host, open_host
from xmlresource.operations.live_documents import definition
from xmlresource.operations.promises.admission_check import host_for, reckon
from xmlresource.operations.promises.boot_queue import held_back
from xmlresource.operations.promises.ledger_sight import promise_to_run
from xmlresource.operations.promises.ledger_upkeep import current_promises, held
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.promises.promise import Held, Promise, PromiseState
from xmlresource.promises.staleness import LONGEST_START
from xmlresource.record import record, replace
from xmlresource.system.cgroups import cgroup_files, places, press_records, pressure
from xmlresource.system.cgroups.protection import levels
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine
from xmlresource.units import Amount


@record
class StartWindow:
    """The time in which a guest that was admitted has to start, in seconds since 1970.

    Attributes:
        since: When it was admitted.
        until: When its promise is void, unless it runs by then.
    """

    since: int
    until: int


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
        window: When it has to start; ``None`` for one that runs.
    """

    held: Held
    drift: tuple[str, ...]
    effective: int | None = None
    limit: Amount | None = None
    soft_limit: Amount | None = None
    pressure: float | None = None
    window: StartWindow | None = None

    @property
    def headroom(self) -> int | None:
        """The bytes that the guest can still get; ``None`` without a limit, or if not known."""
        if not isinstance(self.limit, int):
            return None
        return max(0, self.limit - self.held.charged)


@record
class BalloonStatus:
    """A guest from which RAM was taken by its balloon. Sizes are in bytes.

    Attributes:
        name: Its name.
        uuid: Its uuid.
        left: The RAM that its balloon leaves it.
        maximum: The RAM that it has when nothing is taken.
    """

    name: str
    uuid: str
    left: int
    maximum: int


@record
class CpuStatus:
    """The host's CPU time, in thousandths of a CPU.

    Attributes:
        total: All of it.
        reserve: What is kept for the host itself.
        promised: What is promised to guests.
    """

    total: int
    reserve: int
    promised: int

    @property
    def promisable(self) -> int:
        """What can still be promised to guests that are bound to no CPUs, as far as weights do."""
        return max(0, self.total - self.reserve - self.promised)


@record
class DiskStatus:
    """A disk of which parts are promised, in thousandths of a percent of what it can do.

    Attributes:
        number: Its ``MAJ:MIN``.
        name: Its name; ``None`` where guests are not weighed on it any more, so that nothing that
            was promised of it is kept.
        promised: What is promised to guests.
    """

    number: str
    name: str | None
    promised: int

    @property
    def promisable(self) -> int:
        """What can still be promised, as far as weights do."""
        return 0 if self.name is None else max(0, 100 * WHOLE_PERCENT - self.promised)


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
        left_over: What killed runs of reclaim left in kernel files, a sentence each.
        cpu: Its CPU time; ``None`` where none is promised.
        disks: The disks of which parts are promised.
        ballooned: The guests from which RAM was taken, as libvirt noted it.
        balance: What balancing did lately; ``None`` where it was never set up.
    """

    memory: MemoryRegion
    reserve: int
    promised: int
    promisable: int
    guests: tuple[GuestStatus, ...]
    held_back: HeldBack | None = None
    pressure: float | None = None
    left_over: tuple[str, ...] = ()
    cpu: CpuStatus | None = None
    disks: tuple[DiskStatus, ...] = ()
    ballooned: tuple[BalloonStatus, ...] = ()
    balance: BalanceStatus | None = None


def status(
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    *,
    everyone: bool = False,
) -> Status:
    """The state of the host now. Nothing is written, no lock is taken.

    Args:
        machine: The machine.
        everyone: Whether to tell of guests without a promise, too, as having one of 0.

    Raises:
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The ledger of promises can't be read.
        OSError: A kernel file can't be read.
    """
    host = open_host(machine)
    promises = current_promises(machine, host.state)
    nobody = Demand(name="", uuid="", guarantee=0)
    region = host_for(machine, nobody).memory
    decision = reckon(host, nobody, Domain(), promises)
    running = GuestDefinitions(machine).current()
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
        held_back=held_back(host, promises),
        pressure=pressure.host_pressure(machine),
        left_over=tuple(each.describe() for each in press_records.left_over(machine, host.state)),
        cpu=_cpu(host, promises),
        disks=_disks(machine, promises),
        ballooned=tuple(
            BalloonStatus(each.name, each.key[1], each.current, each.maximum)
            for each in running
            if each.lack
        ),
        balance=balance_status(host, running),
    )


def _cpu(host: Host, promises: tuple[Promise, ...]) -> CpuStatus | None:
    promised = sum(each.cpu_time for each in promises)
    if not promised:
        return None
    from xmlresource.operations.promises.weighed.cpu_admission import reserve_of  # noqa: PLC0415 -- seldom promised

    total, reserve = reserve_of(host)
    return CpuStatus(total, reserve, promised)


def _disks(machine: Machine, promises: tuple[Promise, ...]) -> tuple[DiskStatus, ...]:
    parts: dict[str, int] = {}
    for promise in promises:
        for each in () if promise.io is None else promise.io.disks:
            parts[each.disk] = parts.get(each.disk, 0) + each.part
    if not parts:
        return ()
    from xmlresource.operations.ancestors.divided import names_of  # noqa: PLC0415 -- seldom promised

    names = names_of(machine, parts)
    return tuple(DiskStatus(number, names.get(number), part) for number, part in parts.items())


def _others(machine: Machine, promises: tuple[Promise, ...]) -> Iterator[Promise]:
    """A promise of nothing for each guest that runs without one."""
    known = {promise.key for promise in promises}
    for guest in guests.running_guests(machine):
        document = definition(machine, guest)
        domain = None if document is None else document.domain
        uuid = None if domain is None else canonical_uuid(domain.uuid or "")
        if domain is not None and uuid is not None and (guest.driver, uuid) not in known:
            yield promise_to_run(machine, guest, domain, uuid, 0)


def _guest(host: Host, each: Held, promises: tuple[Promise, ...]) -> GuestStatus:
    machine, promise = host.machine, each.promise
    found = GuestStatus(
        each,
        _drift(host, promise, promises),
        _effective(machine, promise),
        window=_window(promise),
    )
    place = None if promise.process is None else places.locate(machine, promise.process.pid)
    if place is None or isinstance(place, NoPlace):
        return found
    holds = current_policy(place, cgroup_files.read_state(machine, place))
    return replace(
        found,
        limit=holds.hard_limit,
        soft_limit=holds.soft_limit,
        pressure=pressure.pressure_in(machine, place),
    )


def _window(promise: Promise) -> StartWindow | None:
    if promise.state is PromiseState.RUNNING or promise.since is None:
        return None
    booted = guests.seconds_since_1970() - guests.seconds_since_boot()
    since = booted + promise.since
    return StartWindow(since, since + LONGEST_START)


def _drift(host: Host, promise: Promise, promises: tuple[Promise, ...]) -> tuple[str, ...]:
    """The drift: what a plan would still write; nothing where all is in force."""
    if promise.process is None:
        return ()
    running = guests.running_guest(host.machine, promise.driver, promise.name)
    document = None if running is None else definition(host.machine, running)
    if running is None or document is None:
        return ("libvirt's run folder does not show it",)
    policy, domain = guest_policy(document), document.domain or Domain()
    guest = Guest(promise.name, promise.uuid, domain, policy, document)
    subject = subject_of(host.machine, guest, running.process.pid)
    if isinstance(subject, Rejection):
        return tuple(problem.describe() for problem in subject.problems)
    weights = () if (promise.cpu or promise.io) is None else _low_weights(host, promise, promises)
    above = None
    if subject.place.controller.version is Version.V2:
        from xmlresource.operations.ancestors.protection import targets_by  # noqa: PLC0415 -- see enforcing

        above = targets_by(host, promises, subject.place, subject.state)
    found = plan_for(host.configuration, subject, above)
    if isinstance(found, Rejection):
        return tuple(problem.describe() for problem in found.problems)
    # A v1 soft limit is inert on recent kernels: it reads back what it was, and is no drift.
    writes = (each for each in found.writes if each.must_hold or above is not None)
    return tuple(write.describe() for write in (*writes, *weights))


def _low_weights(host: Host, promise: Promise, promises: tuple[Promise, ...]) -> tuple[Write, ...]:
    """The weights, of a guest and of the cgroups above it, that keep less than is promised."""
    from xmlresource.operations.ancestors.floors import missing_weights  # noqa: PLC0415 -- seldom promised

    return missing_weights(host, promise, promises)


def _effective(machine: Machine, promise: Promise) -> int | None:
    """The protection that the guest can count on, by the values of cgroups above and beside it."""
    place = None if promise.process is None else places.locate(machine, promise.process.pid)
    if place is None or isinstance(place, NoPlace) or place.controller.version is Version.V1:
        return None
    found = dependable(levels(machine, place))
    return found if isinstance(found, int) else None
