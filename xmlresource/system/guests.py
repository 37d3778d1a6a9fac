"""What runs: libvirt's guests, their processes, this boot.

libvirt keeps ``NAME.pid`` and ``NAME.xml`` of each running guest in its run folder. Names are taken
from the folder's listing, never from XML; what the XML says is for the caller to read.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Final

from xmlresource.model.promise import Process
from xmlresource.record import record
from xmlresource.system.machine import Machine

RUN_FOLDERS: Final = {"qemu": "/run/libvirt/qemu", "lxc": "/run/libvirt/lxc"}
"""Where each driver of libvirt keeps what runs."""

BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"

_STATE, _START_TIME = 0, 19  # fields 3 and 22 of /proc/PID/stat, counted after the command's name
_DEAD: Final = frozenset("ZXx")
_MOST_DIGITS: Final = 10


@record
class RunningGuest:
    """A guest that libvirt's run folder shows, with a live process.

    Attributes:
        driver: ``qemu`` or ``lxc``.
        file_name: The name of its files, without suffix.
        process: QEMU, or LXC's controller.
        status: ``NAME.xml``: a ``<domstatus>`` around the ``<domain>``. Whether ``pid`` there is
            ``process``'s tells whether the files belong together.
    """

    driver: str
    file_name: str
    process: Process
    status: bytes


def boot_id(machine: Machine) -> str:
    """What tells this boot of the host from all others.

    Raises:
        OSError: It can't be read.
    """
    return machine.read_text(BOOT_ID).strip()


def seconds_since_boot() -> int:
    """The time that no clock setting moves, suspend included."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


def seconds_since_1970() -> int:
    """The time of day, as people set it."""
    return int(time.time())


def process(machine: Machine, pid: int) -> Process | None:
    """The process that has this pid now; ``None`` where there is none or only its corpse.

    Raises:
        OSError: The kernel does not tell. That is no sign of death: a promise must not end by it.
    """
    text = machine.read_if_there(f"/proc/{pid}/stat")
    return None if text is None else parse_stat(text)


def start_times(machine: Machine, pids: Iterable[int]) -> dict[int, int]:
    """The start time of each of these processes that is alive, by pid.

    Raises:
        OSError: The kernel does not tell.
    """
    found = (process(machine, pid) for pid in set(pids))
    return {each.pid: each.start_time for each in found if each is not None}


def parse_stat(text: str) -> Process | None:
    """The process of a ``/proc/PID/stat``; ``None`` for a dead one, or where it makes no sense.

    The command's name is in parentheses, and may hold blanks and parentheses itself.
    """
    pid = text.partition(" ")[0]
    fields = text.rpartition(")")[2].split()
    if len(fields) <= _START_TIME or fields[_STATE] in _DEAD:
        return None
    start_time = fields[_START_TIME]
    if not (pid.isascii() and pid.isdigit() and start_time.isascii() and start_time.isdigit()):
        return None
    return Process(int(pid), int(start_time))


def running_guests(machine: Machine) -> Iterator[RunningGuest]:
    """The guests that run, by driver and file name. A guest that ends meanwhile is left out.

    Raises:
        OSError: A run folder or a file in it is there and can't be read.
    """
    for driver, folder in RUN_FOLDERS.items():
        names = machine.names_in(folder)
        there = frozenset(names)
        for name in names:
            stem, dot, suffix = name.rpartition(".")
            # The daemon's own driver.pid has no XML beside it.
            if not dot or suffix != "pid" or f"{stem}.xml" not in there:
                continue
            guest = _guest(machine, driver, folder, stem)
            if guest is not None:
                yield guest


def running_guest(machine: Machine, driver: str, name: str) -> RunningGuest | None:
    """The guest of that name, ``None`` where it does not run.

    ``name`` comes from outside: it becomes a path only where the run folder lists it.

    Raises:
        OSError: The run folder or a file in it is there and can't be read.
    """
    folder = RUN_FOLDERS[driver]
    if f"{name}.pid" not in machine.names_in(folder):
        return None
    return _guest(machine, driver, folder, name)


def _guest(machine: Machine, driver: str, folder: str, stem: str) -> RunningGuest | None:
    text = machine.read_if_there(f"{folder}/{stem}.pid")
    digits = (text or "").strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _MOST_DIGITS:
        return None
    runs = process(machine, int(digits))
    if runs is None:
        return None
    try:
        status = machine.read_bytes(f"{folder}/{stem}.xml")
    except FileNotFoundError:
        return None
    return RunningGuest(driver, stem, runs, status)
