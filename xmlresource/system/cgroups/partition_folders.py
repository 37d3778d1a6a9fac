"""The cgroups in which guests may be put, found in the hierarchy itself."""

from collections.abc import Iterator
from typing import Final

from xmlresource.cgroup.hierarchy import Controller
from xmlresource.system.machine import Machine

MOST: Final = 500
"""So many are looked at; a guest of the host could make more, in a cgroup of its own."""

_SUFFIXES: Final = (".slice", ".partition")
_TOP: Final = "machine"
_OTHERS: Final = ("/system.slice", "/user.slice")


def partition_folders(machine: Machine, controller: Controller) -> tuple[str, ...]:
    """The slices and folders that libvirt takes as partitions, as paths below the mount.

    Those of services and of people who are logged in are left out.

    Raises:
        OSError: A folder is there and can't be read.
    """
    found: list[str] = []
    waiting = [""]
    while waiting and len(found) < MOST:
        above = waiting.pop()
        for path in _in(machine, controller, above):
            found.append(path)
            waiting.append(path)
    return tuple(sorted(found[:MOST]))


def _in(machine: Machine, controller: Controller, above: str) -> Iterator[str]:
    folder = f"{controller.mount_point.rstrip('/')}{above}"
    for name in machine.folders_in(folder):
        path = f"{above}/{name}"
        if (name.endswith(_SUFFIXES) or path == f"/{_TOP}") and path not in _OTHERS:
            yield path
