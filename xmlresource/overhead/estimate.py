"""The overhead of one guest: the items of its definition, added up, and what follows from them.

*Overhead* (the X of "500 MB + X MB") is the memory charged to the guest's cgroup beyond the
guest's RAM, page cache left out: the kernel takes that back before a limit hurts. It is the
emulator's own memory, the kernel's on its behalf, and that of helpers in the same cgroup.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from xmlresource.model.domain import Domain
from xmlresource.overhead.costs import Charged, Cost
from xmlresource.overhead.ram import GuestRam, ram_of
from xmlresource.overhead.subjects import (
    LXC_TYPES,
    MIB,
    Subject,
    subjects_of,
)
from xmlresource.overhead.table import Row, Table, load
from xmlresource.units import approximate

CACHE_ROOM: Final = 16 * MIB
"""Left for page cache within the recommended limit, so that reclaim always finds something."""

_WHY_WORST: Final = (
    "a hard limit that is too low kills the guest, so it is made for the worst case: memory that "
    "the guest once touched stays charged"
)
_CONTAINER: Final = (
    "hard_limit {}: the container's memory; it has no emulator, and its kernel memory is part of "
    "what it uses"
)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the estimate.

    Attributes:
        name: What costs.
        count: How many of it.
        cost: What all of them take together.
        charged: Who pays.
        source: Where the figures come from.
        note: What to know about them; may be empty.
    """

    name: str
    count: int
    cost: Cost
    charged: Charged
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Overhead:
    """The estimate for one guest. Sizes are in bytes.

    Attributes:
        name: The guest's name.
        type: The domain's type.
        guest_ram: The guest's RAM, part by part, as admission reckons it.
        items: The items, in the table's order.
        unknown: Devices that the table doesn't know, for which it has a stated default.
        notes: What else to know, a sentence a line.
    """

    name: str
    type: str
    guest_ram: GuestRam
    items: tuple[Item, ...]
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ram(self) -> int:
        """The most RAM the guest can have that is charged to its cgroup: all plugged in."""
        return self.guest_ram.most

    @property
    def ram_at_start(self) -> int:
        """The same when it starts."""
        return self.guest_ram.at_start

    @property
    def hugepages(self) -> int:
        """The RAM that comes from hugepage pools."""
        return self.guest_ram.from_pools

    @property
    def total(self) -> Cost:
        """X: what the guest's cgroup is charged beyond RAM."""
        return self._sum(inside=True)

    @property
    def outside(self) -> Cost:
        """What the host pays besides, where no limit of the guest counts it."""
        return self._sum(inside=False)

    def charged_to(self, who: Charged) -> Cost:
        """What ``who`` pays."""
        return _add(item.cost for item in self.items if item.charged is who)

    @property
    def hard_limit(self) -> int | None:
        """The recommended ``hard_limit``; ``None`` where there is no RAM to start from."""
        if not (self.ram or self.hugepages):
            return None
        if self.type in LXC_TYPES:
            return _round_up(self.ram)
        return _round_up(self.ram + self.total.worst + CACHE_ROOM)

    @property
    def min_guarantee(self) -> int | None:
        """The recommended ``min_guarantee``; ``None`` where there is no RAM to start from."""
        if self.hard_limit is None:
            return None
        # On cgroup v2 a guarantee as high as the limit leaves nothing to reclaim.
        return min(_round_up(self.ram_at_start + self.total.expected), self.hard_limit - MIB)

    def objection(self, hard_limit: int) -> str | None:
        """Why ``hard_limit`` is too low, in a sentence; ``None`` where it is enough."""
        if self.hard_limit is None or hard_limit >= self.hard_limit:
            return None
        left = hard_limit - self.ram
        given = f"hard_limit {approximate(hard_limit)}"
        if left < 0:
            return f"{given} is {approximate(-left)} below the guest's own RAM"
        if self.is_near(hard_limit):
            return (
                f"{given} leaves {approximate(left)} beyond RAM, less than the "
                f"{approximate(self.total.expected)} of overhead that are expected and "
                f"{approximate(CACHE_ROOM)} for page cache: the guest would be killed in ordinary "
                "use"
            )
        if left >= self.total.worst:
            return (
                f"{given} leaves {approximate(left)} beyond RAM, enough for the "
                f"{approximate(self.total.worst)} of the worst case, but then too little for page "
                "cache: the guest would be slowed down"
            )
        return (
            f"{given} leaves {approximate(left)} beyond RAM, enough for the "
            f"{approximate(self.total.expected)} that are expected, not for the "
            f"{approximate(self.total.worst)} of the worst case: the guest would be killed when "
            "everything is busy at once"
        )

    def is_near(self, hard_limit: int) -> bool:
        """Whether ``hard_limit`` is too near to RAM: the guest is expected to need more.

        Right at what is expected, guests that were kept busy were killed (docs/overhead.md): an
        estimate errs to either side, and there is nothing left to take back.
        """
        return hard_limit < self.ram + self.total.expected + CACHE_ROOM

    @property
    def reasoning(self) -> tuple[str, ...]:
        """Why the recommendation is what it is, a sentence a line."""
        if self.hard_limit is None or self.min_guarantee is None:
            return ("the definition gives no memory that can be read: nothing to recommend",)
        if self.type in LXC_TYPES:
            return (_CONTAINER.format(approximate(self.hard_limit)),)
        return tuple(self._reasons(self.hard_limit, self.min_guarantee))

    def _reasons(self, hard_limit: int, min_guarantee: int) -> Iterator[str]:
        worst, expected = self.total.worst, self.total.expected
        yield (
            f"hard_limit {approximate(hard_limit)} = {approximate(self.ram)} RAM, the most the "
            f"guest can have, + {approximate(worst)} overhead at worst "
            f"+ {approximate(CACHE_ROOM)} for page cache, rounded up to a MiB"
        )
        yield _WHY_WORST
        yield (
            f"min_guarantee {approximate(min_guarantee)} = {approximate(self.ram_at_start)} RAM at "
            f"start + {approximate(expected)} overhead as expected: what the guest needs to run "
            "without being pushed out of memory"
        )
        if self.hugepages:
            yield (
                f"{approximate(self.hugepages)} of RAM come from hugepage pools, which no cgroup "
                "limit or guarantee of memory counts"
            )
        if self.outside.expected:
            yield (
                f"{approximate(self.outside.expected)} more are the host's, outside the guest's "
                "cgroup: plan for them in the host's reserve"
            )
        if files := sum(part.size for part in self.guest_ram.reclaimable):
            yield (
                f"{approximate(files)} of RAM are page cache of files, which the kernel takes back "
                "before a limit hurts: neither figure counts them"
            )
        for device in self.unknown:
            yield f"{device}: not in the table, taken at its default"

    def _sum(self, *, inside: bool) -> Cost:
        return _add(item.cost for item in self.items if item.charged.inside is inside)


def estimate(domain: Domain, table: Table | None = None) -> Overhead:
    """The overhead of ``domain``, from its definition alone.

    Args:
        domain: The guest.
        table: The table of items; the shipped one where not given.
    """
    lines: dict[tuple[str, str], Item] = {}
    unknown: list[str] = []
    chosen = load() if table is None else table
    for subject in subjects_of(domain):
        rows, is_known = chosen.rows_for(subject)
        if not is_known:
            unknown.append(subject.describe())
        for row in rows:
            _enter(lines, row, subject)
    return Overhead(
        name=domain.name,
        type=domain.type,
        guest_ram=ram_of(domain),
        items=tuple(item for item in lines.values() if item.cost.worst),
        unknown=tuple(dict.fromkeys(unknown)),
        notes=tuple(_notes(domain)),
    )


def _enter(lines: dict[tuple[str, str], Item], row: Row, subject: Subject) -> None:
    name = row.name if row.of != "unknown" else f"{row.name}: {subject.describe()}"
    key = (name, row.charged.value)
    cost, count = row.cost_of(subject), row.count_of(subject)
    before = lines.get(key)
    if before is not None:
        cost, count = before.cost + cost, before.count + count
    lines[key] = Item(name, count, cost, row.charged, row.source, row.note)


def _notes(domain: Domain) -> list[str]:
    if domain.type in LXC_TYPES:
        return ["a container has no emulator: all it uses counts against its own memory"]
    if not subjects_of(domain):
        return [f"domains of type {domain.type or 'none'} are not run by QEMU or LXC"]
    return []


def _add(costs: Iterable[Cost]) -> Cost:
    total = Cost()
    for cost in costs:
        total += cost
    return total


def _round_up(size: int) -> int:
    return -(-size // MIB) * MIB
