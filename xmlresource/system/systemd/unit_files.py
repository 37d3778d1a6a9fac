"""The protection and the weight that the administrator configured for a slice, without ours.

Which files count, and in which order, is systemd's to say: it depends on their folders, their
names, and its version.
"""

import re
from typing import Final

from xmlresource.admission.host_facts import MEMINFO, parse_meminfo
from xmlresource.cgroup.unit_files import protection, weight
from xmlresource.system.cgroups.places import PAGE_SIZE
from xmlresource.system.machine import Machine
from xmlresource.system.systemd import dbus
from xmlresource.system.systemd.dbus import Marshaller, Method
from xmlresource.system.systemd.unit_properties import DROP_IN, DROP_INS
from xmlresource.units import Amount

_UNIT: Final = "org.freedesktop.systemd1.Unit"
_PATHS: Final = ("FragmentPath", "DropInPaths")


def configured(machine: Machine, unit: str) -> dict[str, Amount]:
    """The administrator's protection of a slice by kernel file, without files that nothing sets.

    Raises:
        OSError: systemd can't be asked, or a file can't be read.
        ValueError: A file gives a value that makes no sense.
    """
    texts = _texts(machine, unit)
    return protection(texts, parse_meminfo(machine.read_text(MEMINFO))["MemTotal"], PAGE_SIZE)


def configured_weight(machine: Machine, unit: str, name: str) -> int | None:
    """The administrator's weight of a slice; ``None`` where they set none.

    Args:
        machine: The machine.
        unit: The slice.
        name: systemd's property.

    Raises:
        OSError: systemd can't be asked, or a file can't be read.
        ValueError: A file gives a value that makes no sense.
    """
    return weight(_texts(machine, unit), name)


def _texts(machine: Machine, unit: str) -> list[str]:
    """The unit's files without ours, in systemd's order."""
    paths = [path for name in _PATHS for path in _property(machine, unit, name) if path]
    theirs = (path for path in paths if path.rpartition("/")[2] != DROP_IN)
    return [text for path in theirs if (text := machine.read_if_there(path)) is not None]


def with_our_drop_in(machine: Machine) -> list[str]:
    """The slices that have a drop-in of ours.

    Raises:
        OSError: systemd's folder can't be read.
    """
    folders = (name for name in machine.folders_in(DROP_INS) if name.endswith(".slice.d"))
    return [
        folder.removesuffix(".d")
        for folder in folders
        if DROP_IN in machine.names_in(f"{DROP_INS}/{folder}")
    ]


def _property(machine: Machine, unit: str, name: str) -> tuple[str, ...]:
    body = Marshaller()
    body.string(_UNIT)
    body.string(name)
    method = Method(
        destination="org.freedesktop.systemd1",
        path=f"/org/freedesktop/systemd1/unit/{_escaped(unit)}",
        interface="org.freedesktop.DBus.Properties",
        member="Get",
        signature="ss",
    )
    return dbus.strings(dbus.call(machine, method, bytes(body.data)))


def _escaped(unit: str) -> str:
    """A name as sd_bus_path_encode() writes it: all but letters and digits as its bytes."""
    return re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):02x}", unit)
