"""A look at the ledger, or at what runs where there is none, without the lock.

Going through all promises, processes and files takes as long as there are many, and files as long
as tenants make them. So it is done while others may have the ledger; what they change meanwhile is
told by its lines.
"""

from collections.abc import Iterable, Iterator, Mapping

from xmlresource.admission.demand import demand_of
from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.document import Document
from xmlresource.model.domain import Domain
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.guest_policy import GuestPolicy, concerns_us, guest_policy
from xmlresource.operations.live_documents import policy_document
from xmlresource.promises.ledger import Ledger, LedgerError, canonical_uuid
from xmlresource.promises.promise import Key, Promise, PromiseState
from xmlresource.promises.staleness import Alive, is_overdue, processes_of, why_stale
from xmlresource.record import field, record, replace
from xmlresource.system.cgroups import places
from xmlresource.system.libvirt import guests
from xmlresource.system.libvirt.guests import RunningGuest
from xmlresource.system.machine import Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.promises.cpu_promise import CpuPromise
    from xmlresource.promises.io_promise import IoPromise


@record
class Sight:
    """The promises that were seen, and whether they still stand.

    Attributes:
        ledger: The ledger that was looked at; ``None`` where there was none.
        known: Its promises, by line.
        void: The lines of those whose guests are gone.
        rest: The ledger without them.
        standing: The promises of ``rest``.
        fault: Why the ledger makes no sense; ``None`` where it does.
        running: Where there was no ledger, a promise for each guest that runs and needs one.
        doubts: What could not be known of these guests, a sentence each.
    """

    ledger: Ledger | None
    known: Mapping[bytes, Promise] = field(default_factory=dict)
    void: frozenset[bytes] = frozenset()
    rest: Ledger | None = None
    standing: tuple[Promise, ...] = ()
    fault: str | None = None
    running: tuple[Promise, ...] = ()
    doubts: tuple[str, ...] = ()


def look(machine: Machine, ledger: Ledger | None) -> Sight:
    """See what stands of a ledger; what runs where there is none.

    Raises:
        OSError: The kernel does not tell what runs.
    """
    if ledger is None:
        running, doubts = running_promises(machine)
        return Sight(None, running=running, doubts=doubts)
    try:
        known = ledger.by_line({})
    except LedgerError as error:
        return Sight(ledger, fault=str(error))
    if not known:
        return Sight(ledger, rest=ledger)
    alive = _alive(machine, ledger, known.values())
    stale = (line for line, each in known.items() if why_stale(each, ledger.boot_id, alive))
    void = frozenset(stale)
    if not void:
        return Sight(ledger, known, void, ledger, tuple(known.values()))
    standing = tuple(each for line, each in known.items() if line not in void)
    return Sight(ledger, known, void, ledger.without(void), standing)


def _alive(machine: Machine, ledger: Ledger, promises: Iterable[Promise]) -> Alive:
    """The guests of the promises that still run."""
    pids = [pid for promise in promises for pid in processes_of(promise)]
    now = guests.seconds_since_boot()
    unseen = any(is_overdue(promise, now) for promise in promises)
    alive = Alive(
        boot_id=guests.boot_id(machine),
        now=now,
        start_times=guests.start_times(machine, pids),
        starting=guests.starting_guests(machine) if unseen else None,
    )
    suspects = [each for each in promises if why_stale(each, ledger.boot_id, alive) is not None]
    return replace(alive, guests=frozenset(_shown(machine, suspects))) if suspects else alive


def _shown(machine: Machine, suspects: Iterable[Promise]) -> Iterator[Key]:
    """Drivers and uuids of those that libvirt's run folder shows all the same, or may show.

    Its files are named after the guests, so nobody else's is read.
    """
    names = {driver: guests.names_shown(machine, driver) for driver in guests.RUN_FOLDERS}
    for each in suspects:
        is_there = each.name in names.get(each.driver, ())
        if is_there and guests.may_be_running(machine, each.driver, each.name, each.uuid):
            yield each.key


def running_promises(machine: Machine) -> tuple[tuple[Promise, ...], tuple[str, ...]]:
    """A promise for each guest that runs and declares a guarantee, and what can't be known.

    Raises:
        OSError: The kernel does not tell what runs.
    """
    promises, doubts = [], []
    for guest in guests.shown_guests(machine):
        found = policy_document(machine, guest)
        if found is None:
            continue
        promise = None
        is_sure = isinstance(guest, RunningGuest) and found.fault is None
        if found.document is not None and isinstance(guest, RunningGuest):
            promise = _plausible(machine, promise_to(machine, guest, found.document))
        if promise is None and not is_sure and found.is_ours:
            from xmlresource.operations.promises.doubt import promise_in_doubt  # noqa: PLC0415 -- seldom

            promise, doubt = promise_in_doubt(machine, guest, found)
            doubts.append(doubt)
        if promise is not None:
            promises.append(promise)
    return tuple(promises), tuple(doubts)


def _plausible(machine: Machine, promise: Promise | None) -> Promise | None:
    """The promise, of a size that the guest can have been promised."""
    if promise is None:
        return None
    from xmlresource.operations.promises.plausible_guarantee import (  # noqa: PLC0415 -- seldom lost
        as_far_as_plausible,
    )

    return as_far_as_plausible(machine, promise)


def promise_to(machine: Machine, guest: RunningGuest, document: Document) -> Promise | None:
    """The promise to a guest that runs; ``None`` where it asks for nothing of us."""
    domain = document.domain
    uuid = None if domain is None else canonical_uuid(domain.uuid or "")
    if domain is None or uuid is None or not concerns_us(document):
        return None
    policy = guest_policy(document)
    size = policy.declared.guarantee
    cpu = _cpu_promise(machine, guest, domain, policy)
    io = _io_promise(machine, guest, domain, policy)
    if not (size or policy.soft_share or cpu or io):
        return None
    promise = replace(promise_to_run(machine, guest, domain, uuid, size), cpu=cpu, io=io)
    if not (size or cpu or io) and not _is_on_v2(machine, promise):
        return None  # a soft limit needs something of the cgroups above on v2 alone
    return replace(promise, soft=policy.soft_share)


def _cpu_promise(
    machine: Machine, guest: RunningGuest, domain: Domain, policy: GuestPolicy
) -> "CpuPromise | None":
    """The CPU time that a guest that runs can have been promised."""
    if not policy.guarantees_cpu:
        return None
    from xmlresource.operations.promises.weighed.cpu_admission import plausible_cpu  # noqa: PLC0415 -- seldom

    return plausible_cpu(machine, guest.process.pid, domain, policy.cpu)


def _io_promise(
    machine: Machine, guest: RunningGuest, domain: Domain, policy: GuestPolicy
) -> "IoPromise | None":
    """The parts of disks that a guest that runs can have been promised."""
    if not policy.guarantees_io:
        return None
    from xmlresource.operations.promises.weighed.io_admission import plausible_io  # noqa: PLC0415 -- seldom

    return plausible_io(machine, guest.process.pid, domain, policy.io)


def promise_to_run(
    machine: Machine, guest: RunningGuest, domain: Domain, uuid: str, size: int
) -> Promise:
    """A promise of ``size`` to a guest that runs; it has its hugepages."""
    place = places.locate(machine, guest.process.pid)
    demand = demand_of(domain, MemoryPolicy(min_guarantee=size), places.PAGE_SIZE)
    return Promise(
        uuid=uuid,
        name=domain.name,
        driver=guest.driver,
        size=size,
        state=PromiseState.RUNNING,
        shares=demand.node_shares() if size else (),
        process=guest.process,
        cgroup=None if isinstance(place, NoPlace) else place.cgroup,
        partition=domain.partition,
        pinned=demand.pinned if size else 0,
    )


def _is_on_v2(machine: Machine, promise: Promise) -> bool:
    controller = places.host_controller(machine)
    if promise.cgroup is None or isinstance(controller, NoPlace):
        return False
    return controller.version is Version.V2
