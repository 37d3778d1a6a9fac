import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xmlresource.units import (
    KIB,
    LARGEST,
    UNLIMITED,
    UNLIMITED_KIB,
    SizeError,
    approximate,
    format_amount,
    parse_size,
    parse_written_size,
    split_size,
    unit_factor,
)

# libvirt's virScaleInteger in words of its own: a table instead of an expression.
FACTORS = {"b": 1, "byte": 1, "bytes": 1}
for _power, _letter in enumerate("kmgtpe", start=1):
    FACTORS |= {
        _letter: 1024**_power,
        f"{_letter}ib": 1024**_power,
        f"{_letter}b": 1000**_power,
    }

sizes = st.integers(0, UNLIMITED_KIB - 1).map(lambda kib: kib * KIB)
amounts = st.one_of(sizes, st.just(UNLIMITED))


@st.composite
def spelt_units(draw):
    unit = draw(st.sampled_from(sorted(FACTORS)))
    return "".join(draw(st.sampled_from((letter, letter.upper()))) for letter in unit)


@given(spelt_units())
def test_units_are_libvirts_in_any_case(unit):
    assert unit_factor(unit) == FACTORS[unit.lower()]


def test_no_unit_is_kib():
    assert unit_factor(None) == KIB


@given(st.integers(0, 2**70), st.one_of(st.none(), spelt_units()))
@example(UNLIMITED_KIB, None)
@example(UNLIMITED_KIB + 1, None)
@example(LARGEST, "b")
@example(LARGEST + 1, "b")
@example(LARGEST - 1, "b")
@example(8, "EiB")
@example(9223372036854, "MB")
def test_a_size_is_rounded_up_to_a_kib_or_overflows(value, unit):
    size = value * (FACTORS[unit.lower()] if unit else KIB)
    if size > LARGEST:
        with pytest.raises(SizeError) as caught:
            parse_size(str(value), unit)
        assert caught.value.part == "size"
        return
    amount = parse_size(str(value), unit)
    expected = (size + KIB - 1) // KIB * KIB
    assert amount == (UNLIMITED if expected == LARGEST else expected)


@given(amounts)
def test_parsing_undoes_formatting(amount):
    assert parse_written_size(format_amount(amount)) == amount


@given(sizes)
def test_a_split_size_is_exact_and_shortest(size):
    number, unit = split_size(size)
    assert parse_size(str(number), unit) == size
    shorter = [
        other
        for other in ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
        if size and not size % unit_factor(other) and size // unit_factor(other) < number
    ]
    assert shorter == []


@given(st.text(max_size=12))
def test_formatting_undoes_parsing(text):
    try:
        amount = parse_written_size(text)
    except SizeError:
        return
    assert parse_written_size(format_amount(amount)) == amount


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("4GiB", 4 * KIB**3),
        ("4 GiB", 4 * KIB**3),
        (" 4194304 ", 4 * KIB**3),
        ("010", 10 * KIB),
        ("1b", KIB),
        ("0", 0),
        ("unlimited", UNLIMITED),
        ("Unlimited", UNLIMITED),
        ("9007199254740991", UNLIMITED),
        ("9223372036854774784 bytes", UNLIMITED),
        ("9223372036854774783b", UNLIMITED),
        ("0" * 100_000 + "7", 7 * KIB),
    ],
)
def test_sizes_as_people_write_them(written, amount):
    assert parse_written_size(written) == amount


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "no number is given"),
        (" \n", "no number is given"),
        ("0x10", "is not a whole number"),
        ("1.5", "is not a whole number"),
        ("1e3", "is not a whole number"),
        ("١٢", "is not a whole number"),
        ("\xa05", "is not a whole number"),
        ("-1", "is negative"),
        (" -1", "is negative"),
        ("+5", "has a sign"),
        ("5 ", "blanks around"),
        ("5\n", "blanks around"),
        (" 5", "blanks around"),
        ("4GiB", "has its unit beside the number"),
        ("4 gib", "has its unit beside the number"),
        ("x" * 100, "is not a whole number"),
    ],
)
def test_refused_numbers_say_what_is_wrong_and_how_to_mend_it(value, problem):
    with pytest.raises(SizeError, match=problem) as caught:
        parse_size(value)
    assert caught.value.part == "value"
    assert caught.value.cure
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("unit", "cure"),
    [
        ("GiB ", "'GiB'"),
        ("\tKiB", "'KiB'"),
        ("", "name a unit"),
        (" ", "name a unit"),
        ("gigs", "units are"),
        ("iB", "units are"),
        ("bits", "units are"),
        ("KiBs", "units are"),
    ],
)
def test_refused_units_say_how_to_mend_them(unit, cure):
    with pytest.raises(SizeError, match="unknown unit") as caught:
        parse_size("1", unit)
    assert caught.value.part == "unit"
    assert cure in caught.value.cure


def test_a_written_size_that_is_none():
    with pytest.raises(SizeError, match="is not a whole number"):
        parse_written_size("much")
    with pytest.raises(SizeError, match="unknown unit"):
        parse_written_size("4 gigs")


def test_a_megabyte_of_digits_is_quickly_refused():
    with pytest.raises(SizeError, match="more than libvirt can hold"):
        parse_size("9" * 1_000_000)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (4 * KIB**3, "4 GiB"),
        (KIB**3 + 1, "1 GiB"),
        (3 * KIB**3 // 2, "1.5 GiB"),
        (-(3 * KIB**3 // 2), "-1.5 GiB"),
        (25136 * KIB**2, "24.55 GiB"),
        (2**80, "1048576 EiB"),
    ],
)
def test_approximate_sizes(size, text):
    assert approximate(size) == text


def test_unlimited_is_itself_in_words():
    assert (str(UNLIMITED), repr(UNLIMITED)) == ("unlimited", "UNLIMITED")
