"""The places on this machine where guests are accounted."""

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
    controller_group,
    find_controller,
    find_place,
)
from xmlresource.system.machine import Machine

PAGE_SIZE: Final = os.sysconf("SC_PAGESIZE")
"""The running kernel's page, in bytes."""


_ON_V2: Final = {"blkio": "io"}
"""The controllers that v2 names otherwise than v1."""


def locate(machine: Machine, pid: int, controller: str = CONTROLLER) -> Place | NoPlace:
    """The cgroup of the guest that process ``pid`` runs, in a controller's hierarchy.

    Args:
        machine: The machine.
        pid: The process.
        controller: As v1 names it.

    Raises:
        OSError: ``/proc`` can't be read.
    """
    cgroups = machine.read_if_there(f"/proc/{pid}/cgroup")
    if cgroups is None:
        return NoPlace(f"process {pid} is gone")
    found = controller_group(cgroups, controller)
    if isinstance(found, NoPlace):
        return found
    version, path = found
    place = _place(machine, version, path, controller)
    if isinstance(place, NoPlace) or version is Version.V1:
        return place
    available = machine.read_if_there(f"{place.directory}/cgroup.controllers")
    name = _ON_V2.get(controller, controller)
    if available is not None and name not in available.split():
        return NoPlace(f"the {name} controller is off in {place.cgroup} (cgroup.controllers)")
    return place


def locate_cgroup(machine: Machine, cgroup: str) -> Place | NoPlace:
    """The place of a cgroup that is known from before, whether it still exists or not.

    Raises:
        OSError: ``/proc`` can't be read.
    """
    found = controller_group(machine.read_text("/proc/self/cgroup"))
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
    return Place(controller, "/", Layout.PLAIN, None, tuple(deepest_first), systemd_runs(machine))


def host_controller(machine: Machine, name: str = CONTROLLER) -> Controller | NoPlace:
    """A controller as it is mounted here, by the mount that shows most of its tree.

    Raises:
        OSError: ``/proc`` can't be read.
    """
    found = controller_group(machine.read_text("/proc/self/cgroup"), name)
    if isinstance(found, NoPlace):
        return found
    return _controller(machine, found[0], name=name)


def _place(
    machine: Machine, version: Version, path: str, name: str = CONTROLLER
) -> Place | NoPlace:
    controller = _controller(machine, version, path, name)
    if isinstance(controller, NoPlace):
        return controller
    return find_place(controller, path, systemd=systemd_runs(machine))


def _controller(
    machine: Machine, version: Version, path: str | None = None, name: str = CONTROLLER
) -> Controller | NoPlace:
    # Our own mounts, for it is we who open the files; an LXC controller has others.
    return find_controller(machine.read_text("/proc/self/mountinfo"), version, path, name)


def systemd_runs(machine: Machine) -> bool:
    """Whether systemd runs, as sd_booted(3) tells: it makes this folder first."""
    return "system" in machine.names_in("/run/systemd")
