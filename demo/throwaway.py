"""A cgroup of the demo's own, or a folder that stands in for one."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xmlresource.cgroup.hierarchy import Controller, Layout, NoPlace, Place, Version
from xmlresource.cgroup.writes import CgroupState
from xmlresource.system.cgroups import cgroup_files, places
from xmlresource.system.machine import Machine
from xmlresource.tunables import MEMORY

_FRESH = {"memory.min": "0", "memory.low": "0"}


@dataclass(frozen=True, slots=True)
class Throwaway:
    """Where the demo writes.

    Attributes:
        machine: The machine that has it.
        place: The cgroup.
        real: Whether the kernel takes the writes.
    """

    machine: Machine
    place: Place
    real: bool

    def state(self) -> CgroupState:
        """What is in force there."""
        return cgroup_files.read_state(self.machine, self.place)


@contextlib.contextmanager
def throwaway() -> Iterator[Throwaway]:
    """A new cgroup, where one may be made; else a folder with the same files."""
    machine = Machine()
    controller = places.host_controller(machine)
    if not isinstance(controller, NoPlace):
        place = _place(controller)
        with contextlib.suppress(OSError), _folder(place.directory):
            if cgroup_files.read_state(machine, place).values[place.cgroup]:
                yield Throwaway(machine, place, real=True)
                return
    with tempfile.TemporaryDirectory(prefix="xmlresource-demo-") as root:
        yield _stand_in(root)


def _place(controller: Controller) -> Place:
    parent = "" if controller.root == "/" else controller.root
    cgroup = f"{parent}/xmlresource-demo-{os.getpid()}"
    return Place(controller, cgroup, Layout.PLAIN, None, ())


@contextlib.contextmanager
def _folder(path: str) -> Iterator[None]:
    folder = Path(path)
    folder.mkdir()
    try:
        yield
    finally:
        folder.rmdir()


def _stand_in(root: str) -> Throwaway:
    controller = Controller(Version.V2, "/sys/fs/cgroup")
    place = Place(controller, "/machine/db1.libvirt-qemu", Layout.PLAIN, None, ())
    folder = Path(root + place.directory)
    folder.mkdir(parents=True)
    for row in MEMORY:
        (folder / row.v2_file).write_text(_FRESH.get(row.v2_file, "max") + "\n")
    return Throwaway(Machine(root), place, real=False)
