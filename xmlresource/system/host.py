"""A host's facts and the limits above a guest, read from the machine.

Only what a decision needs is read: most guests ask for neither nodes nor hugepages.
"""

from typing import Final, Literal, TypeVar

from xmlresource.hostinfo import (
    MEMINFO,
    ZONEINFO,
    Fault,
    host_region,
    hugepage_size,
    node_region,
    parse_count,
    parse_meminfo,
    parse_zoneinfo,
)
from xmlresource.model.host import AncestorLimit, Host, HugepagePool, MemoryRegion
from xmlresource.placement import ancestors_of
from xmlresource.system.machine import Machine

NODES: Final = "/sys/devices/system/node"
POOLS: Final = "/sys/kernel/mm/hugepages"

_V1_UNLIMITED: Final = 1 << 62  # PAGE_COUNTER_MAX in bytes is twice that, less a page
_PAGE_SIZE: Final = 4096

_Known = TypeVar("_Known", int, MemoryRegion)


class HostError(Exception):
    """The host does not tell what admission must know; the text names the file and the fault."""


def read_host(
    machine: Machine,
    *,
    nodes: frozenset[int] = frozenset(),
    pools: bool = False,
    page_size: int = _PAGE_SIZE,
) -> Host:
    """The host's memory.

    Args:
        machine: The machine.
        nodes: The NUMA nodes to read; one that the host lacks is left out of the result.
        pools: Whether to read the hugepage pools, of the host and of ``nodes``.
        page_size: The kernel's page.

    Raises:
        HostError: A file is missing or makes no sense.
    """
    meminfo = parse_meminfo(_read(machine, MEMINFO))
    memory = host_region(meminfo, _pools(machine, POOLS) if pools else ())
    # Before "Hugetlb" (Linux 4.16) only the pools tell what all of them take.
    if not pools and "Hugetlb" not in meminfo:
        memory = host_region(meminfo, _pools(machine, POOLS))
    return Host(
        memory=_known(memory),
        nodes=read_nodes(machine, nodes, page_size) if nodes else {},
        default_hugepage=meminfo.get("Hugepagesize"),
        swap_total=meminfo.get("SwapTotal", 0),
        page_size=page_size,
    )


def read_nodes(machine: Machine, nodes: frozenset[int], page_size: int) -> dict[int, MemoryRegion]:
    """The NUMA nodes of these numbers, as far as the host has them.

    Raises:
        HostError: A node's file makes no sense.
    """
    zoneinfo = _read_if_there(machine, ZONEINFO)
    watermarks = {} if zoneinfo is None else parse_zoneinfo(zoneinfo, page_size)
    found = {}
    for number in sorted(nodes):
        path = f"{NODES}/node{number}/meminfo"
        text = _read_if_there(machine, path)
        if text is None:
            continue
        # A node counts all its pools against its memory, so they are always read.
        pools = _pools(machine, f"{NODES}/node{number}/hugepages")
        region = node_region(parse_meminfo(text), pools, watermarks.get(number), path)
        found[number] = _known(region)
    return found


def read_ancestors(
    machine: Machine, mount: str, version: Literal[1, 2], cgroup: str
) -> tuple[AncestorLimit, ...]:
    """The limits at ``cgroup`` and above it, outermost first; cgroups without one are left out.

    On v2 ``memory.high`` counts, too: beyond it the kernel takes memory back at once.

    Args:
        machine: The machine.
        mount: Where the hierarchy with the memory controller is: ``/sys/fs/cgroup/memory``.
        version: The controller's version.
        cgroup: The cgroup below which the guest will run; it may not be there yet.

    Raises:
        HostError: A file can't be read or makes no sense.
    """
    limits = []
    for path in ancestors_of(cgroup):
        folder = mount.rstrip("/") + path
        limit = _limit_v1(machine, folder) if version == 1 else _limit_v2(machine, folder)
        if limit is not None:
            usage_file = "memory.usage_in_bytes" if version == 1 else "memory.current"
            usage = _count(machine, f"{folder}/{usage_file}")
            cache = read_cache(machine, folder, version)
            limits.append(AncestorLimit(path, limit, usage or 0, min(cache, usage or 0)))
    return tuple(limits)


def read_charged(
    machine: Machine, mount: str, version: Literal[1, 2], cgroup: str
) -> tuple[int, int] | None:
    """What is charged to a cgroup, and what of it is page cache; ``None`` where it is gone.

    Raises:
        HostError: A file can't be read or makes no sense.
    """
    folder = mount.rstrip("/") + cgroup
    usage_file = "memory.usage_in_bytes" if version == 1 else "memory.current"
    usage = _count(machine, f"{folder}/{usage_file}")
    if usage is None:
        return None
    return usage, min(usage, read_cache(machine, folder, version))


def read_cache(machine: Machine, folder: str, version: Literal[1, 2]) -> int:
    """The page cache charged to a cgroup and all below it, in bytes; 0 where it is not told.

    Raises:
        HostError: The file is there and can't be read.
    """
    text = _read_if_there(machine, f"{folder}/memory.stat") or ""
    prefix = "total_" if version == 1 else ""  # v1 has those of the cgroup alone besides
    names = {f"{prefix}active_file", f"{prefix}inactive_file"}
    cache = 0
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name in names and value.isascii() and value.isdigit():
            cache += int(value)
    return cache


def _limit_v1(machine: Machine, folder: str) -> int | None:
    limit = _count(machine, f"{folder}/memory.limit_in_bytes")
    return None if limit is None or limit >= _V1_UNLIMITED else limit


def _limit_v2(machine: Machine, folder: str) -> int | None:
    limits = [_limit(machine, f"{folder}/{name}") for name in ("memory.max", "memory.high")]
    return min((limit for limit in limits if limit is not None), default=None)


def _limit(machine: Machine, path: str) -> int | None:
    """A v2 limit; ``None`` for ``max`` and for a cgroup that has none."""
    text = _read_if_there(machine, path)
    if text is None or text.strip() == "max":
        return None
    return _known(parse_count(text, path))


def _count(machine: Machine, path: str) -> int | None:
    text = _read_if_there(machine, path)
    return None if text is None else _known(parse_count(text, path))


def _pools(machine: Machine, folder: str) -> tuple[HugepagePool, ...]:
    pools = []
    for name in machine.names_in(folder):
        size = hugepage_size(name)
        if size is not None:
            total, free, reserved = (
                _count(machine, f"{folder}/{name}/{file}") or 0
                for file in ("nr_hugepages", "free_hugepages", "resv_hugepages")
            )
            pools.append(HugepagePool(size, total, max(0, free - reserved)))
    return tuple(sorted(pools, key=lambda pool: pool.page_size))


def _read(machine: Machine, path: str) -> str:
    text = _read_if_there(machine, path)
    if text is None:
        raise HostError(f"{path}: not there")
    return text


def _read_if_there(machine: Machine, path: str) -> str | None:
    try:
        return machine.read_if_there(path)
    except OSError as error:
        raise HostError(f"{path}: {error.strerror or error}") from error


def _known(value: _Known | Fault) -> _Known:
    if isinstance(value, Fault):
        raise HostError(str(value))
    return value
