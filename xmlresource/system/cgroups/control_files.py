"""What the kernel has in the CPU and IO files of a guest's cgroups."""

from collections.abc import Mapping
from typing import Final

from xmlresource.cgroup.cpu_and_io.controls import Control
from xmlresource.cgroup.hierarchy import Layout, NoPlace, Place, Version, ancestors
from xmlresource.system.cgroups import places
from xmlresource.system.cgroups.charges import read_file
from xmlresource.system.machine import Machine

CPU: Final = "cpu"
IO: Final = "blkio"
"""The controllers, as v1 names them."""

FILES: Final = {
    (CPU, Version.V1): ("cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us"),
    (CPU, Version.V2): ("cpu.weight", "cpu.max", "cgroup.controllers"),
    (IO, Version.V1): (
        "blkio.throttle.read_bps_device",
        "blkio.throttle.write_bps_device",
        "blkio.throttle.read_iops_device",
        "blkio.throttle.write_iops_device",
        "blkio.bfq.weight",
        "blkio.bfq.weight_device",
        "blkio.weight",
    ),
    (IO, Version.V2): ("io.max", "io.weight", "io.bfq.weight", "cgroup.controllers"),
}
"""The files of each controller that the planner asks for."""


_FRESH: Final = {
    "cpu.shares": ("1024", "cpu.shares"),
    "cpu.cfs_quota_us": ("-1", "cpu.cfs_quota_us"),
    "cpu.cfs_period_us": ("100000", "cpu.cfs_period_us"),
    "blkio.bfq.weight": ("100", "blkio.bfq.io_serviced"),
    "blkio.bfq.weight_device": ("default 100", "blkio.bfq.io_serviced"),
    "blkio.weight": ("500", "blkio.weight"),
    "cpu.weight": ("100", "cgroup.controllers"),
    "cpu.max": ("max 100000", "cgroup.controllers"),
    "io.max": ("", "cgroup.controllers"),
    "io.weight": ("default 100", "io.cost.qos"),
}
"""What files of a new cgroup read, and a file of the root that shows that the kernel has them: not
all of them are in the root itself."""


def new_control(machine: Machine, cgroup: str, controller: str) -> Control | NoPlace:
    """A controller of a guest that is still to start, as the kernel would make it.

    Args:
        machine: The machine.
        cgroup: The cgroup that it would have, below the mount.
        controller: ``CPU`` or ``IO``.

    Raises:
        OSError: A kernel file can't be read.
    """
    found = places.host_controller(machine, controller)
    if isinstance(found, NoPlace):
        return found
    path = found.mounted(cgroup)
    place = Place(found, path, Layout.PLAIN, None, ancestors(path, found.root))
    in_root = set(machine.names_in(found.mount_point))
    texts = {
        file: _FRESH[file][0] if file in _FRESH else ""
        for file in FILES[controller, found.version]
        if _FRESH.get(file, ("", file))[1] in in_root
    }
    if found.version is Version.V2:
        available = machine.read_if_there(f"{found.mount_point}/cgroup.controllers") or ""
        texts["cgroup.controllers"] = available
        name = "io" if controller == IO else controller
        if name not in available.split():
            return NoPlace(f"the {name} controller is off on this host (cgroup.controllers)")
    return Control(place, {path: texts})


def read_control(machine: Machine, pid: int, controller: str) -> Control | NoPlace:
    """A controller of the guest that process ``pid`` runs, as the kernel has it.

    Args:
        machine: The machine.
        pid: The process.
        controller: ``CPU`` or ``IO``.

    Raises:
        OSError: A kernel file can't be read.
    """
    place = places.locate(machine, pid, controller)
    if isinstance(place, NoPlace):
        return place
    files = FILES[controller, place.controller.version]
    texts: dict[str, Mapping[str, str]] = {}
    for cgroup in (place.cgroup, *place.ancestors):
        directory = place.controller.directory(cgroup)
        read = {file: read_file(machine, f"{directory}/{file}") for file in files}
        texts[cgroup] = {file: text for file, text in read.items() if text is not None}
    return Control(place, texts)
