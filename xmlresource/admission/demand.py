"""The demand of a guest on a host, from its definition and its policy. Sizes are in bytes."""

from collections.abc import Iterable
from typing import Final

from xmlresource.admission.ram import (
    Backing,
    RamPart,
    binding_for,
    boot_parts,
    round_up,
    strict_nodes,
)
from xmlresource.model.domain import Domain
from xmlresource.model.policy import MemoryPolicy
from xmlresource.promises.promise import HugepageShare, Key, NodeShare, Promise, PromiseState
from xmlresource.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.promises.cpu_promise import CpuPromise
    from xmlresource.promises.io_promise import IoPromise

# Types of a device, of whatever kind, that may pin the guest's RAM (pinning.py).
_SUSPECT_TYPES: Final = frozenset({"hostdev", "vdpa", "nvme", "vhostvdpa"})
_IMMEDIATE: Final = "allocation immediate"


@record
class NodeDemand:
    """Memory of a guest that must come from some nodes.

    Attributes:
        nodes: The host's nodes, any of them.
        cells: The ordinary RAM of the guest cells bound to them.
        rest: Whether what is not RAM (the emulator's own memory) is bound to them, too.
        at_once: What of ``cells`` is taken before the guest runs.
        pinned: What of it can't be taken back.
    """

    nodes: frozenset[int]
    cells: int
    rest: bool
    at_once: int = 0
    pinned: int = 0

    def share(self, guarantee: int, ordinary: int) -> int:
        """The part of ``guarantee`` that may have to come from these nodes.

        A guest may use all RAM of a cell before it touches the others.

        Args:
            guarantee: The bytes guaranteed.
            ordinary: The guest's RAM on ordinary memory; more than that is not RAM.
        """
        rest = max(0, guarantee - ordinary) if self.rest else 0
        return min(guarantee, self.cells + rest)


@record
class HugepageDemand:
    """Guest RAM on hugepages.

    Attributes:
        page_size: The page's size; ``None`` for the host's default.
        size: The RAM, rounded up to a page where its size is known.
        nodes: The host's nodes it must come from; ``None`` for any.
    """

    page_size: int | None
    size: int
    nodes: frozenset[int] | None = None


@record
class Demand:
    """The demand of a guest: its guarantee, and what it takes beside it.

    Attributes:
        name: Its name; from outside, escape it before showing it.
        uuid: Its uuid; empty where the document has none.
        guarantee: The bytes it must get, rounded up to a page as the kernel would.
        ram: All the RAM it starts with.
        ordinary: Its RAM on ordinary memory.
        nodes: What is bound strictly to nodes, a row for each set of nodes.
        hugepages: What comes from hugepage pools, a row for each pool or set of pools.
        at_once: What is taken before the guest runs, hugepages apart.
        pinned: What of it can't be taken back as long as the guest runs.
        taken_by: What of the definition has it taken at once.
        pinned_by: What of the definition pins it.
        parts: The RAM part by part.
        driver: The driver of libvirt that runs it.
        most_ram: ``<maxMemory>``, of which nothing is asked before it is plugged in; 0 for none.
        priority: Whose guarantee comes first while a host starts its guests.
        cpu: The CPU time that it must get; ``None`` for none.
        io: The parts of disks that it must get; ``None`` for none.
    """

    name: str
    uuid: str
    guarantee: int
    ram: int = 0
    ordinary: int = 0
    nodes: tuple[NodeDemand, ...] = ()
    hugepages: tuple[HugepageDemand, ...] = ()
    priority: int = 0
    at_once: int = 0
    pinned: int = 0
    taken_by: tuple[str, ...] = ()
    pinned_by: tuple[str, ...] = ()
    parts: tuple[RamPart, ...] = ()
    most_ram: int = 0
    driver: str = "qemu"
    cpu: "CpuPromise | None" = None
    io: "IoPromise | None" = None

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is to be promised."""
        return not (self.guarantee or self.cpu or self.io)

    @property
    def key(self) -> Key:
        """Whose it is."""
        return self.driver, self.uuid

    @property
    def committed(self) -> int:
        """The bytes that can't be promised again: the guarantee, or what is pinned beyond it."""
        return max(self.guarantee, self.pinned)

    @property
    def needed(self) -> int:
        """The bytes that must be available: the guarantee, or what is taken at once beyond it."""
        return max(self.guarantee, self.at_once)

    @property
    def host_nodes(self) -> frozenset[int]:
        """The nodes about which the host must be asked to decide."""
        asked: set[int] = set()
        for node_demand in self.nodes:
            asked |= node_demand.nodes
        for hugepages in self.hugepages:
            asked |= hugepages.nodes or frozenset()
        return frozenset(asked)

    def node_shares(self) -> tuple[NodeShare, ...]:
        """The shares of strict nodes, as the ledger keeps them."""
        return tuple(
            NodeShare(each.nodes, max(each.share(self.guarantee, self.ordinary), each.at_once))
            for each in self.nodes
        )

    def hugepage_shares(self, default_size: int | None) -> tuple[HugepageShare, ...]:
        """The shares of hugepage pools, as the ledger keeps them.

        Args:
            default_size: The host's default page size.
        """
        shares = ((each.page_size or default_size, each) for each in self.hugepages)
        return tuple(HugepageShare(size, each.size, each.nodes) for size, each in shares if size)

    def as_promise(self, partition: str | None, default_hugepage: int | None) -> Promise:
        """The promise to a guest that starts.

        Args:
            partition: ``<resource><partition>`` as written; ``None`` for libvirt's default.
            default_hugepage: The host's default page size; ``None`` where it is not known.
        """
        return Promise(
            uuid=self.uuid,
            name=self.name,
            driver=self.driver,
            size=self.guarantee,
            state=PromiseState.STARTING,
            shares=self.node_shares(),
            hugepages=self.hugepage_shares(default_hugepage),
            partition=partition,
            at_once=self.at_once,
            pinned=self.pinned,
            cpu=self.cpu,
            io=self.io,
        )


def demand_of(domain: Domain, policy: MemoryPolicy, page_size: int) -> Demand:
    """The demand of a guest, from its definition and its policy.

    Args:
        domain: Its definition.
        policy: Its tunables.
        page_size: The host's ordinary page. Pages of that size are no hugepages (as in libvirt's
            qemuBuildMemoryBackendProps).
    """
    pinned_by = _pinned_by(domain)
    parts = ram_parts(domain, page_size, pinned=bool(pinned_by))
    return Demand(
        name=domain.name,
        uuid=domain.uuid or "",
        driver=domain.driver,
        guarantee=round_up(policy.guarantee, page_size),
        ram=sum(part.size for part in parts),
        ordinary=sum(part.size for part in parts if part.backing is Backing.MEMORY),
        nodes=_bound(parts, strict_nodes(binding_for(domain, None))),
        hugepages=_pools(parts),
        at_once=_at_once(parts),
        pinned=_pinned(parts),
        taken_by=_taken_by(domain, parts, pinned_by),
        pinned_by=pinned_by,
        parts=parts,
        most_ram=domain.max_memory or 0,
        priority=policy.priority or 0,
    )


def ram_parts(domain: Domain, page_size: int, *, pinned: bool) -> tuple[RamPart, ...]:
    """The guest's RAM part by part."""
    if not any(device.kind == "memory" for device in domain.devices):
        return tuple(boot_parts(domain, 0, page_size, pinned=pinned))
    # Most guests have no memory devices, and don't pay for those that have.
    from xmlresource.admission import memory_devices  # noqa: PLC0415

    plugged = memory_devices.plugged_size(domain)
    return (
        *boot_parts(domain, plugged, page_size, pinned=pinned),
        *memory_devices.device_parts(domain, page_size, pinned=pinned),
    )


def _taken_by(
    domain: Domain, parts: Iterable[RamPart], pinned_by: tuple[str, ...]
) -> tuple[str, ...]:
    """The reasons for RAM to be taken at once; without another one a device does it by itself."""
    if domain.backing.immediate:
        return (*pinned_by, _IMMEDIATE)
    own = (part.name for part in parts if part.at_once and part.backing is Backing.MEMORY)
    return pinned_by or tuple(own)


def _pinned_by(domain: Domain) -> tuple[str, ...]:
    """The reasons for which the guest's RAM is pinned; most guests have none."""
    if not (
        domain.backing.locked
        or domain.launch_security
        or domain.arguments
        or any(
            device.kind == "hostdev"
            or device.attributes.get("type") in _SUSPECT_TYPES
            or "backingStore/@type" in device.attributes
            for device in domain.devices
        )
    ):
        return ()
    from xmlresource.admission.pinning import pinned_by  # noqa: PLC0415 -- see above

    return pinned_by(domain)


def _bound(parts: Iterable[RamPart], guest_wide: frozenset[int] | None) -> tuple[NodeDemand, ...]:
    """The demand by set of nodes; memory that is no RAM is bound to ``guest_wide``."""
    bound: dict[frozenset[int], list[RamPart]] = {} if guest_wide is None else {guest_wide: []}
    for part in parts:
        if part.nodes is not None and part.backing is Backing.MEMORY:
            bound.setdefault(part.nodes, []).append(part)
    return tuple(
        NodeDemand(
            nodes=nodes,
            cells=sum(part.size for part in there),
            rest=nodes == guest_wide,
            at_once=_at_once(there),
            pinned=_pinned(there),
        )
        for nodes, there in bound.items()
    )


def _pools(parts: Iterable[RamPart]) -> tuple[HugepageDemand, ...]:
    pools: dict[tuple[int | None, frozenset[int] | None], int] = {}
    for part in parts:
        if part.backing is Backing.HUGEPAGES and part.size:
            pool = (part.page_size, part.nodes)
            pools[pool] = pools.get(pool, 0) + part.pool_size
    return tuple(HugepageDemand(size, ram, nodes) for (size, nodes), ram in pools.items())


def _at_once(parts: Iterable[RamPart]) -> int:
    return sum(part.size for part in parts if part.at_once and part.is_charged)


def _pinned(parts: Iterable[RamPart]) -> int:
    return sum(part.size for part in parts if part.pinned and part.is_charged)
