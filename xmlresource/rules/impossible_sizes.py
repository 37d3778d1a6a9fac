"""Sizes that can't be meant: less than anything of that kind runs in, more than there is."""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import Declaration, domain_element
from xmlresource.document.tree import Element
from xmlresource.model.domain import QEMU_TYPES
from xmlresource.overhead import estimate
from xmlresource.rules.diagnosis import at
from xmlresource.units import (
    DEFAULT_UNIT,
    KIB,
    SizeError,
    approximate,
    format_amount,
    parse_size,
    unit_factor,
)

_MIB: Final = KIB * KIB
_LXC: Final = "lxc"

LEAST_CONTAINER: Final = _MIB
"""No container runs in less."""

LEAST_GUEST: Final = 8 * _MIB
"""No guest of unknown kind, which a fragment is for, runs in less: a QEMU takes 12 MiB and more."""

_ROOM: Final = 64 * _MIB

# What somebody may have had in mind who wrote a number without a unit, or with too small a one.
_MEANT: Final = ("MiB", "GiB", "TiB")
_DECIMAL: Final = 1000


def impossible_limit(document: Document, found: Declaration, limit: int) -> Diagnostic | None:
    """XR503: less than the emulator needs before the guest does anything."""
    if not found.element.attributes.keys() <= {"unit"}:
        return None  # a misspelt unit, which is told already
    least = _least(document)
    return _impossible(document, found, limit, least) if limit < least else None


def current_above_memory(document: Document) -> Iterator[Diagnostic]:
    """XR504: more memory than the guest has; libvirt takes it down without a word."""
    domain = domain_element(document.root)
    current = None if domain is None else domain.first("currentMemory")
    memory = None if domain is None else domain.first("memory")
    if current is None or memory is None or document.domain is None or document.domain.cells:
        return
    size, most = _size(current), _size(memory)
    if size is None or not most or size <= most:
        return
    message = (
        f"<currentMemory> is {approximate(size)}, and <memory> {approximate(most)}: libvirt lowers "
        "it to that"
    )
    yield at("XR504", current, message, span=current.text_span, hint=_decimal_hint(memory, size))


def _least(document: Document) -> int:
    domain = document.domain
    if domain is None:
        return LEAST_GUEST
    if domain.type == _LXC:
        return LEAST_CONTAINER
    if domain.type not in QEMU_TYPES:
        return 0
    return estimate(domain).total.idle


def _impossible(document: Document, found: Declaration, limit: int, least: int) -> Diagnostic:
    unit = "" if "unit" in found.element.attributes else " (without a unit it is KiB)"
    takes = "guest takes" if document.domain is None else "QEMU of this guest takes"
    if document.domain is not None and document.domain.type == _LXC:
        takes = "container takes"
    message = (
        f"hard_limit is {format_amount(limit)}{unit}, less than an idle {takes}: "
        f"{approximate(least)}"
    )
    hint = _meant(document, found.element, least)
    return at("XR503", found.element, message, span=found.element.text_span, hint=hint)


def _meant(document: Document, element: Element, least: int) -> str | None:
    """The unit that may have been meant: the first in which the guest has room."""
    domain = document.domain
    ram = (domain.memory or 0) if domain is not None and domain.type in QEMU_TYPES else 0
    number = element.text.strip().lstrip("0")
    for unit in _MEANT:
        if int(number) * unit_factor(unit) >= max(ram, least, _ROOM):
            cure = f"Then write unit='{unit}'"
            if element.attributes.get("unit") == DEFAULT_UNIT:  # as our writer spells none
                cure = f"A number without a unit counts {DEFAULT_UNIT}"
            return f"did you mean {number} {unit}? {cure}"
    return None


def _decimal_hint(memory: Element, size: int) -> str | None:
    unit = memory.attributes.get("unit", DEFAULT_UNIT)
    if unit_factor(unit) % _DECIMAL:
        return None
    number, binary = int(memory.text.strip().lstrip("0")), f"{unit[:1].upper()}iB"
    if number * unit_factor(binary) != size:
        return None
    return f"{unit} counts in thousands: write unit='{binary}' in <memory>"


def _size(element: Element) -> int | None:
    try:
        size = parse_size(element.text.strip(), element.attributes.get("unit"))
    except SizeError:
        return None
    return size if isinstance(size, int) else None


CHECKS: Final = (current_above_memory,)
