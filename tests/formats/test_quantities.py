import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.formats.quantities import (
    DECIMAL_PATTERN,
    LARGEST_SHARE,
    MOST_CPUS,
    MOST_OPERATIONS,
    PERCENTAGE_PATTERN,
    SHARE_PATTERN,
    WHOLE,
    decimal,
    format_quantity,
    has_unit,
    parse_quantity,
)
from xmlresource.tunables import Quantity
from xmlresource.units import UNLIMITED, QuantityError

CPUS, PERCENT, WEIGHT = Quantity.CPUS, Quantity.PERCENT, Quantity.WEIGHT
RATE, OPERATIONS = Quantity.BYTES_PER_SECOND, Quantity.OPERATIONS_PER_SECOND


def part_at_fault(quantity, value, unit=None):
    with pytest.raises(QuantityError) as caught:
        parse_quantity(quantity, value, unit)
    assert caught.value.problem
    assert caught.value.cure
    return caught.value.part


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "amount"),
    [
        (CPUS, "2.5", None, 2500),
        (CPUS, "2.5", "cpu", 2500),
        (CPUS, "2500", "millicpu", 2500),
        (CPUS, "2500.000", "millicpu", 2500),
        (CPUS, "250", "%", 2500),
        (CPUS, "0.1", "%", 1),
        (CPUS, "0", None, 0),
        (CPUS, "010", None, 10_000),
        (CPUS, str(MOST_CPUS), None, MOST_CPUS * WHOLE),
        (PERCENT, "12.5", None, 12_500),
        (PERCENT, "100.000", None, 100_000),
        (PERCENT, "0", None, 0),
        (WEIGHT, "1", None, 1),
        (WEIGHT, "0010000", None, 10_000),
        (RATE, "1", None, 1024),
        (RATE, "1500", "b", 1500),
        (RATE, "100", "MB", 100_000_000),
        (RATE, "9007199254740991", "KiB", UNLIMITED),
        (OPERATIONS, "500", None, 500),
        (OPERATIONS, str(MOST_OPERATIONS), None, MOST_OPERATIONS),
        (Quantity.SIZE, "4", "MiB", 4 * 1024**2),
    ],
)
def test_a_quantity_means_its_amount(quantity, value, unit, amount):
    assert parse_quantity(quantity, value, unit) == amount


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "part"),
    [
        (CPUS, "", None, "value"),
        (CPUS, " 2", None, "value"),
        (CPUS, "1,5", None, "value"),
        (CPUS, "1.", None, "value"),
        (CPUS, ".5", None, "value"),
        (CPUS, "1.2345", None, "value"),
        (CPUS, "-1", None, "value"),
        (CPUS, "+1.5", None, "value"),
        (CPUS, "2cpu", None, "value"),
        (CPUS, "1e3", None, "value"),
        (CPUS, "\u0665", None, "value"),
        (CPUS, "1", "GiB", "unit"),
        (CPUS, "1", "CPU", "unit"),
        (CPUS, "1", " cpu", "unit"),
        (CPUS, "1", "", "unit"),
        (CPUS, "0.5", "millicpu", "precision"),
        (CPUS, "0.01", "%", "precision"),
        (CPUS, f"{MOST_CPUS}.001", None, "size"),
        (CPUS, "9" * 100_000, None, "size"),
        (PERCENT, "100.001", None, "range"),
        (PERCENT, "50%", None, "value"),
        (WEIGHT, "0", None, "range"),
        (WEIGHT, "10001", None, "range"),
        (WEIGHT, "9" * 100_000, None, "range"),
        (WEIGHT, "1.5", None, "value"),
        (RATE, "1.5", "MiB", "value"),
        (RATE, "100MiB", None, "value"),
        (RATE, "1", "MiB/s", "unit"),
        (RATE, "9", "EiB", "size"),
        (OPERATIONS, "-5", None, "value"),
        (OPERATIONS, str(MOST_OPERATIONS + 1), None, "size"),
    ],
)
def test_what_means_nothing_is_told_apart(quantity, value, unit, part):
    assert part_at_fault(quantity, value, unit) == part


UNITS = st.sampled_from([("cpu", 1), ("millicpu", 1000), ("%", 100)])


@given(st.decimals(0, 1000, places=3), UNITS)
def test_cpus_are_exact(number, unit):
    name, in_a_cpu = unit
    thousandths = Fraction(number) * WHOLE / in_a_cpu
    if thousandths.denominator == 1:
        assert parse_quantity(CPUS, str(number), name) == thousandths
    else:
        assert part_at_fault(CPUS, str(number), name) == "precision"


@given(st.integers(0, MOST_CPUS * WHOLE))
def test_a_decimal_reads_as_what_it_was_written_of(thousandths):
    assert re.fullmatch(DECIMAL_PATTERN, decimal(thousandths))
    assert parse_quantity(CPUS, decimal(thousandths)) == thousandths


@given(st.text("0123456789.", max_size=7))
def test_patterns_and_reader_agree(text):
    for quantity, pattern in ((PERCENT, PERCENTAGE_PATTERN), (WEIGHT, SHARE_PATTERN)):
        if re.fullmatch(pattern, text):
            assert 0 <= parse_quantity(quantity, text) <= max(100 * WHOLE, LARGEST_SHARE)
        else:
            assert part_at_fault(quantity, text) in {"value", "range"}


@pytest.mark.parametrize(
    ("quantity", "amount", "text"),
    [
        (CPUS, 1000, "1 CPU"),
        (CPUS, 2500, "2.5 CPUs"),
        (CPUS, 1, "0.001 CPUs"),
        (CPUS, UNLIMITED, "unlimited"),
        (PERCENT, 12_500, "12.5 %"),
        (WEIGHT, 200, "200"),
        (RATE, 100 * 1024**2, "100 MiB/s"),
        (RATE, 1500, "1500 bytes/s"),
        (OPERATIONS, 500, "500 per second"),
        (Quantity.SIZE, 1024, "1 KiB"),
    ],
)
def test_an_amount_is_told_as_a_person_writes_it(quantity, amount, text):
    assert format_quantity(quantity, amount) == text


def test_units_stand_beside_some():
    assert {each for each in Quantity if has_unit(each)} == {Quantity.SIZE, CPUS, RATE}
