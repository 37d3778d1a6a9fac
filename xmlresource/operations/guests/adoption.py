"""Take in a guest that runs already: when libvirt's daemon comes back, and in the repair.

What it was promised stays promised. A live definition can change without anybody asking whether the
host can keep it (``virsh metadata``, another program), so what it declares more is asked for as a
raise is, and not taken over where it can't be promised. Nor does a restart of the daemon undo what
the administrator did by hand: limits are not lowered by it.
"""

from collections.abc import Iterable
from typing import Final

from xmlresource.admission.demand import Demand
from xmlresource.admission.reckoning import Decision
from xmlresource.cgroup.hierarchy import NoPlace, Place
from xmlresource.cgroup.kernel_values import magnitude
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import FileUnit, Rejection, Write
from xmlresource.diagnostics import Diagnostic
from xmlresource.model.events import REPAIRED, WARNING, Event
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.event_log import event_of_report, log_event, log_event_once
from xmlresource.operations.guest import Guest, RefusalError, faulty
from xmlresource.operations.guest_policy import obstacles
from xmlresource.operations.guests.enforcement import (
    LedgerEntry,
    enforce,
    is_weighed,
    plan_for,
    subject_of,
    with_disks,
)
from xmlresource.operations.guests.lifecycle import has_entry, process_of
from xmlresource.operations.host import Host
from xmlresource.operations.promises.admission_check import (
    Taken,
    demand_for,
    demand_of_guest,
    weighed,
)
from xmlresource.operations.promises.ledger_upkeep import bring_up_to_date
from xmlresource.operations.promises.prepare import admitted, promise_for
from xmlresource.printable import printable
from xmlresource.promises.promise import Process, Promise, PromiseState
from xmlresource.record import record, replace
from xmlresource.system.cgroups import charges, places
from xmlresource.system.host_facts import HostError
from xmlresource.system.libvirt import guests
from xmlresource.system.state.state_folder import Transaction
from xmlresource.tunables import BY_NAME, Kind
from xmlresource.units import Unlimited, format_amount

RECONNECT: Final = "reconnect"
_GUARANTEE: Final = "min_guarantee"


@record
class _Kept:
    """The promise to a guest that runs.

    Attributes:
        promise: The promise; one of nothing where it needs none.
        events: What there is to tell about it.
    """

    promise: Promise
    events: tuple[Event, ...] = ()


def reconnect(host: Host, guest: Guest) -> None:
    """Take in a guest that runs already, promised or not: it has its memory.

    Raises:
        RefusalError: Its policy could not be put in force; it has its promise all the same.
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    adopt(host, guest, process_of(host.machine, guest), RECONNECT)


def adopt(host: Host, guest: Guest, process: Process, operation: str) -> Report:
    """Have what was promised to a guest that runs in the ledger, and its policy in force.

    Args:
        host: The host.
        guest: The guest.
        process: Its process.
        operation: What asks for it. ``reconnect`` lowers nothing.

    Raises:
        RefusalError: Its policy could not be put in force; it has its promise all the same.
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    guest = with_disks(host.machine, guest)
    if has_entry(host, guest):
        done, events = _adopted(host, guest, process, operation)
    else:
        done, events = _in_force(host, guest, process, operation, _faults(host, guest), None)
    say = log_event if operation == RECONNECT else log_event_once  # the timer comes each minute
    for event in events:
        say(host, event)
    if isinstance(done, RefusalError):
        raise done
    if done.applied:
        log_event(host, event_of_report(REPAIRED, guest, operation, done))
    return done


def _adopted(
    host: Host, guest: Guest, process: Process, operation: str
) -> tuple[Report | RefusalError, tuple[Event, ...]]:
    """The report on the policy, with the ledger locked, and what there is to tell."""
    # What a tenant writes decides how long these take, so nobody waits for them.
    demand = demand_of_guest(host.machine, guest)
    faults = _faults(host, guest)
    with host.transaction() as transaction:
        bring_up_to_date(host, transaction)
        kept = _kept(host, guest, demand, process, operation, transaction)
        before = transaction.ledger.get(guest.key)
        promise = kept.promise
        _put(transaction, promise, before, process, demand)
        entry = LedgerEntry(transaction, before)
        of_parts: tuple[Event, ...] = ()
        if (demand.cpu or demand.io or promise.cpu or promise.io) is not None:
            from xmlresource.operations.guests.weighed_adoption import keep_parts  # noqa: PLC0415 -- seldom

            parts = keep_parts(host, guest, demand, process, operation, entry)
            promise, of_parts = replace(promise, cpu=parts.cpu, io=parts.io), parts.events
            _put(transaction, promise, transaction.ledger.get(guest.key), process, demand)
        held = _holding(guest, demand, promise.size)
        done, events = _in_force(host, held, process, operation, faults, entry)
        if is_weighed(guest, entry):
            from xmlresource.operations.guests.weighed_adoption import weights_in_force  # noqa: PLC0415

            done = weights_in_force(host, guest, entry, done)
    return done, (*kept.events, *of_parts, *events)


def _put(
    transaction: Transaction,
    promise: Promise,
    before: Promise | None,
    process: Process,
    demand: Demand,
) -> None:
    """Have the promise in the ledger; none where nothing is promised."""
    if promise.is_empty:
        transaction.ledger = transaction.ledger.drop(promise.key)
        return
    if promise != before:
        transaction.ledger = transaction.ledger.put(promise)
    # What libvirt found for it meanwhile (a network's hostdev) may pin what was not pinned.
    transaction.ledger = transaction.ledger.confirm(
        promise.key, process, promise.cgroup, demand.pinned if promise.size else 0
    )


def _kept(
    host: Host,
    guest: Guest,
    demand: Demand,
    process: Process,
    operation: str,
    transaction: Transaction,
) -> _Kept:
    """The guest's promise from now on: the one it had, or more where that can be promised.

    Args:
        host: The host.
        guest: The guest.
        demand: What it asks for by now.
        process: Its process.
        operation: What asks for it.
        transaction: The ledger.
    """
    before = transaction.ledger.get(guest.key)
    place = places.locate(host.machine, process.pid)
    cgroup = None if isinstance(place, NoPlace) else place.cgroup
    asked = replace(
        promise_for(host, guest, demand, None),
        cgroup=cgroup,
        since=None if before is None else before.since,
        state=PromiseState.RUNNING,
        cpu=None if before is None else before.cpu,
        io=None if before is None else before.io,
    )
    if before is None:
        from xmlresource.operations.promises.plausible_guarantee import (  # noqa: PLC0415 -- seldom
            plausible,
        )

        promise = _sized(guest, asked, plausible(host.machine, cgroup, asked.size))
        if promise.size == asked.size:
            return _Kept(promise)
        reason = "which is more than it can have been promised"
        return _Kept(promise, (_told(guest, operation, promise, reason),))
    before = replace(before, soft=asked.soft, cgroup=cgroup or before.cgroup)
    if asked.size <= before.size:
        if asked.size == before.size or operation != RECONNECT:
            return _Kept(asked if asked.size < before.size else before)
        return _Kept(before, (_told(guest, operation, before, "which is less"),))
    refused = _why_not(host, guest, place, transaction)
    if refused is not None:
        reason = f"which can't be promised: {refused}"
        return _Kept(before, (_told(guest, operation, before, reason),))
    promise = replace(asked, since=guests.seconds_since_boot())
    return _Kept(promise, (admitted(guest, demand, operation),))


def _why_not(
    host: Host, guest: Guest, place: Place | NoPlace, transaction: Transaction
) -> str | None:
    """Why what the guest declares can't be promised; ``None`` where it can."""
    if isinstance(place, NoPlace):
        return place.reason
    from xmlresource.admission.refusal import refusal_text  # noqa: PLC0415 -- seldom raised
    from xmlresource.operations.guests.guarantee_raise import reckon_raise  # noqa: PLC0415

    def decide(others: Taken) -> Decision:
        return reckon_raise(host, guest, place, others)

    try:
        decision = weighed(host, transaction, guest.key, decide)
    except (HostError, OSError) as error:
        return str(error)
    if decision.admitted:
        return None
    first_line = refusal_text(decision).partition("\n")[0]
    return first_line.removeprefix(f"{guest.subject} refused: ")


def _sized(guest: Guest, promise: Promise, size: int) -> Promise:
    """The promise with another size, and what of that is bound to nodes."""
    if size == promise.size:
        return promise
    demand = demand_for(guest.domain, MemoryPolicy(min_guarantee=size))
    return replace(promise, size=demand.guarantee, shares=demand.node_shares())


def _holding(guest: Guest, demand: Demand, size: int) -> Guest:
    """The guest with the guarantee that it is promised."""
    policy = guest.policy
    if demand.guarantee == size:
        return guest
    declared = replace(policy.declared, min_guarantee=size or None)
    return replace(
        guest, policy=replace(policy, declared=declared, enforced=policy.enforced | {_GUARANTEE})
    )


def _faults(host: Host, guest: Guest) -> list[Diagnostic]:
    """The faults of the live definition that would keep the guest from starting here."""
    controller = places.host_controller(host.machine)
    version = None if isinstance(controller, NoPlace) else controller.version
    return obstacles(guest.document, version)


def _in_force(
    host: Host,
    guest: Guest,
    process: Process,
    operation: str,
    faults: list[Diagnostic],
    entry: LedgerEntry | None,
) -> tuple[Report | RefusalError, tuple[Event, ...]]:
    """Put the policy in force, as far as it makes sense and nobody set it otherwise by hand."""
    before = None if entry is None else entry.before
    known = before is not None and before.state is PromiseState.RUNNING
    spared: tuple[Write, ...] = ()
    if faults:  # two forms that disagree, mostly: somebody changed one of them
        guest = _guaranteed_alone(guest)
    elif operation == RECONNECT:
        spared = tuple(_spared(host, guest, process, known=known))
    events = tuple(_left_alone(guest, operation, write) for write in spared)
    try:
        left = {(each.path, each.entry) for each in spared}
        report = enforce(host, guest, process.pid, entry, spared=left)
    except RefusalError as error:
        return error, events  # it keeps its promise: it runs
    return (faulty(guest.name, faults) if faults else report), events


def _guaranteed_alone(guest: Guest) -> Guest:
    """The guest with a policy of which only the guarantee of memory is put in force."""
    ours = guest.policy.enforced & {_GUARANTEE}
    return replace(guest, policy=replace(guest.policy, enforced=ours, cpu=None, io=None))


def _spared(host: Host, guest: Guest, process: Process, *, known: bool) -> Iterable[Write]:
    """Limits that would be lowered although somebody raised them, or more is charged.

    That none is in force is no sign of somebody's hand, unless the policy was in force before:
    libvirt makes cgroups so, and systemd's daemon-reload makes them so again.
    """
    subject = subject_of(host.machine, guest, process.pid)
    if isinstance(subject, Rejection):
        return
    found = plan_for(host.configuration, subject, None)
    if isinstance(found, Rejection):
        return
    place = subject.place
    usage = charges.usage(host.machine, place.controller, place.cgroup)
    charged = 0 if usage is None else usage.charged
    for write in found.writes:
        if write.raises or not _is_limit(write):
            continue
        is_charged = write.unit is FileUnit.BYTES and isinstance(write.value, int)
        by_hand = known or not isinstance(write.before, Unlimited)
        if by_hand or (is_charged and magnitude(write.value) < charged):
            yield write


def _is_limit(write: Write) -> bool:
    if write.unit is FileUnit.BYTES:
        return BY_NAME[write.tunable].kind is Kind.LIMIT
    return write.unit is not FileUnit.WEIGHT


def _left_alone(guest: Guest, operation: str, write: Write) -> Event:
    message = (
        f"guest '{printable(guest.name)}': {write.tunable} stays as it is "
        f"({write.label}: {write.unit.describe(write.before)}), although its definition makes it "
        f"{write.unit.describe(write.value)}; 'xmlresource apply' puts that in force"
    )
    return Event(WARNING, message, operation, guest.name, guest.uuid)


def _told(guest: Guest, operation: str, promise: Promise, reason: str) -> Event:
    """That the guest keeps what it was promised, whatever its definition says by now."""
    asked = guest.policy.declared.guarantee
    message = (
        f"guest '{printable(guest.name)}' keeps its promise of {format_amount(promise.size)}; its "
        f"live definition declares {format_amount(asked)}, {reason}; change that, or have "
        "'xmlresource apply' ask for it"
    )
    figures = {"guarantee": promise.size, "declared": asked}
    return Event(WARNING, message, operation, guest.name, guest.uuid, dict(figures))
