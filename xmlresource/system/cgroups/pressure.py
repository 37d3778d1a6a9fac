"""Have the kernel take memory from a cgroup, and leave every file as it was.

On v2 that is ``memory.reclaim`` (since 5.19), which never kills; before, ``memory.high``, which
slows down and never kills either. On v1 writing a smaller limit reclaims, and the write fails where
that does not do; the old limit is back at once, and meanwhile nobody in the cgroup is killed but
waits (``memory.oom_control``).
"""

import contextlib
import errno
import time
from collections.abc import Iterator, Mapping
from typing import Final

from xmlresource.cgroup.hierarchy import Place, Version
from xmlresource.system.cgroups.charges import read_file
from xmlresource.system.cgroups.press_records import Pressed, on_record, value_of
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import StateFolder

_LIMIT: Final = "memory.limit_in_bytes"
_OOM: Final = "memory.oom_control"
_RECLAIM: Final = "memory.reclaim"
_HIGH: Final = "memory.high"
_REFUSALS: Final = frozenset({errno.EBUSY, errno.EAGAIN})


def take(machine: Machine, state: StateFolder, place: Place, charged: int, size: int) -> None:
    """Reclaim ``size`` bytes of the ``charged`` ones, or as many as there are to be had.

    Files that hold another value meanwhile are on record in the state folder: who is killed can't
    put them back.

    Raises:
        StateError: The state folder can't be used; nothing is changed.
        OSError: A file can't be written; all are as they were.
    """
    smaller = str(charged - size)
    if place.controller.version is Version.V1:
        wanted = {_OOM: "1", _LIMIT: smaller}
    elif _has(machine, f"{place.directory}/{_RECLAIM}"):
        with _refusals():
            machine.write_value(f"{place.directory}/{_RECLAIM}", str(size))
        return
    else:
        wanted = {_HIGH: smaller}
    changes = list(_changes(machine, place, wanted))
    with (
        on_record(machine, state, place.directory, changes),
        contextlib.ExitStack() as stack,
    ):
        for change in changes:
            stack.enter_context(_written(machine, change))


def pressure(machine: Machine, place: Place) -> float | None:
    """Percent of the last ten seconds in which some task waited for memory.

    The guest's own where the kernel tells it, else the host's.

    Raises:
        OSError: A file exists and can't be read.
    """
    own = pressure_in(machine, place)
    return host_pressure(machine) if own is None else own


def pressure_in(machine: Machine, place: Place) -> float | None:
    """The pressure in the guest's own cgroup; ``None`` without PSI (v1 has none).

    Raises:
        OSError: A file exists and can't be read.
    """
    return _average(read_file(machine, f"{place.directory}/memory.pressure"))


def host_pressure(machine: Machine) -> float | None:
    """The memory pressure of the whole host.

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


def _changes(machine: Machine, place: Place, wanted: Mapping[str, str]) -> Iterator[Pressed]:
    """The files that are to hold another value for a moment, as far as they are there."""
    for file, value in wanted.items():
        path = f"{place.directory}/{file}"
        text = read_file(machine, path)
        if text is not None:
            yield Pressed(path, value_of(text), value)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Let the kernel say that there is no more to be had."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise


@contextlib.contextmanager
def _written(machine: Machine, change: Pressed) -> Iterator[None]:
    """A file with another value for a moment; what it had is back afterwards."""
    try:
        with _refusals():
            machine.write_value(change.path, change.meanwhile)
        yield
    finally:
        machine.write_value(change.path, change.before)
