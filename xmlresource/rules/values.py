"""Values: each tunable by itself."""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit
from xmlresource.document import Document
from xmlresource.document.forms import Declaration, priorities
from xmlresource.document.tree import Element
from xmlresource.rules.report import at
from xmlresource.tunables import PRIORITY, Kind
from xmlresource.units import UNLIMITED, SizeError, SizePart

_CODES: Final[dict[SizePart, str]] = {"value": "XR201", "unit": "XR202", "size": "XR203"}

# A soft limit of 0 is merely one that always acts; a guest under a hard limit of 0 can't run.
_NEVER_ZERO: Final = frozenset({"hard_limit", "swap_hard_limit"})


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


def bad_priority(document: Document) -> Iterator[Diagnostic]:
    """XR206: a priority that is none."""
    for block, _, number in priorities(document.blocks):
        if number is None:
            message = f"{PRIORITY} is no whole number from 0 to 999"
            yield at("XR206", block.element, message, span=block.element.attribute_span(PRIORITY))


def _unreadable(found: Declaration, error: SizeError) -> Diagnostic:
    element = found.element
    span = element.attribute_span("unit") if error.part == "unit" else element.text_span
    message = f"{found.tunable.name}: {error.problem}"
    return at(
        _CODES[error.part], element, message, span=span, hint=error.cure, fix=_fix(element, error)
    )


def _fix(element: Element, error: SizeError) -> tuple[Edit, ...]:
    # Only a faulty document pays for the import.
    from xmlresource.rules import fixes  # noqa: PLC0415

    if error.part == "value":
        return fixes.value_mended(element)
    return fixes.unit_mended(element) if error.part == "unit" else ()


CHECKS: Final = (unreadable_values, unlimited_guarantee, zero_limits, bad_priority)
