"""The cgroups above guests that are promised something, with the weights that are not ours."""

from collections.abc import Iterable, Mapping
from typing import Final

from xmlresource.admission.weights.weight_tree import WeighedFolder, WeighedGuest, folders_above
from xmlresource.cgroup.ancestors import AncestorProtection, CarriedValue, Key
from xmlresource.operations.ancestors.divided import Divided
from xmlresource.operations.ancestors.protection import recorded_protection
from xmlresource.operations.host import Host
from xmlresource.record import replace
from xmlresource.system import log
from xmlresource.system.cgroups import cpu_weights, places
from xmlresource.system.cgroups.weighing import Weighing
from xmlresource.system.libvirt import guests as libvirt_guests
from xmlresource.system.machine import Machine
from xmlresource.system.systemd import unit_files
from xmlresource.system.systemd.unit_properties import PROPERTIES, left_in_force

NO_LINE: Final = 0
"""What is remembered as the own weight for a disk of a cgroup that has none for it: no kernel takes
a weight of 0."""

_SLICE: Final = ".slice"


def read_folders(
    host: Host, divided: Divided, guests: Iterable[WeighedGuest]
) -> Mapping[str, WeighedFolder]:
    """The folders above these guests, as far as they exist, with the weights without promises.

    Raises:
        StateError: What is remembered of them can't be read.
        OSError: A kernel file can't be read.
    """
    boot_id = libvirt_guests.boot_id(host.machine)
    chain = recorded_protection(host.state.snapshot_chain(), boot_id)
    found = found_folders(host.machine, divided, guests)
    known = with_recovered(
        host.machine, divided.weighing, chain or AncestorProtection(boot_id), found, {}
    )
    return without_promises(host.machine, divided.weighing, known, found)


def found_folders(
    machine: Machine, divided: Divided, guests: Iterable[WeighedGuest]
) -> dict[str, WeighedFolder]:
    """The folders above these guests, as far as they exist, as they are found.

    Raises:
        OSError: A kernel file can't be read.
    """
    weighing = divided.weighing
    paths = folders_above(weighing.controller.root, guests)
    read = {path: weighing.folder(machine, path, divided.cap) for path in paths}
    return {path: each for path, each in read.items() if each is not None}


def without_promises(
    machine: Machine,
    weighing: Weighing,
    chain: AncestorProtection,
    found: Mapping[str, WeighedFolder],
) -> dict[str, WeighedFolder]:
    """The folders with the weights that they, and others in them, have without promises.

    Raises:
        OSError: A kernel file can't be read.
    """

    def own(path: str, weight: int) -> int:
        amount = chain.own((path, weighing.label), weight)
        if amount == NO_LINE:
            return weighing.usual(machine, path)
        return amount if isinstance(amount, int) else weight

    return {
        path: replace(
            each,
            own=own(path, each.own),
            children={
                name: own(f"{path.rstrip('/')}/{name}", weight)
                for name, weight in each.children.items()
            },
        )
        for path, each in found.items()
    }


def with_recovered(
    machine: Machine,
    weighing: Weighing,
    chain: AncestorProtection,
    found: Mapping[str, WeighedFolder],
    in_force: Mapping[str, int],
) -> AncestorProtection:
    """The chain, with what is not remembered and must be ours all the same.

    Of the CPU time of a slice our drop-in tells. Of another folder, and of disks, the guests below
    do: where weights of ours are in force there, the folder's own is taken to be the usual one, and
    for a disk none of its own.

    Args:
        machine: The machine.
        weighing: How what is promised is divided.
        chain: What is remembered.
        found: The folders as they are.
        in_force: By folder, how many guests below have a weight of ours already.
    """
    label, usual = weighing.label, weighing.weights.usual
    parts: dict[Key, CarriedValue] = dict(chain.parts)
    systemd = places.systemd_runs(machine) and not weighing.disk
    for path, folder in found.items():
        key = (path, label)
        if key in parts or path == weighing.controller.root:
            continue
        if systemd and path.endswith(_SLICE):
            left = _left(machine, path, label)
            if left is not None:
                parts[key] = CarriedValue(_given(machine, path, label) or usual, (left,))
        elif in_force.get(path):
            own = NO_LINE if weighing.disk else usual
            parts[key] = CarriedValue(own, (folder.own,))
    return AncestorProtection(chain.boot_id, parts)


def noticed_weights(machine: Machine, chain: AncestorProtection) -> AncestorProtection:
    """The chain, with the weights that the administrator's files give to slices by now.

    Our drop-in hides a change of theirs from the kernel.
    """
    parts = dict(chain.parts)
    if not places.systemd_runs(machine):
        return chain
    usual = {weights.file: weights.usual for weights in cpu_weights.RANGES.values()}
    for (cgroup, file), part in chain.parts.items():
        if file not in usual or not cgroup.endswith(_SLICE):
            continue
        own = _given(machine, cgroup, file) or usual[file]
        # A call of ours that was killed can have left what it set among the administrator's files.
        if own not in part.written:
            parts[cgroup, file] = replace(part, own=own)
    return AncestorProtection(chain.boot_id, parts)


def _given(machine: Machine, cgroup: str, file: str) -> int | None:
    """The administrator's weight of a slice."""
    unit = cgroup.rpartition("/")[2]
    try:
        return unit_files.configured_weight(machine, unit, PROPERTIES[file])
    except (OSError, ValueError) as error:
        log.warning(f"what the administrator gives to {unit} can't be told: {error}")
        return None


def _left(machine: Machine, cgroup: str, file: str) -> int | None:
    try:
        left = left_in_force(machine, cgroup).get(file)
    except ValueError:
        return None
    return left if isinstance(left, int) else None
