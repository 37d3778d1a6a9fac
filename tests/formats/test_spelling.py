import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.formats.spelling import Spelling, settled, spell, spell_in
from xmlresource.strategies import amounts
from xmlresource.units import KIB, LARGEST, UNLIMITED, parse_size


@given(amounts())
def test_the_shortest_spelling_is_exact(amount):
    assert spell(amount).amount == amount


@given(amounts(), st.sampled_from(["b", "KiB", "K", None, "GiB", "GB", "KB", "EB", "gigs", ""]))
def test_a_spelling_in_a_unit_is_exact_or_none(amount, unit):
    spelling = spell_in(amount, unit)
    if spelling is not None:
        assert spelling.unit == unit
        assert spelling.amount == amount


@given(st.integers(1, 9_000_000), st.sampled_from(["MB", "GB", "TB"]))
def test_a_size_written_in_thousands_stays_in_thousands(number, unit):
    assert spell_in(parse_size(str(number), unit), unit) == Spelling(str(number), unit)


def test_no_unit_is_always_exact():
    assert spell_in(UNLIMITED, None) == Spelling("9007199254740991", None)


def test_zero_is_spelt_in_kib():
    assert spell(0) == Spelling("0", "KiB")


@pytest.mark.parametrize(
    ("amount", "guarantee", "held"),
    [(1, False, KIB), (0, False, 0), (0, True, None), (UNLIMITED, False, UNLIMITED)],
)
def test_what_a_document_can_hold(amount, guarantee, held):
    assert settled("x", amount, guarantee=guarantee) == held


@pytest.mark.parametrize(("amount", "guarantee"), [(LARGEST - 1, False), (UNLIMITED, True)])
def test_what_no_document_can_hold(amount, guarantee):
    with pytest.raises(ValueError, match="x "):
        settled("x", amount, guarantee=guarantee)
