"""Put a change to a running guest in force, and take it back, with the promise that goes with it.

The book is locked only while kernel and book change, never while libvirt is called: libvirt holds a
guest while it runs a hook for it, and the hook waits for the book.

So a change has three steps. :func:`put_in_force` admits, writes the kernel's files and books the
larger of the old and the new promise; then libvirt is told; :func:`settle` books a smaller promise.
Whatever fails on the way, nobody else was given in between what may have to be given back.
"""

from xmlresource.admission.reckoning import Decision
from xmlresource.admission.refusal import figures, refusal_text
from xmlresource.cgroup.in_force import in_force
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import Plan, Write
from xmlresource.errors import XmlresourceError
from xmlresource.exit_status import ExitStatus
from xmlresource.live.admitting import reckon_raise
from xmlresource.live.relations import contradictions, effective
from xmlresource.live.sides import Here
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.promise import Promise
from xmlresource.operations.admitting import demand_for
from xmlresource.operations.book import bring_up_to_date
from xmlresource.operations.enforcing import Booked, enforce, put_back
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.host import Host
from xmlresource.operations.promising import promise_for
from xmlresource.record import record, replace
from xmlresource.system import cgroups, log
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
        soft: What the book shall have of its soft limit; v1 needs nothing of the cgroups above
            for it, and so has it beside a guarantee only.
    """

    guest: Guest
    here: Here
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
    """Admit a change and write it, all or nothing; a smaller promise is not booked yet.

    Raises:
        RefusalError: The guarantee can't be promised, the change contradicts what is in force, or
            the kernel does not take it; all is as before.
        HostError: The host does not tell what must be known.
        StateError: The book can't be used; all is as before.
        OSError: A kernel file can't be read.
    """
    report: Report | None = None
    carried: Promise | None = None
    try:
        with host.transaction() as book:
            promises = bring_up_to_date(host, book)
            _refuse_contradictions(host, wanted)
            before = book.ledger.get(wanted.guest.uuid)
            raised = _book_larger(host, wanted, book, promises, before)
            carried = book.ledger.get(wanted.guest.uuid)
            report = _write(host, wanted, book, before)
    except BaseException:
        if report is not None:  # all was written, and could not be booked
            _unwrite(host, wanted, report, carried)
        raise
    return InForce(report, before, raised)


def settle(host: Host, wanted: Wanted, done: InForce) -> None:
    """Book a promise or a soft limit that has become smaller, and lower what is above the guest.

    Raises:
        RefusalError: The kernel does not take it; the book promises what it did before.
        StateError: The book can't be used; it promises what it did before.
        OSError: A kernel file can't be read.
    """
    guest, promise = wanted.guest, done.promise
    demand = demand_for(guest.domain, guest.policy.declared)
    if promise is None or (demand.guarantee >= promise.size and wanted.soft >= promise.soft):
        return
    with host.transaction() as book:
        bring_up_to_date(host, book)
        before = book.ledger.get(guest.uuid)
        if before is not None:
            shares = demand.node_shares()
            smaller = replace(before, size=demand.guarantee, shares=shares, soft=wanted.soft)
            _put(book, smaller, wanted)
            _write(host, wanted, book, before)


def take_back(host: Host, wanted: Wanted, done: InForce) -> tuple[str, ...]:
    """Put kernel and book back as they were; what could not be, a sentence each.

    Raises:
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    with host.transaction() as book:
        bring_up_to_date(host, book)
        before = book.ledger.get(wanted.guest.uuid)
        if done.promise is None:
            book.ledger = book.ledger.drop(wanted.guest.uuid)
        else:
            book.ledger = book.ledger.put(done.promise)
        restored = _restore(host, done.report, _booked(wanted, book, before))
    return () if restored.ok else (restored.describe(),)


def _refuse_contradictions(host: Host, wanted: Wanted) -> None:
    state = cgroups.read_state(host.machine, wanted.here.place)
    holds = effective(in_force(wanted.here.place, state), wanted.before)
    asked = {name: wanted.guest.policy.declared[name] for name in wanted.changed}
    policy = MemoryPolicy(**{**dict(holds.items()), **asked}, priority=holds.priority)
    for contradiction in contradictions(policy, wanted.changed):
        raise RefusalError(ExitStatus.FINDINGS, f"{wanted.guest.subject}: {contradiction}")


def _book_larger(
    host: Host,
    wanted: Wanted,
    book: Transaction,
    promises: tuple[Promise, ...],
    before: Promise | None,
) -> Decision | None:
    """Promise the larger of what is promised and what is asked for, of the soft limit, too.

    Returns:
        What was decided, where the guarantee is raised.

    Raises:
        RefusalError: It can't be promised.
    """
    guest = wanted.guest
    demand = demand_for(guest.domain, guest.policy.declared)
    promise = before or replace(promise_for(host, guest, demand, None), size=0, shares=(), soft=0)
    decision = None
    if demand.guarantee > promise.size:
        decision = reckon_raise(host, guest, wanted.here, promises)
        if not decision.admitted:
            raise RefusalError(ExitStatus.REFUSED, refusal_text(decision), figures(decision))
        promise = replace(promise, size=demand.guarantee, shares=demand.node_shares())
    _put(book, replace(promise, soft=max(promise.soft, wanted.soft)), wanted)
    return decision


def _put(book: Transaction, promise: Promise, wanted: Wanted) -> None:
    """Have the promise in the book, unless there is nothing in it."""
    if not (promise.size or promise.soft):
        book.ledger = book.ledger.drop(promise.uuid)
        return
    ledger = book.ledger.put(promise)
    book.ledger = ledger.confirm(promise.uuid, wanted.here.process, wanted.here.place.cgroup)


def _booked(wanted: Wanted, book: Transaction, before: Promise | None) -> Booked | None:
    """The book, where the guest is in it or was until now."""
    if before is None and book.ledger.get(wanted.guest.uuid) is None:
        return None
    return Booked(book, before)


def _write(host: Host, wanted: Wanted, book: Transaction, before: Promise | None) -> Report:
    booked = _booked(wanted, book, before)
    return enforce(host, wanted.guest, wanted.here.process.pid, booked, ExitStatus.FINDINGS)


def _unwrite(host: Host, wanted: Wanted, report: Report, carried: Promise | None) -> None:
    """Put the kernel's files back, those above as far as the book can be used."""
    try:
        with host.transaction() as book:
            _restore(host, report, _booked(wanted, book, carried))
    except (XmlresourceError, OSError) as error:
        log.warning(f"above {report.plan.place.cgroup}: {error}; 'apply --all' repairs it")
        _restore(host, report, None)


def _restore(host: Host, report: Report, booked: Booked | None) -> Report:
    """Put the files of the guest's own cgroup back, the last first, and those above to the book."""
    place = report.plan.place
    own = [done.write for done in report.applied if done.write.cgroup == place.cgroup]
    return put_back(host, Plan(place, tuple(_inverse(each) for each in reversed(own))), booked)


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
