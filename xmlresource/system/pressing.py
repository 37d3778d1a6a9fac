"""Have the kernel take memory from a cgroup, and leave every file as it was.

On v2 that is ``memory.reclaim`` (since 5.19), which never kills; before, ``memory.high``, which
slows down and never kills either. On v1 writing a smaller limit reclaims, and the write fails where
that does not do; the old limit is back at once, and meanwhile nobody in the cgroup is killed but
waits (``memory.oom_control``).
"""

import contextlib
import errno
import time
from collections.abc import Callable, Iterator
from typing import Final

from xmlresource.cgroup.hierarchy import Place, Version
from xmlresource.system.charges import read_file
from xmlresource.system.machine import Machine

_LIMIT: Final = "memory.limit_in_bytes"
_OOM: Final = "memory.oom_control"
_RECLAIM: Final = "memory.reclaim"
_HIGH: Final = "memory.high"
_REFUSALS: Final = frozenset({errno.EBUSY, errno.EAGAIN})


def take(machine: Machine, place: Place, charged: int, size: int) -> None:
    """Reclaim ``size`` bytes of the ``charged`` ones, or as many as there are to be had.

    Raises:
        OSError: A file can't be written; all are as they were.
    """
    if place.controller.version is Version.V1:
        with _written(machine, f"{place.directory}/{_OOM}", "1", _oom_control):
            _press(machine, f"{place.directory}/{_LIMIT}", charged - size)
    elif _has(machine, f"{place.directory}/{_RECLAIM}"):
        with _refusals():
            machine.write_value(f"{place.directory}/{_RECLAIM}", str(size))
    else:
        _press(machine, f"{place.directory}/{_HIGH}", charged - size)


def pressure(machine: Machine, place: Place) -> float | None:
    """Percent of the last ten seconds in which some task waited for memory.

    The guest's own where the kernel tells it, else the host's.

    Raises:
        OSError: A file exists and can't be read.
    """
    own = pressure_in(machine, place)
    return host_pressure(machine) if own is None else own


def pressure_in(machine: Machine, place: Place) -> float | None:
    """The same of the guest's own cgroup; ``None`` where the kernel does not tell (v1, or no PSI).

    Raises:
        OSError: A file exists and can't be read.
    """
    return _average(read_file(machine, f"{place.directory}/memory.pressure"))


def host_pressure(machine: Machine) -> float | None:
    """The same of the whole host.

    Raises:
        OSError: A file exists and can't be read.
    """
    return _average(read_file(machine, "/proc/pressure/memory"))


def swapped(machine: Machine, place: Place) -> int:
    """The swap that is charged to the guest; 0 where the kernel does not tell.

    Raises:
        OSError: A file exists and can't be read.
    """
    directory = place.directory
    if place.controller.version is Version.V2:
        return int(read_file(machine, f"{directory}/memory.swap.current") or 0)
    total = read_file(machine, f"{directory}/memory.memsw.usage_in_bytes")
    memory = read_file(machine, f"{directory}/memory.usage_in_bytes")
    return 0 if total is None or memory is None else max(0, int(total) - int(memory))


def now() -> float:
    """Seconds that only grow."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Let time pass."""
    time.sleep(seconds)


def _average(text: str | None) -> float | None:
    """``avg10`` of the line ``some``, the first (Documentation/accounting/psi.rst)."""
    for word in (text or "").partition("\n")[0].split():
        name, _, value = word.partition("=")
        if name == "avg10":
            return float(value)
    return None


def _has(machine: Machine, path: str) -> bool:
    """Whether a folder has a file that may not be read: ``memory.reclaim`` is written only."""
    folder, _, name = path.rpartition("/")
    return name in machine.names_in(folder)


def _press(machine: Machine, path: str, value: int) -> None:
    with _written(machine, path, str(value), str.strip):
        pass


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Let the kernel say that there is no more to be had."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise


@contextlib.contextmanager
def _written(
    machine: Machine, path: str, value: str, parse: Callable[[str], str]
) -> Iterator[None]:
    """A file with another value for a moment; what it had is back afterwards."""
    text = read_file(machine, path)
    if text is None:
        yield
        return
    before = parse(text)
    try:
        with _refusals():
            machine.write_value(path, value)
        yield
    finally:
        machine.write_value(path, before)


def _oom_control(text: str) -> str:
    """``oom_kill_disable`` of its lines; it takes that alone."""
    rows = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return rows.get("oom_kill_disable", "0").strip()
