"""CPU time and IO from elements of ElementTree and lxml."""

from collections.abc import Iterator

from xmlresource.formats.elements import (
    TreeElement,
    blocks_named,
    children_named,
    namespace_prefix,
    text_of,
)
from xmlresource.formats.quantities import parse_quantity
from xmlresource.formats.quantity_names import QuantityName
from xmlresource.tunables import DEVICE, Family, Form, Kind, Tunable
from xmlresource.tunables.families import CPU, IO
from xmlresource.units import Amount, QuantityError


def quantities_in(root: TreeElement) -> dict[QuantityName, Amount]:
    """The quantities that a domain or a bare fragment declares, in all forms together.

    Raises:
        ValueError: A value can't be read, or is declared twice with different values.
    """
    amounts: dict[QuantityName, Amount] = {}
    for name, element in _declared(root):
        amount = _amount(element, name.tunable)
        if amount is not None and amounts.setdefault(name, amount) != amount:
            raise ValueError(f"{name} is declared twice, with different values")
    return amounts


def _declared(root: TreeElement) -> Iterator[tuple[QuantityName, TreeElement]]:
    for family, rows in ((Family.CPU, CPU), (Family.IO, IO)):
        for form, block in blocks_named(root, family.value):
            own = [row for row in rows if not row.per_device]
            yield from ((QuantityName(row), each) for row, each in _values(block, form, own))
            if family is Family.IO:
                yield from _of_devices(block, form)


def _of_devices(block: TreeElement, form: Form) -> Iterator[tuple[QuantityName, TreeElement]]:
    of_devices = [row for row in IO if row.per_device]
    for device in children_named(block, f"{namespace_prefix(form)}{DEVICE}"):
        named = device.get("target"), device.get("path")
        for row, element in _values(device, form, of_devices):
            yield QuantityName(row, *named), element


def _values(
    holder: TreeElement, form: Form, rows: list[Tunable]
) -> Iterator[tuple[Tunable, TreeElement]]:
    for row in rows:
        for element in children_named(holder, f"{namespace_prefix(form)}{row.element}"):
            yield row, element


def _amount(element: TreeElement, row: Tunable) -> Amount | None:
    text = text_of(element) if row.attribute is None else element.get(row.attribute)
    if text is None:
        return None
    try:
        amount = parse_quantity(row.quantity, text, element.get("unit"))
    except QuantityError as error:
        raise ValueError(f"<{element.tag}>: {error.problem}; {error.cure}") from None
    return None if row.kind is Kind.GUARANTEE and amount == 0 else amount
