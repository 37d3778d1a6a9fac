"""libvirt's persistent definitions, read without asking libvirt."""

from typing import Final

from xmlresource.limits import MOST_BYTES
from xmlresource.system.machine import Machine

FOLDERS: Final = {"qemu": "/etc/libvirt/qemu", "lxc": "/etc/libvirt/lxc"}
"""Where each driver of libvirt keeps its definitions."""


def read(machine: Machine, driver: str, name: str) -> bytes | None:
    """The definition by which a guest starts next; ``None`` where there is none to be read.

    ``name`` may come from outside: it becomes a path only where the folder lists it.
    """
    folder = FOLDERS[driver]
    try:
        if f"{name}.xml" not in machine.names_in(folder):
            return None
        return machine.read_guarded(f"{folder}/{name}.xml", MOST_BYTES)
    except OSError:
        return None
