"""A ``<domain>`` as :class:`~xmlresource.model.domain.Domain`: what of it decides about memory.

It is read as libvirt reads it, and leniently: a number that can't be read counts as not given,
because the schema of the whole domain is not this module's business.
"""

from collections.abc import Iterator

from xmlresource.document.tree import Element
from xmlresource.model.domain import (
    Device,
    Domain,
    HugepageRequest,
    MemoryBacking,
    NumaBinding,
    NumaCell,
)
from xmlresource.units import SizeError, Unlimited, parse_size

# No host has more; a hostile `0-4294967295` must not become a set of that many numbers.
_MOST_NODES = 4096
# QEMU takes 128 guest cells (MAX_NODES). Each row may name all nodes, so that of hostile ones not
# all are read: with so many the guest can't start anyway.
_MOST_ROWS = 256


def read_domain(element: Element) -> Domain:
    """The domain that ``element`` defines."""
    max_memory = element.first("maxMemory")
    return Domain(
        name=_text(element.first("name")) or "",
        uuid=_text(element.first("uuid")),
        type=element.attributes.get("type", ""),
        memory=_size(element.first("memory")),
        max_memory=_size(max_memory),
        max_memory_slots=_count(_attribute(max_memory, "slots"), 0),
        vcpus=_count(_text(element.first("vcpu")), 1),
        iothreads=_count(_text(element.first("iothreads")), 0),
        architecture=_attribute(element.find("os", "type"), "arch"),
        machine=_attribute(element.find("os", "type"), "machine"),
        firmware=_firmware(element),
        direct_kernel=element.find("os", "kernel") is not None,
        tb_cache=_size(element.find("features", "tcg", "tb-cache")),
        partition=_text(element.find("resource", "partition")),
        launch_security=_attribute(element.first("launchSecurity"), "type"),
        backing=_backing(element.first("memoryBacking")),
        cells=tuple(_cells(element.find("cpu", "numa"))),
        bindings=tuple(_bindings(element.first("numatune"))),
        devices=tuple(_devices(element.first("devices"))),
    )


def parse_set(text: str) -> frozenset[int]:
    """The numbers of libvirt's ``0-3,^2,8``; none where it can't be read."""
    bits = 0  # a range in one step, however many a hostile text has
    for part in text.replace(" ", "").split(","):
        low, _, high = part.removeprefix("^").partition("-")
        if not _is_digits(low) or not _is_digits(high or low):
            return frozenset()
        count = min(int(high or low), _MOST_NODES) + 1 - int(low)
        wanted = ((1 << count) - 1) << int(low) if count > 0 else 0
        bits = bits & ~wanted if part.startswith("^") else bits | wanted
    return frozenset(number for number, bit in enumerate(reversed(f"{bits:b}")) if bit == "1")


def _backing(element: Element | None) -> MemoryBacking:
    if element is None:
        return MemoryBacking()
    return MemoryBacking(
        hugepages=tuple(_hugepages(element.first("hugepages"))),
        locked=element.first("locked") is not None,
        nosharepages=element.first("nosharepages") is not None,
        source=_attribute(element.first("source"), "type"),
        shared=_attribute(element.first("access"), "mode") == "shared",
        immediate=_attribute(element.first("allocation"), "mode") == "immediate",
    )


def _hugepages(element: Element | None) -> Iterator[HugepageRequest]:
    if element is None:
        return
    pages = element.all("page")[:_MOST_ROWS]
    if not pages:
        yield HugepageRequest()
    for page in pages:
        nodeset = page.attributes.get("nodeset")
        yield HugepageRequest(
            size=_parsed(page.attributes.get("size", ""), page.attributes.get("unit")),
            guest_cells=None if nodeset is None else parse_set(nodeset),
        )


def _cells(element: Element | None) -> Iterator[NumaCell]:
    cells = [] if element is None else element.all("cell")[:_MOST_ROWS]
    for place, cell in enumerate(cells):
        memory = _parsed(cell.attributes.get("memory", ""), cell.attributes.get("unit"))
        access = cell.attributes.get("memAccess")
        shared = None if access is None else access == "shared"
        yield NumaCell(_count(cell.attributes.get("id"), place), memory or 0, shared)


def _bindings(element: Element | None) -> Iterator[NumaBinding]:
    if element is None:
        return
    rows = [child for child in element.children if child.local in {"memory", "memnode"}]
    for child in rows[:_MOST_ROWS]:
        nodeset = child.attributes.get("nodeset")
        cell = child.attributes.get("cellid")
        yield NumaBinding(
            mode=child.attributes.get("mode", "strict"),
            nodes=None if nodeset is None else parse_set(nodeset),
            guest_cell=None if cell is None else _count(cell, 0),
        )


def _devices(element: Element | None) -> Iterator[Device]:
    for child in [] if element is None else element.children:
        device = Device(child.local, dict(child.attributes))
        _flatten(child, "", device)
        yield device


def _flatten(element: Element, path: str, device: Device) -> None:
    for child in element.children:
        inner = f"{path}{child.local}"
        for name, value in child.attributes.items():
            device.attributes.setdefault(f"{inner}/@{name}", value)
        if not child.children:
            device.texts.setdefault(inner, child.text.strip())
        _flatten(child, f"{inner}/", device)


def _firmware(element: Element) -> str | None:
    chosen = _attribute(element.first("os"), "firmware")
    return chosen or _attribute(element.find("os", "loader"), "type")


def _attribute(element: Element | None, name: str) -> str | None:
    return None if element is None else element.attributes.get(name)


def _text(element: Element | None) -> str | None:
    return None if element is None else element.text.strip()


def _size(element: Element | None) -> int | None:
    if element is None:
        return None
    return _parsed(element.text.strip(), element.attributes.get("unit"))


def _parsed(value: str, unit: str | None) -> int | None:
    try:
        amount = parse_size(value, unit)
    except SizeError:
        return None
    return None if isinstance(amount, Unlimited) else amount


def _count(text: str | None, default: int) -> int:
    return int(text) if text is not None and _is_digits(text) else default


def _is_digits(text: str) -> bool:
    """Whether it is a number short enough to be meant: no host has 10^9 of anything here."""
    longest = 9
    return text.isascii() and text.isdigit() and len(text) <= longest
