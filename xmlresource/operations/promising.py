"""Decide whether a guest may start, and promise it what it asks for: ``prepare``."""

from xmlresource.admission.demand import Demand
from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.events import ADMITTED, WARNING, Event, Fields
from xmlresource.exit_status import ExitStatus
from xmlresource.model.promise import Promise
from xmlresource.operations.admitting import demand_for, fits_at_once, reckon, starting_promise
from xmlresource.operations.book import bring_up_to_date
from xmlresource.operations.guest import Guest, RefusalError, faulty
from xmlresource.operations.guest_policy import obstacles
from xmlresource.operations.host import Host
from xmlresource.operations.telling import tell, tell_once
from xmlresource.printable import printable
from xmlresource.record import replace
from xmlresource.system import guests, places
from xmlresource.system.machine import Machine
from xmlresource.system.state import Transaction
from xmlresource.tunables import PRIORITY
from xmlresource.units import format_amount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.operations.boot import Queue


def prepare(host: Host, guest: Guest, caller: int | None, operation: str = "prepare") -> None:
    """Decide whether the guest may start, and promise it what it asks for.

    Raises:
        RefusalError: It may not.
        HostError: The host does not tell what must be known.
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    refuse_faults(host.machine, guest)
    if not guest.policy.declared.guarantee:
        return
    queue = _queue(host, guest)
    with host.transaction() as book:
        demand = admit(host, guest, book, queue)
        book.ledger = book.ledger.put(promise_for(host, guest, demand, caller))
    tell(host, admitted(guest, demand, operation))


def admitted(guest: Guest, demand: Demand, operation: str, reckoning: str = "") -> Event:
    """The event that a guest is promised what it asks for."""
    figures: Fields = {"guarantee": demand.guarantee}
    if demand.priority:
        figures[PRIORITY] = demand.priority
    if reckoning:
        figures["reckoning"] = reckoning
    message = f"guest '{printable(guest.name)}' admitted with {demand.guarantee} bytes"
    return Event(ADMITTED, message, operation, guest.name, guest.uuid, figures)


def _queue(host: Host, guest: Guest) -> "Queue | None":
    """Who comes before the guest; ``None`` where nobody can."""
    if not host.configuration.boot_priority:
        return None
    from xmlresource.operations.boot import queue_before  # noqa: PLC0415 -- seldom configured

    priority = guest.policy.declared.priority or 0
    queue = queue_before(host.machine, host.configuration, priority)
    for problem in queue.problems:
        tell_once(host, Event(WARNING, problem))
    return queue


def admit(host: Host, guest: Guest, book: Transaction, queue: "Queue | None" = None) -> Demand:
    """Ask whether the guarantee of a guest can be promised besides what is in the book.

    Args:
        host: The host.
        guest: The guest.
        book: The book.
        queue: Who comes before it, of those that are still to start.

    Raises:
        RefusalError: It can't.
        HostError: The host does not tell what must be known.
        StateError: A damaged book can't be set aside.
        OSError: A kernel file can't be read.
    """
    demand = demand_for(guest.domain, guest.policy.declared)
    asked = (host.machine, host.configuration, demand, guest.domain)
    to_come = 0 if queue is None else queue.size
    if not book.is_new and fits_at_once(*asked, book.ledger.total + to_come):
        return demand
    promises = bring_up_to_date(host, book)
    if to_come and queue is not None:
        from xmlresource.operations.boot import reckon_in  # noqa: PLC0415 -- as above

        decision = reckon_in(*asked, promises, queue)
    else:
        decision = reckon(*asked, promises)
    if not decision.admitted:
        from xmlresource.admission import refusal  # noqa: PLC0415 -- seldom needed

        text, figures = refusal.refusal_text(decision), refusal.figures(decision)
        raise RefusalError(ExitStatus.REFUSED, text, figures)
    return demand


def refuse_faults(machine: Machine, guest: Guest) -> None:
    """Refuse a guest whose policy has errors.

    Raises:
        RefusalError: It has.
    """
    controller = places.host_controller(machine)
    version = None if isinstance(controller, NoPlace) else controller.version
    faults = obstacles(guest.document, version)
    if faults:
        raise faulty(guest.name, faults)
    if version is Version.V2 and guest.driver == "lxc":
        _refuse_full_container(guest)


def _refuse_full_container(guest: Guest) -> None:
    """Refuse a container whose guarantee is all that libvirt lets it have.

    Its LXC driver makes ``<memory>`` the limit where no hard_limit is declared, and on v2 nothing
    could be reclaimed then.

    Raises:
        RefusalError: It is one.
    """
    policy, memory = guest.policy.declared, guest.domain.memory
    if policy.hard_limit is None and memory is not None and policy.guarantee >= memory:
        text = (
            f"{guest.subject} refused: its guarantee of {format_amount(policy.guarantee)} is not "
            f"below its <memory> of {format_amount(memory)}, which libvirt makes the limit of a "
            "container; raise <memory>, or declare a hard_limit"
        )
        raise RefusalError(ExitStatus.FINDINGS, text)


def promise_for(host: Host, guest: Guest, demand: Demand, caller: int | None) -> Promise:
    """The promise to a guest that starts."""
    machine = host.machine
    return replace(
        starting_promise(machine, demand, guest.domain),
        uuid=guest.uuid,
        name=guest.name,
        caller=None if caller is None else guests.process(machine, caller),
        since=guests.seconds_since_boot(),
        soft=guest.policy.soft_share,
    )
