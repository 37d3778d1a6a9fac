"""Where on this machine the memory of guests is accounted."""

import os
from collections.abc import Iterable
from typing import Final

from xmlresource.cgroup.hierarchy import (
    CONTROLLER,
    Controller,
    Layout,
    NoPlace,
    Place,
    Version,
    find_controller,
    find_place,
    memory_group,
)
from xmlresource.system.machine import Machine

PAGE_SIZE: Final = os.sysconf("SC_PAGESIZE")
"""The running kernel's page, in bytes."""


def locate(machine: Machine, pid: int) -> Place | NoPlace:
    """Where the memory of the guest that process ``pid`` runs is accounted.

    Raises:
        OSError: ``/proc`` can't be read.
    """
    cgroups = machine.read_if_there(f"/proc/{pid}/cgroup")
    if cgroups is None:
        return NoPlace(f"process {pid} is gone")
    found = memory_group(cgroups)
    if isinstance(found, NoPlace):
        return found
    version, path = found
    place = _place(machine, version, path)
    if isinstance(place, NoPlace) or version is Version.V1:
        return place
    available = machine.read_if_there(f"{place.directory}/cgroup.controllers")
    if available is not None and CONTROLLER not in available.split():
        return NoPlace(f"the memory controller is off in {place.cgroup} (cgroup.controllers)")
    return place


def locate_cgroup(machine: Machine, cgroup: str) -> Place | NoPlace:
    """The same for a guest's cgroup that is known from before, whether it still exists or not.

    Raises:
        OSError: ``/proc`` can't be read.
    """
    found = memory_group(machine.read_text("/proc/self/cgroup"))
    return found if isinstance(found, NoPlace) else _place(machine, found[0], cgroup)


def above_guests(machine: Machine, cgroups: Iterable[str]) -> Place | NoPlace:
    """No guest's place, but with ``cgroups``, which are above guests, as those above it.

    Raises:
        OSError: ``/proc`` can't be read.
    """
    controller = host_controller(machine)
    if isinstance(controller, NoPlace):
        return controller
    deepest_first = sorted(cgroups, key=lambda cgroup: (-cgroup.count("/"), cgroup))
    return Place(controller, "/", Layout.PLAIN, None, tuple(deepest_first), _systemd_runs(machine))


def host_controller(machine: Machine) -> Controller | NoPlace:
    """The memory controller as it is mounted here, by the mount that shows most of its tree.

    Raises:
        OSError: ``/proc`` can't be read.
    """
    found = memory_group(machine.read_text("/proc/self/cgroup"))
    return found if isinstance(found, NoPlace) else _controller(machine, found[0])


def _place(machine: Machine, version: Version, path: str) -> Place | NoPlace:
    controller = _controller(machine, version, path)
    if isinstance(controller, NoPlace):
        return controller
    return find_place(controller, path, systemd=_systemd_runs(machine))


def _controller(
    machine: Machine, version: Version, path: str | None = None
) -> Controller | NoPlace:
    # Our own mounts, for it is we who open the files; an LXC controller has others.
    return find_controller(machine.read_text("/proc/self/mountinfo"), version, path)


def _systemd_runs(machine: Machine) -> bool:
    """As sd_booted(3) tells: systemd makes this folder before anything else."""
    return "system" in machine.names_in("/run/systemd")
