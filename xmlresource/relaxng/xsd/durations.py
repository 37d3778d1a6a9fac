"""The order of durations (XML Schema Part 2, 3.2.6.2): a partial one.

A month has 28 to 31 days, so that of ``P1M`` and ``P30D`` neither is less. One duration is less
than another if it is so when added to each of four moments, which the specification names.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

#: Year and month of the four moments: each is the beginning of its month.
_MOMENTS = ((1696, 9), (1697, 2), (1903, 3), (1903, 7))
_FIELDS = re.compile(
    r"(-?)P(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?"
    r"(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?)?"
)
_MONTHS = 12
_DAY = 86_400
# Python does not read longer numbers, and no month of so distant a year is anyone's concern.
_MAX_LENGTH = 4000


def value_of(text: str) -> Hashable:
    """Return the value of a duration: years, months, days, hours, minutes and seconds (3.2.6)."""
    match = _FIELDS.fullmatch(text)
    if match is None or len(text) > _MAX_LENGTH:
        return text
    sign = -1 if match[1] else 1
    return tuple(sign * Fraction(field or 0) for field in match.groups()[1:])


def bound_test(facet: str, bound: str) -> Callable[[str], bool]:
    """Return the test of a bound; a duration that is neither less nor more does not pass it."""
    limit = _instants(bound)
    upper = facet.startswith("max")
    inclusive = facet.endswith("Inclusive")

    def test(text: str) -> bool:
        found = _instants(text)
        if found == limit:
            return inclusive
        pairs = zip(found, limit, strict=True)
        return all(one < other if upper else one > other for one, other in pairs)

    return test


def _instants(text: str) -> list[Fraction]:
    """Return the four moments when the duration has passed, in seconds."""
    months, seconds = _parse(text)
    return [_days(year, month - 1 + months) * _DAY + seconds for year, month in _MOMENTS]


def _parse(text: str) -> tuple[int, Fraction]:
    """Return months and seconds of a duration; of one of thousands of digits, very many."""
    sign = -1 if text.startswith("-") else 1
    match = _FIELDS.fullmatch(text)
    if match is None or len(text) > _MAX_LENGTH:
        return 0, Fraction(sign * 10**_MAX_LENGTH)
    years, months, days, hours, minutes = (int(field or 0) for field in match.groups()[1:6])
    seconds = Fraction(match[7] or 0) + 60 * (minutes + 60 * hours) + _DAY * days
    return sign * (_MONTHS * years + months), sign * seconds


def _days(year: int, months: int) -> int:
    """Return the number of the day on which so many months of a year have passed."""
    year += months // _MONTHS
    month = months % _MONTHS + 1
    year -= month <= 2  # noqa: PLR2004  # January and February end the year before
    century, years = divmod(year, 400)
    in_year = (153 * ((month + 9) % _MONTHS) + 2) // 5
    return century * 146_097 + years * 365 + years // 4 - years // 100 + in_year
