"""The ledger, brought up to date: without promises to guests that are gone, with those that run."""

from collections.abc import Iterator

from xmlresource.admission.demand import demand_of
from xmlresource.cgroup.hierarchy import Controller, NoPlace, Version
from xmlresource.document import Document, DocumentError
from xmlresource.events import WARNING, Event
from xmlresource.ledger import Ledger, LedgerError, canonical_uuid, ledger_of
from xmlresource.model.domain import Domain
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.promise import Held, Promise, State
from xmlresource.operations.guest_policy import concerns_us, guest_policy
from xmlresource.operations.host import Host
from xmlresource.operations.settling import settle_above
from xmlresource.operations.telling import tell
from xmlresource.record import replace
from xmlresource.staleness import Alive, processes_of, why_stale
from xmlresource.system import charges, guests, places
from xmlresource.system.guests import RunningGuest
from xmlresource.system.machine import Machine
from xmlresource.system.state import StateFolder, Transaction


def bring_up_to_date(host: Host, book: Transaction) -> tuple[Promise, ...]:
    """Leave in the book what stands, and return it.

    What stands above guests that are gone is lowered. A book that was lost or damaged is made anew
    from the guests that run.

    Raises:
        StateError: A damaged book can't be set aside.
        OSError: The kernel does not tell what runs.
    """
    if not book.is_new:
        try:
            promises = standing(host.machine, book.ledger)
        except LedgerError as error:
            book.set_aside(str(error))
        else:
            if len(promises) != book.ledger.promises:
                book.ledger = book.ledger.keep({promise.uuid for promise in promises})
                settle_above(host, book)
            return promises
    if book.damage is not None:
        tell(host, Event(WARNING, f"{book.damage}; made anew from the guests that run"))
    book.ledger = rebuilt(host.machine, book.ledger.boot_id)
    return book.ledger.all()


def current_promises(machine: Machine, state: StateFolder) -> tuple[Promise, ...]:
    """The promises that stand, without a lock and without writing: for those who only look.

    Raises:
        StateError: The book can't be read.
        OSError: The kernel does not tell its boot id.
    """
    ledger = state.snapshot(guests.boot_id(machine))
    if not ledger.promises:
        return rebuilt(machine, ledger.boot_id).all()
    return standing(machine, ledger)


def standing(machine: Machine, ledger: Ledger) -> tuple[Promise, ...]:
    """The promises that stand: their guests start or run.

    Raises:
        LedgerError: A promise makes no sense.
    """
    promises = ledger.all()
    pids = [pid for promise in promises for pid in processes_of(promise)]
    alive = Alive(
        boot_id=guests.boot_id(machine),
        now=guests.seconds_since_boot(),
        start_times=guests.start_times(machine, pids),
    )

    def stands(promise: Promise) -> bool:
        return why_stale(promise, ledger.boot_id, alive) is None

    if not all(stands(promise) for promise in promises):
        # Only now, because it reads the definition of every guest that runs.
        running = frozenset(each.uuid for each in running_promises(machine))
        alive = replace(alive, guests=running)
    return tuple(promise for promise in promises if stands(promise))


def rebuilt(machine: Machine, boot_id: str) -> Ledger:
    """A ledger of the guests that run and declare a guarantee."""
    return ledger_of(boot_id, running_promises(machine))


def running_promises(machine: Machine) -> Iterator[Promise]:
    """A promise for each guest that runs and declares a guarantee."""
    for guest in guests.running_guests(machine):
        document = definition(guest)
        if document is not None and concerns_us(document):
            promise = promise_to(machine, guest, document)
            if promise is not None:
                yield promise


def promise_to(machine: Machine, guest: RunningGuest, document: Document) -> Promise | None:
    """The promise to a guest that runs; ``None`` where it declares no guarantee."""
    policy = guest_policy(document)
    size = policy.declared.guarantee
    domain = document.domain
    uuid = None if domain is None else canonical_uuid(domain.uuid or "")
    if domain is None or uuid is None or not (size or policy.soft_share):
        return None
    promise = promise_to_run(machine, guest, domain, uuid, size)
    if not size and not _is_on_v2(machine, promise):
        return None  # a soft limit needs something of the cgroups above on v2 alone
    return replace(promise, soft=policy.soft_share)


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
        state=State.RUNNING,
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


def definition(guest: RunningGuest) -> Document | None:
    """The live definition of a guest; ``None`` where libvirt's status file can't be read."""
    try:
        return Document.parse(guest.status, f"{guest.file_name}.xml")
    except DocumentError:
        return None


def held(machine: Machine, promises: tuple[Promise, ...]) -> tuple[Held, ...]:
    """The promises, each with what its guest has already."""
    if not promises:
        return ()
    controller = places.host_controller(machine)
    return tuple(_held(machine, controller, promise) for promise in promises)


def _held(machine: Machine, controller: Controller | NoPlace, promise: Promise) -> Held:
    if isinstance(controller, NoPlace) or promise.cgroup is None:
        return Held(promise)
    usage = charges.usage(machine, controller, promise.cgroup)
    return Held(promise) if usage is None else Held(promise, usage.charged, usage.reclaimable)
