"""CPU time and IO as XML text: new elements of ``<cpu>`` and ``<io>``."""

from collections.abc import Iterable, Iterator, Mapping
from math import gcd
from types import MappingProxyType

from xmlresource.formats.quantities import spell_quantity
from xmlresource.formats.quantity_names import QuantityName
from xmlresource.formats.xml_text import NewElement, prefixed
from xmlresource.tunables import DEVICE, Family, Kind, Quantity, Tunable
from xmlresource.units import Amount, Unlimited


def is_said(row: Tunable, amount: Amount | None) -> bool:
    """Whether an element says it: where there is no limit, and no guarantee, there is none."""
    if amount is None or isinstance(amount, Unlimited):
        return False
    return row.kind is not Kind.GUARANTEE or amount > 0


def block_elements(
    amounts: Iterable[tuple[QuantityName, Amount]],
    prefix: str | None,
    units: Mapping[QuantityName, str | None] = MappingProxyType({}),
) -> Iterator[NewElement]:
    """``<cpu>`` and ``<io>`` that say some quantities, each where it says anything.

    Args:
        amounts: The quantities; what no element says is left out.
        prefix: The prefix of the elements.
        units: The units that quantities are spelt in, where that is exact.
    """
    said = [
        (name, amount)
        for name, amount in amounts
        if isinstance(amount, int) and is_said(name.tunable, amount)
    ]
    for family in (Family.CPU, Family.IO):
        of_family = [each for each in said if each[0].tunable.family is family]
        if of_family:
            yield _block_element(family, of_family, prefix, units)


def device_element(
    name: QuantityName, values: Iterable[NewElement], prefix: str | None
) -> NewElement:
    """``<device>``, of the device that a quantity is of."""
    named = (("target", name.target), ("path", name.path))
    attributes = tuple((each, value) for each, value in named if value is not None)
    return NewElement(prefixed(prefix, DEVICE), attributes, tuple(values))


def value_elements(
    said: Iterable[tuple[QuantityName, int]],
    prefix: str | None,
    units: Mapping[QuantityName, str | None] = MappingProxyType({}),
) -> list[NewElement]:
    """The elements of some quantities; those that share an element share it."""
    by_element: dict[str, list[tuple[QuantityName, int]]] = {}
    for name, amount in said:
        by_element.setdefault(name.tunable.element, []).append((name, amount))
    return [
        _value_element(prefixed(prefix, element), values, units)
        for element, values in by_element.items()
    ]


def shared_unit(quantity: Quantity, amounts: Iterable[int], unit: str | None) -> str | None:
    """The unit in which all the amounts are whole: ``unit`` where that can be."""
    return spell_quantity(quantity, gcd(*amounts), unit).unit


def _block_element(
    family: Family,
    said: list[tuple[QuantityName, int]],
    prefix: str | None,
    units: Mapping[QuantityName, str | None],
) -> NewElement:
    devices: dict[tuple[str | None, str | None], list[tuple[QuantityName, int]]] = {}
    for name, amount in said:
        devices.setdefault(name.device, []).append((name, amount))
    children: list[NewElement] = []
    for amounts in devices.values():
        values = value_elements(amounts, prefix, units)
        of_device = amounts[0][0].tunable.per_device
        children += [device_element(amounts[0][0], values, prefix)] if of_device else values
    return NewElement(prefixed(prefix, family.value), (), tuple(children))


def _value_element(
    name: str, said: list[tuple[QuantityName, int]], units: Mapping[QuantityName, str | None]
) -> NewElement:
    first, amount = said[0]
    quantity = first.tunable.quantity
    if first.tunable.attribute is None:
        spelling = spell_quantity(quantity, amount, units.get(first))
        unit = () if spelling.unit is None else (("unit", spelling.unit),)
        return NewElement(name, unit, text=spelling.value)
    shared = shared_unit(quantity, (amount for _, amount in said), units.get(first))
    attributes = [
        (str(each.tunable.attribute), spell_quantity(quantity, amount, shared).value)
        for each, amount in said
    ]
    if shared is not None:
        attributes.append(("unit", shared))
    return NewElement(name, tuple(attributes))
