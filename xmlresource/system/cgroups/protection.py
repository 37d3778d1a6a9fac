"""The protection that is set on the way down to a guest, and beside it (cgroup v2)."""

from typing import Final

from xmlresource.cgroup.hierarchy import Place
from xmlresource.cgroup.kernel_values import parse_value
from xmlresource.system.cgroups.charges import read_file
from xmlresource.system.cgroups.places import PAGE_SIZE
from xmlresource.system.machine import Machine
from xmlresource.units import Amount

_FILE: Final = "memory.min"


def levels(machine: Machine, place: Place) -> list[tuple[Amount, list[Amount]]]:
    """The protection of each cgroup from the top down to the guest's own, and of its siblings.

    The topmost have no siblings that count: the root protects all that it is asked to. That of a
    container has a setting of its own, which bounds all below it.

    Raises:
        OSError: A file exists and can't be read.
        ValueError: A file holds what no kernel writes.
    """
    found: list[tuple[Amount, list[Amount]]] = []
    root = place.controller.root
    outermost = (
        None if root in place.ancestors else _setting(machine, place.controller.directory(root))
    )
    if outermost is not None:
        found.append((outermost, []))
    for cgroup in (*reversed(place.ancestors), place.cgroup):
        own = _setting(machine, place.controller.directory(cgroup))
        siblings = _siblings(machine, place, cgroup) if found else []
        found.append((0 if own is None else own, siblings))
    return found


def _siblings(machine: Machine, place: Place, cgroup: str) -> list[Amount]:
    parent, _, name = cgroup.rpartition("/")
    return settings_below(machine, place.controller.directory(parent), _FILE, but=name)


def settings_below(
    machine: Machine, directory: str, file: str, *, but: str | None = None
) -> list[Amount]:
    """The protection of the cgroups below one, without those that have none.

    Raises:
        OSError: A file exists and can't be read.
        ValueError: A file holds what no kernel writes.
    """
    names = (each for each in machine.folders_in(directory) if each != but)
    settings = (_setting(machine, f"{directory}/{each}", file) for each in names)
    return [each for each in settings if each]


def _setting(machine: Machine, directory: str, file: str = _FILE) -> Amount | None:
    text = read_file(machine, f"{directory}/{file}")
    return None if text is None else parse_value(text, PAGE_SIZE)
