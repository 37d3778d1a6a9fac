"""The parts that a host's memory falls into, and the bar that shows them. Sizes are in bytes."""

from collections.abc import Iterable
from typing import Final

from xmlresource.record import record
from xmlresource.reports.layout.bars import PartStyle, legend, painted_parts, parted_bar
from xmlresource.reports.layout.canvas import Canvas
from xmlresource.units import approximate

HUGEPAGES: Final = "hugepages"
"""The name of the part that few hosts have."""

_BLOCKS: Final = PartStyle("▒█░▓▚", "█", "·", "▶")
_ASCII: Final = PartStyle("-#=ox", "#", ".", ">")


@record
class MemoryParts:
    """A host's memory, part by part.

    ``free`` is the room of the physical rule: what is left when the reserve and all promises are
    kept and everybody else has what they have.

    Attributes:
        reserve: What is kept for the host itself.
        used: What is promised and in use.
        unused: What is promised and not in use yet.
        others: What is used beyond promises and reserve: guests without a promise, and those that
            have more than theirs.
        pools: What hugepage pools have taken from ordinary memory.
        free: What is left.
    """

    reserve: int
    used: int
    unused: int
    others: int
    pools: int
    free: int

    @property
    def promised(self) -> int:
        """All that is promised."""
        return self.used + self.unused

    def named(self) -> tuple[tuple[str, int], ...]:
        """The parts in the order of a bar, each with its name."""
        return (
            ("reserve", self.reserve),
            ("promised and used", self.used),
            ("promised, unused", self.unused),
            ("others", self.others),
            (HUGEPAGES, self.pools),
            ("free", self.free),
        )


def memory_parts(
    total: int, available: int, pools: int, reserve: int, promises: Iterable[tuple[int, int]]
) -> MemoryParts:
    """The parts of a host's memory.

    Args:
        total: MemTotal.
        available: MemAvailable.
        pools: What hugepage pools take.
        reserve: The host reserve.
        promises: What is committed to each guest, and what it has for good.
    """
    found = tuple(promises)
    used = sum(min(committed, kept) for committed, kept in found)
    unused = sum(max(0, committed - kept) for committed, kept in found)
    beyond = sum(max(0, kept - committed) for committed, kept in found)
    rest = max(0, total - available - pools - used - beyond)
    others = beyond + max(0, rest - reserve)
    taken = reserve + used + unused + others + pools
    return MemoryParts(reserve, used, unused, others, pools, max(0, total - taken))


def parts_bar(parts: MemoryParts, canvas: Canvas) -> list[str]:
    """A bar as wide as the terminal, and its legend; hugepages are named where there are any."""
    signs = _BLOCKS if canvas.has_blocks else _ASCII
    named = parts.named()
    taken = [size for _, size in named[:-1]]
    bar = parted_bar(canvas.width - len("[]"), taken, 0, parts.free, signs)
    items = [
        (sign, f"{name} {approximate(size)}")
        for sign, (name, size) in zip((*signs.parts, signs.free), named, strict=True)
        if size or name != HUGEPAGES
    ]
    return [
        f"[{painted_parts(bar, signs, canvas.style)}]",
        *legend(items, canvas.width, signs, canvas.style),
    ]
