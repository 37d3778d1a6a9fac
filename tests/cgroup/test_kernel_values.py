import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cgroup.strategies import CALM, amounts
from xmlresource.cgroup.hierarchy import Version
from xmlresource.cgroup.kernel_values import (
    entry_of,
    format_value,
    from_number,
    magnitude,
    parse_value,
    rounded,
    swap_alone,
    unlimited_number,
)
from xmlresource.tunables import Kind
from xmlresource.units import UNLIMITED

PAGE = 4096


def test_unlimited_number():
    assert unlimited_number(PAGE) == 9223372036854771712
    assert unlimited_number(65536) == 9223372036854710272


@pytest.mark.parametrize(
    ("number", "amount"),
    [
        (8192000, 8192000),
        (0, 0),
        (9223372036854771712, UNLIMITED),
        (9223372036854775807, UNLIMITED),
        (2**64, UNLIMITED),
        (-1, UNLIMITED),
    ],
)
def test_from_number(number, amount):
    assert from_number(number, PAGE) == amount


def test_other_negative_numbers_fail():
    with pytest.raises(ValueError, match="-10"):
        from_number(-10, PAGE)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("max\n", UNLIMITED), ("4096\n", 4096), ("9223372036854771712\n", UNLIMITED)],
)
def test_parse_value(text, amount):
    assert parse_value(text, PAGE) == amount


def test_a_file_of_something_else():
    with pytest.raises(ValueError, match="invalid literal"):
        parse_value("some avg10=0.00\n", PAGE)


@pytest.mark.parametrize("version", Version)
@settings(CALM)
@given(amount=amounts)
def test_what_is_written_means_the_same_when_read(version, amount):
    value = rounded(amount, Kind.LIMIT, PAGE)
    assert parse_value(format_value(value, version), PAGE) == value


def test_words_for_no_limit():
    assert format_value(UNLIMITED, Version.V1) == "-1"
    assert format_value(UNLIMITED, Version.V2) == "max"


@pytest.mark.parametrize(
    ("amount", "limit", "guarantee"),
    [
        (0, 0, 0),
        (1, 0, 4096),
        (4096, 4096, 4096),
        (4097, 4096, 8192),
        (8191, 4096, 8192),
        (UNLIMITED, UNLIMITED, UNLIMITED),
        (9223372036854774784, UNLIMITED, UNLIMITED),
        (9223372036854771711, 9223372036854767616, UNLIMITED),
    ],
)
def test_rounding(amount, limit, guarantee):
    assert rounded(amount, Kind.LIMIT, PAGE) == limit
    assert rounded(amount, Kind.GUARANTEE, PAGE) == guarantee


@pytest.mark.parametrize(
    ("total", "memory", "swap"),
    [
        (0, 0, 0),
        (1000, 1000, 0),
        (500, 200, 300),
        (UNLIMITED, 0, UNLIMITED),
        (UNLIMITED, 1000, UNLIMITED),
        (UNLIMITED, UNLIMITED, UNLIMITED),
        (UNLIMITED, None, UNLIMITED),
    ],
)
def test_swap_alone(total, memory, swap):
    assert swap_alone(total, memory) == swap


@pytest.mark.parametrize(
    ("total", "memory", "problem"),
    [(500, 501, "less than the memory"), (500, UNLIMITED, "less than"), (500, None, "needed")],
)
def test_no_swap_alone(total, memory, problem):
    with pytest.raises(ValueError, match=problem):
        swap_alone(total, memory)


@pytest.mark.parametrize(
    ("text", "entry", "word"),
    [
        ("4096\n", "", "4096\n"),
        ("max 100000\n", "", "max"),
        ("", "", ""),
        ("8:0 rbps=5 wbps=max\n254:0 rbps=7 wbps=9\n", "254:0 wbps", "9"),
        ("8:0 rbps=5 wbps=max\n", "8:0 wbps", "max"),
        ("8:0 rbps=5\n", "8:0 riops", "max"),
        ("8:0 rbps=5\n", "8:16 rbps", "max"),
        ("8:0 200\n", "8:0", "200"),
        ("8:0 200\n", "8:1", "max"),
        ("default 100\n8:0 200\n", "8:0", "200"),
        ("default 100\n8:0 200\n", "8:1", "100"),
        ("default 100\n", "default", "100"),
        ("", "8:0", "max"),
    ],
)
def test_one_value_of_a_file_of_many(text, entry, word):
    assert entry_of(text, entry) == word


@settings(CALM)
@given(st.integers(2**52, 2**63))
def test_magnitude_compares_exactly(size):
    assert magnitude(size) < magnitude(size + 1) < magnitude(UNLIMITED)
