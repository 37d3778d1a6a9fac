"""Guests that run: put their policy in force, take them in, take back what they had."""

from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.cgroup.report import Report
from xmlresource.exit_status import ExitStatus
from xmlresource.model.promise import Process
from xmlresource.operations.admitting import demand_for
from xmlresource.operations.book import bring_up_to_date
from xmlresource.operations.enforcing import Booked, enforce
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.host import Host
from xmlresource.operations.promising import admit, promise_for, refuse_faults
from xmlresource.operations.settling import settle_above
from xmlresource.printable import printable
from xmlresource.system import guests, log, places
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
    if not _is_booked(host, guest):
        return _enforce(host, guest, process, None)
    with host.transaction() as book:
        bring_up_to_date(host, book)
        if guest.policy.declared.guarantee and not _is_promised(guest, book):
            # Not asked before, or for something else, or the book was lost since.
            admit(host, guest, book)
        return _enforce(host, guest, process, _confirm(host, guest, process, book))


def stopped(host: Host, guest: Guest) -> None:
    """Take back what was promised to a guest that is gone.

    Raises:
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    if not _is_booked(host, guest):
        return
    with host.transaction() as book:
        bring_up_to_date(host, book)
        book.ledger = book.ledger.drop(guest.uuid)
        settle_above(host, book)


def reconnect(host: Host, guest: Guest) -> None:
    """Take in a guest that runs already, promised or not: it has its memory.

    Raises:
        RefusalError: Its policy could not be put in force; the promise is in the book all the same.
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    adopt(host, guest, _process_of(host.machine, guest))


def settle_all(host: Host) -> None:
    """Drop what stands for guests that are gone, also from the cgroups above.

    Raises:
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    with host.transaction() as book:
        bring_up_to_date(host, book)
        settle_above(host, book)


def adopt(host: Host, guest: Guest, process: Process) -> Report:
    """Promise a guest that runs what it has, asking nobody, and put its policy in force.

    Raises:
        RefusalError: Its policy could not be put in force; the promise is in the book all the same.
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    if not _is_booked(host, guest):
        return _enforce(host, guest, process, None)
    done: Report | RefusalError
    with host.transaction() as book:
        bring_up_to_date(host, book)
        booked = _confirm(host, guest, process, book)
        try:
            done = _enforce(host, guest, process, booked)
        except RefusalError as error:
            done = error  # it keeps its promise: it runs
    if isinstance(done, RefusalError):
        raise done
    return done


def _is_booked(host: Host, guest: Guest) -> bool:
    """Whether the guest has an entry in the book: what it needs of the cgroups above it."""
    if guest.policy.declared.guarantee or not guest.policy.soft_share:
        return bool(guest.policy.declared.guarantee)
    controller = places.host_controller(host.machine)
    return not isinstance(controller, NoPlace) and controller.version is Version.V2


def _confirm(host: Host, guest: Guest, process: Process, book: Transaction) -> Booked:
    """Have the promise to a guest that runs in the book, with its process and cgroup."""
    place = places.locate(host.machine, process.pid)
    cgroup = None if isinstance(place, NoPlace) else place.cgroup
    before = book.ledger.get(guest.uuid)
    if before is None or not _is_promised(guest, book) or before.soft != guest.policy.soft_share:
        demand = demand_for(guest.domain, guest.policy.declared)
        book.ledger = book.ledger.put(promise_for(host, guest, demand, None))
    book.ledger = book.ledger.confirm(guest.uuid, process, cgroup)
    return Booked(book, before)


def _is_promised(guest: Guest, book: Transaction) -> bool:
    """Whether the book has what the guest asks for now: a live definition can be edited."""
    promise = book.ledger.get(guest.uuid)
    asked = demand_for(guest.domain, guest.policy.declared).guarantee
    return promise is not None and promise.size == asked


def _enforce(host: Host, guest: Guest, process: Process, booked: Booked | None) -> Report:
    report = enforce(host, guest, process.pid, booked)
    notes = (*(note.describe() for note in report.plan.not_enforced),)
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
