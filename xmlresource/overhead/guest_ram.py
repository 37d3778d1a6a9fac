"""The RAM that overhead comes on top of: what the guest takes of it, by admission's reckoning.

Which part of the RAM comes from where is told in one place (``admission.ram``,
``admission.memory_devices``). Here the parts are added up: when the guest starts, and at most.
"""

from typing import Final

from xmlresource.admission.memory_devices import device_parts, plugged_size
from xmlresource.admission.pinning import pinned_by
from xmlresource.admission.ram import NO_CELL, Backing, RamPart, boot_parts, request_for, round_up
from xmlresource.model.domain import Domain
from xmlresource.record import record
from xmlresource.units import KIB

PAGE_SIZE: Final = 4 * KIB
"""The ordinary page where the host is not known: a ``<page>`` of that size is no hugepage."""


@record
class GuestRam:
    """A guest's RAM. Sizes are in bytes.

    Attributes:
        boot: What is no memory device's.
        devices: What memory devices have.
        later: What ``<maxMemory>`` leaves to be plugged in besides; ``None`` where it is nothing.
    """

    boot: tuple[RamPart, ...]
    devices: tuple[RamPart, ...]
    later: RamPart | None = None

    @property
    def parts(self) -> tuple[RamPart, ...]:
        """All of it."""
        return (*self.boot, *self.devices, *(() if self.later is None else (self.later,)))

    @property
    def whole(self) -> int:
        """All RAM that the guest can come to see, wherever it comes from."""
        return sum(part.most for part in self.parts)

    @property
    def at_start(self) -> int:
        """The bytes charged to the guest's cgroup once it has touched what it starts with."""
        return sum(part.size for part in self.parts if part.is_charged)

    @property
    def most(self) -> int:
        """The bytes charged at most, with all memory plugged in."""
        return sum(part.most for part in self.parts if part.is_charged)

    @property
    def from_pools(self) -> int:
        """The bytes that come from hugepage pools at most: whole pages."""
        return sum(
            round_up(part.most, part.page_size or 1)
            for part in self.parts
            if part.backing is Backing.HUGEPAGES
        )

    @property
    def reclaimable(self) -> tuple[RamPart, ...]:
        """The parts that are page cache which nothing pins."""
        files = (part for part in self.parts if part.backing is Backing.FILE)
        return tuple(part for part in files if not part.is_charged)

    @property
    def ordinary(self) -> tuple[int, int]:
        """The bytes of ordinary memory, when the guest starts and at most."""
        parts = [part for part in self.parts if part.backing is Backing.MEMORY]
        return sum(part.size for part in parts), sum(part.most for part in parts)


def ram_of(domain: Domain) -> GuestRam:
    """The RAM of ``domain``."""
    pinned = bool(pinned_by(domain))
    boot = tuple(boot_parts(domain, plugged_size(domain), PAGE_SIZE, pinned=pinned))
    devices = tuple(device_parts(domain, PAGE_SIZE, pinned=pinned))
    # <maxMemory> includes the memory devices, as <memory> does.
    rest = (domain.max_memory or 0) - sum(part.most for part in (*boot, *devices))
    return GuestRam(boot, devices, _later(domain, rest) if rest > 0 else None)


def _later(domain: Domain, size: int) -> RamPart:
    """The RAM that is not plugged in yet; its cell is not known."""
    request = request_for(domain, NO_CELL)
    is_huge = request is not None and request.size != PAGE_SIZE
    return RamPart(
        name="not plugged in",
        size=0,
        backing=Backing.HUGEPAGES if is_huge else Backing.MEMORY,
        page_size=request.size if request is not None and is_huge else None,
        pluggable=size,
    )
