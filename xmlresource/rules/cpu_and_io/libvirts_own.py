"""What libvirt's own elements say of the same: ``<cputune>``, ``<blkiotune>`` and ``<iotune>``.

Equal is what libvirt writes and what we write into the same file. Shares mean one thing on cgroup
v1 and another on v2 (docs/memtune-v2.md): equal on either counts as equal.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import Declaration, domain_element
from xmlresource.document.tree import Element
from xmlresource.formats.quantities import WHOLE, format_quantity
from xmlresource.rules.diagnosis import at, line_of

# libvirt's default of global_period, in microseconds.
_PERIOD: Final = 100_000
_LONGEST: Final = 18  # digits of a number that is worth reading

_SIDES: Final = {
    "read_bandwidth_hard_limit": "read_bytes_sec",
    "write_bandwidth_hard_limit": "write_bytes_sec",
    "read_iops_hard_limit": "read_iops_sec",
    "write_iops_hard_limit": "write_iops_sec",
}
"""The elements of a device in ``<blkiotune>``, and of ``<iotune>``, by our fields."""


def disagreements_with_libvirt(document: Document) -> Iterator[Diagnostic]:
    """XR316: the same thing, another value."""
    domain = domain_element(document.root)
    if domain is None:
        return
    holders = _holders(domain)
    for found in document.cpu_io_declarations:
        if not isinstance(found.amount, int):
            continue
        other = _other(domain, holders, found)
        if other is None:
            continue
        element, equals = other
        if found.amount not in equals:
            told = format_quantity(found.tunable.quantity, found.amount)
            message = (
                f"{found.name} is {told}, but <{element.name}> at line {line_of(element)} says "
                f"{element.text.strip()}"
            )
            yield at("XR316", found.element, message, span=found.value_span)


def _other(
    domain: Element, holders: Mapping[tuple[str, str], Element], found: Declaration
) -> tuple[Element, frozenset[int]] | None:
    """Libvirt's element for the same thing, and the amounts of ours that say what it says."""
    name = found.tunable.name
    if name == "cpu_hard_limit":
        return _quota(domain)
    if name == "cpu_share":
        return _weight(domain.find("cputune", "shares"), of_shares=True)
    if name == "io_share":
        return _weight(domain.find("blkiotune", "weight"), of_shares=False)
    if found.device is not None and found.tunable.field in _SIDES:
        for name, value in found.device.attributes.items():
            if (name, value) in holders:
                return _side(holders[name, value], _SIDES[found.tunable.field])
    return None


def _quota(domain: Element) -> tuple[Element, frozenset[int]] | None:
    """A quota in each period; a negative one is none."""
    quota = domain.find("cputune", "global_quota")
    number = _number(quota)
    if quota is None or number is None:
        return None
    period = _number(domain.find("cputune", "global_period")) or _PERIOD
    amount, rest = divmod(number * WHOLE, period)
    return quota, frozenset() if rest else frozenset({amount})


def _weight(element: Element | None, *, of_shares: bool) -> tuple[Element, frozenset[int]] | None:
    number = _number(element)
    if element is None or number is None:
        return None
    # The kernel's own pair of defaults is 1024 shares and a weight of 100.
    from_shares = {-(-number * 100 // 1024), number * 100 // 1024} if of_shares else set()
    return element, frozenset({number, *from_shares})


def _side(holder: Element, name: str) -> tuple[Element, frozenset[int]] | None:
    element = holder.first(name)
    number = _number(element)
    # libvirt's 0 is no limit.
    return None if element is None or not number else (element, frozenset({number}))


def _holders(domain: Element) -> dict[tuple[str, str], Element]:
    """The elements of libvirt's that limit devices, by the attribute of ours that names the same.

    Made once: of hostile documents each of very many devices would look through very many rows.
    """
    holders: dict[tuple[str, str], Element] = {}
    blkiotune, devices = domain.first("blkiotune"), domain.first("devices")
    for row in [] if blkiotune is None else blkiotune.all("device"):
        path = row.first("path")
        if path is not None:
            holders.setdefault(("path", path.text.strip()), row)
    for disk in [] if devices is None else devices.all("disk"):
        target, iotune = disk.first("target"), disk.first("iotune")
        if target is not None and iotune is not None:
            holders.setdefault(("target", target.attributes.get("dev", "")), iotune)
    return holders


def _number(element: Element | None) -> int | None:
    text = "" if element is None else element.text.strip()
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST
    return int(text) if is_number else None


CHECKS: Final = (disagreements_with_libvirt,)
