"""What an element of ours means, in words: its tunables, and the amounts that they come to."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from xmlresource.formats.quantities import (
    decimal,
    format_quantity,
    has_unit,
    parse_quantity,
)
from xmlresource.language_server.own_elements.policy_elements import PolicyPart, policy_element
from xmlresource.relaxng.completing.markup import MarkupElement, TagAttribute, unescaped
from xmlresource.tunables import Quantity, Tunable
from xmlresource.units import Amount, QuantityError, Unlimited

_UNIT: Final = "unit"


def meaning(element: MarkupElement, attribute: TagAttribute | None = None) -> Iterator[str]:
    """What an element declares, and how much: all of it, or what one of its attributes says.

    Args:
        element: The element.
        attribute: The attribute; ``None`` for the element itself.
    """
    rows = declared(element)
    if attribute is None:
        for row in rows:
            yield _explained(row)
    elif attribute.name == _UNIT:
        rows = tuple(row for row in rows if has_unit(row.quantity))
    else:
        rows = tuple(row for row in rows if row.attribute == attribute.name)
        for row in rows:
            yield _explained(row)
    for row, amount in _amounts(element, rows):
        said = in_words(row.quantity, amount)
        yield said if row.attribute is None else f"{row.attribute}: {said}"


def declared(element: MarkupElement) -> tuple[Tunable, ...]:
    """The tunables that an element declares."""
    found = policy_element(element)
    return () if found is None else found.rows


def own_text(element: MarkupElement) -> str:
    """The text up to the end of an element."""
    end = element.end if element.closing is None else element.closing.start
    return unescaped(element.tag.text[element.tag.end : end])


def in_words(quantity: Quantity, amount: Amount) -> str:
    """An amount in words, exact, and in the unit that people count in."""
    return "no limit" if isinstance(amount, Unlimited) else _WORDS[quantity](amount)


def in_short(element: MarkupElement) -> str:
    """What tells an element of ours from others: its device, or what it allows; else nothing."""
    found = policy_element(element)
    if found is not None and found.part is PolicyPart.DEVICE:
        return element.attribute("target") or element.attribute("path") or ""
    rows = () if found is None else found.rows
    return ", ".join(
        " ".join(filter(None, (row.attribute, format_quantity(row.quantity, amount))))
        for row, amount in _amounts(element, rows)
    )


def _amounts(element: MarkupElement, rows: tuple[Tunable, ...]) -> Iterator[tuple[Tunable, Amount]]:
    """The amounts of tunables in an element; of what can't be read a finding tells."""
    unit = element.attribute(_UNIT)
    for row in rows:
        if row.attribute is not None:
            text = element.attribute(row.attribute)
        else:
            text = None if element.children else own_text(element)
        if text is not None:
            with suppress(QuantityError):
                yield row, parse_quantity(row.quantity, text, unit)


def _explained(row: Tunable) -> str:
    files = []
    if row.v2_file is not None:
        files.append(f"`{row.v2_file}` on cgroup v2 (Linux {row.v2_since})")
    if row.v1_file is not None:
        files.append(f"`{row.v1_file}` on v1")
    return f"**{row.key}**: {row.help}.\n\n{', '.join(files) or 'No kernel enforces it.'}"


def _bytes(amount: int) -> str:
    return f"{amount:,} bytes, {amount / (1 << 30):,.6g} GiB"


def _percent(amount: int) -> str:
    return f"{decimal(amount)} percent"


def _parts(amount: int) -> str:
    return f"{amount:,} parts; a guest has {_DEFAULT_PARTS} by default"


def _rate(amount: int) -> str:
    return f"{amount:,} bytes per second, {format_quantity(Quantity.BYTES_PER_SECOND, amount)}"


def _operations(amount: int) -> str:
    return f"{amount:,} operation{'' if amount == 1 else 's'} per second"


def _cpus(amount: int) -> str:
    return f"{format_quantity(Quantity.CPUS, amount)}, {decimal(amount * 100)} % of one CPU"


_DEFAULT_PARTS: Final = 100

_WORDS: Final[Mapping[Quantity, Callable[[int], str]]] = {
    Quantity.SIZE: _bytes,
    Quantity.CPUS: _cpus,
    Quantity.PERCENT: _percent,
    Quantity.WEIGHT: _parts,
    Quantity.BYTES_PER_SECOND: _rate,
    Quantity.OPERATIONS_PER_SECOND: _operations,
}
