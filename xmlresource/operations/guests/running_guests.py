"""A guest that runs, by its name."""

from xmlresource.errors import XmlresourceError
from xmlresource.system.libvirt import guests
from xmlresource.system.libvirt.guests import RunningGuest
from xmlresource.system.machine import Machine


class NotRunningError(XmlresourceError):
    """libvirt's run folders show no guest of that name."""


def running_guest(name: str, machine: Machine) -> RunningGuest:
    """The guest of that name.

    Raises:
        NotRunningError: None runs.
        OSError: A run folder is there and can't be read.
    """
    for driver in guests.RUN_FOLDERS:
        running = guests.running_guest(machine, driver, name)
        if running is not None:
            return running
    raise NotRunningError(f"no guest {name!r} runs on this host")
