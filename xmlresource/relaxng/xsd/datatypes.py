"""Datatypes: RELAX NG's own two, and XML Schema's with their facets.

A datatype is asked two things: does it accept a string, and which value does a string stand for
(so that ``<value type="integer">1</value>`` accepts ``01``). Blanks are collapsed before facets
are looked at, as XML Schema says (Part 2, 4.3.6) and libxml2 does not.

Left out: a datatype does not see the document around the value, so ``QName`` is checked for its
form only, and ``ID``/``IDREF`` for theirs.
"""

from __future__ import annotations

import math
import re

from xmlresource.relaxng.xsd import regex
from xmlresource.relaxng.xsd.blanks import BLANKS, collapse
from xmlresource.relaxng.xsd.lexical import INTEGERS, LEXICAL, MAX_DIGITS, integer, lexical_test

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import TypeAlias

    Params: TypeAlias = tuple[tuple[str, str], ...]
    Test: TypeAlias = Callable[[str], object]  # by whether it is true

XSD = "http://www.w3.org/2001/XMLSchema-datatypes"

_TO_SPACES = str.maketrans("\t\n\r", "   ")
_STRINGS = frozenset(("string", "normalizedString", "token"))
_TRIMMED_IN_LIBXML2 = frozenset(("normalizedString", "token", "language", "NMTOKEN", "Name",
                                 "NCName", "ID", "IDREF", "ENTITY"))  # fmt: skip
_LISTS = frozenset(("IDREFS", "ENTITIES", "NMTOKENS"))
_FLOATS = frozenset(("float", "double"))
_DATES = frozenset(("dateTime", "date", "time", "gYearMonth", "gYear", "gMonthDay", "gDay",
                    "gMonth"))  # fmt: skip
_BOUNDS = frozenset(("minInclusive", "maxInclusive", "minExclusive", "maxExclusive"))
_LENGTHS = frozenset(("length", "minLength", "maxLength"))
_DIGITS = frozenset(("totalDigits", "fractionDigits"))

_DATE_PARTS = (
    r"(?P<year>-?[0-9]{4,})?(?P<monthday>-{0,3}[0-9]{2}(?:-[0-9]{2})?)?(?:--)?"
    r"(?:T?(?P<time>[0-9:.]{8,}))?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?"
)


def exists(library: str, name: str) -> bool:
    """Tell whether there is such a datatype in the library of this URI."""
    if not library:  # §4.16: the built-in library
        return name in ("string", "token")
    return library == XSD and (
        name in LEXICAL or name in INTEGERS or name in _STRINGS or name == "base64Binary"
    )


def check_params(library: str, name: str, params: Params) -> None:
    """Check the facets of a datatype when a schema is loaded.

    Raises:
        ValueError: a facet that the datatype does not have, or with a bad value.
    """
    if params and not library:
        message = "the built-in datatypes have no parameters"
        raise ValueError(message)
    for facet, value in params:
        if facet == "pattern":
            regex.translate(value)
            continue
        if facet not in _facets_of(name):
            message = f"datatype '{name}' has no facet '{facet}'"
            raise ValueError(message)
        _check_facet_value(name, facet, value.strip(BLANKS))


def _facets_of(name: str) -> frozenset[str]:
    if name in INTEGERS or name == "decimal":
        return _BOUNDS | _DIGITS
    if name in _FLOATS or name in _DATES or name == "duration":
        return _BOUNDS
    return frozenset() if name == "boolean" else _LENGTHS


def _check_facet_value(name: str, facet: str, value: str) -> None:
    if facet in _LENGTHS or facet in _DIGITS:
        good = re.fullmatch("[0-9]{1,9}", value) is not None
    else:
        good = Datatype(XSD, name, ()).accepts(value)
    if not good:
        message = f"'{value[:40]}' is not a value of the facet '{facet}' of '{name}'"
        raise ValueError(message)


class Datatype:
    """A datatype with its facets. The test is built when the first value is looked at."""

    __slots__ = ("_test", "library", "name", "params")

    def __init__(self, library: str, name: str, params: Params) -> None:
        self.library = library
        self.name = name
        self.params = params
        self._test: Test | None = None

    def accepts(self, text: str) -> bool:
        """Tell whether the text is a value of the datatype."""
        test = self._test
        if test is None:
            test = self._test = self._build()
        return bool(test(self.normalize(text)))

    def accepts_in_libxml2(self, text: str) -> bool:
        """Tell whether libxml2 takes an accepted text too.

        It looks at the ``pattern`` of most types before it has collapsed blanks (2.9.14, measured).
        """
        if self.name in _TRIMMED_IN_LIBXML2 or self.normalize(text) == text:
            return True
        patterns = [value for facet, value in self.params if facet == "pattern"]
        return all(regex.matcher(pattern)(text) for pattern in patterns)

    def normalize(self, text: str) -> str:
        """Return the text with its blanks as the datatype sees them."""
        if self.name == "string":
            return text
        if self.name == "normalizedString":
            return text.translate(_TO_SPACES)
        return collapse(text)

    def value(self, text: str) -> Hashable:
        """Return the value that an accepted text stands for, to be compared by ``==``."""
        return _value_of(self.name, self.normalize(text))

    def _build(self) -> Test:
        tests = [] if self.name in _STRINGS else [lexical_test(self.name)]
        tests += [regex.matcher(value) for facet, value in self.params if facet == "pattern"]
        others = [(f, v.strip(BLANKS)) for f, v in self.params if f != "pattern"]
        tests += [_facet_test(self.name, facet, value) for facet, value in others]
        if len(tests) <= 1:
            return tests[0] if tests else lambda _: True
        return lambda text: all(test(text) for test in tests)


def _facet_test(name: str, facet: str, value: str) -> Test:
    if facet in _BOUNDS:
        return _bound_test(name, facet, value)
    if facet in _DIGITS:
        return _digits_test(facet, int(value))
    measure = _measure(name)
    limit = int(value)
    if facet == "minLength":
        return lambda text: measure(text) >= limit
    if facet == "maxLength":
        return lambda text: measure(text) <= limit
    return lambda text: measure(text) == limit


def _measure(name: str) -> Callable[[str], int]:
    if name in _LISTS:
        return lambda text: len(text.split())
    if name == "hexBinary":
        return lambda text: len(text) // 2
    if name == "base64Binary":
        return lambda text: len(text.replace(" ", "").rstrip("=")) * 3 // 4
    return len


def _bound_test(name: str, facet: str, value: str) -> Test:
    if name == "duration":
        from xmlresource.relaxng.xsd.durations import bound_test  # noqa: PLC0415  # seldom needed

        return bound_test(facet, value)
    bound = _order_key(name, value)
    order: Callable[[str], float] = lambda text: _order_key(name, text)  # noqa: E731  # 4 uses
    if facet == "minInclusive":
        return lambda text: order(text) >= bound
    if facet == "maxInclusive":
        return lambda text: order(text) <= bound
    if facet == "minExclusive":
        return lambda text: order(text) > bound
    return lambda text: order(text) < bound


def _digits_test(facet: str, limit: int) -> Test:
    def test(text: str) -> bool:
        whole, _, fraction = text.lstrip("+-").partition(".")
        fraction = fraction.rstrip("0")
        digits = len(fraction) if facet == "fractionDigits" else len(whole.lstrip("0") + fraction)
        return digits <= limit

    return test


def _order_key(name: str, text: str) -> float:
    """Return a number in the order of the datatype's values."""
    if name in INTEGERS:
        return integer(text)
    if name in _FLOATS:
        return float(text)
    if name in _DATES:
        return _instant(text)
    return _decimal(text)


def _decimal(text: str) -> float:
    from fractions import Fraction  # noqa: PLC0415  # slow to import, and rarely needed

    if len(text) > MAX_DIGITS:
        return float(text[:300]) if "." in text[:300] else integer(text.partition(".")[0])
    # A Fraction is compared with numbers exactly; typeshed's float stands for any real number.
    return Fraction(text.rstrip(".") if not text.endswith(("+.", "-.")) else "0")  # type: ignore[return-value]


def _instant(text: str) -> float:
    """Return the seconds of a date or time since the year 0, taking no zone for UTC."""
    match = re.fullmatch(_DATE_PARTS, text)
    if match is None:
        return math.nan
    year = int(match["year"] or 0)
    month_day = [int(part) for part in re.findall("[0-9]{2}", match["monthday"] or "")]
    only_day = (match["monthday"] or "").startswith("---")
    month = 1 if only_day or not month_day else month_day[0]
    day = month_day[-1] if only_day or len(month_day) > 1 else 1
    hours, minutes, seconds = (float(part) for part in (match["time"] or "0:0:0").split(":"))
    zone = match["zone"] or "Z"
    shift = 0 if zone == "Z" else int(zone[0] + "1") * (int(zone[1:3]) * 60 + int(zone[4:6]))
    return _days(year, month, day) * 86400 + hours * 3600 + (minutes - shift) * 60 + seconds


def _days(year: int, month: int, day: int) -> int:
    """Return the days since 1 March of the year 0, in the Gregorian calendar without end."""
    year -= (14 - month) // 12  # January and February end the year before
    century, years = divmod(year, 400)
    in_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return century * 146_097 + years * 365 + years // 4 - years // 100 + in_year


def _value_of(name: str, text: str) -> Hashable:
    if name in INTEGERS:
        number = integer(text)
        return number if math.isfinite(number) else text
    make = _VALUES.get(name)
    return text if make is None else make(text)


def _duration(text: str) -> Hashable:
    from xmlresource.relaxng.xsd.durations import value_of  # noqa: PLC0415  # as in _bound_test

    return value_of(text)


_VALUES: dict[str, Callable[[str], Hashable]] = {
    "decimal": _decimal,
    "float": lambda text: text if text == "NaN" else float(text),
    "double": lambda text: text if text == "NaN" else float(text),
    "boolean": lambda text: text in ("true", "1"),
    "hexBinary": str.upper,
    "base64Binary": lambda text: text.replace(" ", ""),
    "duration": _duration,
}
