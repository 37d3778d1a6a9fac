"""Whose part of the values above the guests is whose, where memory alone does not tell (cgroup v2).

What is remembered can be lost, and what the administrator gives to a slice can change while our
drop-in hides that. Both are told by what is on the machine: for a slice by our drop-in and by the
files that are his, for a folder by what the kernel protects below it. The repair looks at that; the
hook does only where nothing is remembered.
"""

from collections.abc import Iterable, Mapping

from xmlresource.cgroup.chain import FILES, Chain, Key, Part
from xmlresource.cgroup.hierarchy import NoPlace, Place, Version, ancestors, slice_group
from xmlresource.cgroup.writes import State
from xmlresource.model.promise import Promise
from xmlresource.operations.book import bring_up_to_date
from xmlresource.operations.chain import may_be_in_force, remembered
from xmlresource.operations.host import Host
from xmlresource.record import replace
from xmlresource.system import cgroups, log, places, unit_files
from xmlresource.system.machine import Machine
from xmlresource.system.protection import settings_below
from xmlresource.system.systemd import left_in_force
from xmlresource.units import Amount, Unlimited


def take_notice(host: Host) -> None:
    """Remember what the administrator configures now, and again what was forgotten.

    Raises:
        StateError: The book can't be used.
        OSError: A kernel file can't be read.
    """
    controller = places.host_controller(host.machine)
    if isinstance(controller, NoPlace) or controller.version is Version.V1:
        return
    with host.transaction() as book:
        promises = bring_up_to_date(host, book)
        chain = remembered(book.read_chain(), book.ledger.boot_id)
        groups = _groups(host.machine, promises)
        groups |= set() if chain is None else {cgroup for cgroup, _ in chain.parts}
        place = places.above_guests(host.machine, groups)
        if isinstance(place, NoPlace):
            return
        if chain is None:
            state = cgroups.read_state(host.machine, place)
            chain = recovered(host.machine, place, state, promises, book.ledger.boot_id)
        text = noticed(host.machine, place, chain).encode()
        if text != (book.read_chain() or Chain(chain.boot_id).encode()):
            book.keep_chain(text)


def noticed(machine: Machine, place: Place, chain: Chain) -> Chain:
    """The chain, with what the administrator's files give to a slice as his part of it."""
    parts = dict(chain.parts)
    for cgroup in {cgroup for cgroup, _ in parts if place.is_unit(cgroup)}:
        given = _configured(machine, cgroup)
        for file in FILES if given is not None else ():
            part = parts.get((cgroup, file))
            own = (given or {}).get(file, 0)
            # A call of ours that was killed can have left what it set among his files.
            if part is not None and own not in part.written:
                parts[cgroup, file] = replace(part, own=own)
    return Chain(chain.boot_id, parts)


def recovered(
    machine: Machine, place: Place, state: State, promises: tuple[Promise, ...], boot_id: str
) -> Chain:
    """What there is above a guest, as far as the machine tells.

    Args:
        machine: The machine.
        place: The guest's, or one above guests.
        state: What the kernel has there now.
        promises: Those that stand.
        boot_id: This boot.
    """
    parts: dict[Key, Part] = {}
    for cgroup in place.ancestors:
        if place.is_unit(cgroup):
            parts.update(_of_slice(machine, cgroup))
        elif may_be_in_force(place, state, promises):
            parts.update(_of_folder(machine, place, state, cgroup))
    return Chain(boot_id, parts)


def _of_slice(machine: Machine, cgroup: str) -> Mapping[Key, Part]:
    """By our drop-in, and where there is one, by the files that are his."""
    try:
        left = left_in_force(machine, cgroup)
    except ValueError as error:
        log.warning(f"our drop-in for {cgroup} makes no sense: {error}")
        return {}
    given = (_configured(machine, cgroup) if left else None) or {}
    return {(cgroup, file): Part(given.get(file, 0), (value,)) for file, value in left.items()}


def _of_folder(machine: Machine, place: Place, state: State, cgroup: str) -> Mapping[Key, Part]:
    """By what is in force below it: the rest is his."""
    parts: dict[Key, Part] = {}
    for file in FILES:
        found = state.value(cgroup, file)
        below = settings_below(machine, place.controller.directory(cgroup), file)
        if found is None or isinstance(found, Unlimited) or not any(below):
            continue
        ours = sum(each for each in below if not isinstance(each, Unlimited))
        parts[cgroup, file] = Part(max(0, found - ours), (found,))
    return parts


def _configured(machine: Machine, cgroup: str) -> Mapping[str, Amount] | None:
    unit = cgroup.rpartition("/")[2]
    try:
        return unit_files.configured(machine, unit)
    except (OSError, ValueError) as error:
        log.warning(f"what the administrator gives to {unit} can't be told: {error}")
        return None


def _groups(machine: Machine, promises: Iterable[Promise]) -> set[str]:
    """What may carry promises: above guests that have one, and slices with a drop-in of ours."""
    above = {group for each in promises if each.cgroup for group in ancestors(each.cgroup)}
    slices = {slice_group(unit) for unit in unit_files.with_our_drop_in(machine)}
    return {group for group in above if not group.endswith(".scope")} | slices
