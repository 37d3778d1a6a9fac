"""A document's bytes, their encoding, and where in them a byte stands.

All offsets of this package are into :attr:`Source.text`, the document as UTF-8, which for nearly
all documents is the bytes themselves. Documents in other encodings are transcoded once on the way
in and once on the way out, so that one parser and one set of offsets serve all.
"""

import codecs
import re
from bisect import bisect_right
from typing import Final

from xmlresource.diagnostics import Span
from xmlresource.document.errors import document_error
from xmlresource.limits import MOST_BYTES

_LINE_END: Final = rb"\r\n|\r|\n"
_DECLARED: Final = rb"""<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']"""
_VERSION: Final = rb"""<\?xml\s+version\s*=\s*(["'])(.*?)\1"""
_SUPPORTED: Final = rb"1\.[0-9]+"
_UTF8_NAMES: Final = frozenset({"utf-8", "utf8"})
_UTF16_NAMES: Final = frozenset({"utf-16", "utf16", "utf-16le", "utf-16be"})
_BEGINNING: Final = Span(1, 1, 1, 1, 0, 0)
_SINGLE_BYTES: Final = bytes(range(256))

# XML 1.0, appendix F: how the first bytes give UTF-16 away. Without a mark only a declaration does;
# what else begins so, libxml2 does not read.
_UTF16_SIGNS: Final = (
    (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0?\0", b"", "utf-16-le"),
    (b"\0<\0?", b"", "utf-16-be"),
)
_UTF16_CODECS: Final = frozenset({"utf-16-le", "utf-16-be"})
_FIRST: Final = 2
_LONGEST: Final = 1000


class Source:
    """One document's bytes.

    Attributes:
        name: The name for messages: a path, or what stands for one.
        text: The document as UTF-8.

    Raises:
        DocumentError: It is too large (XR004), not in the encoding it claims (XR006), or of a
            version of XML that there is not (XR002).
    """

    __slots__ = ("_codec", "_line_starts", "_mark", "name", "text")

    def __init__(self, data: bytes, name: str) -> None:
        self.name: Final = name
        if len(data) > MOST_BYTES:
            raise document_error(
                "XR004",
                f"the document has more than {MOST_BYTES} bytes",
                name,
                span=_BEGINNING,
            )
        self._mark, self._codec = _encoding(data, name)
        self.text: Final = self._transcoded(data)
        self._line_starts: list[int] | None = None
        self._check_beginning()

    @property
    def is_utf16(self) -> bool:
        """Whether its bytes are UTF-16, which libvirt can't read."""
        return self._codec in _UTF16_CODECS

    def to_bytes(self, text: bytes) -> bytes:
        """``text`` (UTF-8) in the document's own encoding.

        Raises:
            UnicodeEncodeError: The encoding lacks a character of it.
        """
        if self._codec is None:
            return text
        return self._mark + text.decode("utf-8").encode(self._codec)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (both from 1, columns in characters) of the byte at ``offset``."""
        starts = self._starts()
        line = bisect_right(starts, offset)
        before = self.text[starts[line - 1] : offset].decode("utf-8", "replace")
        return line, len(before.removeprefix("\ufeff")) + 1

    def span(self, start: int, end: int) -> Span:
        """The stretch from byte ``start`` up to, but without, byte ``end``."""
        return Span(*self.position(start), *self.position(end), start, end)

    def line(self, number: int) -> str:
        """The text of line ``number`` (from 1), without its end."""
        starts = self._starts()
        end = starts[number] if number < len(starts) else len(self.text)
        content = self.text[starts[number - 1] : end].rstrip(b"\r\n")
        return content.decode("utf-8", "replace").removeprefix("\ufeff")

    def _starts(self) -> list[int]:
        if self._line_starts is None:
            self._line_starts = [0, *(match.end() for match in re.finditer(_LINE_END, self.text))]
        return self._line_starts

    def _check_beginning(self) -> None:
        """Refuse what expat takes for something else than it says, or does not look at."""
        if self.text[:_FIRST].count(0) == 1:
            message = "the document begins as UTF-16 or UTF-32 does, without a byte order mark"
            raise document_error("XR006", message, self.name, span=_BEGINNING)
        start = len(codecs.BOM_UTF8) if self.text.startswith(codecs.BOM_UTF8) else 0
        declaration = self.text[start : start + _LONGEST]
        declared = _declared(declaration)
        is_utf16 = self._codec in _UTF16_CODECS
        if declared is not None and (
            (is_utf16 and declared not in _UTF16_NAMES | _UTF8_NAMES)
            or (start and declared in _UTF16_NAMES)
        ):
            message = (
                f"the document says it is in {declared!r}, and its byte order mark is another's"
            )
            raise document_error("XR006", message, self.name, span=_BEGINNING)
        version = re.match(_VERSION, declaration)
        if version is not None and not re.fullmatch(_SUPPORTED, version[2]):
            number = version[2].decode(errors="replace")
            span = self.span(start + version.start(2), start + version.end(2))
            message = f"not well-formed XML: there is no version {number!r}"
            cure = "write version='1.0'"
            raise document_error("XR002", message, self.name, span=span, hint=cure)

    def _transcoded(self, data: bytes) -> bytes:
        if self._codec is None:
            return data
        try:
            text = data[len(self._mark) :].decode(self._codec).encode("utf-8")
        except UnicodeError as error:
            raise document_error(
                "XR006", f"the bytes are not {self._codec}: {error}", self.name, span=_BEGINNING
            ) from None
        # Some of Python's codecs read two bytes as one character, or write a mark of their own.
        if self.to_bytes(text) != data:
            raise document_error(
                "XR006",
                f"the bytes can't be written back as they are in {self._codec}",
                self.name,
                span=_BEGINNING,
            )
        return text


def _declared(data: bytes) -> str | None:
    """The encoding that an XML declaration of bytes, or of text as UTF-8, names."""
    match = re.match(_DECLARED, data) if data.startswith(b"<?xml") else None
    return match[1].decode("ascii").lower() if match else None


def _encoding(data: bytes, name: str) -> tuple[bytes, str | None]:
    """The byte order mark to put back, and the codec; ``None`` where the bytes are UTF-8 already.

    Raises:
        DocumentError: The document claims an encoding that it can't have or that isn't known.
    """
    for sign, mark, codec in _UTF16_SIGNS:
        if data.startswith(sign):
            return mark, codec
    declared = _declared(data) or "utf-8"
    if declared in _UTF8_NAMES or data.startswith(codecs.BOM_UTF8):
        return b"", None
    if declared in _UTF16_NAMES or not _is_single_byte(declared):
        message = f"the document says it is in {declared!r}, and is not, or that can't be read"
        raise document_error("XR006", message, name, span=_BEGINNING)
    return b"", declared


def _is_single_byte(encoding: str) -> bool:
    """Whether the codec maps each byte to one character: the only others that expat reads."""
    try:
        return len(_SINGLE_BYTES.decode(encoding, "replace")) == len(_SINGLE_BYTES)
    except (LookupError, UnicodeError):
        return False
