"""Put a change to a running guest in force, and take it back, with the promise that goes with it.

The ledger is locked only while kernel and ledger change, never while libvirt is called: libvirt
holds a guest while it runs a hook for it, and the hook waits for the ledger.

So a change has three steps. :func:`put_in_force` admits, writes the kernel's files and records the
larger of the old and the new promise; then libvirt is told; :func:`settle` records a smaller one.
Whatever fails on the way, nobody else was given in between what may have to be given back.
"""

from collections.abc import Sequence

from xmlresource.admission.reckoning import Decision
from xmlresource.admission.refusal import figures, refusal_text
from xmlresource.cgroup.current_policy import current_policy
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import Plan, Write
from xmlresource.errors import ExitStatus, XmlresourceError
from xmlresource.live.guest_location import GuestLocation
from xmlresource.live.parameters.relations import contradictions, effective
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.guests.enforcement import LedgerEntry, enforce, put_back
from xmlresource.operations.guests.guarantee_raise import reckon_raise
from xmlresource.operations.host import Host
from xmlresource.operations.promises.admission_check import Taken, demand_for, weighed
from xmlresource.operations.promises.ledger_upkeep import bring_up_to_date
from xmlresource.operations.promises.prepare import promise_for
from xmlresource.promises.promise import Promise
from xmlresource.record import record, replace
from xmlresource.system import log
from xmlresource.system.cgroups import cgroup_files
from xmlresource.system.state.state_folder import Transaction
from xmlresource.tunables import MEMORY


@record
class Wanted:
    """A change to a guest that runs.

    Attributes:
        guest: The guest as it will be; its policy says "unlimited", or 0, of what is taken out.
        location: Where it runs.
        changed: The tunables that were asked for.
        before: What it declared before.
        soft: What the ledger shall have of its soft limit; v1 needs nothing of the cgroups above
            for it, and so has it beside a guarantee only.
    """

    guest: Guest
    location: GuestLocation
    changed: frozenset[str]
    before: MemoryPolicy
    soft: int = 0


@record
class InForce:
    """A change that is in force.

    Attributes:
        report: What was written.
        promise: What was promised to the guest before.
        raised: The decision, where more is promised to it than before.
    """

    report: Report
    promise: Promise | None
    raised: Decision | None = None


def put_in_force(host: Host, wanted: Wanted) -> InForce:
    """Admit a change and write it, all or nothing; a smaller promise is not recorded yet.

    Raises:
        RefusalError: The guarantee can't be promised, the change contradicts what is in force, or
            the kernel does not take it; all is as before.
        HostError: The host does not tell what must be known.
        StateError: The ledger can't be used; all is as before.
        OSError: A kernel file can't be read.
    """
    report: Report | None = None
    carried: Promise | None = None
    try:
        with host.transaction() as transaction:
            bring_up_to_date(host, transaction)
            _refuse_contradictions(host, wanted)
            raised = _admitted(host, wanted, transaction)
            before = transaction.ledger.get(wanted.guest.key)
            _promise_larger(host, wanted, transaction, before)
            carried = transaction.ledger.get(wanted.guest.key)
            report = _write(host, wanted, transaction, before)
    except BaseException:
        if report is not None:  # all was written, and could not be recorded
            _unwrite(host, wanted, report, carried)
        raise
    return InForce(report, before, raised)


def settle(host: Host, wanted: Wanted, done: InForce) -> None:
    """Record a promise or a soft limit that has become smaller, and lower what is above the guest.

    Raises:
        RefusalError: The kernel does not take it; the ledger promises what it did before.
        StateError: The ledger can't be used; it promises what it did before.
        OSError: A kernel file can't be read.
    """
    guest, promise = wanted.guest, done.promise
    demand = demand_for(guest.domain, guest.policy.declared)
    if promise is None or (demand.guarantee >= promise.size and wanted.soft >= promise.soft):
        return
    with host.transaction() as transaction:
        bring_up_to_date(host, transaction)
        before = transaction.ledger.get(guest.key)
        if before is not None:
            shares = demand.node_shares()
            smaller = replace(before, size=demand.guarantee, shares=shares, soft=wanted.soft)
            _put(transaction, smaller, wanted)
            _write(host, wanted, transaction, before)


def take_back(host: Host, wanted: Wanted, done: InForce) -> tuple[str, ...]:
    """Put kernel and ledger back as they were; what could not be, a sentence each.

    Raises:
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    with host.transaction() as transaction:
        bring_up_to_date(host, transaction)
        before = transaction.ledger.get(wanted.guest.key)
        if done.promise is None:
            transaction.ledger = transaction.ledger.drop(wanted.guest.key)
        else:
            transaction.ledger = transaction.ledger.put(done.promise)
        restored = _restore(host, done.report, _entry(wanted, transaction, before))
    return () if restored.ok else (restored.describe(),)


def _refuse_contradictions(host: Host, wanted: Wanted) -> None:
    state = cgroup_files.read_state(host.machine, wanted.location.place)
    holds = effective(current_policy(wanted.location.place, state), wanted.before)
    asked = {name: wanted.guest.policy.declared[name] for name in wanted.changed}
    policy = replace(holds, **asked)
    for contradiction in contradictions(policy, wanted.changed):
        raise RefusalError(ExitStatus.FINDINGS, f"{wanted.guest.subject}: {contradiction}")


def _admitted(host: Host, wanted: Wanted, transaction: Transaction) -> Decision | None:
    """The decision on a raised guarantee; the ledger may be given back meanwhile.

    Raises:
        RefusalError: It can't be promised.
    """
    guest = wanted.guest
    before = transaction.ledger.get(guest.key)
    demand = demand_for(guest.domain, guest.policy.declared)
    if demand.guarantee <= (0 if before is None else before.size):
        return None

    def decide(others: Taken) -> Decision:
        return reckon_raise(host, guest, wanted.location.place, others)

    decision = weighed(host, transaction, guest.key, decide)
    if not decision.admitted:
        raise RefusalError(ExitStatus.REFUSED, refusal_text(decision), figures(decision))
    return decision


def _promise_larger(
    host: Host, wanted: Wanted, transaction: Transaction, before: Promise | None
) -> None:
    """Promise the larger of what is promised and what is asked for, of the soft limit, too."""
    guest = wanted.guest
    demand = demand_for(guest.domain, guest.policy.declared)
    promise = before or replace(promise_for(host, guest, demand, None), size=0, shares=(), soft=0)
    if demand.guarantee > promise.size:
        promise = replace(promise, size=demand.guarantee, shares=demand.node_shares())
    _put(transaction, replace(promise, soft=max(promise.soft, wanted.soft)), wanted)


def _put(transaction: Transaction, promise: Promise, wanted: Wanted) -> None:
    """Have the promise in the ledger, unless there is nothing in it."""
    if promise.is_empty:
        transaction.ledger = transaction.ledger.drop(promise.key)
        return
    ledger = transaction.ledger.put(promise)
    transaction.ledger = ledger.confirm(
        promise.key, wanted.location.process, wanted.location.place.cgroup
    )


def _entry(wanted: Wanted, transaction: Transaction, before: Promise | None) -> LedgerEntry | None:
    """The ledger, where the guest is in it or was until now."""
    if before is None and transaction.ledger.get(wanted.guest.key) is None:
        return None
    return LedgerEntry(transaction, before)


def _write(host: Host, wanted: Wanted, transaction: Transaction, before: Promise | None) -> Report:
    entry = _entry(wanted, transaction, before)
    return enforce(host, wanted.guest, wanted.location.process.pid, entry, ExitStatus.FINDINGS)


def _unwrite(host: Host, wanted: Wanted, report: Report, carried: Promise | None) -> None:
    """Put the kernel's files back, those above as far as the ledger can be used."""
    try:
        with host.transaction() as transaction:
            _restore(host, report, _entry(wanted, transaction, carried))
    except (XmlresourceError, OSError) as error:
        log.warning(f"above {report.plan.place.cgroup}: {error}; 'apply --all' repairs it")
        _restore(host, report, None)


def _restore(host: Host, report: Report, entry: LedgerEntry | None) -> Report:
    """Put the files of the guest's own cgroup back, and have those above it follow the ledger."""
    place = report.plan.place
    own = [done.write for done in report.applied if done.write.cgroup == place.cgroup]
    return put_back(host, undoing(report.plan, own), entry)


def undoing(plan: Plan, writes: Sequence[Write]) -> Plan:
    """The plan that undoes some writes of a plan, the last first."""
    return Plan(plan.place, tuple(_inverse(each) for each in reversed(writes)))


def _inverse(write: Write) -> Write:
    return replace(
        write,
        value=write.before,
        before=write.value,
        text=write.undo_text,
        undo_text=write.text,
        reason="as it was",
    )


def dependents(changed: frozenset[str], policy: MemoryPolicy) -> frozenset[str]:
    """The tunables whose file on v2 depends on one that changes: swap alone is what it holds."""
    return frozenset(
        row.name
        for row in MEMORY
        if not changed.isdisjoint(row.v2_minus) and policy[row.name] is not None
    )
