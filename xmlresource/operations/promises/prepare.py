"""Decide whether a guest may start, and promise it what it asks for: ``prepare`` and its kin."""

from xmlresource.admission.demand import Demand
from xmlresource.admission.reckoning import Decision
from xmlresource.errors import ExitStatus
from xmlresource.model.events import ADMITTED, WARNING, Event, Fields
from xmlresource.operations.event_log import log_event, log_event_once
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.host import Host
from xmlresource.operations.promises.admission_check import (
    Taken,
    demand_of_guest,
    fits_at_once,
    reckon_besides,
    starting_promise,
    weighed,
)
from xmlresource.operations.promises.policy_faults import refuse_faults
from xmlresource.printable import printable
from xmlresource.promises.promise import Promise, PromiseState
from xmlresource.record import replace
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import Transaction
from xmlresource.tunables import PRIORITY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from xmlresource.admission.weights.floor_decision import FloorDecision
    from xmlresource.operations.promises.boot_queue import Queue
    from xmlresource.promises.cpu_promise import CpuPromise
    from xmlresource.promises.io_promise import IoPromise


MADE_ROOM = "made_room"
"""The figure of an admission that others had to make room for: the bytes, beside all promises."""


class ShortageError(RefusalError):
    """A refusal because guests use, beyond their promises, what nobody else is promised.

    Attributes:
        room: The room that must be there beside all promises, in bytes.
    """

    def __init__(self, room: int, text: str, figures: Fields) -> None:
        super().__init__(ExitStatus.REFUSED, text, figures)
        self.room = room


def prepare(host: Host, guest: Guest, caller: int | None) -> None:
    """Decide whether the guest may start, and promise it what it asks for.

    libvirt calls this once it knows that the guest does not run. Should it run all the same (with
    another daemon, or because its process would not die), it keeps what it was promised.

    Raises:
        RefusalError: It may not.
        HostError: The host does not tell what must be known.
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    asked = _asked(host, guest)
    if asked is None:
        return
    demand, queue = asked

    def promise() -> None:
        with host.transaction() as transaction:
            admit(host, guest, demand, transaction, queue)
            known = transaction.ledger.get(guest.key)
            given = _larger(host.machine, known, promise_for(host, guest, demand, caller))
            if given != known:
                transaction.ledger = transaction.ledger.put(given)

    made = _with_room(host, promise)
    event = admitted(guest, demand, "prepare")
    if made:
        event = replace(event, figures={**event.figures, MADE_ROOM: made})
    log_event(host, event)


def decide(host: Host, guest: Guest) -> None:
    """Decide whether the guest may come, and promise nothing.

    libvirt has not yet looked whether it runs already, or whether another guest has its name; where
    it finds so, nothing more is called. An offline migration ends here, too. Where a start follows,
    ``prepare`` is called for it.

    Raises:
        RefusalError: It may not.
        HostError: The host does not tell what must be known.
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    asked = _asked(host, guest)
    if asked is None:
        return
    demand, queue = asked

    def only_decide() -> None:
        with host.transaction() as transaction:
            admit(host, guest, demand, transaction, queue)

    _with_room(host, only_decide)


def _asked(host: Host, guest: Guest) -> "tuple[Demand, Queue | None] | None":
    """What a guest asks for, and who comes first after a boot; ``None`` where it asks for nothing.

    Raises:
        RefusalError: Its policy has faults.
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    refuse_faults(host.machine, guest)
    if not guest.policy.is_guaranteed:
        return None
    queue = _queue(host, guest)
    demand = demand_of_guest(host.machine, guest)
    # What can't be kept here is a note, where the policy is put in force.
    return None if demand.is_nothing else (demand, queue)


def _with_room(host: Host, decide: "Callable[[], None]") -> int:
    """Decide; where only memory is missing that guests use beyond promises, ask for it, and again.

    Nobody waits with the ledger's lock.

    Returns:
        The room that was asked for, in bytes; 0 where none was.
    """
    try:
        decide()
    except ShortageError as shortage:
        if host.configuration.balance is None:
            raise
        from xmlresource.operations.promises.room_for_start import is_worth_another_try  # noqa: PLC0415 -- refusals are rare

        if not is_worth_another_try(host, shortage.room):
            raise
        asked = shortage.room
    else:
        return 0
    decide()
    return asked


def _larger(machine: Machine, known: Promise | None, promise: Promise) -> Promise:
    """The promise; of a guest that runs, as far as the ledger knows, what it has more of."""
    if known is None or known.process is None or known.state is not PromiseState.RUNNING:
        return promise
    if guests.process(machine, known.process.pid) != known.process:
        return promise
    larger = known if known.size > promise.size else promise
    larger = replace(larger, cpu=known.cpu if known.cpu_time > promise.cpu_time else promise.cpu)
    return replace(larger, io=promise.io if known.io is None else known.io.at_least(promise.io))


def admitted(guest: Guest, demand: Demand, operation: str, reckoning: str = "") -> Event:
    """The event that a guest is promised what it asks for."""
    figures: Fields = {"guarantee": demand.guarantee}
    if demand.cpu is not None:
        figures["millicpus"] = demand.cpu.time
    if demand.priority:
        figures[PRIORITY] = demand.priority
    if reckoning:
        figures["reckoning"] = reckoning
    figures |= figures_of_disks(demand.io)
    amounts = amounts_text(demand.guarantee, demand.cpu, demand.io)
    message = f"guest '{printable(guest.name)}' admitted with {amounts}"
    return Event(ADMITTED, message, operation, guest.name, guest.uuid, figures)


def amounts_text(size: int, cpu: "CpuPromise | None", io: "IoPromise | None") -> str:
    """What is promised, in words: ``1073741824 bytes and 1.5 CPUs``."""
    memory = f"{size} bytes"
    if cpu is None and io is None:
        return memory
    amounts = [memory] if size else []
    if cpu is not None:
        amounts.append(f"{cpu.time / 1000:g} CPUs")
    if io is not None:
        amounts += (f"{each.part / 1000:g} % of disk {each.disk}" for each in io.disks)
    *before, last = amounts
    return f"{', '.join(before)} and {last}" if before else last


def figures_of_disks(io: "IoPromise | None") -> Fields:
    """The parts of disks that a promise is about, for a log; nothing where there are none."""
    if io is None:
        return {}
    return {"disks": ", ".join(f"{each.disk} {each.part / 1000:g} %" for each in io.disks)}


def _queue(host: Host, guest: Guest) -> "Queue | None":
    """The queue of guests that come before the guest; ``None`` where none can."""
    if not host.configuration.boot_priority:
        return None
    from xmlresource.operations.promises.boot_queue import queue_before  # noqa: PLC0415 -- seldom configured

    priority = guest.policy.declared.priority or 0
    queue = queue_before(host, priority)
    for problem in queue.problems:
        log_event_once(host, Event(WARNING, problem))
    return queue


def admit(
    host: Host, guest: Guest, demand: Demand, transaction: Transaction, queue: "Queue | None" = None
) -> None:
    """Ask whether the guarantees of a guest can be given besides what is in the ledger.

    Args:
        host: The host.
        guest: The guest.
        demand: What it asks for.
        transaction: The ledger.
        queue: Who comes before it, of those that are still to start.

    Raises:
        RefusalError: It can't.
        HostError: The host does not tell what must be known.
        StateError: A damaged ledger can't be set aside.
        OSError: A kernel file can't be read.
    """
    asked = (host, demand, guest.domain)
    to_come = 0 if queue is None else queue.size
    is_at_hand = (demand.cpu or demand.io) is None and not transaction.is_new
    if is_at_hand and fits_at_once(*asked, transaction.ledger.total + to_come):
        return

    def decide(others: Taken) -> Decision:
        if not to_come or queue is None:
            return reckon_besides(*asked, others)
        from xmlresource.operations.promises.boot_queue import reckon_in  # noqa: PLC0415 -- as above

        return reckon_in(*asked, others, queue)

    def decide_all(others: Taken) -> "tuple[Decision | FloorDecision[Any], ...]":
        memory = (decide(others),) if demand.guarantee else ()
        if (demand.cpu or demand.io) is None:
            return memory
        return (
            *memory,
            *_reckoned_cpu(host, guest, demand, others),
            *_disks(host, guest, demand, others),
        )

    decisions = weighed(host, transaction, guest.key, decide_all)
    refused = [each for each in decisions if not each.admitted]
    if refused:
        raise _refusal(*refused)


def _refusal(
    decision: "Decision | FloorDecision[Any]", *others: "Decision | FloorDecision[Any]"
) -> RefusalError:
    """The refusal of a start: the first decision against it is told."""
    from xmlresource.admission import refusal  # noqa: PLC0415 -- seldom needed

    text, figures = refusal.refusal_text(decision), refusal.figures(decision)
    if isinstance(decision, Decision) and not others:
        room = decision.short_of_presence
        if room is not None:
            return ShortageError(room, text, figures)
    return RefusalError(ExitStatus.REFUSED, text, figures)


def _reckoned_cpu(
    host: Host, guest: Guest, demand: Demand, others: Taken
) -> "tuple[FloorDecision[Any], ...]":
    """Whether the guest's CPU time can be promised, where it asks for any."""
    if demand.cpu is None:
        return ()
    from xmlresource.operations.promises.weighed import cpu_admission  # noqa: PLC0415 -- seldom wanted

    asked = cpu_admission.cpu_demand_for(host.machine, guest.domain, guest.policy.cpu)
    promises = tuple(each.promise for each in others.promised)
    asked = replace(asked, name=guest.name, uuid=guest.uuid)
    return (cpu_admission.reckon_cpu(host, asked, guest.domain, promises),)


def _disks(
    host: Host, guest: Guest, demand: Demand, others: Taken
) -> "tuple[FloorDecision[Any], ...]":
    """Whether the parts of disks can be promised that the guest asks for."""
    if demand.io is None:
        return ()
    from xmlresource.operations.promises.weighed.io_admission import reckon_io  # noqa: PLC0415 -- seldom wanted

    promises = tuple(each.promise for each in others.promised)
    return reckon_io(host, demand, guest.domain, promises)


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
