"""The bytes of a document, and where in them things are.

Parsing is done on UTF-8: a document in another encoding is converted first, and its offsets are
converted back when one is asked for.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

_UTF8_BOM = codecs.BOM_UTF8
_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._\-]+)[\"']")
_LINE_END = re.compile(rb"\r\n?|\n")
_TAG = re.compile(rb"<([^\s/>]+)")
_VALUE = re.compile(rb"<[^\s/>]+>\s*([^<&\s'][^<&']{0,60}?)\s*</")
_ATTRIBUTE = re.compile(rb"\s+([^\s=>/]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A piece of the document, as offsets into `Document.data`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the document as given: line and column from 1, and offset in bytes."""

    line: int
    column: int
    offset: int


class _Attributes(NamedTuple):
    """The attributes written in a start tag by name, namespace declarations apart."""

    names: tuple[TextSpan, ...]
    values: tuple[TextSpan, ...]
    raw_names: tuple[str, ...]
    prefixes: tuple[tuple[str, str], ...]


class Tag:
    """A start tag: where its name is, and its attributes, found when they are asked for.

    Where no tag is (which is not so in what expat has accepted), it is one without a name.

    Attributes:
        raw: its name as it is written.
        span: from its ``<`` to the end of its name.
    """

    def __init__(self, data: bytes, offset: int) -> None:
        match = _TAG.match(data, offset)
        self._data = data
        self.raw = match[1].decode("utf-8", "replace") if match else ""
        self.span = TextSpan(offset, match.end() if match else offset)

    @property
    def value(self) -> str | None:
        """The text of an element without attributes and children, if it is short and plain."""
        match = _VALUE.match(self._data, self.span.start)
        return match[1].decode("utf-8", "replace") if match else None

    @property
    def names(self) -> tuple[TextSpan, ...]:
        """The places of the attributes' names (without namespace declarations)."""
        return self._attributes.names

    @property
    def values(self) -> tuple[TextSpan, ...]:
        """The places of the attributes' values."""
        return self._attributes.values

    @property
    def raw_names(self) -> tuple[str, ...]:
        """Their names as they are written."""
        return self._attributes.raw_names

    @property
    def prefixes(self) -> tuple[tuple[str, str], ...]:
        """The prefixes that it declares, with their namespaces."""
        return self._attributes.prefixes

    @cached_property
    def _attributes(self) -> _Attributes:
        names, values, raw_names, prefixes = [], [], [], []
        end = self.span.end
        while (found := _ATTRIBUTE.match(self._data, end)) is not None:
            end = found.end()
            quoted = 2 if found[2] is not None else 3
            raw = found[1].decode("utf-8", "replace")
            if raw == "xmlns" or raw.startswith("xmlns:"):
                uri = found[quoted].decode("utf-8", "replace")
                prefixes.append((raw.partition(":")[2], uri))
                continue
            raw_names.append(raw)
            names.append(TextSpan(*found.span(1)))
            values.append(TextSpan(*found.span(quoted)))
        return _Attributes(tuple(names), tuple(values), tuple(raw_names), tuple(prefixes))


class DocumentText:
    """A document to be explained.

    Attributes:
        data: the document in UTF-8, or as given where it could not be converted.
        converted: whether ``data`` is in UTF-8 although the document says otherwise.
    """

    def __init__(self, data: bytes) -> None:
        self._encoding, self._bom = _detect(data)
        self.data = data
        self.converted = False
        if self._encoding:
            self._convert(data)

    def _convert(self, data: bytes) -> None:
        if (
            not self._bom
            and not self._encoding.startswith("utf-16")
            and not _is_8_bit(self._encoding)
        ):
            return
        try:
            text = data[len(self._bom) :].decode(self._encoding)
        except UnicodeError:
            return
        self.data = text.encode("utf-8", "surrogatepass")
        self.converted = True

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.data))]

    def line(self, offset: int) -> int:
        """Return the line of an offset, from 1."""
        return bisect_right(self._line_starts, offset)

    def position(self, offset: int) -> Position:
        """Return the place of an offset into ``data``, in terms of the document as given."""
        line = self.line(offset)
        start = self._line_starts[line - 1]
        if start == 0 and self.data.startswith(_UTF8_BOM):
            start = min(len(_UTF8_BOM), offset)
        column = len(self.data[start:offset].decode("utf-8", "replace")) + 1
        return Position(line, column, self._original(offset))

    def _original(self, offset: int) -> int:
        if not self.converted:
            return offset
        text = self.data[:offset].decode("utf-8", "replace")
        return len(self._bom) + len(text.encode(self._encoding, "replace"))

    def text(self, span: TextSpan) -> str:
        """Return a piece of the document as it is written."""
        return self.data[span.start : span.end].decode("utf-8", "replace")

    def tag(self, offset: int) -> Tag:
        """Return the start tag at an offset."""
        return Tag(self.data, offset)


def _is_8_bit(encoding: str) -> bool:
    """Tell whether each byte is one character, and ASCII is ASCII: what expat reads as well."""
    try:
        text = bytes(range(256)).decode(encoding, "replace")
    except (LookupError, UnicodeError):
        return False
    return len(text) == 256 and text[:128].isascii()  # noqa: PLR2004  # all bytes, and ASCII's


def _detect(data: bytes) -> tuple[str, bytes]:
    """Return the encoding and byte order mark of a document; no encoding for UTF-8 and ASCII."""
    for bom, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(bom):
            return encoding, bom
    if data.startswith(b"<\0"):
        return "utf-16-le", b""
    if data.startswith(b"\0<"):
        return "utf-16-be", b""
    match = _DECLARATION.match(data)
    name = match[1].decode("ascii").lower() if match else ""
    # A document that begins in ASCII is not UTF-16, whatever it says: expat will refuse it.
    if name in ("utf-8", "us-ascii", "ascii") or name.startswith(("utf-16", "utf-32")):
        return "", b""
    return name, b""
