"""The sides of a guest that a call is about, by libvirt's flags, and where its live side is."""

from xmlresource.cgroup.hierarchy import NoPlace, Place
from xmlresource.errors import XmlresourceError
from xmlresource.printable import printable
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.promises.promise import Process
from xmlresource.record import record
from xmlresource.system.cgroups import places
from xmlresource.system.libvirt import guests
from xmlresource.system.libvirt.connection import CONFIG, LIVE, Handle
from xmlresource.system.machine import Machine

_SIDES = LIVE | CONFIG


class ElsewhereError(XmlresourceError):
    """The guest's live side can't be reached from here; the text says where it can."""


@record
class GuestLocation:
    """The live side of a guest of this host."""

    process: Process
    place: Place


def sides_of(handle: Handle, flags: int) -> tuple[int, ...]:
    """The sides that ``flags`` name: ``LIVE``, ``CONFIG`` or both, in this order.

    Raises:
        libvirtError: libvirt refuses one, as LIVE of a guest that does not run.
    """
    named = flags & _SIDES
    if not named:
        return (LIVE,) if handle.is_running() else (CONFIG,)
    sides = tuple(side for side in (LIVE, CONFIG) if named & side)
    for side in sides:
        handle.parameters(side)
    return sides


def find_location(handle: Handle, machine: Machine) -> GuestLocation | None:
    """The guest's process and cgroup; ``None`` where it does not run on this host.

    Raises:
        OSError: A file of the machine's can't be read.
    """
    if handle.remote_host is not None or handle.driver not in guests.RUN_FOLDERS:
        return None
    running = guests.running_guest(machine, handle.driver, handle.name)
    if running is None:
        return None
    if canonical_uuid(guests.head_of(machine, running).uuid or "") != handle.uuid:
        return None
    place = places.locate(machine, running.process.pid)
    return None if isinstance(place, NoPlace) else GuestLocation(running.process, place)


def require_location(handle: Handle, machine: Machine, command: str) -> GuestLocation:
    """The guest's process and cgroup, where nothing can be done without them.

    Args:
        handle: The guest.
        machine: The machine.
        command: What to run there instead.

    Raises:
        ElsewhereError: It does not run on this host.
        OSError: A file of the machine's can't be read.
    """
    location = find_location(handle, machine)
    if location is None:
        raise elsewhere(handle, command)
    return location


def elsewhere(handle: Handle, command: str) -> ElsewhereError:
    """The error for a guest that does not run here: where to run which command."""
    where = handle.remote_host
    place = "the host that it runs on" if where is None else f"{printable(where)}, its host"
    return ElsewhereError(
        f"guest '{printable(handle.name)}': this writes kernel files, and it does not run "
        f"on this host as far as libvirt's run folder shows; on {place}, run: {command}"
    )
