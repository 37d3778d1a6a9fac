"""Pieces of a document from one ``<`` to the next: a tag, and the text after it.

Only plain XML is read here, which is nearly all that people and programs write. What may be right
but is not plain is `Unsure`: expat has to say. So these rules are stricter than XML's in places,
and laxer in none.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    #: Prefixes (empty for the default) with the namespaces that they stand for, sorted.
    Namespaces: TypeAlias = tuple[tuple[str, str], ...]

# A longer piece is not worth remembering. This also bounds what is spent on one.
_LONG = 4096
_CHUNK = 1 << 16

_BLANK = r"[ \t\r\n]"
_NAME = r"[A-Za-z_][A-Za-z0-9_.\-]*+(?::[A-Za-z_][A-Za-z0-9_.\-]*+)?+"
_REFERENCE = r"&(?:lt|gt|amp|quot|apos);"
_NEVER = r"\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff"
_TEXT = rf"((?:[^&{_NEVER}]++|{_REFERENCE})*+)\Z"
# In an attribute, blanks other than spaces would have to be made spaces.
_DOUBLE, _SINGLE = (rf"(?:[^{quote}&\t\r\n{_NEVER}]++|{_REFERENCE})*+" for quote in "\"'")
_EQUALS = f"{_BLANK}*+={_BLANK}*+"

_ATTRIBUTE = re.compile(rf"({_NAME}){_EQUALS}(?:\"({_DOUBLE})\"|'({_SINGLE})')")
_START = re.compile(
    rf"({_NAME})((?:{_BLANK}++{_NAME}{_EQUALS}(?:\"{_DOUBLE}\"|'{_SINGLE}'))*+){_BLANK}*+(/?+)>{_TEXT}"
)
_END = re.compile(rf"/({_NAME}){_BLANK}*+>{_TEXT}")
_COMMENT = re.compile(rf"!--(?:[^\-{_NEVER}]++|-[^\-{_NEVER}])*+-->{_TEXT}")
_DECLARATION = re.compile(
    rf"\?xml{_BLANK}++version=(['\"])1\.0\1"
    rf"(?:{_BLANK}++encoding=(['\"])[Uu][Tt][Ff]-8\2)?+{_BLANK}*+\?>{_BLANK}*+\Z"
)

_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))


class Unsure(Exception):  # noqa: N818  # not an error: somebody else has to decide
    """This is not plain XML, or not well-formed."""


class Start:
    """A start tag, or an empty element.

    Attributes:
        raw: its name as it is written.
        name: its name as expat reports it.
        attributes: its attributes, by their names as expat reports them.
        namespaces: what prefixes mean inside of it.
        is_empty: whether it is its own end.
        text: what follows it.
    """

    __slots__ = ("attributes", "is_empty", "name", "namespaces", "raw", "text")

    def __init__(self, piece: str, outer: Namespaces) -> None:
        found = _START.match(piece)
        if found is None:
            raise Unsure
        self.raw, written, slash, text = found.groups()
        self.name = self.raw
        self.namespaces = outer
        self.is_empty = bool(slash)
        self.text = _text(text)
        self.attributes: dict[str, str] = {}
        if written:
            pairs = _ATTRIBUTE.findall(written)
            self.attributes = {name: one or other for name, one, other in pairs}
            if "&" in written:
                self.attributes = {n: _resolved(value) for n, value in self.attributes.items()}
            if len(self.attributes) < len(pairs):
                raise Unsure
        if outer or ":" in self.raw or ("xmlns" in written or ":" in "".join(self.attributes)):
            self.attributes = self._with_namespaces(self.attributes)

    def _with_namespaces(self, written: dict[str, str]) -> dict[str, str]:
        """Take in what is declared, and return the other attributes by their full names."""
        meaning = dict(self.namespaces)
        rest: dict[str, str] = {}
        for name, value in written.items():
            if name == "xmlns" or name.startswith("xmlns:"):
                meaning[_declared(name, value)] = value
            else:
                rest[name] = value
        self.namespaces = tuple(sorted(meaning.items()))
        self.name = _full(self.raw, meaning)
        meaning.pop("", None)  # attributes have no default
        full = {_full(name, meaning): value for name, value in rest.items()}
        if len(full) < len(rest):
            raise Unsure
        return full


def end(piece: str) -> tuple[str, str]:
    """Return the name in an end tag as it is written, and the text after it."""
    found = _END.match(piece)
    if found is None:
        raise Unsure
    return found[1], _text(found[2])


def comment(piece: str) -> str:
    """Return the text after a comment."""
    found = _COMMENT.match(piece)
    if found is None:
        raise Unsure
    return _text(found[1])


def is_declaration(piece: str) -> bool:
    """Tell whether it is an XML declaration, and of UTF-8."""
    return _DECLARATION.match(piece) is not None


def decoded(piece: bytes) -> str:
    """Return the characters of a piece."""
    if len(piece) > _LONG:
        raise Unsure
    try:
        return piece.decode()
    except UnicodeDecodeError:
        raise Unsure from None


def cut(data: bytes) -> Iterator[list[bytes]]:
    """Cut a document at each ``<``, some at a time; it has to begin with one."""
    if not data.startswith(b"<"):
        raise Unsure
    begin = 1
    while (stop := data.find(b"<", begin + _CHUNK)) >= 0:
        yield data[begin:stop].split(b"<")
        begin = stop + 1
    yield data[begin:].split(b"<")


def _text(text: str) -> str:
    if "]]>" in text:
        raise Unsure
    if "\r" in text:  # §2.11 of XML
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _resolved(text) if "&" in text else text


def _resolved(text: str) -> str:
    for reference, character in _ENTITIES:
        text = text.replace(reference, character)
    return text


def _declared(name: str, uri: str) -> str:
    """Return the prefix that an attribute declares."""
    prefix = name.partition(":")[2]
    # The namespaces of XML itself have rules of their own, and so has undeclaring.
    if not uri or " " in uri or "www.w3.org" in uri or prefix.lower().startswith("xml"):
        raise Unsure
    return prefix


def _full(name: str, meaning: dict[str, str]) -> str:
    prefix, colon, local = name.rpartition(":")
    uri = meaning.get(prefix)
    if uri is None:
        if colon:
            raise Unsure
        return name
    return f"{uri} {local}"
