"""The memory of a running guest: its cgroup's charge, and its processes' memory."""

import errno
from collections.abc import Iterator

from xmlresource.cgroup.hierarchy import Place
from xmlresource.overhead.measured import (
    FILES,
    Account,
    Emulator,
    Helper,
    account_of,
    anonymous_of,
    areas_of,
    page_tables_of,
)
from xmlresource.system.cgroups.charges import read_file
from xmlresource.system.cgroups.places import PAGE_SIZE
from xmlresource.system.machine import Machine

_MEMBERS = "cgroup.procs"


def account(machine: Machine, place: Place, page_size: int = PAGE_SIZE) -> Account | None:
    """The account of the guest; ``None`` where its cgroup is gone.

    Raises:
        OSError: A file exists and can't be read.
        ValueError: A file holds what no kernel writes.
    """
    version, directory = place.controller.version, place.directory
    texts = {
        what: read_file(machine, f"{directory}/{name}") for what, name in FILES[version].items()
    }
    return None if texts["charged"] is None else account_of(version, texts, page_size)


def emulator(machine: Machine, pid: int) -> Emulator | None:
    """The emulator's mappings; ``None`` where it has ended.

    Raises:
        OSError: They can't be read.
    """
    smaps = machine.read_if_there(f"/proc/{pid}/smaps")
    return None if not smaps else Emulator(tuple(areas_of(smaps)), _page_tables(machine, pid))


def helpers(machine: Machine, place: Place, emulator_pid: int) -> tuple[Helper, ...]:
    """The other processes in the guest's cgroup; one that ends meanwhile is left out.

    Raises:
        OSError: One can't be looked at.
    """
    found = []
    for pid in sorted(set(_members(machine, place.directory)) - {emulator_pid}):
        rollup = machine.read_if_there(f"/proc/{pid}/smaps_rollup")
        if rollup is not None:
            found.append(Helper(anonymous_of(rollup), _page_tables(machine, pid)))
    return tuple(found)


def _page_tables(machine: Machine, pid: int) -> int:
    return page_tables_of(machine.read_if_there(f"/proc/{pid}/status") or "")


def _members(machine: Machine, directory: str) -> Iterator[int]:
    """The processes in a cgroup and all below it."""
    try:
        text = read_file(machine, f"{directory}/{_MEMBERS}")
    except OSError as error:
        # A threaded cgroup of v2: its processes are in the list of the one above.
        if error.errno != errno.EOPNOTSUPP:
            raise
        return
    if text is not None:
        yield from map(int, text.split())
        for name in machine.names_in(directory):
            yield from _members(machine, f"{directory}/{name}")
