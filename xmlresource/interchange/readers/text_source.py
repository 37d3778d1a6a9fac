"""A source that is text: its lines, their places, and the numbers in it."""

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from typing import Final, NoReturn

from xmlresource.diagnostics import Span
from xmlresource.interchange.allocation import Number, SourceValue, Unit
from xmlresource.interchange.errors import SourceError, source_error
from xmlresource.limits import MOST_POLICY_BYTES
from xmlresource.printable import printable
from xmlresource.units import UNLIMITED, Unlimited

MOST_LINES: Final = 100_000

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_END: Final = re.compile("\r\n|\r|\n")
_NUMBER: Final = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,9}))?", re.ASCII)
# Where products have a number for "no limit" it is the largest of some type, or negative.
_LARGEST: Final = frozenset({2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1})
_UNLIMITED_WORDS: Final = frozenset({"unlimited", "infinity", "max", "off", "none"})


class TextSource:
    """One source, decoded, with its lines.

    Attributes:
        path: Its name for messages.
        text: The text.
        lines: Its lines, without their ends.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path: Final = path
        self.text: Final = text
        self.lines: Final = _LINE_END.split(text)
        self._ends: list[int] | None = None
        if len(self.lines) > MOST_LINES:
            raise source_error("XR804", f"the source has more than {MOST_LINES} lines", path)

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Its lines with their numbers, from 1."""
        return enumerate(self.lines, 1)

    def line_of(self, offset: int) -> int:
        """The number of the line that holds the character at ``offset``."""
        return bisect_right(self._line_ends(), offset) + 1

    def span(self, number: int) -> Span:
        """What stands on a line, without the blanks around it."""
        line = self.lines[number - 1]
        column = len(line) - len(line.lstrip()) + 1
        end = max(len(line.rstrip()) + 1, column)
        first = 0 if number == 1 else self._line_ends()[number - 2]
        start = len(self.text[: first + column - 1].encode())
        width = len(line[column - 1 : end - 1].encode())
        return Span(number, column, number, end, start, start + width)

    def _line_ends(self) -> list[int]:
        if self._ends is None:
            self._ends = [found.end() for found in _LINE_END.finditer(self.text)]
        return self._ends

    def fault(self, code: str, message: str, line: int, hint: str | None = None) -> SourceError:
        """The error that something on a line is at fault."""
        return source_error(code, message, self.path, span=self.span(line), hint=hint)

    def bad_value(self, name: str, written: str, line: int, cure: str) -> NoReturn:
        """Refuse a value that can't be read."""
        message = f"{name}: '{printable(written)}' can't be read"
        raise self.fault("XR803", message, line, cure)


def decoded(data: bytes, path: str, encoding: str | None = None) -> TextSource:
    """The text of a source.

    Args:
        data: Its bytes. A byte order mark decides; without one they are UTF-8, or what is said.
        path: Its name for messages.
        encoding: What the source itself says it is in.

    Raises:
        SourceError: It is too large (XR804), or not in that encoding (XR802).
    """
    if len(data) > MOST_POLICY_BYTES:
        raise source_error("XR804", f"the text has more than {MOST_POLICY_BYTES} bytes", path)
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return TextSource(path, data[len(mark) :].decode(codec, "replace"))
    if encoding is not None:
        return TextSource(path, data.decode(encoding, "replace"))
    try:
        return TextSource(path, data.decode())
    except UnicodeDecodeError:
        # Names may be in an old code page; keys and numbers are ASCII in every format read here.
        return TextSource(path, data.decode("latin-1"))


def exact_number(text: str) -> Fraction | None:
    """A number without sign, exactly; ``None`` where it is none."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    decimals = found[2] or ""
    return Fraction(int(found[1] + decimals), 10 ** len(decimals))


def amount_of(text: str) -> Number | None:
    """A number, or ``UNLIMITED`` however products spell it; ``None`` where it is neither."""
    word = text.strip().lower()
    if word in _UNLIMITED_WORDS or re.fullmatch("-[0-9]{1,20}", word, re.ASCII):
        return UNLIMITED
    number = exact_number(word)
    return UNLIMITED if number in _LARGEST else number


def setting_in(
    source: TextSource,
    name: str,
    written: str,
    line: int,
    unit: tuple[Unit, int | Fraction, str],
) -> SourceValue:
    """A setting whose unit the format fixes.

    Args:
        source: The source.
        name: What the source calls it.
        written: The value as written.
        line: Its line.
        unit: What it counts, how much of that one of the written number is, and the unit's name
            in the source; the name may be empty.

    Raises:
        SourceError: It is no number (XR803).
    """
    amount = amount_of(written)
    counts, factor, word = unit
    if amount is None:
        source.bad_value(name, written, line, f"write a number{f' of {word}' if word else ''}")
    if isinstance(amount, Unlimited):
        return SourceValue(name, written, line, amount, counts)
    return SourceValue(name, f"{written} {word}".strip(), line, amount * factor, counts)
