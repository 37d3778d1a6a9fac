"""A host's facts, read from the machine.

Only what a decision needs is read: most guests ask for neither nodes nor hugepages.
"""

from typing import Final, TypeVar

from xmlresource.admission.host_facts import (
    MEMINFO,
    ZONEINFO,
    FactFault,
    host_region,
    hugepage_size,
    node_region,
    parse_count,
    parse_meminfo,
    parse_zoneinfo,
)
from xmlresource.errors import XmlresourceError
from xmlresource.model.host import HostFacts, HugepagePool, MemoryRegion
from xmlresource.system.machine import Machine

NODES: Final = "/sys/devices/system/node"
POOLS: Final = "/sys/kernel/mm/hugepages"

_PAGE_SIZE: Final = 4096

_Known = TypeVar("_Known", int, MemoryRegion)


class HostError(XmlresourceError):
    """The host does not tell what admission must know; the text names the file and the fault."""


def read_host(
    machine: Machine,
    *,
    nodes: frozenset[int] = frozenset(),
    pools: bool = False,
    page_size: int = _PAGE_SIZE,
) -> HostFacts:
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
    return HostFacts(
        memory=_known(memory),
        nodes=read_nodes(machine, nodes, page_size) if nodes else {},
        default_hugepage=meminfo.get("Hugepagesize"),
        swap_total=meminfo.get("SwapTotal", 0),
        page_size=page_size,
    )


def node_numbers(machine: Machine) -> frozenset[int]:
    """The numbers of the host's NUMA nodes.

    Raises:
        HostError: They can't be read.
    """
    try:
        names = machine.names_in(NODES)
    except OSError as error:
        raise HostError(f"{NODES}: {error.strerror or error}") from error
    digits = (each.removeprefix("node") for each in names if each.startswith("node"))
    return frozenset(int(each) for each in digits if each.isascii() and each.isdigit())


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


def _known(value: _Known | FactFault) -> _Known:
    if isinstance(value, FactFault):
        raise HostError(str(value))
    return value
