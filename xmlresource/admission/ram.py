"""A guest's RAM part by part: how much, where it comes from, when it is taken. Sizes are in bytes.

What of it is bound to nodes or comes from hugepages follows libvirt's qemuBuildMemoryBackendProps.
``placement='auto'``, where libvirt chooses the nodes itself, binds to none.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from xmlresource.model.domain import Domain, HugepageRequest, NumaBinding
from xmlresource.record import record

RESTRICTIVE: Final = "restrictive"
# `restrictive` leaves the host nodes to the guest's cpuset, which lets no other node in, either.
STRICT_MODES: Final = frozenset({"strict", RESTRICTIVE})

NO_CELL: Final = -1  # RAM outside the guest's cells


class Backing(Enum):
    """The backing of a part of the RAM; a value is its name in messages and in JSON."""

    MEMORY = "memory"  # ordinary memory, charged to the guest's cgroup
    HUGEPAGES = "hugepages"  # a pool, charged to no cgroup
    FILE = "file"  # page cache of a file, which the kernel takes back when it has to
    DEVICE = "device"  # persistent memory, or an enclave's: nothing of the host's RAM


@record
class RamPart:
    """One part of a guest's RAM.

    Attributes:
        name: What a person would call it: ``RAM``, ``cell 1``, ``dimm 0 in cell 1``.
        size: How much the guest has of it when it starts.
        backing: What holds it.
        page_size: The hugepage's size; ``None`` for the host's default, and without hugepages.
        nodes: The host's nodes it must come from; ``None`` for any.
        at_once: Whether all of it is taken before the guest runs.
        pinned: Whether it can't be taken back as long as the guest runs.
        pluggable: How much more of it the guest can come to have.
    """

    name: str
    size: int
    backing: Backing
    page_size: int | None = None
    nodes: frozenset[int] | None = None
    at_once: bool = False
    pinned: bool = False
    pluggable: int = 0

    @property
    def most(self) -> int:
        """The bytes of the part with all of it plugged in."""
        return self.size + self.pluggable

    @property
    def pool_size(self) -> int:
        """The bytes that the part takes from a pool: whole pages, where their size is known."""
        return round_up(self.size, self.page_size or 1)

    @property
    def is_charged(self) -> bool:
        """Whether it takes memory that a promise is about, and has to.

        Page cache is taken back when memory is needed for something else, unless it is pinned.
        """
        return self.backing is Backing.MEMORY or (self.backing is Backing.FILE and self.pinned)


def boot_parts(domain: Domain, plugged: int, page_size: int, *, pinned: bool) -> Iterator[RamPart]:
    """The RAM that is no memory device's.

    Args:
        domain: The guest.
        plugged: The size of its memory devices, which ``<memory>`` includes.
        page_size: The host's ordinary page. Pages of that size are no hugepages.
        pinned: Whether its RAM is pinned.
    """
    # Cells win over a smaller <memory>; of a larger one the rest is outside any cell
    # (virDomainDefPostParseMemory). A guest without cells has all its RAM in cell 0.
    memory = max(0, (domain.memory or 0) - plugged)
    cells = [(f"cell {cell.number}", cell.number, cell.memory) for cell in domain.cells]
    if not cells:
        cells.append(("RAM", 0, memory))
    elif (rest := memory - sum(cell.memory for cell in domain.cells)) > 0:
        cells.append(("RAM outside the cells", NO_CELL, rest))
    for name, cell, size in cells:
        request = request_for(domain, cell)
        is_huge = request is not None and request.size != page_size
        yield RamPart(
            name=name,
            size=size,
            backing=Backing.HUGEPAGES if is_huge else Backing.MEMORY,
            page_size=request.size if request is not None and is_huge else None,
            nodes=strict_nodes(binding_for(domain, cell)),
            at_once=is_huge or pinned or domain.backing.immediate,
            pinned=is_huge or pinned,
        )


def binding_for(domain: Domain, cell: int | None) -> NumaBinding | None:
    """The binding of the RAM of a guest cell (``None``: of the guest as a whole).

    A ``<memnode>`` of the cell comes before the guest's ``<memory>``, whatever its mode.
    """
    whole = None
    for binding in domain.bindings:
        if binding.guest_cell == cell:
            return binding
        if binding.guest_cell is None and whole is None:
            whole = binding
    return whole


def strict_nodes(binding: NumaBinding | None) -> frozenset[int] | None:
    """The host nodes that hold what ``binding`` is about; ``None`` for any."""
    return binding.nodes if binding is not None and binding.mode in STRICT_MODES else None


def request_for(domain: Domain, cell: int) -> HugepageRequest | None:
    """The ``<page>`` for a guest cell: one that names it, else the one that names none."""
    default = None
    for request in domain.backing.hugepages:
        if request.guest_cells is None:
            default = default or request
        elif cell in request.guest_cells:
            return request
    return default


def round_up(size: int, step: int) -> int:
    """``size`` as a multiple of ``step``."""
    return -(-size // step) * step
