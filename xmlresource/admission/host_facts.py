"""Facts of a host from the kernel's text files. Sizes are in bytes.

Tolerant: a line that can't be read is as good as a missing one, and what is missing is replaced by
an estimate that promises rather less, or by a :class:`FactFault` where there is none to be had.
Opening the files is ``system.host``'s business.
"""

from collections.abc import Mapping
from typing import Final

from xmlresource.model.host import HugepagePool, MemoryRegion
from xmlresource.record import record

MEMINFO: Final = "/proc/meminfo"
ZONEINFO: Final = "/proc/zoneinfo"

_KIB: Final = 1024


@record
class FactFault:
    """A fact that a kernel file does not tell, and why."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@record
class Watermarks:
    """The memory that the kernel keeps free on a node, or on a host.

    Attributes:
        low: The sum of its zones' low watermarks: below them the kernel begins to reclaim.
        reserved: What it never counts as available (the kernel's totalreserve_pages).
    """

    low: int = 0
    reserved: int = 0


def parse_meminfo(text: str) -> dict[str, int]:
    """The sizes of ``/proc/meminfo`` or of a node's ``meminfo``, by name.

    Lines without ``kB`` (``HugePages_Total``) are counts.
    """
    values: dict[str, int] = {}
    for line in text.splitlines():
        name, colon, rest = line.partition(":")
        words = rest.split()
        if not colon or not words or not _is_number(words[0]):
            continue
        # "Node 0 MemTotal:" in a node's file
        key = name.split()[-1] if name.strip() else name
        values[key] = int(words[0]) * (_KIB if words[1:] == ["kB"] else 1)
    return values


def host_region(
    meminfo: Mapping[str, int], pools: tuple[HugepagePool, ...] = (), path: str = MEMINFO
) -> MemoryRegion | FactFault:
    """The whole host, from ``/proc/meminfo``.

    Args:
        meminfo: The parsed file.
        pools: The hugepage pools, where they were read.
        path: The file, for a fault.
    """
    total = meminfo.get("MemTotal")
    if total is None:
        return FactFault(path, "no MemTotal")
    available = meminfo.get("MemAvailable")  # since Linux 3.14
    if available is None:
        if "MemFree" not in meminfo:
            return FactFault(path, "neither MemAvailable nor MemFree")
        available = _at_least_available(meminfo)
    return MemoryRegion(total, available, _hugepage_bytes(meminfo, pools), pools)


def node_region(
    meminfo: Mapping[str, int],
    pools: tuple[HugepagePool, ...],
    watermarks: Watermarks | None,
    path: str,
) -> MemoryRegion | FactFault:
    """One NUMA node, from its ``meminfo``.

    The kernel gives no MemAvailable for a node. This is si_mem_available() of mm/show_mem.c with
    the node's own figures: free - reserved, and of page cache and reclaimable slab, each, all but
    the smaller of its half and the low watermarks.

    Args:
        meminfo: The parsed file.
        pools: The node's hugepage pools.
        watermarks: From ``/proc/zoneinfo``; ``None`` where it was not to be had.
        path: The file, for a fault.
    """
    for needed in ("MemTotal", "MemFree"):
        if needed not in meminfo:
            return FactFault(path, f"no {needed}")
    if watermarks is None:
        available = _at_least_available(meminfo)
    else:
        available = meminfo["MemFree"] - watermarks.reserved
        for reclaimable in (_file_cache(meminfo), _reclaimable_slab(meminfo)):
            available += reclaimable - min(reclaimable // 2, watermarks.low)
    in_pools = sum(pool.total_bytes for pool in pools)
    return MemoryRegion(meminfo["MemTotal"], max(0, available), in_pools, pools)


def parse_zoneinfo(text: str, page_size: int) -> dict[int, Watermarks]:
    """The watermarks of each node, from ``/proc/zoneinfo``.

    A zone's reserve is its high watermark and the most of its ``protection`` (lowmem_reserve), at
    most what it manages: calculate_totalreserve_pages() of mm/page_alloc.c.
    """
    found: dict[int, Watermarks] = {}
    node: int | None = None
    zone: dict[str, int] = {}
    for line in (*text.splitlines(), "Node end"):
        words = line.replace(",", " ").split()
        if not words:
            continue
        if words[0] == "Node":
            if node is not None:
                found[node] = _with_zone(found.get(node, Watermarks()), zone, page_size)
            node = int(words[1]) if _is_number(words[1]) else None
            zone = {}
        elif words[0] in {"low", "high", "managed"} and _is_number(words[-1]):
            # The names come once a zone; counters further down have longer ones.
            zone.setdefault(words[0], int(words[-1]))
        elif words[0] == "protection:":
            values = [word.strip("()") for word in words[1:]]
            zone["protection"] = max((int(each) for each in values if _is_number(each)), default=0)
    return found


def parse_count(text: str, path: str) -> int | FactFault:
    """A file that holds one whole number, such as ``nr_hugepages``."""
    stripped = text.strip()
    return int(stripped) if _is_number(stripped) else FactFault(path, "no whole number")


def hugepage_size(folder: str) -> int | None:
    """The page size that a folder ``hugepages-2048kB`` is about; ``None`` for any other name."""
    digits = folder.removeprefix("hugepages-").removesuffix("kB")
    if folder != f"hugepages-{digits}kB" or not _is_number(digits):
        return None
    return int(digits) * _KIB


def _with_zone(watermarks: Watermarks, zone: Mapping[str, int], page_size: int) -> Watermarks:
    reserved = zone.get("protection", 0) + zone.get("high", 0)
    return Watermarks(
        low=watermarks.low + zone.get("low", 0) * page_size,
        reserved=watermarks.reserved + min(reserved, zone.get("managed", reserved)) * page_size,
    )


def _at_least_available(meminfo: Mapping[str, int]) -> int:
    """The kernel's estimate without its watermarks, which never makes it larger."""
    return meminfo["MemFree"] + _file_cache(meminfo) // 2 + _reclaimable_slab(meminfo) // 2


def _file_cache(meminfo: Mapping[str, int]) -> int:
    return meminfo.get("Active(file)", 0) + meminfo.get("Inactive(file)", 0)


def _reclaimable_slab(meminfo: Mapping[str, int]) -> int:
    # KReclaimable (since 4.20) is SReclaimable and other reclaimable kernel memory.
    return meminfo.get("KReclaimable", meminfo.get("SReclaimable", 0))


def _hugepage_bytes(meminfo: Mapping[str, int], pools: tuple[HugepagePool, ...]) -> int:
    """All pools of all page sizes. ``Hugetlb`` (since Linux 4.16) says it in one figure."""
    default_pool = meminfo.get("HugePages_Total", 0) * meminfo.get("Hugepagesize", 0)
    in_pools = sum(pool.total_bytes for pool in pools)
    return meminfo.get("Hugetlb", max(default_pool, in_pools))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
