"""What to answer when libvirt starts, stops or finds a guest: the hook's operations.

``prepare``, ``migrate`` and ``restore`` decide and promise; ``started`` writes; ``stopped`` and
``release`` take back; ``reconnect`` takes a guest in that runs already. Each may come twice, or
without those before it: libvirt calls ``stopped`` and ``release`` after a refused ``prepare`` too.
"""

from collections.abc import Callable
from typing import Final

from xmlresource.admission.demand import Demand
from xmlresource.admission.refusal import refusal_text
from xmlresource.cgroup.hierarchy import NoPlace
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import Rejection
from xmlresource.errors import XmlresourceError
from xmlresource.exit_status import ExitStatus
from xmlresource.model.promise import Process, Promise, State
from xmlresource.operations.admitting import demand_for, host_for, reckon
from xmlresource.operations.book import bring_up_to_date
from xmlresource.operations.enforcing import lower_above, plan_for
from xmlresource.operations.guest import Guest, RefusalError, faulty, read_guest, subject
from xmlresource.operations.guest_policy import obstacles
from xmlresource.operations.host import Host, open_host
from xmlresource.printable import printable
from xmlresource.system import cgroups, guests, log
from xmlresource.system.machine import Machine
from xmlresource.system.state import Transaction


def answer(
    name: str,
    operation: str,
    xml: bytes,
    caller: int | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> tuple[int, str]:
    """Answer one call of the hook.

    Args:
        name: The guest's name.
        operation: What libvirt does with it.
        xml: Its live definition.
        caller: The pid of the libvirt daemon.
        machine: The machine.

    Returns:
        The exit status and what to say on standard error.
    """
    try:
        guest = read_guest(name, xml)
        if guest is None:
            return ExitStatus.FINE, ""
        _ANSWERS[operation](open_host(machine), guest, caller)
    except RefusalError as refusal:
        log.warning(f"{operation}: {refusal}")
        return refusal.exit_status, f"{refusal}\n"
    except (XmlresourceError, OSError) as error:
        text = f"{subject(name)} refused: {error}"
        log.warning(f"{operation}: {text}")
        return ExitStatus.USAGE, f"{text}\n"
    return ExitStatus.FINE, ""


def prepare(host: Host, guest: Guest, caller: int | None) -> None:
    """Decide whether the guest may start, and promise it what it asks for.

    Raises:
        RefusalError: It may not.
        HostError: The host does not tell what must be known.
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    _refuse_faults(host.machine, guest)
    demand = demand_for(guest.domain, guest.policy.declared)
    if not demand.guarantee:
        return
    with host.transaction() as book:
        promises = bring_up_to_date(host.machine, book)
        decision = reckon(host.machine, host.configuration, demand, guest.domain, promises)
        if not decision.admitted:
            raise RefusalError(ExitStatus.REFUSED, refusal_text(decision))
        book.ledger = book.ledger.put(_promise(host.machine, guest, demand, caller))
    log.info(f"guest '{printable(guest.name)}' admitted with {demand.guarantee} bytes")


def started(host: Host, guest: Guest, _caller: int | None) -> None:
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
    _refuse_faults(host.machine, guest)
    if not guest.policy.declared.guarantee:
        return _enforce(host, guest, process, ())
    with host.transaction() as book:
        promises = bring_up_to_date(host.machine, book)
        if book.ledger.get(guest.uuid) is None:
            # Not asked before, or the book was lost since: what was true need not be true now.
            demand = demand_for(guest.domain, guest.policy.declared)
            decision = reckon(host.machine, host.configuration, demand, guest.domain, promises)
            if not decision.admitted:
                raise RefusalError(ExitStatus.REFUSED, refusal_text(decision))
        _confirm(host, guest, process, book)
        return _enforce(host, guest, process, book.ledger.all())


def stopped(host: Host, guest: Guest, _caller: int | None) -> None:
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
        book.ledger = book.ledger.drop(guest.uuid)
        if promise is not None and promise.cgroup is not None:
            report = lower_above(host.machine, promise.cgroup, book.ledger)
            if report is not None and not report.ok:
                log.warning(report.describe())


def reconnect(host: Host, guest: Guest, _caller: int | None) -> None:
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


_ANSWERS: Final[dict[str, Callable[[Host, Guest, int | None], None]]] = {
    "prepare": prepare,
    "migrate": prepare,
    "restore": prepare,
    "started": started,
    "stopped": stopped,
    "release": stopped,
    "reconnect": reconnect,
}


def _confirm(host: Host, guest: Guest, process: Process, book: Transaction) -> None:
    """Have the promise to a guest that runs in the book, with its process and cgroup."""
    place = cgroups.locate(host.machine, process.pid)
    cgroup = None if isinstance(place, NoPlace) else place.cgroup
    if book.ledger.get(guest.uuid) is None:
        demand = demand_for(guest.domain, guest.policy.declared)
        book.ledger = book.ledger.put(_promise(host.machine, guest, demand, None))
    book.ledger = book.ledger.confirm(guest.uuid, process, cgroup)


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


def _refuse_faults(machine: Machine, guest: Guest) -> None:
    controller = cgroups.host_controller(machine)
    version = None if isinstance(controller, NoPlace) else controller.version
    faults = obstacles(guest.document, version)
    if faults:
        raise faulty(guest.name, faults)


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


def _promise(machine: Machine, guest: Guest, demand: Demand, caller: int | None) -> Promise:
    """The promise to a guest that starts."""
    default = host_for(machine, demand).default_hugepage if demand.hugepages else None
    return Promise(
        uuid=guest.uuid,
        name=guest.name,
        driver=guest.driver,
        size=demand.guarantee,
        state=State.STARTING,
        shares=demand.node_shares(),
        hugepages=demand.hugepage_shares(default),
        partition=guest.domain.partition,
        caller=None if caller is None else guests.process(machine, caller),
        since=guests.seconds_since_boot(),
    )
