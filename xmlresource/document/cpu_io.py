"""Where a document declares CPU time and IO, and what it says of each.

A module apart from that of memory, and loaded only for a document that has such an element. What
stands there is handed over as it stands, right or wrong; ``rules`` judge it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from xmlresource.document.forms import NAMESPACES, Block, Declaration
from xmlresource.document.tree import Element
from xmlresource.formats.quantities import parse_quantity
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.tunables import DEVICE, Family, Form, Kind, Tunable
from xmlresource.tunables.families import CPU, IO
from xmlresource.units import Amount, QuantityError

_ROWS: Final = {Family.CPU: CPU, Family.IO: IO}


def declarations(block: Block) -> Iterator[Declaration]:
    """The declarations of a ``<cpu>`` or an ``<io>``, in document order."""
    namespace = NAMESPACES[block.form]
    for element in block.element.children:
        yield from _declarations(element, block, None)
        if block.family is Family.IO and element.is_named(DEVICE, namespace):
            for child in element.children:
                yield from _declarations(child, block, element)


def devices_of(blocks: Iterable[Block]) -> Iterator[Element]:
    """The ``<device>`` elements of all ``<io>`` among ``blocks``."""
    for block in blocks:
        if block.family is Family.IO:
            yield from block.element.all(DEVICE, NAMESPACES[block.form])


def rows_of(
    element: Element, family: Family, form: Form, *, in_device: bool
) -> tuple[Tunable, ...]:
    """The tunables that an element declares there: one for each attribute that may hold a value."""
    if element.namespace != NAMESPACES[form]:
        return ()
    return tuple(
        row for row in _ROWS[family] if row.element == element.local and row.per_device is in_device
    )


def cpu_policy_of(found: Iterable[Declaration]) -> CpuPolicy:
    """The policy that declarations of CPU time make: of each the first that says something."""
    return CpuPolicy(**_first_amounts(one for one in found if one.tunable.family is Family.CPU))


def io_policy_of(found: Iterable[Declaration]) -> IoPolicy:
    """The policy that declarations of IO make: of each the first that says something."""
    own: list[Declaration] = []
    devices: dict[tuple[str | None, str | None], list[Declaration]] = {}
    for one in found:
        if one.tunable.family is not Family.IO or one.amount is None:
            continue
        if one.device is None:
            own.append(one)
        else:
            named = (one.device.attributes.get("target"), one.device.attributes.get("path"))
            devices.setdefault(named, []).append(one)
    return IoPolicy(
        **_first_amounts(own),
        devices=tuple(
            DevicePolicy(target, path, **_first_amounts(said))
            for (target, path), said in devices.items()
        ),
    )


def _first_amounts(found: Iterable[Declaration]) -> dict[str, Any]:
    """The first amount of each field; which field may be unlimited, the table says."""
    amounts: dict[str, Amount] = {}
    for one in found:
        if one.amount is not None:
            amounts.setdefault(one.tunable.field, one.amount)
    return amounts


def _declarations(element: Element, block: Block, device: Element | None) -> Iterator[Declaration]:
    rows = rows_of(element, block.family, block.form, in_device=device is not None)
    for row in rows:
        text = element.text if row.attribute is None else element.attributes.get(row.attribute)
        if text is None:
            continue
        amount, error = _read(row, text, element.attributes.get("unit"))
        yield Declaration(row, block.form, element, amount, error, device)


def _read(row: Tunable, text: str, unit: str | None) -> tuple[Amount | None, QuantityError | None]:
    try:
        amount = parse_quantity(row.quantity, text, unit)
    except QuantityError as error:
        return None, error
    # As with memory, a guarantee of 0 is none.
    return (None if row.kind is Kind.GUARANTEE and amount == 0 else amount), None
