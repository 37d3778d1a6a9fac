"""Units of allocations: the DMTF's programmatic units, and the words from before them.

A programmatic unit (DSP0004, annex C) is a base unit with factors: ``byte * 2^20``,
``hertz * 10^6``, ``percent / 1000``, ``byte * 2^10 / second``. Before OVF 1.0 there were words;
their kilo was 1024 with every producer (VMware, VirtualBox, Hyper-V, libvirt-cim).
"""

import re
from fractions import Fraction
from typing import Final

from xmlresource.interchange.allocation import Unit
from xmlresource.printable import printable
from xmlresource.record import record

_LONGEST: Final = 100
_MOST_EXPONENT: Final = 80

_BASES: Final = {
    "byte": (Unit.BYTE, Fraction(1)),
    "bit": (Unit.BYTE, Fraction(1, 8)),
    "hertz": (Unit.HERTZ, Fraction(1)),
    "percent": (Unit.PERCENT, Fraction(1)),
    "count": (Unit.COUNT, Fraction(1)),
}
_WORDS: Final = {
    "bytes": (Unit.BYTE, 1),
    "kilobytes": (Unit.BYTE, 2**10),
    "megabytes": (Unit.BYTE, 2**20),
    "gigabytes": (Unit.BYTE, 2**30),
    "terabytes": (Unit.BYTE, 2**40),
    "kb": (Unit.BYTE, 2**10),
    "mb": (Unit.BYTE, 2**20),
    "gb": (Unit.BYTE, 2**30),
    "tb": (Unit.BYTE, 2**40),
    "mhz": (Unit.HERTZ, 10**6),
    "ghz": (Unit.HERTZ, 10**9),
    "hz": (Unit.HERTZ, 1),
    "processors": (Unit.COUNT, 1),
    "processor": (Unit.COUNT, 1),
    "shares": (Unit.COUNT, 1),
    "kilobytes per second": (Unit.BYTE_PER_SECOND, 2**10),
}
_PER_SECOND: Final = {
    Unit.BYTE: Unit.BYTE_PER_SECOND,
    Unit.COUNT: Unit.OPERATION_PER_SECOND,
}
_FACTOR: Final = re.compile(r"\s*([*/])\s*([0-9]{1,20})(?:\s*\^\s*([+-]?[0-9]{1,3}))?", re.ASCII)
_SECOND: Final = re.compile(r"\s*/\s*second\s*$")


class UnitError(ValueError):
    """A unit that the grammar does not have; the text says what is wrong with it."""


@record
class AllocationUnit:
    """One unit: how many of what."""

    unit: Unit
    factor: Fraction


def parse_allocation_unit(text: str) -> AllocationUnit:
    """The unit that ``text`` names.

    Raises:
        UnitError: There is none of that name.
    """
    if len(text) > _LONGEST:
        raise UnitError(f"there is no unit '{printable(text)}'")
    stripped = " ".join(text.split())
    word = _WORDS.get(stripped.lower())
    if word is not None:
        return AllocationUnit(word[0], Fraction(word[1]))
    base, rest = _base(stripped)
    unit, factor = _BASES[base]
    is_rate = _SECOND.search(rest)
    if is_rate:
        rest = rest[: is_rate.start()]
        unit = _PER_SECOND.get(unit, unit)
    for sign, number, exponent in _factors(rest, stripped):
        power = Fraction(number) ** exponent
        factor = factor * power if sign == "*" else factor / power
    return AllocationUnit(unit, factor)


def _base(text: str) -> tuple[str, str]:
    found = re.match("[A-Za-z]+", text)
    if found is None or found[0].lower() not in _BASES:
        raise UnitError(f"there is no unit '{printable(text)}'")
    return found[0].lower(), text[found.end() :]


def _factors(rest: str, whole: str) -> list[tuple[str, int, int]]:
    factors = []
    place = 0
    while place < len(rest):
        found = _FACTOR.match(rest, place)
        if found is None:
            raise UnitError(f"'{printable(whole)}' is no unit: what stands after its base is none")
        number, exponent = int(found[2]), int(found[3] or 1)
        if not number or abs(exponent) > _MOST_EXPONENT:
            raise UnitError(f"'{printable(whole)}' is no unit: its factor makes no sense")
        factors.append((found[1], number, exponent))
        place = found.end()
    return factors


def byte_unit(size: int) -> tuple[int, str]:
    """``size`` bytes in the largest programmatic unit that is exact: a number and the unit."""
    for power in (30, 20, 10):
        number, rest = divmod(size, 2**power)
        if not rest:
            return number, f"byte * 2^{power}"
    return size, "byte"
