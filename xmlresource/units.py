"""Sizes of memory as libvirt's XML writes them, and back.

A size is a whole number of bytes, always a multiple of a KiB, because libvirt rounds every size
up to one (virDomainParseMemory). "No limit" is :data:`UNLIMITED`; "not said" is ``None`` and does
not occur here.

Left to others: which tunable may be unlimited or zero (``rules``), and what the kernel makes of a
size (``cgroup``).
"""

import re
from enum import Enum
from typing import Final, Literal, TypeAlias


class Unlimited(Enum):
    """The type of :data:`UNLIMITED`, so that type checkers can tell it from a size."""

    UNLIMITED = "unlimited"

    def __repr__(self) -> str:
        return "UNLIMITED"

    def __str__(self) -> str:
        return self.value


UNLIMITED: Final = Unlimited.UNLIMITED

Amount: TypeAlias = int | Unlimited
"""Bytes, or :data:`UNLIMITED`."""

QuantityPart: TypeAlias = Literal["value", "unit", "size", "range", "precision"]
"""What of a quantity is at fault: how its number is written, its unit, the two together (an
overflow), a number that is out of its range, or one that is finer than can be held."""

KIB: Final = 1024

# VIR_DOMAIN_MEMORY_PARAM_UNLIMITED is this many KiB; libvirt takes it as "unlimited" and refuses
# anything above as an overflow.
UNLIMITED_KIB: Final = (2**63 - 1) // KIB
LARGEST: Final = UNLIMITED_KIB * KIB

DEFAULT_UNIT: Final = "KiB"

# The `unit` and `scaledInteger` of basictypes.rng, in libvirt's words. What is right by them
# is told without them, because compiling patterns is a good part of what the hook's start costs.
VALUE_PATTERN: Final = "[0-9]+"
UNIT_PATTERN: Final = "([bB]([yY][tT][eE][sS]?)?)|([kKmMgGtTpPeE]([iI]?[bB])?)"

_WRITTEN: Final = r"([0-9]+)\s*([A-Za-z]*)"

_POWERS: Final = {prefix: power for power, prefix in enumerate("kmgtpe", start=1)}
UNITS: Final = frozenset({"b", "byte", "bytes"}) | {
    prefix + rest for prefix in _POWERS for rest in ("", "b", "ib")
}
_BINARY_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_XML_BLANKS: Final = " \t\r\n"

# The longest number worth converting: more digits than any size has, leading zeros aside.
# It keeps a hostile megabyte of digits from costing quadratic time.
_MOST_DIGITS: Final = 40


class QuantityError(ValueError):
    """A quantity that can't be read as its author meant.

    Attributes:
        part: What is at fault.
        problem: One sentence without the final stop, fit to follow the element's name.
        cure: What to write instead.
    """

    def __init__(self, part: QuantityPart, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.part: Final = part
        self.problem: Final = problem
        self.cure: Final = cure


class SizeError(QuantityError):
    """A size that libvirt would not read, or not read as its author meant."""


def unit_factor(unit: str | None) -> int:
    """The bytes in one ``unit`` (``None``: no unit given, which means KiB).

    Raises:
        SizeError: libvirt's schema does not know the unit.
    """
    if unit is None:
        return KIB
    if not _is_unit(unit):
        raise SizeError("unit", f"unknown unit {quoted(unit)}", _unit_cure(unit))
    folded = unit.lower()
    if folded.startswith("b"):
        return 1
    power = _POWERS[folded[0]]
    return int((1000 if folded[1:] == "b" else KIB) ** power)


def parse_size(value: str, unit: str | None = None) -> Amount:
    """The size that ``value`` and ``unit`` mean to libvirt, rounded up to a KiB.

    Raises:
        SizeError: The spelling is refused by libvirt's schema (also where its parser would let it
            pass), or the size is larger than libvirt can hold.
    """
    if not _is_number(value):
        raise _bad_value(value)
    factor = unit_factor(unit)
    digits = value.lstrip("0") or "0"
    size = int(digits) * factor if len(digits) <= _MOST_DIGITS else LARGEST + 1
    if size > LARGEST:
        raise SizeError(
            "size",
            f"{quoted(digits)} {unit or DEFAULT_UNIT} is more than libvirt can hold "
            f"({UNLIMITED_KIB} KiB)",
            "write a smaller size; for no limit at all, leave the element out",
        )
    rounded = -(-size // KIB) * KIB
    return UNLIMITED if rounded == LARGEST else rounded


def parse_written_size(text: str) -> Amount:
    """The size in a person's ``4GiB``, ``4 GiB``, ``4194304`` (KiB) or ``unlimited``.

    Raises:
        SizeError: It is none of these.
    """
    stripped = text.strip()
    if stripped.lower() == UNLIMITED.value:
        return UNLIMITED
    match = re.fullmatch(_WRITTEN, stripped, re.ASCII)
    if match is None:
        raise _bad_value(stripped)
    value, unit = match.groups()
    return parse_size(value, unit or None)


def split_size(size: int) -> tuple[int, str]:
    """The shortest exact way to write ``size`` bytes: a number and a binary unit."""
    for power in range(len(_BINARY_UNITS) - 1, 0, -1):
        number, rest = divmod(size, KIB**power)
        if number and not rest:
            return number, _BINARY_UNITS[power]
    return size, _BINARY_UNITS[0]


def format_amount(amount: Amount) -> str:
    """The amount, exact, as a person writes it: ``4 GiB``, ``1500 KiB``, ``unlimited``."""
    if isinstance(amount, Unlimited):
        return amount.value
    number, unit = split_size(amount)
    return f"{number} {unit}"


def approximate(size: int) -> str:
    """``size`` bytes for people, to four digits: ``23.41 GiB``; exact where that is short."""
    magnitude = abs(size)
    power = min((max(magnitude, 1).bit_length() - 1) // 10, len(_BINARY_UNITS) - 1)
    if magnitude % KIB**power == 0:
        return f"{size // KIB**power} {_BINARY_UNITS[power]}"
    return f"{size / KIB**power:.4g} {_BINARY_UNITS[power]}"


def _is_number(text: str) -> bool:
    """Whether it matches ``VALUE_PATTERN``."""
    return text.isascii() and text.isdigit()


def _is_unit(text: str) -> bool:
    """Whether it matches ``UNIT_PATTERN``."""
    # Folding alone would let the Kelvin sign pass for a k.
    return text.isascii() and text.lower() in UNITS


def _bad_value(value: str) -> SizeError:
    """Say what keeps ``value`` from being a number, most telling reason first."""
    stripped = value.strip(_XML_BLANKS)
    if not stripped:
        return SizeError("value", "no number is given", "write a whole number, such as 4194304")
    if stripped != value and _is_number(stripped):
        return SizeError(
            "value",
            f"blanks around the number {quoted(stripped)}",
            f"write {quoted(stripped)} right between the tags",
        )
    if re.fullmatch("[+-][0-9]+", stripped, re.ASCII):
        return _signed(stripped)
    written = re.fullmatch(_WRITTEN, stripped, re.ASCII)
    if written and written[2] and _is_unit(written[2]):
        return SizeError(
            "value",
            f"{quoted(stripped)} has its unit beside the number",
            f"write the unit as an attribute: unit='{written[2]}', and {written[1]} as the value",
        )
    return SizeError(
        "value",
        f"{quoted(stripped)} is not a whole number",
        "write decimal digits only, and choose a smaller unit for a fraction",
    )


def _signed(value: str) -> SizeError:
    if value.startswith("-"):
        return SizeError(
            "value",
            f"{quoted(value)} is negative",
            "for no limit at all, leave the element out",
        )
    return SizeError("value", f"{quoted(value)} has a sign", f"write {value[1:]}")


def _unit_cure(unit: str) -> str:
    stripped = unit.strip(_XML_BLANKS)
    if stripped != unit and _is_unit(stripped):
        return f"write '{stripped}', without blanks"
    if not stripped:
        return "name a unit, or leave the attribute out for KiB"
    return "units are bytes, KiB, MiB, GiB, TiB, PiB, EiB (1024s) and KB, MB, GB … (1000s)"


def quoted(text: str) -> str:
    """``text`` in quotes, escaped and short enough for a message."""
    longest = 40
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")
