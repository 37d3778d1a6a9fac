"""Values: each tunable by itself."""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit
from xmlresource.document import Document
from xmlresource.document.forms import Declaration, balances, priorities
from xmlresource.document.tree import Element
from xmlresource.rules.diagnosis import at
from xmlresource.tunables import BALANCE, PRIORITY, Kind
from xmlresource.units import UNLIMITED, QuantityError, QuantityPart

_CODES: Final[dict[QuantityPart, str]] = {"value": "XR201", "unit": "XR202", "size": "XR203"}

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


def bad_priority(document: Document) -> Iterator[Diagnostic]:
    """XR206: a priority that is none."""
    for block, _, number in priorities(document.blocks):
        if number is None:
            message = f"{PRIORITY} is no whole number from 0 to 999"
            yield at("XR206", block.element, message, span=block.element.attribute_span(PRIORITY))


def bad_balance(document: Document) -> Iterator[Diagnostic]:
    """XR210: neither yes nor no."""
    for block, _, meaning in balances(document.blocks):
        if meaning is None:
            message = f"{BALANCE} is neither yes nor no"
            yield at("XR210", block.element, message, span=block.element.attribute_span(BALANCE))


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
    bad_priority,
    bad_balance,
)
