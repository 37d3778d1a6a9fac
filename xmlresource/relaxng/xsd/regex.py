r"""Regular expressions of XML Schema, translated to Python's `re`.

XSD's dialect (XML Schema Part 2, appendix F) is always anchored, knows ``\i \c \p{..}``, named
blocks and the subtraction of classes, and takes ``^ $`` literally. It has no groups that capture,
no lookaround and no lazy quantifiers, so that every expression has an equivalent here.
"""

from __future__ import annotations

import functools
import re
import sys

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

# XML 1.0 (fifth edition), productions 4 and 4a, as the inside of a Python character class.
NAME_START = (
    r":A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    r"\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
NAME_CHAR = NAME_START + r"\-.0-9\xb7\u0300-\u036f\u203f\u2040"

_SINGLE = {"n": r"\n", "r": r"\r", "t": r"\t"}
_ESCAPABLE = frozenset("\\|.-^?*+{}()[]")
_SPACE = r" \t\n\r"
_QUANTITY = r"\{([0-9]+)(?:(,)([0-9]*))?\}"
_PROPERTY = r"\{(?:Is([A-Za-z0-9\-]+)|([LMNPZSC][a-z]?))\}"


class RegexError(ValueError):
    """An expression that is not one of XML Schema's."""


def translate(expression: str) -> str:
    """Return the Python pattern for an XSD expression, to be used with ``fullmatch``.

    Raises:
        RegexError: the expression is malformed.
    """
    return _Translator(expression).translate()


@functools.cache  # a schema has the same few in many places
def matcher(expression: str) -> Callable[[str], object]:
    """Return a function that is true of the strings which an XSD expression matches.

    Raises:
        RegexError: the expression is malformed.
    """
    try:
        return re.compile(translate(expression)).fullmatch
    except (re.error, OverflowError, RecursionError) as error:
        message = f"bad regular expression '{expression[:60]}': {error}"
        raise RegexError(message) from error


class _Translator:
    """A recursive descent over one expression."""

    def __init__(self, expression: str) -> None:
        self._text = expression
        self._at = 0

    def translate(self) -> str:
        out = self._alternatives()
        if self._at < len(self._text):
            self._fail("unmatched )")
        return out

    def _fail(self, reason: str) -> NoReturn:
        message = f"bad regular expression '{self._text[:60]}': {reason} at {self._at + 1}"
        raise RegexError(message)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        if not char:
            self._fail("unexpected end")
        self._at += 1
        return char

    def _alternatives(self) -> str:
        out = [self._branch()]
        while self._peek() == "|":
            self._at += 1
            out.append(self._branch())
        return "|".join(out)

    def _branch(self) -> str:
        out = []
        while self._peek() not in ("", "|", ")"):
            out.append(self._atom() + self._quantifier())
        return "".join(out)

    def _quantifier(self) -> str:
        char = self._peek()
        if char and char in "?*+":
            self._at += 1
            return char
        if char != "{":
            return ""
        match = re.match(_QUANTITY, self._text[self._at :])
        if match is None:
            self._fail("bad quantity")
        low, comma, high = match.groups()
        if comma and high and int(high) < int(low):
            self._fail("bad quantity")
        self._at += match.end()
        return match.group()

    def _atom(self) -> str:
        char = self._next()
        if char == "(":
            inner = self._alternatives()
            if self._next() != ")":
                self._fail("unmatched (")
            return f"(?:{inner})"
        if char == "[":
            return self._class()
        if char == ".":
            return r"[^\n\r]"
        if char == "\\":
            return self._escape()
        if char in "?*+{}])":
            self._fail(f"misplaced {char}")
        return re.escape(char)

    def _escape(self) -> str:
        inside, negated = self._escaped_set()
        return f"[^{inside}]" if negated else f"[{inside}]"

    def _escaped_set(self) -> tuple[str, bool]:
        """Read what follows a backslash: the inside of a class, and whether it is negated."""
        char = self._next()
        if char in _SINGLE:
            return _SINGLE[char], False
        if char in _ESCAPABLE:
            return re.escape(char), False
        if char in "pP":
            return self._property(), char == "P"
        sets = {"s": _SPACE, "i": NAME_START, "c": NAME_CHAR, "d": r"\d"}
        if char.lower() in sets:
            return sets[char.lower()], char.isupper()
        if char not in "wW":
            self._fail(f"unknown escape \\{char}")
        # "all characters except punctuation, separators and others"
        return _categories("PZC"), char == "w"

    def _property(self) -> str:
        match = re.match(_PROPERTY, self._text[self._at :])
        if match is None:
            self._fail("bad property")
        self._at += match.end()
        block, category = match.groups()
        if category:
            return _categories(category)
        from xmlresource.relaxng.xsd.unicode_blocks import ranges_of  # noqa: PLC0415  # seldom needed

        ranges = ranges_of(block)
        if not ranges:
            self._fail(f"unknown block {block}")
        return "".join(f"{_code(low)}-{_code(high)}" for low, high in ranges)

    def _class(self) -> str:
        """Read a class after its bracket, as an expression that takes one character."""
        negated = self._peek() == "^"
        self._at += negated
        parts: list[str] = []
        alternatives: list[str] = []
        subtracted = ""
        first = True
        while (char := self._next()) != "]" or first:
            if char == "-" and self._peek() == "[" and not first:
                self._at += 1
                subtracted = self._class()
                if self._next() != "]":
                    self._fail("a subtraction must end the class")
                break
            self._class_item(char, parts, alternatives)
            first = False
        return _class_expression(parts, alternatives, subtracted, negated=negated)

    def _class_item(self, char: str, parts: list[str], alternatives: list[str]) -> None:
        if char == "\\":
            single = self._peek() in _SINGLE or self._peek() in _ESCAPABLE
            inside, negated = self._escaped_set()
            if not single:
                if negated:
                    alternatives.append(f"[^{inside}]")
                else:
                    parts.append(inside)
                return
            low = inside
        elif char == "[" or (char == "]" and not parts):
            self._fail(f"misplaced {char}")
        else:
            low = re.escape(char)
        parts.append(low + self._range_end(low))

    def _range_end(self, low: str) -> str:
        following = self._text[self._at + 1 : self._at + 2]
        if self._peek() != "-" or following in ("]", "[", ""):
            return ""
        self._at += 1
        high = self._next()
        if high == "\\":
            if self._peek() not in _SINGLE and self._peek() not in _ESCAPABLE:
                self._fail("a range needs a character")
            high = self._escaped_set()[0]
        else:
            high = re.escape(high)
        if _character(high) < _character(low):
            self._fail("a range runs backwards")
        return f"-{high}"


def _class_expression(
    parts: list[str], alternatives: list[str], subtracted: str, *, negated: bool
) -> str:
    """Return a class from what Python can have in one and what it cannot."""
    if parts and not alternatives:
        union = f"[{'^' if negated else ''}{''.join(parts)}]"
    else:
        items = [f"[{''.join(parts)}]", *alternatives] if parts else alternatives
        union = f"(?:{'|'.join(items)})"
        if negated:
            union = f"(?:(?!{union})[\\s\\S])"
    return f"(?:(?!{subtracted}){union})" if subtracted else union


def _character(escaped: str) -> str:
    """Return the character that an escape stands for."""
    return {r"\n": "\n", r"\r": "\r", r"\t": "\t"}.get(escaped, escaped[-1])


def _code(point: int) -> str:
    return f"\\U{point:08x}"


@functools.lru_cache(maxsize=64)
def _categories(wanted: str) -> str:
    """Return the characters of Unicode categories as the inside of a class.

    ``wanted`` is one category (``"Lu"``), or the letters of several groups (``"PZC"``). Python's
    `re` cannot name a category; the scan takes some 0.1 s and only schemas that name one pay it.
    """
    import unicodedata  # noqa: PLC0415  # as rarely needed as the scan

    whole = wanted[-1].isupper()
    out = []
    start = -1
    for point in range(sys.maxunicode + 2):
        inside = False
        if point <= sys.maxunicode:
            category = unicodedata.category(chr(point))
            inside = category[0] in wanted if whole else category == wanted
        if inside and start < 0:
            start = point
        elif not inside and start >= 0:
            out.append(_code(start) + (f"-{_code(point - 1)}" if point - 1 > start else ""))
            start = -1
    return "".join(out)
