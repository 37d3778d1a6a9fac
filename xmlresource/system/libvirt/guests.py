"""Running guests of libvirt, their processes, and this boot.

libvirt keeps ``NAME.pid`` and ``NAME.xml`` of each running guest in its run folder. Names are taken
from the folder's listing, never from XML; what the XML says is for the caller to read.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Final

from xmlresource.document.head import Head, read_head
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.promises.promise import Process
from xmlresource.record import record
from xmlresource.system.machine import Machine

RUN_FOLDERS: Final = {"qemu": "/run/libvirt/qemu", "lxc": "/run/libvirt/lxc"}
"""Where each driver of libvirt keeps what runs."""

LIB_FOLDER: Final = "/var/lib/libvirt/qemu"
"""Where libvirt's QEMU driver makes a folder for each guest that starts or runs."""

BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"

_STATE, _START_TIME = 0, 19  # fields 3 and 22 of /proc/PID/stat, counted after the command's name
_DEAD: Final = frozenset("ZXx")
_MOST_DIGITS: Final = 10
_LONGEST_PID: Final = 64
_PID: Final = ".pid"
# Before the domain a status file has a line of each device and vCPU, and the jobs of disks.
_SHORT_HEAD: Final = 64 << 10
_LONGEST_HEAD: Final = 1 << 20


@record
class RunningGuest:
    """A guest that libvirt's run folder shows, with a live process.

    Attributes:
        driver: ``qemu`` or ``lxc``.
        file_name: The name of its files, without suffix.
        process: QEMU, or LXC's controller.
    """

    driver: str
    file_name: str
    process: Process


@record
class DoubtfulGuest:
    """A guest that libvirt's run folder shows, and of which nobody can tell whether it runs.

    Attributes:
        driver: As of a guest that runs.
        file_name: As of a guest that runs.
    """

    driver: str
    file_name: str


def boot_id(machine: Machine) -> str:
    """The id of this boot of the host.

    Raises:
        OSError: It can't be read.
    """
    return machine.read_text(BOOT_ID).strip()


def seconds_since_boot() -> int:
    """The time that no clock setting moves, suspend included."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


def microseconds_since_boot() -> int:
    """The same in microseconds."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


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
    return (each for each in shown_guests(machine) if isinstance(each, RunningGuest))


def shown_guests(machine: Machine) -> Iterator[RunningGuest | DoubtfulGuest]:
    """The guests that run or may run, by driver and file name.

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
            guest = _guest(machine, driver, stem)
            if guest is not None:
                yield guest


def starting_guests(machine: Machine) -> frozenset[str] | None:
    """The short names of QEMU guests that start or run; ``None`` where that can't be told.

    The folder is called ``domain-ID-NAME``, with the first characters of the name. libvirt makes it
    before it starts QEMU and removes it before it calls ``stopped``, whether QEMU ran or not.
    """
    try:
        names = machine.names_in(LIB_FOLDER)
    except OSError:
        return None
    if not names:  # libvirt makes others there for itself
        return None
    parts = (name.split("-", 2) for name in names)
    return frozenset(each[2] for each in parts if len(each) == 3 and each[0] == "domain")  # noqa: PLR2004


def running_guest(machine: Machine, driver: str, name: str) -> RunningGuest | None:
    """The guest of that name, ``None`` where it does not run.

    ``name`` comes from outside: it becomes a path only where the run folder lists it.

    Raises:
        OSError: The run folder or a file in it is there and can't be read.
    """
    if name not in names_shown(machine, driver):
        return None
    guest = _guest(machine, driver, name)
    return guest if isinstance(guest, RunningGuest) else None


def names_shown(machine: Machine, driver: str) -> frozenset[str]:
    """The names of guests that a driver's run folder has a pid file of.

    Raises:
        OSError: The run folder is there and can't be read.
    """
    names = machine.names_in(RUN_FOLDERS[driver])
    return frozenset(name.removesuffix(_PID) for name in names if name.endswith(_PID))


def may_be_running(machine: Machine, driver: str, name: str, uuid: str) -> bool:
    """Whether a guest with that uuid runs under that name, or nobody can tell.

    Args:
        machine: The machine.
        driver: The driver that runs it.
        name: One of its :func:`names_shown`.
        uuid: In libvirt's form.

    Raises:
        OSError: A file of it is there and can't be read.
    """
    guest = _guest(machine, driver, name)
    if guest is None:
        return False
    shown = canonical_uuid(head_of(machine, guest).uuid or "")
    return shown in {uuid, None}


def head_of(machine: Machine, guest: RunningGuest | DoubtfulGuest) -> Head:
    """Whose its status file is, by the beginning of it.

    Raises:
        OSError: It is there and can't be read.
    """
    return _head(machine, guest.driver, guest.file_name)


def status_of(machine: Machine, guest: RunningGuest | DoubtfulGuest, most: int) -> bytes | None:
    """Its status file, a ``<domstatus>`` around the ``<domain>``, as far as ``most`` bytes.

    ``None`` where it is gone: the guest has ended meanwhile.

    Raises:
        OSError: It is there and can't be read.
    """
    try:
        return machine.read_beginning(f"{RUN_FOLDERS[guest.driver]}/{guest.file_name}.xml", most)
    except FileNotFoundError:
        return None


def _guest(machine: Machine, driver: str, stem: str) -> RunningGuest | DoubtfulGuest | None:
    folder = RUN_FOLDERS[driver]
    try:
        digits = machine.read_beginning(f"{folder}/{stem}{_PID}", _LONGEST_PID)
    except FileNotFoundError:
        return None
    pid = _pid(digits.decode("ascii", "replace"))
    if pid is None:  # libvirt writes the pid twice
        pid = _pid(_head(machine, driver, stem).pid or "")
    if pid is None:
        return DoubtfulGuest(driver, stem)
    runs = process(machine, pid)
    return None if runs is None else RunningGuest(driver, stem, runs)


def _pid(text: str) -> int | None:
    digits = text.strip()
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS
    return int(digits) if is_number and int(digits) else None


def _head(machine: Machine, driver: str, stem: str) -> Head:
    path = f"{RUN_FOLDERS[driver]}/{stem}.xml"
    try:
        # What comes first is short, nearly always.
        beginning = machine.read_beginning(path, _SHORT_HEAD)
        head = read_head([beginning])
        if head.uuid is None and len(beginning) == _SHORT_HEAD:
            head = read_head([machine.read_beginning(path, _LONGEST_HEAD)])
    except FileNotFoundError:
        return Head()
    return head
