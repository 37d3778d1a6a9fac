"""Quantities in libvirt's own elements, where these say the same: ``<cputune>``, ``<blkiotune>``.

The same is what ends in the same file of the kernel with the same number, on cgroup v1 as on v2:
a quota of the whole guest, and limits of a device by its path. Shares and weights mean one thing on
v1 and another on v2, and ``<iotune>`` limits a disk inside QEMU, not the device that it lies on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xmlresource.document.editing.insertion import place_at_end, place_in_domain
from xmlresource.formats.quantities import WHOLE
from xmlresource.formats.quantity_names import QuantityName
from xmlresource.formats.xml_text import NewElement
from xmlresource.record import record
from xmlresource.tunables.families import CPU, IO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xmlresource.document.editing.layout import TextLayout
    from xmlresource.document.editing.splice import Splice
    from xmlresource.document.tree import Element

_PERIOD: Final = 100_000  # microseconds; libvirt's default, which is written all the same
_LEAST_QUOTA: Final = 1000  # virDomainDef refuses less

_QUOTA: Final = "cpu_hard_limit"
_ELEMENTS: Final = {
    "read_bandwidth_hard_limit": "read_bytes_sec",
    "write_bandwidth_hard_limit": "write_bytes_sec",
    "read_iops_hard_limit": "read_iops_sec",
    "write_iops_hard_limit": "write_iops_sec",
}

_ROWS: Final = {row.field: row for row in (*CPU, *IO) if row.field in {"hard_limit", *_ELEMENTS}}
_HOLDERS: Final = frozenset({"device", "blkiotune", "cputune"})
_LONGEST: Final = 18  # digits of a number that is worth reading

_NO_ELEMENT: Final = "libvirt has nothing like it"
_REASONS: Final = {
    "cpu_share": "libvirt's shares mean one thing on cgroup v1 and another on v2",
    "io_share": "libvirt's weight means one thing on cgroup v1 and another on v2",
}


@record
class LibvirtsQuantity:
    """A quantity that libvirt's own elements declare.

    Attributes:
        name: What it is about.
        amount: How much.
        elements: The elements that say it, in one parent.
    """

    name: QuantityName
    amount: int
    elements: list[Element]


def why_not_libvirts(domain: Element, name: QuantityName, amount: int) -> str | None:
    """The reason why no element of libvirt's can say it; ``None`` where one can."""
    if name.tunable.name == _QUOTA:
        return _why_no_quota(domain, amount)
    if name.tunable.field not in _ELEMENTS:
        return _REASONS.get(name.tunable.name, _NO_ELEMENT)
    if name.path is None or name.target is not None:
        return "libvirt's <iotune> limits the disk inside QEMU, not the device below it"
    return _why_no_row(domain, name) if amount else "to libvirt 0 is no limit"


def libvirts_element(
    domain: Element, layout: TextLayout, name: QuantityName, amount: int
) -> Splice:
    """The splice that has libvirt's element say it, where :func:`why_not_libvirts` objects not."""
    if name.tunable.name == _QUOTA:
        quota = (
            NewElement("global_period", text=str(_PERIOD)),
            NewElement("global_quota", text=str(amount * _PERIOD // WHOLE)),
        )
        return _into(domain, layout, "cputune", quota)
    limit = NewElement(_ELEMENTS[name.tunable.field], text=str(amount))
    row = _row(domain, name)
    if row is not None:
        return place_at_end(layout, row).filled([limit])
    device = NewElement("device", children=(NewElement("path", text=str(name.path)), limit))
    return _into(domain, layout, "blkiotune", (device,))


def libvirts_quantities(domain: Element) -> Iterator[LibvirtsQuantity]:
    """What libvirt's elements say that ours say with the same number in the same file."""
    quota, period = domain.find("cputune", "global_quota"), domain.find("cputune", "global_period")
    micro = _number(quota)
    if quota is not None and micro:
        amount, rest = divmod(micro * WHOLE, _number(period) or _PERIOD)
        if amount and not rest:
            elements = [each for each in (quota, period) if each is not None]
            yield LibvirtsQuantity(QuantityName(_ROWS["hard_limit"]), amount, elements)
    for row in _rows(domain):
        path = row.first("path")
        for field, name in _ELEMENTS.items():
            element = row.first(name)
            number = _number(element)
            if path is not None and element is not None and number:
                named = QuantityName(_ROWS[field], path=path.text.strip())
                yield LibvirtsQuantity(named, number, [element])


def without(layout: TextLayout, taken: LibvirtsQuantity) -> list[Splice]:
    """The splices that take out what was taken, and the elements that hold nothing else then."""
    going = taken.elements
    parent = going[0].parent
    while parent is not None and parent.parent is not None:
        rest = [each for each in parent.children if each not in going]
        is_row = parent.local == "device" and [each.local for each in rest] == ["path"]
        if (rest and not is_row) or parent.local not in _HOLDERS:
            break
        going, parent = [parent], parent.parent
    return [layout.removal(each) for each in going]


def _number(element: Element | None) -> int | None:
    text = "" if element is None else element.text.strip()
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST
    return int(text) if is_number else None


def _rows(domain: Element) -> list[Element]:
    blkiotune = domain.first("blkiotune")
    return [] if blkiotune is None else blkiotune.all("device")


def _why_no_quota(domain: Element, amount: int) -> str | None:
    for name in ("global_quota", "global_period"):
        if domain.find("cputune", name) is not None:
            return f"<cputune> has a <{name}>"
    if amount * _PERIOD // WHOLE < _LEAST_QUOTA:
        return f"libvirt takes no quota below {_LEAST_QUOTA} microseconds"
    return None


def _why_no_row(domain: Element, name: QuantityName) -> str | None:
    row, element = _row(domain, name), _ELEMENTS[name.tunable.field]
    if row is not None and row.first(element) is not None:
        return f"<blkiotune> has a <{element}> of {name.path}"
    return None


def _row(domain: Element, name: QuantityName) -> Element | None:
    """The ``<device>`` of ``<blkiotune>`` that is about the same path."""
    for row in _rows(domain):
        path = row.first("path")
        if path is not None and path.text.strip() == name.path:
            return row
    return None


def _into(
    domain: Element, layout: TextLayout, holder: str, children: tuple[NewElement, ...]
) -> Splice:
    element = domain.first(holder)
    if element is not None:
        return place_at_end(layout, element).filled(list(children))
    new = NewElement(holder, children=children)
    return place_in_domain(layout, domain, holder).filled([new])
