"""The definitions of the guests that libvirt starts by itself after a boot.

A hook must not ask libvirt, which waits for it. libvirt keeps a link to the definition of each such
guest in a folder of its driver. What the definitions say is for the caller to read.
"""

from collections.abc import Iterator
from typing import Final

from xmlresource.record import record
from xmlresource.system.machine import Machine

FOLDERS: Final = {
    "qemu": "/etc/libvirt/qemu/autostart",
    "lxc": "/etc/libvirt/lxc/autostart",
}
"""Where each driver of libvirt keeps its links."""

LARGEST: Final = 1 << 20
"""Bytes of a definition; one that is larger would hold up every start."""

_SUFFIX: Final = ".xml"


@record
class AutostartGuest:
    """A guest with autostart.

    Attributes:
        path: The link to its definition.
        name: The guest's name, by the link.
        problem: Why there is none; ``None`` for a guest.
    """

    path: str
    name: str
    problem: str | None = None


def autostart_guests(machine: Machine) -> Iterator[AutostartGuest]:
    """The guests with autostart, by driver and name; a folder that can't be read as a problem."""
    for folder in FOLDERS.values():
        try:
            names = machine.names_in(folder)
        except OSError as error:
            yield AutostartGuest(folder, "", problem=error.strerror or str(error))
            continue
        for name in names:
            if name.endswith(_SUFFIX):
                yield AutostartGuest(f"{folder}/{name}", name.removesuffix(_SUFFIX))


def definition_of(machine: Machine, guest: AutostartGuest) -> bytes:
    """The path that an autostart link leads to.

    Raises:
        OSError: It can't be read, others than root can write it, or it is too large.
    """
    if guest.problem is not None:
        raise OSError(guest.problem)
    return machine.read_guarded(guest.path, LARGEST)
