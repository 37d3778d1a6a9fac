"""The kernel's counter of pages that came back from swap."""

from typing import Final

from xmlresource.system.machine import Machine

_FILE: Final = "/proc/vmstat"
_NAME: Final = "pswpin"


def pages_swapped_in(machine: Machine) -> int | None:
    """The pages that were read from swap since the boot; ``None`` where the kernel does not tell.

    Raises:
        OSError: It exists and can't be read.
    """
    for line in (machine.read_if_there(_FILE) or "").splitlines():
        name, _, value = line.partition(" ")
        if name == _NAME and value.isdigit():
            return int(value)
    return None
