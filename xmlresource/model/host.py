"""The facts of a host: memory, nodes, hugepage pools, limits. Sizes are in bytes."""

from xmlresource.record import field, record


@record
class HugepagePool:
    """The hugepages of one size, of the host or of one node: counts of pages.

    ``free`` leaves out what other processes have reserved and not touched yet, where the kernel
    tells (it does for a host, not for a node).
    """

    page_size: int
    total: int
    free: int

    @property
    def total_bytes(self) -> int:
        """The bytes that the pool takes from ordinary memory."""
        return self.page_size * self.total

    @property
    def free_bytes(self) -> int:
        """The bytes of the pool that a guest can still have."""
        return self.page_size * self.free


@record
class MemoryRegion:
    """Memory with its hugepage pools: a whole host, or one NUMA node.

    Attributes:
        total: MemTotal.
        available: MemAvailable (of a node: what it would be, by the kernel's own formula).
        hugepage_bytes: What all hugepage pools together take from ordinary memory, of every page
            size, whether ``pools`` was read or not.
        pools: Its hugepage pools, one per size; empty where nobody asked for them.
    """

    total: int
    available: int
    hugepage_bytes: int = 0
    pools: tuple[HugepagePool, ...] = ()

    def pool(self, page_size: int | None) -> HugepagePool | None:
        """The pool of that page size, ``None`` where there is none."""
        for pool in self.pools:
            if pool.page_size == page_size:
                return pool
        return None


@record
class AncestorLimit:
    """A cgroup above the guest that has a limit of its own.

    Attributes:
        path: The cgroup, as the kernel names it: ``/machine/prod``.
        limit: Its limit.
        usage: What is charged to it now.
        reclaimable: What of ``usage`` the kernel gives back under pressure: page cache.
    """

    path: str
    limit: int
    usage: int
    reclaimable: int = 0


@record
class HostFacts:
    """A host as admission sees it.

    Attributes:
        memory: The whole host.
        nodes: Its NUMA nodes by number, as far as somebody asked for them; a node that the host
            lacks is missing.
        default_hugepage: The size of ``<hugepages/>`` without a size.
        swap_total: SwapTotal; never counted as memory that can be promised.
        page_size: The kernel's page.
    """

    memory: MemoryRegion
    nodes: dict[int, MemoryRegion] = field(default_factory=dict)
    default_hugepage: int | None = None
    swap_total: int = 0
    page_size: int = 4096


@record
class ReserveSetting:
    """The host reserve as the administrator wrote it: a size or a share, one of the two.

    Attributes:
        size: So many bytes.
        basis_points: So many hundredths of a percent of MemTotal.
    """

    size: int | None = None
    basis_points: int | None = None


@record
class FleetSetting:
    """How the host takes part in a fleet.

    Attributes:
        service: The service of libpq's that names the fleet's PostgreSQL; ``None`` where libpq's
            own variables do.
        host: The name under which the host publishes; ``None`` for its hostname.
    """

    service: str | None = None
    host: str | None = None
