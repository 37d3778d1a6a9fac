"""What the administrator configured for a slice, as systemd reads it, without what is ours.

Which files count, and in which order, is systemd's to say: it depends on their folders, their
names, and its version.
"""

import re
from typing import Final

from xmlresource.cgroup.unit_files import protection
from xmlresource.hostinfo import MEMINFO, parse_meminfo
from xmlresource.system import dbus
from xmlresource.system.dbus import Marshaller, Method
from xmlresource.system.machine import Machine
from xmlresource.system.places import PAGE_SIZE
from xmlresource.system.systemd import DROP_IN, DROP_INS
from xmlresource.units import Amount

_UNIT: Final = "org.freedesktop.systemd1.Unit"
_PATHS: Final = ("FragmentPath", "DropInPaths")


def configured(machine: Machine, unit: str) -> dict[str, Amount]:
    """What a slice is given by kernel file; nothing for what no file sets.

    Raises:
        OSError: systemd can't be asked, or a file can't be read.
        ValueError: A file gives a value that makes no sense.
    """
    paths = [path for name in _PATHS for path in _property(machine, unit, name) if path]
    theirs = (path for path in paths if path.rpartition("/")[2] != DROP_IN)
    texts = [text for path in theirs if (text := machine.read_if_there(path)) is not None]
    return protection(texts, parse_meminfo(machine.read_text(MEMINFO))["MemTotal"], PAGE_SIZE)


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
    """As sd_bus_path_encode() writes a name: all but letters and digits as its bytes."""
    return re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):02x}", unit)
