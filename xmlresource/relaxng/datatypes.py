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

from xmlresource.relaxng import regex

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import TypeAlias

    Params: TypeAlias = tuple[tuple[str, str], ...]
    Test: TypeAlias = Callable[[str], object]  # by whether it is true

XSD = "http://www.w3.org/2001/XMLSchema-datatypes"
BLANKS = " \t\n\r"

# Beyond this many digits a number is too long for Python's int() in sensible time; XSD puts no
# bound on numbers, and no real bound is that long, so such a number is simply very large.
_MAX_DIGITS = 4000

_BLANK_RUN = re.compile(f"[{BLANKS}]+")
_TO_SPACES = str.maketrans("\t\n\r", "   ")

NCNAME = f"[{regex.NAME_START.removeprefix(':')}][{regex.NAME_CHAR.removeprefix(':')}]*"
_DECIMAL = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_YEAR = r"-?(?:[1-9][0-9]{4,8}|[0-9]{4})"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)"

_LEXICAL = {
    "NCName": NCNAME,
    "ID": NCNAME,
    "IDREF": NCNAME,
    "ENTITY": NCNAME,
    "IDREFS": f"{NCNAME}(?: {NCNAME})*",
    "ENTITIES": f"{NCNAME}(?: {NCNAME})*",
    "QName": f"(?:{NCNAME}:)?{NCNAME}",
    "NOTATION": f"(?:{NCNAME}:)?{NCNAME}",
    "Name": f"[{regex.NAME_START}][{regex.NAME_CHAR}]*",
    "NMTOKEN": f"[{regex.NAME_CHAR}]+",
    "NMTOKENS": f"[{regex.NAME_CHAR}]+(?: [{regex.NAME_CHAR}]+)*",
    "language": "[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*",
    "boolean": "true|false|0|1",
    "decimal": _DECIMAL,
    "float": f"{_DECIMAL}(?:[eE][+-]?[0-9]+)?|-?INF|NaN",
    "double": f"{_DECIMAL}(?:[eE][+-]?[0-9]+)?|-?INF|NaN",
    "hexBinary": "(?:[0-9a-fA-F]{2})*",
    "anyURI": "(?:[^%]|%[0-9a-fA-F]{2})*",
    "dateTime": f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}",
    "date": f"{_YEAR}-{_MONTH}-{_DAY}{_ZONE}",
    "time": f"{_TIME}{_ZONE}",
    "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}",
    "gYear": f"{_YEAR}{_ZONE}",
    "gMonthDay": f"--{_MONTH}-{_DAY}{_ZONE}",
    "gDay": f"---{_DAY}{_ZONE}",
    "gMonth": f"--{_MONTH}(?:--)?{_ZONE}",
    "duration": r"-?P(?=.)(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
    r"(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?",
}

# Every ASCII character that is a name character, and the names made of those only.
_ASCII_NCNAME = "[A-Za-z_][A-Za-z0-9_.-]*"
_ASCII_NAMES = {
    **dict.fromkeys(("NCName", "ID", "IDREF", "ENTITY"), _ASCII_NCNAME),
    **dict.fromkeys(("IDREFS", "ENTITIES"), f"{_ASCII_NCNAME}(?: {_ASCII_NCNAME})*"),
    **dict.fromkeys(("QName", "NOTATION"), f"(?:{_ASCII_NCNAME}:)?{_ASCII_NCNAME}"),
    "Name": "[A-Za-z_:][A-Za-z0-9_.:-]*",
    "NMTOKEN": "[A-Za-z0-9_.:-]+",
    "NMTOKENS": "[A-Za-z0-9_.:-]+(?: [A-Za-z0-9_.:-]+)*",
}
_NAMES = _ASCII_NAMES.keys()

_INTEGERS: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "positiveInteger": (1, None),
    "nonNegativeInteger": (0, None),
    "negativeInteger": (None, -1),
    "nonPositiveInteger": (None, 0),
    **{name: (-(1 << bits - 1), (1 << bits - 1) - 1)
       for name, bits in (("long", 64), ("int", 32), ("short", 16), ("byte", 8))},
    **{name: (0, (1 << bits) - 1)
       for name, bits in (("unsignedLong", 64), ("unsignedInt", 32), ("unsignedShort", 16),
                          ("unsignedByte", 8))},
}  # fmt: skip

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

_FEBRUARY = "02"
_DAYS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DATE_PARTS = (
    r"(?P<year>-?[0-9]{4,})?(?P<monthday>-{0,3}[0-9]{2}(?:-[0-9]{2})?)?(?:--)?"
    r"(?:T?(?P<time>[0-9:.]{8,}))?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?"
)


def collapse(text: str) -> str:
    """Return the text without blanks around it and with single spaces inside."""
    if text.isascii():  # the other blanks that split() knows in ASCII are not allowed in XML
        return " ".join(text.split())
    return _BLANK_RUN.sub(" ", text).strip(" ")


def is_blank(text: str) -> bool:
    """Tell whether the text has nothing but the blanks of XML (a no-break space is none)."""
    return not text.strip(BLANKS)


def has_blanks_around(text: str) -> bool:
    """Tell whether the text begins or ends with a blank."""
    return text[:1] in BLANKS or text[-1:] in BLANKS if text else False


def exists(library: str, name: str) -> bool:
    """Tell whether there is such a datatype in the library of this URI."""
    if not library:  # §4.16: the built-in library
        return name in ("string", "token")
    return library == XSD and (
        name in _LEXICAL or name in _INTEGERS or name in _STRINGS or name == "base64Binary"
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
    if name in _INTEGERS or name == "decimal":
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
        tests = [] if self.name in _STRINGS else [_lexical_test(self.name)]
        tests += [regex.matcher(value) for facet, value in self.params if facet == "pattern"]
        others = [(f, v.strip(BLANKS)) for f, v in self.params if f != "pattern"]
        tests += [_facet_test(self.name, facet, value) for facet, value in others]
        if len(tests) <= 1:
            return tests[0] if tests else lambda _: True
        return lambda text: all(test(text) for test in tests)


def _lexical_test(name: str) -> Test:
    if name in _INTEGERS:
        return _integer_test(*_INTEGERS[name])
    if name == "base64Binary":
        return _is_base64
    form = _LEXICAL.get(name)
    if form is None:
        return lambda _: True
    if name in _NAMES:
        return _name_test(form, _ASCII_NAMES[name])
    match = re.compile(form).fullmatch
    if name in ("dateTime", "date", "gMonthDay"):
        return lambda text: match(text) is not None and _is_day(text)
    return match


def _name_test(form: str, ascii_form: str) -> Test:
    """Return a test for names that need not compile the large expression for ASCII names."""
    match_ascii = re.compile(ascii_form).fullmatch

    def test(text: str) -> bool:
        if text.isascii():
            return match_ascii(text) is not None
        return re.fullmatch(form, text) is not None  # compiled once: re has a cache

    return test


def _integer_test(low: int | None, high: int | None) -> Test:
    match = re.compile(r"[+-]?[0-9]+").fullmatch
    if low is None and high is None:
        return match

    def test(text: str) -> bool:
        if not match(text):
            return False
        number = _integer(text)
        return (low is None or number >= low) and (high is None or number <= high)

    return test


def _integer(text: str) -> int | float:
    """Return an integer, or an infinity for one of thousands of digits."""
    if len(text) < _MAX_DIGITS:
        return int(text)
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) < _MAX_DIGITS:
        number = int(digits or "0")
        return -number if text[0] == "-" else number
    return -math.inf if text[0] == "-" else math.inf


def _is_base64(text: str) -> bool:
    import base64  # noqa: PLC0415  # rarely needed, and every start would pay for it

    compact = text.replace(" ", "")
    try:
        return compact.isascii() and base64.b64encode(base64.b64decode(compact)) == compact.encode()
    except ValueError:
        return False


def _is_day(text: str) -> bool:
    """Tell whether the day of a well-formed date exists in its month."""
    match = re.match(r"(-?[0-9]{4,}|-)-([0-9]{2})-([0-9]{2})", text)
    if match is None or match[1] == "0000":  # there is no year 0 in XSD 1.0
        return False
    year, month, day = match[1], int(match[2]), int(match[3])
    if match[2] == _FEBRUARY and year != "-" and not _is_leap(int(year[-4:])):
        return day < _DAYS[month]
    return day <= _DAYS[month]


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


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
        from xmlresource.relaxng.durations import bound_test  # noqa: PLC0415  # seldom needed

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
    if name in _INTEGERS:
        return _integer(text)
    if name in _FLOATS:
        return float(text)
    if name in _DATES:
        return _instant(text)
    return _decimal(text)


def _decimal(text: str) -> float:
    from fractions import Fraction  # noqa: PLC0415  # slow to import, and rarely needed

    if len(text) > _MAX_DIGITS:
        return float(text[:300]) if "." in text[:300] else _integer(text.partition(".")[0])
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
    if name in _INTEGERS:
        number = _integer(text)
        return number if math.isfinite(number) else text
    make = _VALUES.get(name)
    return text if make is None else make(text)


def _duration(text: str) -> Hashable:
    from xmlresource.relaxng.durations import value_of  # noqa: PLC0415  # as in _bound_test

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
