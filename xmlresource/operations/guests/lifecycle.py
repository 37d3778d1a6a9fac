"""Guests that begin to run and end: put their policy in force, take back what they had."""

from xmlresource.admission.demand import Demand
from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.cgroup.report import Report
from xmlresource.errors import ExitStatus
from xmlresource.model.events import RELEASED, WRITTEN, Event, Fields
from xmlresource.operations.ancestors.release import settle_above
from xmlresource.operations.event_log import event_of_report, log_event
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.guests.enforcement import (
    LedgerEntry,
    enforce,
    is_weighed,
    with_disks,
)
from xmlresource.operations.host import Host
from xmlresource.operations.promises.admission_check import demand_of_guest
from xmlresource.operations.promises.ledger_upkeep import bring_up_to_date
from xmlresource.operations.promises.policy_faults import refuse_faults
from xmlresource.operations.promises.prepare import (
    admit,
    amounts_text,
    figures_of_disks,
    promise_for,
)
from xmlresource.printable import printable
from xmlresource.promises.ledger import LedgerError
from xmlresource.promises.promise import Key, Process, Promise
from xmlresource.record import replace
from xmlresource.system.cgroups import places
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import StateError, Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.promises.cpu_promise import CpuPromise
    from xmlresource.promises.io_promise import IoPromise


def started(host: Host, guest: Guest) -> None:
    """Write the policy of a guest whose process runs, and confirm its promise.

    Raises:
        RefusalError: It could not be put in force; what was written is undone.
        HostError: The host does not tell what must be known.
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    process = process_of(host.machine, guest)
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
        starts: It has only just begun to run. Where the ledger was lost since it was admitted, a
            promise that it has as all that run was never decided about: what it had been promised
            may have gone to others meanwhile.

    Raises:
        RefusalError: It can't be admitted, or its policy could not be put in force; what was
            written is undone, and the ledger is as before.
        HostError: The host does not tell what must be known.
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    report = _taken_in(host, guest, process, starts=starts)
    log_event(host, event_of_report(WRITTEN, guest, operation, report))
    return report


def _taken_in(host: Host, guest: Guest, process: Process, *, starts: bool) -> Report:
    refuse_faults(host.machine, guest)
    guest = with_disks(host.machine, guest)
    if not has_entry(host, guest):
        return enforce(host, guest, process.pid, None)
    demand = demand_of_guest(host.machine, guest)
    with host.transaction() as transaction:
        bring_up_to_date(host, transaction)
        asks = not demand.is_nothing and not _is_asked(guest, demand, transaction, starts=starts)
        if asks:
            # Not asked before, or for something else, or the ledger was lost since.
            admit(host, guest, demand, transaction)
        entry = _confirm(host, guest, demand, process, transaction, decided=asks)
        if not is_weighed(guest, entry):
            return enforce(host, guest, process.pid, entry)
        from xmlresource.operations.guests.floor_enforcement import enforce_with_floor  # noqa: PLC0415 -- seldom wanted

        return enforce_with_floor(host, guest, process.pid, entry)


def stopped(host: Host, guest: Guest, operation: str = "stopped") -> None:
    """Take back what was promised to a guest that is gone.

    Raises:
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    if not has_entry(host, guest):
        return
    with host.transaction() as transaction:
        promise = _taken_out(transaction, guest.key)
        bring_up_to_date(host, transaction)  # a ledger made anew may know it still
        transaction.ledger = transaction.ledger.drop(guest.key)
        settle_above(host, transaction)
    if promise is not None:
        amounts = amounts_text(promise.size, promise.cpu, promise.io)
        message = f"guest '{printable(guest.name)}' released {amounts}"
        figures: Fields = {"guarantee": promise.size}
        if promise.cpu is not None:
            figures["millicpus"] = promise.cpu.time
        figures |= figures_of_disks(promise.io)
        log_event(host, Event(RELEASED, message, operation, guest.name, guest.uuid, figures))


def _taken_out(transaction: Transaction, key: Key) -> Promise | None:
    """The guest's promise, taken out before its end is found out in another way."""
    try:
        promise = transaction.ledger.get(key)
        transaction.ledger = transaction.ledger.drop(key)
    except LedgerError:
        return None  # it is made anew
    else:
        return promise


def settle_all(host: Host) -> None:
    """Drop what stands for guests that are gone, also from the cgroups above.

    Raises:
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    with host.transaction() as transaction:
        bring_up_to_date(host, transaction)
        settle_above(host, transaction)


def has_entry(host: Host, guest: Guest) -> bool:
    """Whether the guest has an entry in the ledger: what it needs of the cgroups above it.

    Or what it was promised before its live definition was changed.
    """
    if guest.policy.declared.guarantee or guest.policy.guarantees_cpu:
        return True
    if guest.policy.guarantees_io and guest.disks is not None:
        from xmlresource.operations.promises.weighed.io_admission import io_promise_of  # noqa: PLC0415 -- seldom

        if io_promise_of(host.machine, guest) is not None:
            return True
    if guest.policy.soft_share:
        controller = places.host_controller(host.machine)
        if not isinstance(controller, NoPlace) and controller.version is Version.V2:
            return True
    return _is_known(host, guest)


def _is_known(host: Host, guest: Guest) -> bool:
    try:
        return host.state.snapshot(guests.boot_id(host.machine)).get(guest.key) is not None
    except (StateError, LedgerError):
        return False  # who needs the ledger finds out


def _confirm(
    host: Host,
    guest: Guest,
    demand: Demand,
    process: Process,
    transaction: Transaction,
    *,
    decided: bool,
) -> LedgerEntry:
    """Have the promise to a guest that runs in the ledger, with its process and cgroup.

    Args:
        host: The host.
        guest: The guest.
        demand: What it asks for.
        process: Its process.
        transaction: The ledger.
        decided: It was decided just now that it may have the promise.
    """
    place = places.locate(host.machine, process.pid)
    cgroup = None if isinstance(place, NoPlace) else place.cgroup
    before = transaction.ledger.get(guest.key)
    wanted = (demand.guarantee, guest.policy.soft_share, demand.cpu, demand.io)
    if decided or before is None or (before.size, before.soft, *_asked(before)) != wanted:
        promise = promise_for(host, guest, demand, None)
        known = before.since if before is not None and before.size >= promise.size else None
        transaction.ledger = transaction.ledger.put(
            promise if decided else replace(promise, since=known)
        )
    # What libvirt found for it meanwhile (a network's hostdev) may pin what was not pinned before.
    pinned = demand.pinned if demand.guarantee else 0
    transaction.ledger = transaction.ledger.confirm(
        guest.key, process, cgroup, pinned, cgroups_beside(host.machine, process, demand)
    )
    return LedgerEntry(transaction, before)


def cgroups_beside(
    machine: Machine, process: Process, demand: Demand
) -> tuple[str | None, str | None]:
    """Where the CPU time and the IO of a guest are counted, of which it is promised some."""
    if (demand.cpu or demand.io) is None:
        return None, None
    from xmlresource.operations.promises.weighed.weighed_place import cgroups_of  # noqa: PLC0415 -- seldom wanted

    return cgroups_of(machine, process.pid)


def _asked(promise: Promise) -> "tuple[CpuPromise | None, IoPromise | None]":
    """The CPU time and the IO of a promise as they were asked for, wherever they are counted."""
    cpu = None if promise.cpu is None else replace(promise.cpu, cgroup=None)
    return cpu, None if promise.io is None else replace(promise.io, cgroup=None)


def _is_asked(guest: Guest, demand: Demand, transaction: Transaction, *, starts: bool) -> bool:
    """Whether the ledger has what the guest asks for now: a live definition can be edited.

    Args:
        guest: The guest.
        demand: What it asks for.
        transaction: The ledger.
        starts: Only a promise that was decided about counts.
    """
    promise = transaction.ledger.get(guest.key)
    if promise is None or (starts and promise.since is None):
        return False
    return promise.size == demand.guarantee and _asked(promise) == (demand.cpu, demand.io)


def process_of(machine: Machine, guest: Guest) -> Process:
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
