"""CPU time, percentages, shares and rates, as the elements of our families write them.

Decimals are exact: a CPU and a percent are held in thousandths, and nothing is ever a float. Which
quantity may be zero or how large it is beside another is the rules' business.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from xmlresource.formats.spelling import Spelling, spell
from xmlresource.tunables import Quantity
from xmlresource.units import (
    UNIT_PATTERN,
    UNLIMITED,
    VALUE_PATTERN,
    Amount,
    QuantityError,
    SizeError,
    Unlimited,
    parse_size,
    quoted,
    split_size,
    unit_factor,
)

# As the schemas have them; tests compare.
DECIMAL_PATTERN: Final = r"[0-9]+(\.[0-9]{1,3})?"
CPU_UNIT_PATTERN: Final = "cpu|millicpu|%"
SHARE_PATTERN: Final = "0*([1-9][0-9]{0,3}|10000)"
PERCENTAGE_PATTERN: Final = r"0*([0-9]{1,2}(\.[0-9]{1,3})?|100(\.0{1,3})?)"

LARGEST_SHARE: Final = 10_000
WHOLE: Final = 1000
"""The thousandths in a CPU, and those in a percent."""

MOST_CPUS: Final = 1_000_000
"""More CPUs than any host has."""

MOST_OPERATIONS: Final = 2**32 - 2
"""The kernel holds operations in 32 bits, and takes the largest number as "no limit"."""

# What one of the unit is in millionths of a CPU, so that each is a whole number.
_MILLIONTHS: Final = {"cpu": 1_000_000, "millicpu": 1000, "%": 10_000}
_MILLIONTHS_IN_A_THOUSANDTH: Final = 1000

COUNTS: Final[Mapping[Quantity, str]] = {
    Quantity.SIZE: "count bytes",
    Quantity.CPUS: "count thousandths of a CPU",
    Quantity.PERCENT: "count thousandths of a percent",
    Quantity.WEIGHT: "write a whole number from 1 to 10000",
    Quantity.BYTES_PER_SECOND: "count bytes per second",
    Quantity.OPERATIONS_PER_SECOND: "count operations per second",
}
"""What a whole number of each counts in Python and JSON, as an advice."""

_UNITS_OF: Final[Mapping[Quantity, str]] = {
    Quantity.CPUS: CPU_UNIT_PATTERN,
    Quantity.BYTES_PER_SECOND: UNIT_PATTERN,
}
"""The units that may stand beside a number, for what has units."""

_XML_BLANKS: Final = " \t\r\n"
# No quantity has more digits, leading zeros aside; a hostile megabyte of them must not be reckoned.
_MOST_DIGITS: Final = 40


def parse_quantity(quantity: Quantity, value: str, unit: str | None = None) -> Amount:
    """The amount that ``value`` and ``unit`` mean; ``unit`` is for CPUs, sizes and rates alone.

    Raises:
        QuantityError: They mean none.
    """
    return _PARSERS[quantity](value, unit)


def has_unit(quantity: Quantity) -> bool:
    """Whether a unit may stand beside a number of it."""
    return quantity is Quantity.SIZE or quantity in _UNITS_OF


def format_quantity(quantity: Quantity, amount: Amount) -> str:
    """The amount as a person writes it: ``2.5 CPUs``, ``25 %``, ``4 MiB/s``, ``unlimited``."""
    if isinstance(amount, Unlimited):
        return amount.value
    if quantity is Quantity.CPUS:
        return f"{decimal(amount)} CPU{'' if amount == WHOLE else 's'}"
    if quantity is Quantity.PERCENT:
        return f"{decimal(amount)} %"
    if quantity in {Quantity.SIZE, Quantity.BYTES_PER_SECOND}:
        number, unit = split_size(amount)
        return f"{number} {unit}{'' if quantity is Quantity.SIZE else '/s'}"
    return f"{amount}{' per second' if quantity is Quantity.OPERATIONS_PER_SECOND else ''}"


def spell_quantity(quantity: Quantity, amount: int, unit: str | None = None) -> Spelling:
    """An exact spelling of the amount: in ``unit`` where that can be, else the shortest."""
    if quantity is Quantity.CPUS:
        if unit not in _MILLIONTHS:
            unit = None
        thousandths = amount * _MILLIONTHS_IN_A_THOUSANDTH * WHOLE // _MILLIONTHS[unit or "cpu"]
        return Spelling(decimal(thousandths), unit)
    if quantity is Quantity.PERCENT:
        return Spelling(decimal(amount), None)
    if quantity in {Quantity.SIZE, Quantity.BYTES_PER_SECOND}:
        return _spell_bytes(amount, unit)
    return Spelling(str(amount), None)


def _spell_bytes(amount: int, unit: str | None) -> Spelling:
    if unit is None:
        return spell(amount)
    try:
        factor = unit_factor(unit)
    except SizeError:
        return spell(amount)
    return spell(amount) if amount % factor else Spelling(str(amount // factor), unit)


def written_quantity(quantity: Quantity, text: str) -> Amount:
    """The amount in a person's ``2.5``, ``250%``, ``2500millicpu``, ``100MiB`` or ``unlimited``.

    Raises:
        QuantityError: It is none of these.
    """
    stripped = text.strip()
    if stripped.lower() == UNLIMITED.value:
        return UNLIMITED
    units = _UNITS_OF.get(quantity, "%" if quantity is Quantity.PERCENT else "")
    match = re.fullmatch(rf"([0-9.]+)\s*({units})", stripped, re.ASCII) if units else None
    if match is None:
        return parse_quantity(quantity, stripped)
    return parse_quantity(quantity, match[1], match[2] or None)


def decimal(thousandths: int) -> str:
    """``thousandths`` as the shortest decimal number: ``2.5`` for 2500."""
    whole, rest = divmod(thousandths, WHOLE)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".") if rest else str(whole)


def _cpus(value: str, unit: str | None) -> Amount:
    """Thousandths of a CPU."""
    thousandths = _thousandths(value, Quantity.CPUS, "2.5")
    if unit is not None and unit not in _MILLIONTHS:
        raise QuantityError("unit", f"unknown unit {quoted(unit)} of CPU time", _cpu_cure(unit))
    factor = _MILLIONTHS[unit or "cpu"]
    # Thousandths of a unit that is so many millionths.
    amount, finer = divmod(thousandths * factor, _MILLIONTHS_IN_A_THOUSANDTH * WHOLE)
    if finer:
        raise QuantityError(
            "precision",
            f"{quoted(value)} {unit} is finer than a thousandth of a CPU",
            f"write {decimal(amount)} or {decimal(amount + 1)}, which count in CPUs",
        )
    if amount > MOST_CPUS * WHOLE:
        raise QuantityError(
            "size",
            f"{quoted(value)} {unit or 'cpu'} is more than any host has",
            "for no limit at all, leave the element out",
        )
    return amount


def _percentage(value: str, _: str | None) -> Amount:
    """Thousandths of a percent, from none to all."""
    thousandths = _thousandths(value, Quantity.PERCENT, "12.5")
    if thousandths > 100 * WHOLE:
        raise QuantityError(
            "range", f"{quoted(value)} is more than 100 percent", "write a number from 0 to 100"
        )
    return thousandths


def _share(value: str, _: str | None) -> Amount:
    digits = _digits(value, Quantity.WEIGHT, "200")
    if not 1 <= _number(digits) <= LARGEST_SHARE:
        raise QuantityError(
            "range",
            f"{quoted(value)} is not between 1 and {LARGEST_SHARE}",
            f"write a whole number from 1 to {LARGEST_SHARE}; 100 is what a guest has by default",
        )
    return _number(digits)


def _rate(value: str, unit: str | None) -> Amount:
    """Bytes in a second, exact: the kernel's limits know no KiB."""
    digits = _digits(value, Quantity.BYTES_PER_SECOND, "1024")
    try:
        size = parse_size(digits, unit)
    except SizeError as error:
        if error.part != "size":
            raise
        raise QuantityError(
            "size",
            f"{quoted(value)} {unit or 'KiB'} per second is more than the kernel can hold",
            "for no limit at all, leave it out",
        ) from None
    return UNLIMITED if isinstance(size, Unlimited) else _number(digits) * unit_factor(unit)


def _operations(value: str, _: str | None) -> Amount:
    number = _number(_digits(value, Quantity.OPERATIONS_PER_SECOND, "500"))
    if number > MOST_OPERATIONS:
        raise QuantityError(
            "size",
            f"{quoted(value)} per second is more than the kernel can hold ({MOST_OPERATIONS})",
            "for no limit at all, leave it out",
        )
    return number


_PARSERS: Final[Mapping[Quantity, Callable[[str, str | None], Amount]]] = {
    Quantity.SIZE: parse_size,
    Quantity.CPUS: _cpus,
    Quantity.PERCENT: _percentage,
    Quantity.WEIGHT: _share,
    Quantity.BYTES_PER_SECOND: _rate,
    Quantity.OPERATIONS_PER_SECOND: _operations,
}


def _number(digits: str) -> int:
    """The number, or one that is beyond all bounds where nobody can have meant it."""
    significant = digits.lstrip("0") or "0"
    return int(significant) if len(significant) <= _MOST_DIGITS else 10**_MOST_DIGITS


def _thousandths(value: str, quantity: Quantity, example: str) -> int:
    if not re.fullmatch(DECIMAL_PATTERN, value, re.ASCII):
        raise _bad_number(value, quantity, example)
    whole, _, fraction = value.partition(".")
    return _number(whole) * WHOLE + int(fraction.ljust(3, "0"))


def _digits(value: str, quantity: Quantity, example: str) -> str:
    if not re.fullmatch(VALUE_PATTERN, value, re.ASCII):
        raise _bad_number(value, quantity, example)
    return value


def _bad_number(value: str, quantity: Quantity, example: str) -> QuantityError:
    """Say what keeps ``value`` from being a number, most telling reason first."""
    decimals = quantity in {Quantity.CPUS, Quantity.PERCENT}
    pattern = DECIMAL_PATTERN if decimals else VALUE_PATTERN
    stripped = value.strip(_XML_BLANKS)
    told = quoted(stripped)
    if not stripped:
        return QuantityError("value", "no number is given", f"write a number, such as {example}")
    if stripped != value and re.fullmatch(pattern, stripped, re.ASCII):
        return QuantityError("value", f"blanks around the number {told}", f"write {told} alone")
    if re.fullmatch(rf"[+-]{pattern}", stripped, re.ASCII):
        problem = "is negative" if stripped.startswith("-") else "has a sign"
        return QuantityError("value", f"{told} {problem}", f"write a number, such as {example}")
    units = _UNITS_OF.get(quantity)
    beside = units and re.fullmatch(rf"(?:{pattern})\s*(?P<unit>{units})", stripped, re.ASCII)
    if beside:
        return QuantityError(
            "value",
            f"{told} has its unit beside the number",
            f"write the unit as an attribute: unit='{beside['unit']}'",
        )
    if decimals and re.fullmatch(r"[0-9]+\.[0-9]+", stripped, re.ASCII):
        return QuantityError(
            "value", f"{told} has more than three decimal places", "write at most three of them"
        )
    if decimals:
        problem, cure = "is not a number", f"write digits, with a point for a fraction: {example}"
    else:
        problem, cure = "is not a whole number", f"write decimal digits only, such as {example}"
    return QuantityError("value", f"{told} {problem}", cure)


def _cpu_cure(unit: str) -> str:
    stripped = unit.strip(_XML_BLANKS)
    if stripped.lower() in _MILLIONTHS:
        return f"write '{stripped.lower()}'"
    return "units are cpu, millicpu and % (of one CPU); without one the number counts CPUs"
