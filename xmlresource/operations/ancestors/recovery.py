"""Tell our part of the values above guests from the administrator's (cgroup v2).

What is remembered can be lost, and what the administrator gives to a slice can change while our
drop-in hides that. Both are told by what is on the machine: for a slice by our drop-in and by the
files that are his, for a folder by what the kernel protects below it. The repair looks at that; the
hook does only where nothing is remembered.
"""

from collections.abc import Mapping

from xmlresource.cgroup.ancestors import (
    FILES,
    AncestorProtection,
    CarriedValue,
    Key,
    may_be_in_force,
)
from xmlresource.cgroup.hierarchy import Place
from xmlresource.cgroup.writes import CgroupState
from xmlresource.promises.promise import Promise
from xmlresource.record import replace
from xmlresource.system import log
from xmlresource.system.cgroups.protection import settings_below
from xmlresource.system.machine import Machine
from xmlresource.system.systemd import unit_files
from xmlresource.system.systemd.unit_properties import left_in_force
from xmlresource.units import Amount, Unlimited


def noticed(machine: Machine, place: Place, chain: AncestorProtection) -> AncestorProtection:
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
    return AncestorProtection(chain.boot_id, parts)


def recovered(
    machine: Machine, place: Place, state: CgroupState, promises: tuple[Promise, ...], boot_id: str
) -> AncestorProtection:
    """The protection above a guest, as far as the machine tells.

    Args:
        machine: The machine.
        place: The guest's, or one above guests.
        state: What the kernel has there now.
        promises: Those that stand.
        boot_id: This boot.
    """
    parts: dict[Key, CarriedValue] = {}
    for cgroup in place.ancestors:
        if place.is_unit(cgroup):
            parts.update(_of_slice(machine, cgroup))
        elif may_be_in_force(place, state, len(promises)):
            parts.update(_of_folder(machine, place, state, cgroup))
    return AncestorProtection(boot_id, parts)


def _of_slice(machine: Machine, cgroup: str) -> Mapping[Key, CarriedValue]:
    """By our drop-in, and where there is one, by the files that are his."""
    try:
        left = left_in_force(machine, cgroup)
    except ValueError as error:
        log.warning(f"our drop-in for {cgroup} makes no sense: {error}")
        return {}
    given = (_configured(machine, cgroup) if left else None) or {}
    return {
        (cgroup, file): CarriedValue(given.get(file, 0), (left[file],))
        for file in FILES
        if file in left
    }


def _of_folder(
    machine: Machine, place: Place, state: CgroupState, cgroup: str
) -> Mapping[Key, CarriedValue]:
    """By what is in force below it: the rest is his."""
    parts: dict[Key, CarriedValue] = {}
    for file in FILES:
        found = state.value(cgroup, file)
        below = settings_below(machine, place.controller.directory(cgroup), file)
        if found is None or isinstance(found, Unlimited) or not any(below):
            continue
        ours = sum(each for each in below if not isinstance(each, Unlimited))
        parts[cgroup, file] = CarriedValue(max(0, found - ours), (found,))
    return parts


def _configured(machine: Machine, cgroup: str) -> Mapping[str, Amount] | None:
    unit = cgroup.rpartition("/")[2]
    try:
        return unit_files.configured(machine, unit)
    except (OSError, ValueError) as error:
        log.warning(f"what the administrator gives to {unit} can't be told: {error}")
        return None
