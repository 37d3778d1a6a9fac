"""The DMTF's programmatic units, and the words from before them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.interchange.allocation import Unit
from xmlresource.interchange.allocation_units import (
    AllocationUnit,
    UnitError,
    byte_unit,
    parse_allocation_unit,
)


@pytest.mark.parametrize(
    ("text", "unit", "factor"),
    [
        ("byte", Unit.BYTE, 1),
        ("byte * 2^20", Unit.BYTE, 2**20),
        ("byte*2^30", Unit.BYTE, 2**30),
        ("  byte  *  1024 ", Unit.BYTE, 1024),
        ("byte * 10^3 * 2", Unit.BYTE, 2000),
        ("bit * 2^13", Unit.BYTE, 1024),
        ("hertz * 10^6", Unit.HERTZ, 10**6),
        ("percent / 1000", Unit.PERCENT, Fraction(1, 1000)),
        ("percent * 10^-3", Unit.PERCENT, Fraction(1, 1000)),
        ("count", Unit.COUNT, 1),
        ("byte * 2^10 / second", Unit.BYTE_PER_SECOND, 1024),
        ("count / second", Unit.OPERATION_PER_SECOND, 1),
        ("hertz / second", Unit.HERTZ, 1),
        ("MegaBytes", Unit.BYTE, 2**20),
        ("KB", Unit.BYTE, 2**10),
        ("GigaBytes", Unit.BYTE, 2**30),
        ("Bytes", Unit.BYTE, 1),
        ("MHz", Unit.HERTZ, 10**6),
        ("Processors", Unit.COUNT, 1),
        ("KiloBytes  per Second", Unit.BYTE_PER_SECOND, 1024),
    ],
)
def test_units_are_known(text: str, unit: Unit, factor: int | Fraction) -> None:
    assert parse_allocation_unit(text) == AllocationUnit(unit, Fraction(factor))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "furlong",
        "* 2^20",
        "byte 2^20",
        "byte * ",
        "byte * 2^",
        "byte * 0",
        "byte / 0^3",
        "byte * 2^81",
        "byte * 2^-81",
        "byte * 2^20 cheese",
        "byte " + "* 2 " * 40,
        "byte * " + "9" * 30,
        "megabytes * 2",
    ],
)
def test_others_are_refused(text: str) -> None:
    with pytest.raises(UnitError):
        parse_allocation_unit(text)


@given(st.integers(0, 2**63))
def test_a_size_is_exact_in_its_unit(size: int) -> None:
    number, unit = byte_unit(size)
    assert number * parse_allocation_unit(unit).factor == size
