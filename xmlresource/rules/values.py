"""Values: each tunable by itself."""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit
from xmlresource.document import Document
from xmlresource.document.forms import Declaration, attributes_said
from xmlresource.document.tree import Element
from xmlresource.rules.diagnosis import at
from xmlresource.tunables import BALANCE, PRIORITY, Kind
from xmlresource.units import UNLIMITED, QuantityError, QuantityPart

_CODES: Final[dict[QuantityPart, str]] = {"value": "XR201", "unit": "XR202", "size": "XR203"}

_ATTRIBUTE_CODES: Final = {PRIORITY: "XR206", BALANCE: "XR210"}

# A soft limit of 0 is merely one that always acts; a guest under a hard limit of 0 can't run.
_NEVER_ZERO: Final = frozenset({"hard_limit", "swap_hard_limit"})

# From these on nobody has to ask what the emulator takes: idle, it is some 12 MiB, 0.5 % of RAM and
# what devices need.
_SURELY: Final = 64 * 1024**2
_SHARE_OF_RAM: Final = 64


def unreadable_values(document: Document) -> Iterator[Diagnostic]:
    """XR201, XR202, XR203: sizes that libvirt would refuse or misread."""
    for found in document.declarations:
        if found.error is not None and not found.element.children:
            yield _unreadable(found, found.error)


def unlimited_guarantee(document: Document) -> Iterator[Diagnostic]:
    """XR204: a guarantee without bound."""
    for found in document.declarations:
        if found.amount is UNLIMITED and found.tunable.kind is Kind.GUARANTEE:
            message = f"{found.tunable.name} can't be unlimited"
            yield at("XR204", found.element, message, span=found.element.text_span)


def zero_limits(document: Document) -> Iterator[Diagnostic]:
    """XR205: a limit under which nothing runs."""
    for found in document.declarations:
        if found.amount == 0 and found.tunable.name in _NEVER_ZERO:
            message = f"{found.tunable.name} is 0: the guest could not run"
            yield at("XR205", found.element, message, span=found.element.text_span)


def impossible_limits(document: Document) -> Iterator[Diagnostic]:
    """XR503: a limit in which nothing runs, for lack of a unit as a rule."""
    ram = 0 if document.domain is None else document.domain.memory or 0
    for found in document.declarations:
        limit = found.amount
        if found.tunable.name != "hard_limit" or not isinstance(limit, int) or not limit:
            continue
        if limit < max(_SURELY, ram // _SHARE_OF_RAM):
            # What the emulator takes stands in a table that the hook hardly ever has to read.
            from xmlresource.rules.impossible_sizes import impossible_limit  # noqa: PLC0415

            impossible = impossible_limit(document, found, limit)
            if impossible is not None:
                yield impossible


def bad_attributes(document: Document) -> Iterator[Diagnostic]:
    """XR206, XR210: a priority that is none, and a balance that is neither yes nor no."""
    for name, code in _ATTRIBUTE_CODES.items():
        for block, _, meaning in attributes_said(document.blocks, name):
            if meaning is None:
                # Only a faulty document pays for the import.
                from xmlresource.formats.guest_attributes import ROWS  # noqa: PLC0415

                message = f"{name} {ROWS[name].wrong}"
                yield at(code, block.element, message, span=block.element.attribute_span(name))


def _unreadable(found: Declaration, error: QuantityError) -> Diagnostic:
    element = found.element
    span = element.attribute_span("unit") if error.part == "unit" else element.text_span
    message = f"{found.tunable.name}: {error.problem}"
    return at(
        _CODES[error.part], element, message, span=span, hint=error.cure, fix=_fix(element, error)
    )


def _fix(element: Element, error: QuantityError) -> tuple[Edit, ...]:
    # Only a faulty document pays for the import.
    from xmlresource.rules import fixes  # noqa: PLC0415

    if error.part == "value":
        return fixes.value_mended(element)
    return fixes.unit_mended(element) if error.part == "unit" else ()


CHECKS: Final = (
    unreadable_values,
    unlimited_guarantee,
    zero_limits,
    impossible_limits,
    bad_attributes,
)
