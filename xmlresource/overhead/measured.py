"""The memory that a running guest takes, split as the estimate splits it.

The kernel counts by cgroup, the estimate by who is charged. What tells them apart: the guest's RAM
is a mapping of the emulator's of just its size; the memory of other processes in the cgroup is the
helpers'; the kernel keeps a sum of its own. Page cache stands apart, as in the estimate.

Everything here is text that the kernel wrote, already read. A figure that this kernel does not
have counts as 0, but for the kernel's own memory, which then is the page tables alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from xmlresource.admission.ram import Backing
from xmlresource.cgroup.hierarchy import Version
from xmlresource.cgroup.kernel_values import parse_value
from xmlresource.model.domain import Domain
from xmlresource.overhead.costs import Charged, Cost
from xmlresource.overhead.estimate import Overhead
from xmlresource.overhead.guest_ram import GuestRam, ram_of
from xmlresource.record import record
from xmlresource.units import KIB, Amount

FILES: Final[Mapping[Version, Mapping[str, str]]] = {
    Version.V1: {
        "charged": "memory.usage_in_bytes",
        "limit": "memory.limit_in_bytes",
        "peak": "memory.max_usage_in_bytes",
        "kernel": "memory.kmem.usage_in_bytes",
        "statistics": "memory.stat",
    },
    Version.V2: {
        "charged": "memory.current",
        "limit": "memory.max",
        "peak": "memory.peak",  # since Linux 5.19
        "swapped": "memory.swap.current",
        "statistics": "memory.stat",
    },
}
"""The files of a cgroup that :func:`account_of` reads from, by what they tell."""

_USER: Final = {
    # v1 has the figures of the cgroup alone besides (memory.txt, 5.2).
    Version.V1: ("total_rss", "total_shmem"),
    Version.V2: ("anon", "shmem"),
}
_CACHE: Final = {
    Version.V1: ("total_active_file", "total_inactive_file"),
    Version.V2: ("active_file", "inactive_file"),
}
_KERNEL: Final = "kernel"  # v2, since Linux 5.18
_KERNEL_PARTS: Final = ("kernel_stack", "pagetables", "sec_pagetables", "percpu", "vmalloc", "slab")
_SOCKETS: Final = "sock"  # v2 has it beside the kernel's own sum
_SWAP_V1: Final = "total_swap"

_WRITABLE_CODE: Final = "rwx"
_MAPPED: Final = frozenset({Backing.MEMORY, Backing.HUGEPAGES})


@record
class Account:
    """The account of a guest's cgroup and all below it. Sizes are in bytes.

    Attributes:
        charged: All of it.
        user: Memory of processes: anonymous and shared.
        page_cache: Files, which the kernel takes back first.
        kernel: Memory of the kernel's; ``None`` where it keeps no sum.
        swapped: What is in swap instead.
        peak: The most that was ever charged, page cache included; ``None`` where it is not kept.
        limit: The hard limit in force.
    """

    charged: int
    user: int
    page_cache: int
    kernel: int | None
    swapped: int
    peak: int | None
    limit: Amount


@record
class Area:
    """One mapping of a process. Sizes are in bytes.

    Attributes:
        size: Its size.
        resident: What of it is in memory; pages of hugepage pools don't count.
        writable_code: It can be written and executed: what an emulator translates code into.
    """

    size: int
    resident: int
    writable_code: bool


@record
class Emulator:
    """The emulator's process: its mappings and what its page tables take."""

    areas: tuple[Area, ...]
    page_tables: int


@record
class Helper:
    """A helper process in the guest's cgroup: its own memory and its page tables.

    Shared memory is not its own: of virtiofsd and the like it is the guest's RAM.
    """

    anonymous: int
    page_tables: int


@record
class Measured:
    """The measured memory of a guest. Sizes are in bytes.

    Attributes:
        qemu: The emulator's own memory.
        kernel: The kernel's on its behalf.
        helper: That of helpers, with their page tables.
        ram: The guest's RAM as far as it is in memory and charged.
        is_ram_known: The RAM was found among the emulator's mappings; else it is taken to be all
            there.
        translation_cache: What of ``qemu`` is translated code; nothing under KVM.
        page_tables: What of ``kernel`` are the emulator's page tables.
        account: The cgroup's figures that all this was told from.
    """

    qemu: int
    kernel: int
    helper: int
    ram: int
    is_ram_known: bool
    translation_cache: int
    page_tables: int
    account: Account

    @property
    def total(self) -> int:
        """X: what is charged beyond RAM, page cache left out."""
        return self.qemu + self.kernel + self.helper


@record
class Part:
    """One part of the overhead: measured, and what the estimate says of it."""

    name: str
    measured: int
    predicted: Cost

    @property
    def difference(self) -> int:
        """The bytes that were measured beyond the expected ones."""
        return self.measured - self.predicted.expected


def compare(measured: Measured, overhead: Overhead) -> tuple[Part, ...]:
    """The parts of the overhead, and last the whole, measured beside estimated."""
    sizes = {
        Charged.QEMU: measured.qemu,
        Charged.KERNEL: measured.kernel,
        Charged.HELPER: measured.helper,
    }
    parts = [Part(who.value, size, overhead.charged_to(who)) for who, size in sizes.items()]
    return (*parts, Part("total", measured.total, overhead.total))


def split(
    domain: Domain, account: Account, emulator: Emulator, helpers: Sequence[Helper]
) -> Measured:
    """Split a guest's charge by who caused it."""
    defined = ram_of(domain)
    found = _resident_ram(defined, emulator.areas)
    ram = min(account.user, defined.at_start if found is None else found)
    others = sum(helper.anonymous for helper in helpers)
    tables = sum(helper.page_tables for helper in helpers)
    all_tables = emulator.page_tables + tables
    kernel = max(all_tables if account.kernel is None else account.kernel, tables)
    return Measured(
        qemu=max(0, account.user - ram - others),
        kernel=kernel - tables,
        helper=others + tables,
        ram=ram,
        is_ram_known=found is not None,
        translation_cache=sum(area.resident for area in emulator.areas if area.writable_code),
        page_tables=emulator.page_tables,
        account=account,
    )


def _resident_ram(ram: GuestRam, areas: Sequence[Area]) -> int | None:
    """The guest's RAM that is in memory; ``None`` where its mappings are not to be found.

    A mapping is as large as its part may become. Files are left out: they are page cache.
    """
    plugged = [part.most for part in ram.devices if part.backing in _MAPPED]
    cells = [part.most for part in ram.boot]
    for blocks in ([*cells, *plugged], [sum(cells), *plugged]):
        found = _matched([size for size in blocks if size], areas)
        if found is not None:
            return found
    return None


def _matched(blocks: Sequence[int], areas: Sequence[Area]) -> int | None:
    """The resident bytes of areas with just these sizes; of several the fullest are taken."""
    left = sorted(areas, key=lambda area: area.resident)
    total = 0
    for size in blocks:
        fitting = [area for area in left if area.size == size]
        if not fitting:
            return None
        left.remove(fitting[-1])
        total += fitting[-1].resident
    return total if blocks else None


def account_of(version: Version, texts: Mapping[str, str | None], page_size: int) -> Account:
    """The account that a cgroup's files give.

    Args:
        version: The cgroup's.
        texts: What the files of :data:`FILES` hold; ``None`` of one that is not there.
        page_size: The kernel's page.

    Raises:
        ValueError: A file holds what no kernel writes.
    """
    figures = _figures(texts.get("statistics") or "")
    swapped = _number(texts.get("swapped"))
    return Account(
        charged=_number(texts.get("charged")) or 0,
        user=sum(figures.get(name, 0) for name in _USER[version]),
        page_cache=sum(figures.get(name, 0) for name in _CACHE[version]),
        kernel=_number(texts.get("kernel")) if version is Version.V1 else _kernel_v2(figures),
        swapped=figures.get(_SWAP_V1, 0) if swapped is None else swapped,
        peak=_number(texts.get("peak")),
        limit=parse_value(texts.get("limit") or "max", page_size),
    )


def _kernel_v2(figures: Mapping[str, int]) -> int | None:
    known = [figures[name] for name in _KERNEL_PARTS if name in figures]
    if _KERNEL in figures:
        known = [figures[_KERNEL]]
    return sum(known) + figures.get(_SOCKETS, 0) if known else None


def _figures(text: str) -> dict[str, int]:
    return {name: int(value) for name, value in map(str.split, text.splitlines())}


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def areas_of(smaps: str) -> Iterator[Area]:
    """The mappings in a ``/proc/PID/smaps``."""
    size, resident, code = 0, 0, False
    for line in filter(None, smaps.split("\n")):  # names of files may hold other separators
        name, *rest = line.split(None, 2)
        if not name.endswith(":"):  # the head of a mapping: its addresses, then what it allows
            code = rest[0].startswith(_WRITABLE_CODE)
        elif name == "Size:":
            size = _kib(rest)
        elif name == "Rss:":
            resident = _kib(rest)
            yield Area(size, resident, code)


def page_tables_of(status: str) -> int:
    """The bytes of the process's page tables, by ``/proc/PID/status``."""
    return _entries(status).get("VmPTE", 0)


def anonymous_of(rollup: str) -> int:
    """A process's own memory by its ``/proc/PID/smaps_rollup``, its share where it has forked."""
    entries = _entries(rollup)
    return entries.get("Pss_Anon", entries.get("Anonymous", 0))  # the former since Linux 5.3


def _entries(text: str) -> dict[str, int]:
    """The sizes among lines such as ``VmPTE:	 120 kB``."""
    lines = (line.split() for line in text.splitlines())
    return {words[0].rstrip(":"): _kib(words[1:]) for words in lines if words[2:] == ["kB"]}


def _kib(words: Sequence[str]) -> int:
    return int(words[0]) * KIB
