"""The overhead of one guest: the items of its definition, added up, and what follows from them.

*Overhead* (the X of "500 MB + X MB") is the memory charged to the guest's cgroup beyond the
guest's RAM, page cache left out: the kernel takes that back before a limit hurts. It is the
emulator's own memory, the kernel's on its behalf, and that of helpers in the same cgroup.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from xmlresource.model.domain import Device, Domain
from xmlresource.overhead.costs import Charged, Cost
from xmlresource.overhead.guest_ram import GuestRam, ram_of
from xmlresource.overhead.locked import NOTHING_LOCKED, Locked, locked_by
from xmlresource.overhead.subjects import LXC_TYPES, MIB, Subject, subjects_of
from xmlresource.overhead.table import ItemTable, Row, load
from xmlresource.record import record
from xmlresource.units import approximate

CACHE_ROOM: Final = 16 * MIB
"""Left for page cache within the recommended limit, so that reclaim always finds something."""

PORTS_AT_BOOT: Final = "PCI ports and bridges while the guest boots"
"""The item of the table that is there only for the time that a guest boots."""

_WHY_WORST: Final = (
    "a hard limit that is too low kills the guest, so it is made for the worst case: memory that "
    "the guest once touched stays charged"
)
_CONTAINER: Final = (
    "hard_limit {}: the container's memory; it has no emulator, and its kernel memory is part of "
    "what it uses"
)


@record
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


@record
class Overhead:
    """The estimate for one guest. Sizes are in bytes.

    Attributes:
        name: The guest's name.
        type: The domain's type.
        guest_ram: The guest's RAM, part by part, as admission reckons it.
        items: The items, in the table's order.
        unknown: Devices that the table doesn't know, for which it has a stated default.
        notes: What else to know, a sentence a line.
        locked: What of its memory is locked.
    """

    name: str
    type: str
    guest_ram: GuestRam
    items: tuple[Item, ...]
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    locked: Locked = NOTHING_LOCKED

    @property
    def ram(self) -> int:
        """The most RAM the guest can have that is charged to its cgroup: all plugged in."""
        return self.guest_ram.most

    @property
    def ram_at_start(self) -> int:
        """The RAM that is charged when the guest starts."""
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
        """The cost that the host pays beside the guest's cgroup."""
        return self._sum(inside=False)

    def charged_to(self, who: Charged) -> Cost:
        """The cost that is charged to ``who``."""
        return _add(item.cost for item in self.items if item.charged is who)

    @property
    def hard_limit(self) -> int | None:
        """The recommended ``hard_limit``, wherever it is declared; ``None`` without RAM.

        In ``<memtune>`` it is the limit of locked memory, too.
        """
        limit = self.cgroup_limit
        return None if limit is None else max(limit, self.locked.memtune)

    def hard_limit_for(self, *, memtune: bool) -> int | None:
        """The recommended ``hard_limit`` for ``<memtune>``, or for elsewhere."""
        return self.hard_limit if memtune else self.cgroup_limit

    @property
    def cgroup_limit(self) -> int | None:
        """The recommended limit of what the guest's cgroup is charged; ``None`` without RAM."""
        if not (self.ram or self.hugepages):
            return None
        if self.type in LXC_TYPES:
            return _round_up(self.ram)
        return _round_up(self.ram + self.total.worst + CACHE_ROOM)

    @property
    def min_guarantee(self) -> int | None:
        """The recommended ``min_guarantee``; ``None`` where there is no RAM to start from."""
        if self.cgroup_limit is None:
            return None
        # On cgroup v2 a guarantee as high as the limit leaves nothing to reclaim.
        return min(_round_up(self.ram_at_start + self.total.expected), self.cgroup_limit - MIB)

    def objection(self, hard_limit: int) -> str | None:
        """Why ``hard_limit`` is too low for what is charged; ``None`` where it is enough."""
        if self.cgroup_limit is None or hard_limit >= self.cgroup_limit:
            return None
        given = f"hard_limit {approximate(hard_limit)}"
        if hard_limit < self.ram_at_start:
            below = approximate(self.ram_at_start - hard_limit)
            return f"{given} is {below} below the guest's own RAM"
        if hard_limit < self.ram and not self._is_near(hard_limit, self.ram_at_start):
            return (
                f"{given} is enough for the {approximate(self.ram_at_start)} of RAM at start, not "
                f"for the {approximate(self.ram)} that the guest has with everything plugged in"
            )
        return f"{given} leaves {self._too_little(hard_limit)}"

    def _too_little(self, hard_limit: int) -> str:
        """Say what a limit of at least the RAM at start leaves, and what it is too little for."""
        worst, expected = approximate(self.total.worst), approximate(self.total.expected)
        is_whole = hard_limit >= self.ram
        ram, name = (self.ram, "RAM") if is_whole else (self.ram_at_start, "RAM at start")
        left = hard_limit - ram
        leaves = f"{approximate(left)} beyond {name}"
        if self._is_near(hard_limit, ram):
            return (
                f"{leaves}, less than the {expected} of overhead that are expected and "
                f"{approximate(CACHE_ROOM)} for page cache: the guest would be killed in ordinary "
                "use"
            )
        if left >= self.total.worst:
            return (
                f"{leaves}, enough for the {worst} of the worst case, but then too little for page "
                "cache: the guest would be slowed down"
            )
        return (
            f"{leaves}, enough for the {expected} that are expected, not for the {worst} of the "
            "worst case: the guest would be killed when everything is busy at once"
        )

    def is_near(self, hard_limit: int) -> bool:
        """Whether ``hard_limit`` is too near to RAM: the guest is expected to need more.

        Right at what is expected, guests that were kept busy were killed (docs/overhead.md): an
        estimate errs to either side, and there is nothing left to take back.
        """
        return self._is_near(hard_limit, self.ram)

    def _is_near(self, hard_limit: int, ram: int) -> bool:
        return hard_limit < ram + self.total.expected + CACHE_ROOM

    @property
    def reasoning(self) -> tuple[str, ...]:
        """The reasons behind the recommendation, a sentence a line."""
        if self.cgroup_limit is None or self.min_guarantee is None:
            return ("the definition gives no memory that can be read: nothing to recommend",)
        if self.type in LXC_TYPES:
            return (_CONTAINER.format(approximate(self.cgroup_limit)),)
        return tuple(self._reasons(self.cgroup_limit, self.min_guarantee))

    def _reasons(self, hard_limit: int, min_guarantee: int) -> Iterator[str]:
        worst, expected = self.total.worst, self.total.expected
        yield (
            f"hard_limit {approximate(hard_limit)} = {approximate(self.ram)} RAM, the most the "
            f"guest can have, + {approximate(worst)} overhead at worst "
            f"+ {approximate(CACHE_ROOM)} for page cache, rounded up to a MiB"
        )
        yield _WHY_WORST
        for item in self.items:
            if item.name == PORTS_AT_BOOT:
                yield (
                    f"{approximate(item.cost.worst)} of it are for {item.count} PCI ports and "
                    "bridges while the guest boots: each is configured in many steps, and QEMU "
                    "keeps the maps of memory of several steps for a moment; under a lower limit "
                    "the guest may be killed before its system is up"
                )
        if self.locked.memtune > hard_limit:
            yield (
                f"in <memtune> hard_limit has to be {approximate(self.locked.memtune)}: there it "
                f"is QEMU's limit of locked memory, too, and {self.locked.words} may lock so much"
            )
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


def estimate(domain: Domain, table: ItemTable | None = None) -> Overhead:
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
    items = tuple(item for item in lines.values() if item.cost.worst)
    ram = ram_of(domain)
    emulator = _add(item.cost for item in items if item.charged is Charged.QEMU)
    return Overhead(
        name=domain.name,
        type=domain.type,
        guest_ram=ram,
        items=items,
        unknown=tuple(dict.fromkeys(unknown)),
        notes=tuple(_notes(domain)),
        locked=locked_by(domain, ram, emulator),
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
    notes = []
    if domain.vcpus > domain.vcpus_at_start:
        notes.append(
            f"expected counts the {domain.vcpus_at_start} vCPUs that start; "
            f"{domain.vcpus - domain.vcpus_at_start} more can be plugged in, and count at worst"
        )
    if any(_may_have_layers(device) for device in domain.devices):
        notes.append(
            "backing files count where <backingStore> names them, as in the definition of a "
            "running guest; each other layer of a qcow2 image takes 0.2 MiB, at worst 34 MiB"
        )
    return notes


def _may_have_layers(device: Device) -> bool:
    """Whether an image may stand on others that the definition does not name."""
    given = device.attributes
    return (
        device.kind == "disk"
        and given.get("driver/@type") == "qcow2"
        and not any(path.startswith("backingStore") for path in (*given, *device.texts))
    )


def _add(costs: Iterable[Cost]) -> Cost:
    total = Cost()
    for cost in costs:
        total += cost
    return total


def _round_up(size: int) -> int:
    return -(-size // MIB) * MIB
