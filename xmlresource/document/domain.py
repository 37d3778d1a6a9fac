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
_QEMU = "http://libvirt.org/schemas/domain/qemu/1.0"
# QEMU's command line has some hundred words; a hostile one is not read to its end.
_MOST_ARGUMENTS = 4096
# libvirt takes 16,384 lines; a line for each vCPU of the largest guest that QEMU makes.
_MOST_PINS = 4096


def read_domain(element: Element) -> Domain:
    """The domain that ``element`` defines."""
    max_memory, vcpu = element.first("maxMemory"), element.first("vcpu")
    tuning = element.first("cputune")
    return Domain(
        name=_text(element.first("name")) or "",
        uuid=_text(element.first("uuid")),
        type=element.attributes.get("type", ""),
        memory=_size(element.first("memory")),
        max_memory=_size(max_memory),
        max_memory_slots=_count(_attribute(max_memory, "slots"), 0),
        vcpus=_count(_text(vcpu), 1),
        current_vcpus=_current_vcpus(element),
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
        arguments=_arguments(element.first("commandline", _QEMU)),
        cpuset=_cpuset(vcpu),
        vcpu_pins=() if tuning is None else tuple(_pins(tuning)),
        cpu_shares=None if tuning is None else _count(_text(tuning.first("shares")), 0) or None,
    )


def _current_vcpus(element: Element) -> int | None:
    """With how many vCPUs the guest starts (virDomainVcpuParse): ``None`` for all.

    Where each vCPU has its line, the lines decide.
    """
    lines = element.find("vcpus")
    if lines is not None and (rows := lines.all("vcpu")):
        return sum(row.attributes.get("enabled") == "yes" for row in rows)
    return _count(_attribute(element.first("vcpu"), "current"), 0) or None


def _cpuset(vcpu: Element | None) -> frozenset[int] | None:
    """``placement='auto'`` leaves it to numad, and libvirt takes no notice of the set."""
    text = _attribute(vcpu, "cpuset")
    if text is None or _attribute(vcpu, "placement") == "auto":
        return None
    return parse_set(text) or None


def _pins(tuning: Element) -> Iterator[tuple[int, frozenset[int]]]:
    for pin in tuning.all("vcpupin")[:_MOST_PINS]:
        cpus = parse_set(pin.attributes.get("cpuset", ""))
        vcpu = _count(pin.attributes.get("vcpu"), -1)
        if cpus and vcpu >= 0:
            yield vcpu, cpus


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


def _arguments(element: Element | None) -> tuple[str, ...]:
    arguments = [] if element is None else element.all("arg", _QEMU)[:_MOST_ARGUMENTS]
    return tuple(argument.attributes.get("value", "") for argument in arguments)


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
