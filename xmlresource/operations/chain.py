"""Keep the cgroups above the guests at the sum of what is promised below them (cgroup v2)."""

from collections.abc import Mapping

from xmlresource.cgroup.chain import FILES, Chain, Key, Targets, decode, targets
from xmlresource.cgroup.hierarchy import NoPlace, Place
from xmlresource.cgroup.plan import plan_ancestors
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import Executor, Plan, State
from xmlresource.configuration import Configuration
from xmlresource.model.promise import Promise
from xmlresource.operations.host import Host
from xmlresource.system import cgroups, guests, log, places
from xmlresource.system.machine import Machine
from xmlresource.system.state import Transaction
from xmlresource.system.systemd import SystemdUnits, has_drop_in, straighten

_MIN = "memory.min"
_LOW = "memory.low"
_SLICE = ".slice"


def targets_above(
    machine: Machine,
    configuration: Configuration,
    book: Transaction,
    guest: tuple[Place, State],
    before: Promise | None,
) -> Targets:
    """What the cgroups above a guest have to carry, by the book as it is.

    Args:
        machine: The machine.
        configuration: The administrator's settings.
        book: The book.
        guest: Where the guest is, and what the kernel has there.
        before: What the book had for it until now.

    Raises:
        StateError: What is remembered can't be read.
    """
    place, state = guest
    promises = book.ledger.all()
    boot_id = book.ledger.boot_id
    chain = remembered(book.read_chain(), boot_id)
    if chain is None and _is_first(machine, guest, promises):
        chain = Chain(boot_id)
    if chain is None:
        from xmlresource.operations.recovering import recovered  # noqa: PLC0415 -- rarely wanted

        chain = recovered(machine, place, state, promises, boot_id)
    sums = sums_above(configuration, place, promises)
    return targets(chain, place, state, sums, _given(before))


def targets_by(host: Host, promises: tuple[Promise, ...], place: Place, state: State) -> Targets:
    """The same for ``promises``, without a lock, and as `apply` would do it: for those who look.

    Raises:
        StateError: What is remembered can't be read.
        OSError: The kernel does not tell its boot id.
    """
    from xmlresource.operations.recovering import noticed, recovered  # noqa: PLC0415 -- as above

    boot_id = guests.boot_id(host.machine)
    chain = remembered(host.state.snapshot_chain(), boot_id)
    if chain is None:
        chain = recovered(host.machine, place, state, promises, boot_id)
    chain = noticed(host.machine, place, chain)
    return targets(chain, place, state, sums_above(host.configuration, place, promises))


def _is_first(machine: Machine, guest: tuple[Place, State], promises: tuple[Promise, ...]) -> bool:
    """Whether nothing can have been forgotten: nothing is in force, and no drop-in is ours."""
    place, state = guest
    units = filter(place.is_unit, place.ancestors)
    return not may_be_in_force(place, state, promises) and not any(
        has_drop_in(machine, unit) for unit in units
    )


def may_be_in_force(place: Place, state: State, promises: tuple[Promise, ...]) -> bool:
    """Whether a promise may be in force already, to this guest or to another."""
    return len(promises) > 1 or any(state.value(place.cgroup, file) for file in FILES)


def remembered(text: bytes | None, boot_id: str) -> Chain | None:
    """What is remembered of the cgroups above the guests; ``None`` where that is lost."""
    if text is None:
        return None
    try:
        return decode(text, boot_id)
    except ValueError as error:
        log.warning(f"what the administrator gave to slices is not remembered any more: {error}")
        return None


def sums_above(
    configuration: Configuration, place: Place, promises: tuple[Promise, ...]
) -> Mapping[Key, int]:
    """What each cgroup above the guest has to protect: all that is promised below it."""
    lows = configuration.soft_limit_file == _LOW
    sums: dict[Key, int] = {}
    for cgroup in place.ancestors:
        below = [each for each in promises if each.cgroup and each.is_below(cgroup)]
        sums[cgroup, _MIN] = sum(_whole_pages(each.size) for each in below)
        sums[cgroup, _LOW] = sum(_page_down(each.soft) for each in below) if lows else 0
    return sums


def around(own: Plan, state: State, above: Targets) -> Plan:
    """A plan for a guest's own cgroup, with what is above raised before it and lowered after."""
    writes = plan_ancestors(own.place, state, above.of(_MIN), above.of(_LOW)).writes
    raising = tuple(write for write in writes if write.raises)
    lowering = tuple(write for write in writes if not write.raises)
    return Plan(own.place, (*raising, *own.writes, *lowering))


def carry_out(machine: Machine, book: Transaction, plan: Plan, above: Targets) -> Report:
    """Apply a plan, and remember what is whose above the guest.

    Raises:
        StateError: It can't be remembered; then nothing is written.
    """
    _remember(book, above.before)
    report = cgroups.apply(machine, plan, systemd=_systemd(machine, plan, above))
    if report.ok:
        _remember(book, above.after)
        _straighten(machine, plan.place, above)
    return report


def settle(host: Host, book: Transaction) -> Report | None:
    """Have all that carries promises at its sum: when a guest is gone, or somebody changed it.

    Returns:
        What became of it; ``None`` where nothing carries any.

    Raises:
        StateError: What is whose can't be remembered.
        OSError: A kernel file can't be read.
    """
    chain = remembered(book.read_chain(), book.ledger.boot_id)
    if chain is None:
        return None  # the next start, or `apply --all`, finds out what is whose
    place = places.above_guests(host.machine, {cgroup for cgroup, _ in chain.parts})
    if isinstance(place, NoPlace) or not place.ancestors:
        return None
    state = cgroups.read_state(host.machine, place)
    sums = sums_above(host.configuration, place, book.ledger.all())
    above = targets(chain, place, state, sums)
    plan = plan_ancestors(place, state, above.of(_MIN), above.of(_LOW))
    return carry_out(host.machine, book, plan, above)


def _straighten(machine: Machine, place: Place, above: Targets) -> None:
    """Have our drop-ins give to slices what they have, also where nothing was to be written.

    A fault is logged: each later event does the same.
    """
    for cgroup in filter(place.is_unit, place.ancestors):
        if not cgroup.endswith(_SLICE):
            continue
        wanted = {
            file: value
            for (owner, file), value in above.values.items()
            if owner == cgroup and value != above.own.get((owner, file))
        }
        try:
            straighten(machine, cgroup, wanted)
        except OSError as error:
            log.warning(f"our drop-in for {cgroup} can't be put right: {error}")


def _given(promise: Promise | None) -> tuple[str, ...]:
    """The files in which a promise is carried."""
    if promise is None:
        return ()
    return tuple(file for file, size in ((_MIN, promise.size), (_LOW, promise.soft)) if size)


def _remember(book: Transaction, chain: Chain) -> None:
    text = chain.encode()
    if text != (book.read_chain() or Chain(chain.boot_id).encode()):
        book.keep_chain(text)


def _systemd(machine: Machine, plan: Plan, above: Targets) -> SystemdUnits | None:
    wanted = any(write.executor is Executor.SYSTEMD for write in plan.writes)
    return SystemdUnits(machine, above.own) if wanted else None


def _whole_pages(size: int) -> int:
    """As a guarantee is written."""
    return -(-size // places.PAGE_SIZE) * places.PAGE_SIZE


def _page_down(size: int) -> int:
    """As a limit is written."""
    return size // places.PAGE_SIZE * places.PAGE_SIZE
