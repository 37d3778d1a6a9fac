"""Guests that run: put their policy in force, take them in, take back what they had."""

from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.cgroup.report import Report
from xmlresource.events import RELEASED, REPAIRED, WRITTEN, Event, Fields
from xmlresource.exit_status import ExitStatus
from xmlresource.ledger import LedgerError
from xmlresource.model.promise import Process, Promise
from xmlresource.operations.admitting import demand_for
from xmlresource.operations.book import bring_up_to_date
from xmlresource.operations.enforcing import Booked, enforce
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.host import Host
from xmlresource.operations.promising import admit, promise_for, refuse_faults
from xmlresource.operations.settling import settle_above
from xmlresource.operations.telling import of_report, tell
from xmlresource.printable import printable
from xmlresource.record import replace
from xmlresource.system import guests, places
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
    process = _process_of(host.machine, guest)
    take_in(host, guest, process, "started", starts=True)


def take_in(
    host: Host, guest: Guest, process: Process, operation: str, *, starts: bool = False
) -> Report:
    """Put the policy of a guest that runs in force, admitting it where that was not done.

    Args:
        host: The host.
        guest: The guest.
        process: Its process.
        operation: What asks for it, for the log.
        starts: It has only just begun to run. Where the book was lost since it was admitted, a
            promise that it has as all that run was never decided about: what it had been promised
            may have gone to others meanwhile.

    Raises:
        RefusalError: It can't be admitted, or its policy could not be put in force; what was
            written is undone, and the book is as before.
        HostError: The host does not tell what must be known.
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    report = _taken_in(host, guest, process, starts=starts)
    tell(host, of_report(WRITTEN, guest, operation, report))
    return report


def _taken_in(host: Host, guest: Guest, process: Process, *, starts: bool) -> Report:
    refuse_faults(host.machine, guest)
    if not _is_booked(host, guest):
        return enforce(host, guest, process.pid, None)
    with host.transaction() as book:
        bring_up_to_date(host, book)
        asks = bool(guest.policy.declared.guarantee) and not _is_asked(guest, book, starts=starts)
        if asks:
            # Not asked before, or for something else, or the book was lost since.
            admit(host, guest, book)
        booked = _confirm(host, guest, process, book, decided=asks)
        return enforce(host, guest, process.pid, booked)


def stopped(host: Host, guest: Guest, operation: str = "stopped") -> None:
    """Take back what was promised to a guest that is gone.

    Raises:
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    if not _is_booked(host, guest):
        return
    with host.transaction() as book:
        promise = _promise(book, guest.uuid)
        bring_up_to_date(host, book)
        book.ledger = book.ledger.drop(guest.uuid)
        settle_above(host, book)
    if promise is not None:
        message = f"guest '{printable(guest.name)}' released {promise.size} bytes"
        figures: Fields = {"guarantee": promise.size}
        tell(host, Event(RELEASED, message, operation, guest.name, guest.uuid, figures))


def _promise(book: Transaction, uuid: str) -> Promise | None:
    """What the guest was promised, before its end is found out in another way."""
    try:
        return book.ledger.get(uuid)
    except LedgerError:
        return None  # it is made anew


def reconnect(host: Host, guest: Guest) -> None:
    """Take in a guest that runs already, promised or not: it has its memory.

    Raises:
        RefusalError: Its policy could not be put in force; the promise is in the book all the same.
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    adopt(host, guest, _process_of(host.machine, guest), "reconnect")


def settle_all(host: Host) -> None:
    """Drop what stands for guests that are gone, also from the cgroups above.

    Raises:
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    with host.transaction() as book:
        bring_up_to_date(host, book)
        settle_above(host, book)


def adopt(host: Host, guest: Guest, process: Process, operation: str) -> Report:
    """Promise a guest that runs what it has, asking nobody, and put its policy in force.

    Raises:
        RefusalError: Its policy could not be put in force; the promise is in the book all the same.
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    report = _adopted(host, guest, process)
    if report.applied:
        tell(host, of_report(REPAIRED, guest, operation, report))
    return report


def _adopted(host: Host, guest: Guest, process: Process) -> Report:
    if not _is_booked(host, guest):
        return enforce(host, guest, process.pid, None)
    done: Report | RefusalError
    with host.transaction() as book:
        bring_up_to_date(host, book)
        booked = _confirm(host, guest, process, book, decided=False)
        try:
            done = enforce(host, guest, process.pid, booked)
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


def _confirm(
    host: Host, guest: Guest, process: Process, book: Transaction, *, decided: bool
) -> Booked:
    """Have the promise to a guest that runs in the book, with its process and cgroup.

    Args:
        host: The host.
        guest: The guest.
        process: Its process.
        book: The book.
        decided: It was decided just now that it may have the promise.
    """
    place = places.locate(host.machine, process.pid)
    cgroup = None if isinstance(place, NoPlace) else place.cgroup
    demand = demand_for(guest.domain, guest.policy.declared)
    before = book.ledger.get(guest.uuid)
    wanted = (demand.guarantee, guest.policy.soft_share)
    if decided or before is None or (before.size, before.soft) != wanted:
        promise = promise_for(host, guest, demand, None)
        known = before.since if before is not None and before.size >= promise.size else None
        book.ledger = book.ledger.put(promise if decided else replace(promise, since=known))
    # What libvirt found for it meanwhile (a network's hostdev) may pin what was not pinned before.
    pinned = demand.pinned if demand.guarantee else 0
    book.ledger = book.ledger.confirm(guest.uuid, process, cgroup, pinned)
    return Booked(book, before)


def _is_asked(guest: Guest, book: Transaction, *, starts: bool) -> bool:
    """Whether the book has what the guest asks for now: a live definition can be edited.

    Args:
        guest: The guest.
        book: The book.
        starts: Only a promise that was decided about counts.
    """
    promise = book.ledger.get(guest.uuid)
    if promise is None or (starts and promise.since is None):
        return False
    return promise.size == demand_for(guest.domain, guest.policy.declared).guarantee


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
