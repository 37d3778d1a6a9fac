"""Keep the cgroups above the guests at the sum of what is promised below them (cgroup v2)."""

from collections.abc import Collection, Mapping

from xmlresource.cgroup.ancestors import (
    FILES,
    AncestorProtection,
    Key,
    Targets,
    decode,
    may_be_in_force,
    targets,
)
from xmlresource.cgroup.hierarchy import NoPlace, Place
from xmlresource.cgroup.plan import plan_ancestors
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import CgroupState, Executor, Plan
from xmlresource.configuration.host_settings import Configuration
from xmlresource.operations.host import Host
from xmlresource.promises.promise import Promise
from xmlresource.system import log
from xmlresource.system.cgroups import cgroup_files, places
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import Transaction
from xmlresource.system.systemd.unit_properties import SystemdUnits, has_drop_in, mend_drop_in

_MIN = "memory.min"
_LOW = "memory.low"
_SLICE = ".slice"


def targets_above(
    host: Host,
    transaction: Transaction,
    guest: tuple[Place, CgroupState],
    before: Promise | None,
) -> Targets:
    """The protection that the cgroups above a guest have to carry, by the ledger as it is.

    Args:
        host: The host.
        transaction: The ledger's transaction.
        guest: Where the guest is, and what the kernel has there.
        before: What the ledger had for it until now.

    Raises:
        StateError: What is remembered can't be read.
    """
    place, state = guest
    promises = transaction.promises()
    boot_id = transaction.ledger.boot_id
    chain = recorded_protection(transaction.read_chain(), boot_id)
    if chain is None and _is_first(host.machine, guest, promises):
        chain = AncestorProtection(boot_id)
    if chain is None:
        from xmlresource.operations.ancestors.recovery import recovered  # noqa: PLC0415 -- rarely wanted

        chain = recovered(host.machine, place, state, promises, boot_id)
    sums = sums_above(host.configuration, place, promises)
    return targets(chain, place, state, sums, _given(before))


def targets_by(
    host: Host, promises: tuple[Promise, ...], place: Place, state: CgroupState
) -> Targets:
    """The protection for ``promises``, without a lock, as ``apply`` would set it.

    Raises:
        StateError: What is remembered can't be read.
        OSError: The kernel does not tell its boot id.
    """
    from xmlresource.operations.ancestors.recovery import noticed, recovered  # noqa: PLC0415 -- as above

    boot_id = guests.boot_id(host.machine)
    chain = recorded_protection(host.state.snapshot_chain(), boot_id)
    if chain is None:
        chain = recovered(host.machine, place, state, promises, boot_id)
    chain = noticed(host.machine, place, chain)
    return targets(chain, place, state, sums_above(host.configuration, place, promises))


def _is_first(
    machine: Machine, guest: tuple[Place, CgroupState], promises: tuple[Promise, ...]
) -> bool:
    """Whether nothing can have been forgotten: nothing is in force, and no drop-in is ours."""
    place, state = guest
    units = filter(place.is_unit, place.ancestors)
    return not may_be_in_force(place, state, len(promises)) and not any(
        has_drop_in(machine, unit) for unit in units
    )


def recorded_protection(text: bytes | None, boot_id: str) -> AncestorProtection | None:
    """The recorded protection of the cgroups above guests; ``None`` where the record is lost."""
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
    """The sum that each cgroup above the guest has to protect: all promises below it."""
    lows = configuration.soft_limit_file == _LOW
    # Ten thousand guests are in a handful of folders.
    by_folder: dict[str, list[int]] = {}
    for promise in promises:
        if promise.cgroup is not None:
            own = promise.cgroup
            folder = own if own in place.ancestors else own[: own.rindex("/")] or "/"
            both = by_folder.setdefault(folder, [0, 0])
            both[0] += _whole_pages(promise.size)
            both[1] += _page_down(promise.soft)
    sums: dict[Key, int] = {}
    for cgroup in place.ancestors:
        inside = f"{cgroup.rstrip('/')}/"
        below = [both for at, both in by_folder.items() if f"{at}/".startswith(inside)]
        sums[cgroup, _MIN] = sum(least for least, _ in below)
        sums[cgroup, _LOW] = sum(low for _, low in below) if lows else 0
    return sums


def around(own: Plan, state: CgroupState, above: Targets) -> Plan:
    """A plan for a guest's own cgroup, with what is above raised before it and lowered after."""
    writes = plan_ancestors(own.place, state, above.of(_MIN), above.of(_LOW)).writes
    raising = tuple(write for write in writes if write.raises)
    lowering = tuple(write for write in writes if not write.raises)
    return Plan(own.place, (*raising, *own.writes, *lowering))


def carry_out(
    machine: Machine,
    transaction: Transaction,
    plan: Plan,
    above: Targets,
    files: Collection[str] = FILES,
) -> Report:
    """Apply a plan, and remember what is whose above the guest.

    Args:
        machine: The machine.
        transaction: The ledger's transaction.
        plan: The plan.
        above: What the cgroups above shall hold, and what to remember of them.
        files: The files that it is about: others' values in our drop-ins stay as they are.

    Raises:
        StateError: It can't be remembered; then nothing is written.
    """
    _remember(transaction, above.before)
    report = cgroup_files.apply(machine, plan, systemd=_systemd(machine, plan, above))
    if report.ok:
        _remember(transaction, above.after)
        _straighten(machine, plan.place, above, files)
    return report


def settle(host: Host, transaction: Transaction) -> Report | None:
    """Have all that carries promises at its sum: when a guest is gone, or somebody changed it.

    Returns:
        What became of it; ``None`` where nothing carries any.

    Raises:
        StateError: What is whose can't be remembered.
        OSError: A kernel file can't be read.
    """
    chain = recorded_protection(transaction.read_chain(), transaction.ledger.boot_id)
    if chain is None:
        return None  # the next start, or `apply --all`, finds out what is whose
    cgroups = {cgroup for cgroup, file in chain.parts if file in FILES}
    place = places.above_guests(host.machine, cgroups)
    if isinstance(place, NoPlace) or not place.ancestors:
        return None
    state = cgroup_files.read_state(host.machine, place)
    sums = sums_above(host.configuration, place, transaction.promises())
    above = targets(chain, place, state, sums)
    plan = plan_ancestors(place, state, above.of(_MIN), above.of(_LOW))
    return carry_out(host.machine, transaction, plan, above)


def _straighten(machine: Machine, place: Place, above: Targets, files: Collection[str]) -> None:
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
            mend_drop_in(machine, cgroup, wanted, files)
        except OSError as error:
            log.warning(f"our drop-in for {cgroup} can't be put right: {error}")


def _given(promise: Promise | None) -> tuple[str, ...]:
    """The files in which a promise is carried."""
    if promise is None:
        return ()
    return tuple(file for file, size in ((_MIN, promise.size), (_LOW, promise.soft)) if size)


def _remember(transaction: Transaction, chain: AncestorProtection) -> None:
    text = chain.encode()
    if text != (transaction.read_chain() or AncestorProtection(chain.boot_id).encode()):
        transaction.keep_chain(text)


def _systemd(machine: Machine, plan: Plan, above: Targets) -> SystemdUnits | None:
    wanted = any(write.executor is Executor.SYSTEMD for write in plan.writes)
    return SystemdUnits(machine, above.own) if wanted else None


def _whole_pages(size: int) -> int:
    """A size rounded up to a page, as a guarantee is written."""
    return -(-size // places.PAGE_SIZE) * places.PAGE_SIZE


def _page_down(size: int) -> int:
    """A size rounded down to a page, as a limit is written."""
    return size // places.PAGE_SIZE * places.PAGE_SIZE
