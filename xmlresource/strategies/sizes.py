"""Sizes, and how they are spelt."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from xmlresource.formats.spelling import Spelling, spell, spell_in
from xmlresource.units import KIB, UNLIMITED, UNLIMITED_KIB, Amount

LEAST: Final = 64 * KIB * KIB
"""Less than this no guest runs in: the rules find that it can't be meant."""

_MOST_ROUND: Final = 512
_UNITS: Final = (
    *("b", "byte", "bytes", "K", "KiB", "KB", "M", "MiB", "MB", "G", "GiB", "GB"),
    *("T", "TiB", "TB", "P", "PiB", "PB", "E", "EiB", "EB"),
)


def sizes(least: int = LEAST, most: int = (UNLIMITED_KIB - 1) * KIB) -> SearchStrategy[int]:
    """Sizes in bytes that a document can hold: whole KiB, more often round than not."""
    any_size = _multiples(KIB, -(-least // KIB), most // KIB)
    round_sizes = [
        _multiples(unit, max(1, -(-least // unit)), min(_MOST_ROUND, most // unit))
        for unit in (KIB**2, KIB**3)
        if max(1, -(-least // unit)) <= min(_MOST_ROUND, most // unit)
    ]
    return st.one_of(*round_sizes, any_size)


def _multiples(unit: int, least: int, most: int) -> SearchStrategy[int]:
    return st.integers(least, most).map(lambda count: count * unit)


def amounts() -> SearchStrategy[Amount]:
    """Sizes, and ``UNLIMITED``."""
    return st.one_of(sizes(), st.just(UNLIMITED))


@st.composite
def spellings(draw: st.DrawFn, amount: Amount) -> Spelling:
    """A number and a unit that mean ``amount`` exactly, in any unit and case, with leading zeros.

    The unit is ``None`` where the attribute is to be left out.
    """
    unit = draw(st.one_of(st.none(), st.sampled_from(_UNITS)))
    spelling = spell_in(amount, unit) or spell(amount)
    if spelling.unit is not None and draw(st.booleans()):
        change = draw(st.sampled_from((str.upper, str.lower, str.swapcase)))
        spelling = Spelling(spelling.value, change(spelling.unit))
    zeros = draw(st.sampled_from(("", "", "", "0", "000")))
    return Spelling(zeros + spelling.value, spelling.unit)
