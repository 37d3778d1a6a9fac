"""Charges of cgroups, and the limits above a guest. Sizes are in bytes.

A cgroup that is gone, also between two reads, has neither.
"""

import errno
from collections.abc import Iterable
from typing import Final

from xmlresource.cgroup.hierarchy import Controller, Version
from xmlresource.cgroup.kernel_values import parse_value
from xmlresource.model.host import AncestorLimit
from xmlresource.record import record
from xmlresource.system.machine import Machine
from xmlresource.units import Unlimited

_USAGE: Final = {Version.V1: "memory.usage_in_bytes", Version.V2: "memory.current"}
# Beyond memory.high the kernel takes memory back at once, so it bounds what is to be had, too.
_LIMITS: Final = {
    Version.V1: ("memory.limit_in_bytes",),
    Version.V2: ("memory.max", "memory.high"),
}
# v1 has the figures of the cgroup alone besides (memory.txt, 5.2).
_CACHE: Final = {
    Version.V1: frozenset({"total_active_file", "total_inactive_file"}),
    Version.V2: frozenset({"active_file", "inactive_file"}),
}
# v1's memory.stat tells the least limit of a cgroup and all above it, also of those that can't be
# seen from inside of a container (memory.txt, 5.2).
_HIERARCHICAL: Final = "hierarchical_memory_limit"
# The file that only the root of a whole v1 hierarchy has (cgroups.rst, 1.4): nothing is above it.
_TRUE_ROOT: Final = "release_agent"
_ON_NODES: Final = "memory.numa_stat"
# In pages on v1, each line with its sum first; in bytes on v2.
_KEPT: Final = {
    Version.V1: frozenset({"hierarchical_anon", "hierarchical_unevictable"}),
    Version.V2: frozenset({"active_anon", "inactive_anon", "unevictable"}),
}


@record
class Usage:
    """The charge of a cgroup and all below it.

    Attributes:
        charged: All of it.
        reclaimable: The page cache in it, which the kernel takes back first.
    """

    charged: int
    reclaimable: int


def usage(machine: Machine, controller: Controller, cgroup: str) -> Usage | None:
    """The charge of ``cgroup``; ``None`` where it does not exist.

    Raises:
        OSError: It exists and can't be read.
        ValueError: A file holds what no kernel writes, or ``cgroup`` can't be seen from here.
    """
    directory = controller.directory(cgroup)
    text = read_file(machine, f"{directory}/{_USAGE[controller.version]}")
    if text is None:
        return None
    charged = int(text)
    statistics = read_file(machine, f"{directory}/memory.stat") or ""
    return Usage(charged, min(charged, _cache(statistics, controller.version)))


def kept_on_nodes(
    machine: Machine, controller: Controller, cgroup: str, page_size: int
) -> dict[int, int]:
    """The charge of ``cgroup`` on each NUMA node, by the node's number, without page cache.

    Empty where the kernel does not tell, as one without NUMA.

    Raises:
        OSError: It exists and can't be read.
        ValueError: A file holds what no kernel writes.
    """
    text = read_file(machine, f"{controller.directory(cgroup)}/{_ON_NODES}") or ""
    names, unit = _KEPT[controller.version], page_size if controller.version is Version.V1 else 1
    kept: dict[int, int] = {}
    for line in text.splitlines():
        first, *rest = line.split()
        if first.partition("=")[0] in names:
            for node, _, value in (word.partition("=") for word in rest):
                number = int(node.removeprefix("N"))
                kept[number] = kept.get(number, 0) + int(value) * unit
    return kept


def ancestor_limits(
    machine: Machine, controller: Controller, cgroups: Iterable[str], page_size: int
) -> tuple[AncestorLimit, ...]:
    """Those of ``cgroups``, and of the root of what is mounted, that have a limit of their own.

    Each comes with what is charged to it now. ``place.ancestors`` are the cgroups of a guest that
    runs, ``hierarchy.partition_groups()`` of one that will; those that do not exist, or can't be
    seen from here, limit nothing. The root of the mount is the real one, which has no limit, or
    that of a container, which may have one; and above that there may be others, of which v1 tells
    the least limit and v2 nothing.

    Raises:
        OSError: A file exists and can't be read.
        ValueError: A file holds what no kernel writes.
    """
    limits = []
    for cgroup in dict.fromkeys((*cgroups, controller.root)):
        try:
            limit = _limit(machine, controller, cgroup, page_size)
        except LookupError:
            continue
        used = None if limit is None else usage(machine, controller, cgroup)
        if limit is not None and used is not None:
            limits.append(AncestorLimit(cgroup, limit, used.charged, used.reclaimable))
    return tuple(limits)


def read_file(machine: Machine, path: str) -> str | None:
    """A cgroup's file, ``None`` where the cgroup does not exist (any more).

    Raises:
        OSError: It exists and can't be read.
    """
    for _ in range(2):
        try:
            return machine.read_if_there(path)
        except OSError as error:
            # The cgroup was removed between open(2) and read(2): look whether it is gone.
            if error.errno != errno.ENODEV:
                raise
    return None


def _limit(machine: Machine, controller: Controller, cgroup: str, page_size: int) -> int | None:
    try:
        directory = controller.directory(cgroup)
    except ValueError as error:
        raise LookupError(cgroup) from error
    texts = [read_file(machine, f"{directory}/{file}") for file in _LIMITS[controller.version]]
    if cgroup == controller.root and controller.version is Version.V1:
        texts.append(_least_above(machine, directory))
    amounts = [parse_value(text, page_size) for text in texts if text is not None]
    return min((each for each in amounts if not isinstance(each, Unlimited)), default=None)


def _least_above(machine: Machine, directory: str) -> str | None:
    """The least limit of a cgroup and all above it (v1); ``None`` where there is none above."""
    if read_file(machine, f"{directory}/{_TRUE_ROOT}") is not None:
        return None  # and its statistics, of the whole host, are not read
    rows = map(str.split, (read_file(machine, f"{directory}/memory.stat") or "").splitlines())
    return next((row[1] for row in rows if row[0] == _HIERARCHICAL), None)


def _cache(statistics: str, version: Version) -> int:
    rows = (line.split() for line in statistics.splitlines())
    return sum(int(value) for name, value in rows if name in _CACHE[version])
