"""What a guest asks of a host, from its definition and its policy. Sizes are in bytes.

Left to others: memory devices with nodes or page sizes of their own count as RAM outside any cell,
and ``placement='auto'``, where libvirt chooses the nodes itself, binds to none.
"""

from typing import Final

from xmlresource.model.domain import Domain, HugepageRequest, NumaBinding, NumaCell
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.promise import HugepageShare, NodeShare
from xmlresource.record import record

# `restrictive` leaves the host nodes to the guest's cpuset, which lets no other node in, either.
STRICT_MODES: Final = frozenset({"strict", "restrictive"})

_NO_CELL: Final = -1  # RAM outside the guest's cells: memory devices


@record
class NodeDemand:
    """Memory of a guest that must come from some nodes.

    Attributes:
        nodes: The host's nodes, any of them.
        cells: The ordinary RAM of the guest cells bound to them.
        rest: Whether what is not RAM (the emulator's own memory) is bound to them, too.
    """

    nodes: frozenset[int]
    cells: int
    rest: bool

    def share(self, guarantee: int, ordinary: int) -> int:
        """What of ``guarantee`` may have to come from these nodes.

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
    """What a guest asks for.

    Attributes:
        name: Its name; from outside, escape it before showing it.
        uuid: Its uuid; empty where the document has none.
        guarantee: The bytes it must get, rounded up to a page as the kernel would.
        ram: All its RAM.
        ordinary: Its RAM on ordinary memory.
        nodes: What is bound strictly to nodes, a row for each set of nodes.
        hugepages: What comes from hugepage pools, a row for each pool or set of pools.
        priority: Whose guarantee comes first while a host starts its guests.
    """

    name: str
    uuid: str
    guarantee: int
    ram: int = 0
    ordinary: int = 0
    nodes: tuple[NodeDemand, ...] = ()
    hugepages: tuple[HugepageDemand, ...] = ()
    priority: int = 0

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
        """What to write into the ledger of the strict nodes."""
        return tuple(
            NodeShare(each.nodes, each.share(self.guarantee, self.ordinary)) for each in self.nodes
        )

    def hugepage_shares(self, default_size: int | None) -> tuple[HugepageShare, ...]:
        """What to write into the ledger of the hugepages.

        Args:
            default_size: The host's default page size.
        """
        shares = ((each.page_size or default_size, each) for each in self.hugepages)
        return tuple(HugepageShare(size, each.size, each.nodes) for size, each in shares if size)


def demand_of(domain: Domain, policy: MemoryPolicy, page_size: int) -> Demand:
    """What the guest asks for.

    Args:
        domain: Its definition.
        policy: Its tunables.
        page_size: The host's ordinary page. Pages of that size are no hugepages (as in libvirt's
            qemuBuildMemoryBackendProps).
    """
    cells = _cells(domain)
    guest_wide = _strict_nodes(domain.bindings, None)
    bound: dict[frozenset[int], int] = {} if guest_wide is None else {guest_wide: 0}
    pages: dict[tuple[int | None, frozenset[int] | None], int] = {}
    ordinary = 0
    for cell in cells:
        nodes = _strict_nodes(domain.bindings, cell.number)
        request = _request_for(domain.backing.hugepages, cell.number)
        if request is None or request.size == page_size:
            ordinary += cell.memory
            if nodes is not None:
                bound[nodes] = bound.get(nodes, 0) + cell.memory
        elif cell.memory:
            pool = (request.size, nodes)
            pages[pool] = pages.get(pool, 0) + _round_up(cell.memory, request.size or 1)
    return Demand(
        name=domain.name,
        uuid=domain.uuid or "",
        guarantee=_round_up(policy.guarantee, page_size),
        ram=sum(cell.memory for cell in cells),
        ordinary=ordinary,
        nodes=tuple(NodeDemand(nodes, size, nodes == guest_wide) for nodes, size in bound.items()),
        hugepages=tuple(HugepageDemand(size, ram, nodes) for (size, nodes), ram in pages.items()),
        priority=policy.priority or 0,
    )


def _cells(domain: Domain) -> tuple[NumaCell, ...]:
    """The guest's RAM by cell.

    Cells win over a smaller ``<memory>``; a larger one holds memory devices, too
    (virDomainDefPostParseMemory). A guest without cells has all its RAM in cell 0.
    """
    memory = domain.memory or 0
    if not domain.cells:
        return (NumaCell(0, memory),)
    rest = memory - sum(cell.memory for cell in domain.cells)
    return (*domain.cells, NumaCell(_NO_CELL, rest)) if rest > 0 else domain.cells


def _strict_nodes(bindings: tuple[NumaBinding, ...], cell: int | None) -> frozenset[int] | None:
    """The host nodes that hold a guest cell (``None``: the guest as a whole).

    A ``<memnode>`` of the cell comes before the guest's ``<memory>``, whatever its mode.
    """
    own = [binding for binding in bindings if binding.guest_cell == cell]
    if not own and cell is not None:
        own = [binding for binding in bindings if binding.guest_cell is None]
    if own and own[0].mode in STRICT_MODES:
        return own[0].nodes
    return None


def _request_for(requests: tuple[HugepageRequest, ...], cell: int) -> HugepageRequest | None:
    """The ``<page>`` for a guest cell: one that names it, else the one that names none."""
    for request in requests:
        if request.guest_cells is not None and cell in request.guest_cells:
            return request
    for request in requests:
        if request.guest_cells is None:
            return request
    return None


def _round_up(size: int, step: int) -> int:
    return -(-size // step) * step
