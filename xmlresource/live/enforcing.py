"""Put a change to a running guest in force, and take it back, with the promise that goes with it.

The book is locked only while kernel and book change, never while libvirt is called: libvirt holds a
guest while it runs a hook for it, and the hook waits for the book.

So a change has three steps. :func:`put_in_force` admits, writes the kernel's files and books the
larger of the old and the new promise; then libvirt is told; :func:`settle` books a smaller promise.
Whatever fails on the way, nobody else was given in between what may have to be given back.
"""

from xmlresource.cgroup.in_force import in_force
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import Plan, Rejection, Write
from xmlresource.exit_status import ExitStatus
from xmlresource.live.admitting import reckon_raise
from xmlresource.live.relations import contradictions, effective
from xmlresource.live.sides import Here
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.promise import Promise
from xmlresource.operations.admitting import demand_for
from xmlresource.operations.book import bring_up_to_date
from xmlresource.operations.enforcing import enforce, subject_of
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.host import Host
from xmlresource.operations.promising import promise_for
from xmlresource.operations.settling import settle_above
from xmlresource.record import record, replace
from xmlresource.system import cgroups
from xmlresource.system.state import Transaction
from xmlresource.tunables import MEMORY


@record
class Wanted:
    """A change to a guest that runs.

    Attributes:
        guest: The guest as it will be; its policy says "unlimited", or 0, of what is taken out.
        here: Where it runs.
        changed: The tunables that were asked for.
        before: What it declared before.
    """

    guest: Guest
    here: Here
    changed: frozenset[str]
    before: MemoryPolicy


@record
class InForce:
    """A change that is in force.

    Attributes:
        report: What was written.
        promise: What was promised to the guest before.
    """

    report: Report
    promise: Promise | None


def put_in_force(host: Host, wanted: Wanted) -> InForce:
    """Admit a change and write it, all or nothing; a smaller promise is not booked yet.

    Raises:
        RefusalError: The guarantee can't be promised, the change contradicts what is in force, or
            the kernel does not take it; all is as before.
        HostError: The host does not tell what must be known.
        StateError: The book can't be used; all is as before.
        OSError: A kernel file can't be read.
    """
    report: Report | None = None
    try:
        with host.transaction() as book:
            promises = bring_up_to_date(host, book)
            _refuse_contradictions(host, wanted)
            before = book.ledger.get(wanted.guest.uuid)
            _book(host, wanted, book, promises, before)
            report = _write(host, wanted, book)
    except BaseException:
        if report is not None:  # all was written, and could not be booked
            _restore(host, report)
        raise
    return InForce(report, before)


def settle(host: Host, wanted: Wanted, done: InForce) -> None:
    """Book a promise that has become smaller, and lower what is above the guest.

    Raises:
        StateError: The book can't be used; it promises what it did before.
        OSError: A kernel file can't be read.
    """
    size = wanted.guest.policy.declared.guarantee
    if done.promise is None or size >= done.promise.size:
        return
    with host.transaction() as book:
        bring_up_to_date(host, book)
        promise = book.ledger.get(wanted.guest.uuid)
        if promise is not None:
            book.ledger = (
                book.ledger.put(_resized(promise, wanted.guest))
                if size
                else book.ledger.drop(promise.uuid)
            )
        settle_above(host, book)


def take_back(host: Host, wanted: Wanted, done: InForce) -> tuple[str, ...]:
    """Put kernel and book back as they were; what could not be, a sentence each.

    Raises:
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    with host.transaction() as book:
        bring_up_to_date(host, book)
        if done.promise is None:
            book.ledger = book.ledger.drop(wanted.guest.uuid)
        else:
            book.ledger = book.ledger.put(done.promise)
        restored = _restore(host, done.report)
        settle_above(host, book)
    return () if restored.ok else (restored.describe(),)


def _refuse_contradictions(host: Host, wanted: Wanted) -> None:
    state = cgroups.read_state(host.machine, wanted.here.place)
    holds = effective(in_force(wanted.here.place, state), wanted.before)
    asked = {name: wanted.guest.policy.declared[name] for name in wanted.changed}
    policy = MemoryPolicy(**{**dict(holds.items()), **asked}, priority=holds.priority)
    for contradiction in contradictions(policy, wanted.changed):
        raise RefusalError(ExitStatus.FINDINGS, f"{wanted.guest.subject}: {contradiction}")


def _book(
    host: Host,
    wanted: Wanted,
    book: Transaction,
    promises: tuple[Promise, ...],
    before: Promise | None,
) -> None:
    """Promise the larger of what is promised and what is asked for."""
    guest, size = wanted.guest, wanted.guest.policy.declared.guarantee
    if size <= (0 if before is None else before.size):
        return
    decision = reckon_raise(host, guest, wanted.here, promises)
    if not decision.admitted:
        from xmlresource.admission.refusal import refusal_text  # noqa: PLC0415 -- seldom needed

        raise RefusalError(ExitStatus.REFUSED, refusal_text(decision))
    demand = demand_for(guest.domain, guest.policy.declared)
    promise = before or promise_for(host, guest, demand, None)
    ledger = book.ledger.put(_resized(promise, guest))
    book.ledger = ledger.confirm(guest.uuid, wanted.here.process, wanted.here.place.cgroup)


def _resized(promise: Promise, guest: Guest) -> Promise:
    demand = demand_for(guest.domain, guest.policy.declared)
    return replace(promise, size=demand.guarantee, shares=demand.node_shares())


def _write(host: Host, wanted: Wanted, book: Transaction) -> Report:
    guest = wanted.guest
    subject = subject_of(host.machine, guest.policy, wanted.here.process.pid)
    booked = None if book.ledger.get(guest.uuid) is None else book
    report: Report | Rejection
    if isinstance(subject, Rejection):
        report = subject
    else:
        report = enforce(host.machine, host.configuration, subject, booked)
    if isinstance(report, Rejection):
        text = f"{guest.subject}: {report.describe()}"
        raise RefusalError(ExitStatus.FINDINGS, text)
    if not report.ok:
        text = f"{guest.subject}: nothing was changed: {report.describe()}"
        raise RefusalError(ExitStatus.ROLLED_BACK, text)
    return report


def _restore(host: Host, report: Report) -> Report:
    """Put the files of the guest's own cgroup back, the last first."""
    place = report.plan.place
    own = [done.write for done in report.applied if done.write.cgroup == place.cgroup]
    return cgroups.apply(host.machine, Plan(place, tuple(_inverse(each) for each in reversed(own))))


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
