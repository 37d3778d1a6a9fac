"""The lexical spaces of XML Schema's datatypes: which strings spell a value of which type."""

from __future__ import annotations

import math
import re

from xmlresource.relaxng.xsd import regex

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Test: TypeAlias = Callable[[str], object]  # by whether it is true

# Beyond this many digits a number is too long for Python's int() in sensible time; XSD puts no
# bound on numbers, and no real bound is that long, so such a number is simply very large.
MAX_DIGITS = 4000

NCNAME = f"[{regex.NAME_START.removeprefix(':')}][{regex.NAME_CHAR.removeprefix(':')}]*"
_DECIMAL = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_YEAR = r"-?(?:[1-9][0-9]{4,8}|[0-9]{4})"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)"

LEXICAL = {
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

INTEGERS: dict[str, tuple[int | None, int | None]] = {
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

_FEBRUARY = "02"
_DAYS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def lexical_test(name: str) -> Test:
    """Return a test for the strings that spell a value of a datatype."""
    if name in INTEGERS:
        return _integer_test(*INTEGERS[name])
    if name == "base64Binary":
        return _is_base64
    form = LEXICAL.get(name)
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
        number = integer(text)
        return (low is None or number >= low) and (high is None or number <= high)

    return test


def integer(text: str) -> int | float:
    """Return an integer, or an infinity for one of thousands of digits."""
    if len(text) < MAX_DIGITS:
        return int(text)
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) < MAX_DIGITS:
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
    if match[2] == _FEBRUARY and year != "-" and not is_leap(int(year[-4:])):
        return day < _DAYS[month]
    return day <= _DAYS[month]


def is_leap(year: int) -> bool:
    """Tell whether a year has a 29th of February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
