"""Guests that run: put their policy in force, take them in, take back what they had."""

from xmlresource.cgroup.hierarchy import NoPlace
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import Rejection
from xmlresource.exit_status import ExitStatus
from xmlresource.model.promise import Process, Promise
from xmlresource.operations.admitting import demand_for
from xmlresource.operations.book import bring_up_to_date
from xmlresource.operations.enforcing import plan_for
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.host import Host
from xmlresource.operations.promising import admit, promise_for, refuse_faults
from xmlresource.operations.settling import settle
from xmlresource.printable import printable
from xmlresource.system import cgroups, guests, log, places
from xmlresource.system.machine import Machine
from xmlresource.system.state import Transaction


def started(host: Host, guest: Guest) -> None:
    """Write the policy of a guest whose process runs, and confirm its promise.

    Raises:
        RefusalError: It could not be put in force; what was written is undone.
        HostError: The host does not tell what must be known.
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    take_in(host, guest, _process_of(host.machine, guest))


def take_in(host: Host, guest: Guest, process: Process) -> Report:
    """Put the policy of a guest that runs in force, admitting it where that was not done.

    Raises:
        RefusalError: It can't be admitted, or its policy could not be put in force; what was
            written is undone, and the book is as before.
        HostError: The host does not tell what must be known.
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    refuse_faults(host.machine, guest)
    if not guest.policy.declared.guarantee:
        return _enforce(host, guest, process, ())
    with host.transaction() as book:
        bring_up_to_date(host.machine, book)
        if not _is_promised(guest, book):
            # Not asked before, or for less, or the book was lost since.
            admit(host, guest, book)
        _confirm(host, guest, process, book)
        return _enforce(host, guest, process, book.ledger.all())


def stopped(host: Host, guest: Guest) -> None:
    """Take back what was promised to a guest that is gone.

    Raises:
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    if not guest.policy.declared.guarantee:
        return
    with host.transaction() as book:
        bring_up_to_date(host.machine, book)
        promise = book.ledger.get(guest.uuid)
        if promise is None:  # the book was lost, and what it was raised for may still stand
            demand = demand_for(guest.domain, guest.policy.declared)
            promise = promise_for(host.machine, guest, demand, None)
        book.ledger = book.ledger.drop(guest.uuid)
        settle(host.machine, (promise,), book.ledger)


def reconnect(host: Host, guest: Guest) -> None:
    """Take in a guest that runs already, promised or not: it has its memory.

    Raises:
        RefusalError: Its policy could not be put in force; the promise is in the book all the same.
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    process = _process_of(host.machine, guest)
    promises: tuple[Promise, ...] = ()
    if guest.policy.declared.guarantee:
        with host.transaction() as book:
            bring_up_to_date(host.machine, book)
            _confirm(host, guest, process, book)
            promises = book.ledger.all()
    _enforce(host, guest, process, promises)


def _confirm(host: Host, guest: Guest, process: Process, book: Transaction) -> None:
    """Have the promise to a guest that runs in the book, with its process and cgroup."""
    place = places.locate(host.machine, process.pid)
    cgroup = None if isinstance(place, NoPlace) else place.cgroup
    if not _is_promised(guest, book):
        demand = demand_for(guest.domain, guest.policy.declared)
        book.ledger = book.ledger.put(promise_for(host.machine, guest, demand, None))
    book.ledger = book.ledger.confirm(guest.uuid, process, cgroup)


def _is_promised(guest: Guest, book: Transaction) -> bool:
    """Whether the book has what the guest asks for now; a live definition can be edited."""
    promise = book.ledger.get(guest.uuid)
    asked = demand_for(guest.domain, guest.policy.declared).guarantee
    return promise is not None and promise.size == asked


def _enforce(host: Host, guest: Guest, process: Process, promises: tuple[Promise, ...]) -> Report:
    found = plan_for(host.machine, host.configuration, guest.policy, process.pid, promises)
    if isinstance(found, Rejection):
        text = f"{guest.subject}: its policy can't be put in force: {found.describe()}"
        raise RefusalError(ExitStatus.ROLLED_BACK, text)
    report = cgroups.apply(host.machine, found)
    if not report.ok:
        text = f"{guest.subject}: its policy could not be put in force: {report.describe()}"
        raise RefusalError(ExitStatus.ROLLED_BACK, text)
    notes = (*(note.describe() for note in found.not_enforced),)
    log.info("\n".join((f"guest '{printable(guest.name)}': {report.describe()}", *notes)))
    return report


def _process_of(machine: Machine, guest: Guest) -> Process:
    """The guest's process.

    Raises:
        RefusalError: libvirt's run folder does not show it.
    """
    running = guests.running_guest(machine, guest.driver, guest.name)
    if running is None:
        folder = guests.RUN_FOLDERS[guest.driver]
        text = f"{guest.subject}: {folder} does not show its process"
        raise RefusalError(ExitStatus.ROLLED_BACK, text)
    return running.process
