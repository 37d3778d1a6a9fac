"""What a host has: memory, nodes, hugepage pools, limits above a guest. Sizes are in bytes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HugepagePool:
    """The hugepages of one size, of the host or of one node: counts of pages."""

    page_size: int
    total: int
    free: int

    @property
    def total_bytes(self) -> int:
        """What the pool takes from ordinary memory."""
        return self.page_size * self.total


@dataclass(frozen=True, slots=True)
class MemoryRegion:
    """Memory with its hugepage pools: a whole host, or one NUMA node.

    Attributes:
        total: MemTotal.
        available: MemAvailable (of a node: what it would be, by the kernel's own formula).
        pools: Its hugepage pools, one per size.
    """

    total: int
    available: int
    pools: tuple[HugepagePool, ...] = ()

    @property
    def hugepage_bytes(self) -> int:
        """What all pools together take from ordinary memory."""
        return sum(pool.total_bytes for pool in self.pools)


@dataclass(frozen=True, slots=True)
class AncestorLimit:
    """A cgroup above the guest that has a limit of its own.

    Attributes:
        path: The cgroup, as the kernel names it: ``/machine/prod``.
        limit: Its limit.
        usage: What is charged to it now.
    """

    path: str
    limit: int
    usage: int


@dataclass(frozen=True, slots=True)
class Host:
    """A host as admission sees it.

    Attributes:
        memory: The whole host.
        nodes: Its NUMA nodes by number; empty where the kernel shows none.
        default_hugepage: The size of ``<hugepages/>`` without a size.
        swap_total: SwapTotal; never counted as memory that can be promised.
        page_size: The kernel's page.
    """

    memory: MemoryRegion
    nodes: dict[int, MemoryRegion]
    default_hugepage: int | None
    swap_total: int
    page_size: int
