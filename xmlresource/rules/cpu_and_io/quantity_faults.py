"""Values of ``<cpu>`` and ``<io>``: each quantity by itself."""

import re
from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.cpu_io import devices_of
from xmlresource.document.forms import Declaration
from xmlresource.formats.quantities import has_unit
from xmlresource.rules.diagnosis import at
from xmlresource.tunables import Kind
from xmlresource.tunables.families import IO
from xmlresource.units import QuantityError, QuantityPart, unit_factor

TARGET_PATTERN: Final = "[A-Za-z0-9_.:-]+"
PATH_PATTERN: Final = r"/[^\n\r]+"
"""What names a device, as the schemas have it."""

_CODES: Final[dict[QuantityPart, str]] = {
    "value": "XR201",
    "unit": "XR202",
    "size": "XR203",
    "range": "XR207",
    "precision": "XR208",
}


def unreadable_quantities(document: Document) -> Iterator[Diagnostic]:
    """XR201, XR202, XR203, XR207, XR208: values that mean nothing."""
    bad_units = set()
    for found in document.cpu_io_declarations:
        error = found.error
        if error is None or found.element.children:
            continue
        if error.part == "unit":
            if found.element in bad_units:  # one unit may stand beside two numbers
                continue
            bad_units.add(found.element)
        yield _unreadable(found, error)


def units_of_nothing(document: Document) -> Iterator[Diagnostic]:
    """XR202: a faulty unit where neither side has a value that would be read with it."""
    rows = {row.element: row for row in IO if row.attribute and has_unit(row.quantity)}
    for device in devices_of(document.cpu_io_blocks):
        for child in device.children:
            row, unit = rows.get(child.local), child.attributes.get("unit")
            is_known = row is not None and child.namespace == device.namespace
            if not is_known or unit is None or not {"read", "write"}.isdisjoint(child.attributes):
                continue
            try:
                unit_factor(unit)
            except QuantityError as error:
                message = f"<{child.name}>: {error.problem}"
                span = child.value_span("unit")
                yield at("XR202", child, message, span=span, hint=error.cure)


def zero_limits(document: Document) -> Iterator[Diagnostic]:
    """XR205: a limit under which nothing runs."""
    for found in document.cpu_io_declarations:
        row = found.tunable
        if found.amount == 0 and row.kind is Kind.LIMIT and not row.advisory:
            message = f"{row.key} is 0: the guest could not run"
            yield at("XR205", found.element, message, span=found.value_span)


def bad_device_names(document: Document) -> Iterator[Diagnostic]:
    """XR209: what can't be the name of a disk, or the path of a device."""
    for device in devices_of(document.cpu_io_blocks):
        target, path = device.attributes.get("target"), device.attributes.get("path")
        if target is not None and not re.fullmatch(TARGET_PATTERN, target):
            yield at(
                "XR209",
                device,
                f"{target!r} can't be the target of a disk",
                span=device.value_span("target"),
                hint="write the name that <target dev='…'> of a disk has, such as vda",
            )
        if path is not None and not re.fullmatch(PATH_PATTERN, path):
            yield at(
                "XR209",
                device,
                f"{path!r} is no absolute path",
                span=device.value_span("path"),
                hint="write the path of a block device of the host, such as /dev/sda",
            )


def _unreadable(found: Declaration, error: QuantityError) -> Diagnostic:
    element = found.element
    span = element.value_span("unit") if error.part == "unit" else found.value_span
    message = f"{found.tunable.key}: {error.problem}"
    return at(_CODES[error.part], element, message, span=span, hint=error.cure)


CHECKS: Final = (unreadable_quantities, units_of_nothing, zero_limits, bad_device_names)
