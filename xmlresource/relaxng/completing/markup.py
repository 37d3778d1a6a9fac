"""The tags of a document that need not be well-formed: found one by one, paired as far as they go.

A document that somebody types is broken most of the time. So nothing is refused here: a tag that
does not end is cut off where the next one begins, an end tag that closes nothing is left aside, and
an element that nothing closes ends with the one around it. Every byte is looked at once.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

START, EMPTY, END, ASIDE = range(4)
"""Kinds of markup: start tag, empty-element tag, end tag, and what is no tag (a comment …)."""

_NAME = rb"[^\s<>/='\"!?][^\s<>/='\"]*"
# A value can't hold "<" (XML, 2.3): with that, a quote that is missing costs no second look.
_MARKUP = re.compile(
    rb"<(?:(?P<aside>!--.*?(?:-->|\Z)|!\[CDATA\[.*?(?:\]\]>|\Z)|\?.*?(?:\?>|\Z)|![^<>]*>?)"
    rb"|/(?P<closing>%s)?[^<>]*(?P<closed>>?)"
    rb"|(?P<name>%s)?(?P<body>(?:[^<>'\"]|\"[^\"<]*\"|'[^'<]*')*+)(?:(?P<end>>)|[^<]*))"
    % (_NAME, _NAME),
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    rb"(?P<name>[^\s=<>'\"/]+)(?:\s*=\s*(?:(?P<quote>['\"])(?P<value>(?:(?!(?P=quote))[^<])*)"
    rb"(?P<closed>(?P=quote))?)?)?"
)


class TagAttribute(NamedTuple):
    """An attribute as it is written, perhaps without its end.

    Attributes:
        name: its name, with its prefix.
        start: where it begins.
        name_end: where its name ends.
        value: its value, or None where it has no quote.
        value_start: where the value begins, after the quote.
        value_end: where the value ends.
        closed: whether there is a quote at the end.
    """

    name: str
    start: int
    name_end: int
    value: str | None
    value_start: int
    value_end: int
    closed: bool


@dataclass(slots=True)
class Markup:
    """One piece of markup.

    Attributes:
        kind: one of the constants of this module.
        start: where it begins.
        end: where it ends.
        name: the name as written; empty where there is none yet.
        body: where its attributes begin.
        whole: whether it has its end.
        text: the document.
    """

    kind: int
    start: int
    end: int
    name: str
    body: int
    whole: bool
    text: bytes = field(repr=False)

    @property
    def name_start(self) -> int:
        """Where its name begins."""
        return self.start + (2 if self.kind == END else 1)

    @property
    def name_end(self) -> int:
        """Where its name ends."""
        return self.name_start + len(self.name.encode())

    def attributes(self) -> list[TagAttribute]:
        """Return its attributes, in order, with declarations of namespaces among them."""
        found = []
        for match in _ATTRIBUTE.finditer(self.text, self.body, self.end):
            value = match["value"]
            found.append(
                TagAttribute(
                    _text(match["name"]),
                    match.start(),
                    match.end("name"),
                    None if value is None else unescaped(value),
                    match.start("value"),
                    match.end("value"),
                    match["closed"] is not None,
                )
            )
        return found


class MarkupElement:
    """An element, as far as its tags tell.

    Attributes:
        tag: its start tag.
        parent: the element around it, or None.
        children: the elements in it.
        closing: its end tag; None where it has none, or needs none.
        end: where it ends.
        cut: whether it is the end of the document that ends it.
    """

    __slots__ = ("children", "closing", "cut", "end", "parent", "tag")

    def __init__(self, tag: Markup, parent: MarkupElement | None) -> None:
        self.tag = tag
        self.parent = parent
        self.children: list[MarkupElement] = []
        self.closing: Markup | None = None
        self.end = tag.end
        self.cut = False

    @property
    def name(self) -> str:
        """Its name as written."""
        return self.tag.name

    @property
    def lacks_end(self) -> bool:
        """Whether it should have an end tag and has none."""
        return self.closing is None and self.tag.kind == START

    def attribute(self, name: str) -> str | None:
        """Return the value of an attribute, None where it has none of that name."""
        for found in self.tag.attributes():
            if found.name == name:
                return found.value
        return None

    def path(self) -> list[MarkupElement]:
        """Return the elements from the document element down to this one."""
        steps = []
        element: MarkupElement | None = self
        while element is not None:
            steps.append(element)
            element = element.parent
        return steps[::-1]


class MarkupTree:
    """The markup of a document, and its elements.

    Attributes:
        text: the document as UTF-8.
        pieces: its markup, in order.
        strays: the end tags that close nothing.
    """

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.pieces = list(scan(text))
        self.strays: list[Markup] = []

    @cached_property
    def elements(self) -> list[MarkupElement]:
        """All elements, in the order of their start tags."""
        found: list[MarkupElement] = []
        stack: list[MarkupElement] = []
        is_open: Counter[str] = Counter()
        for piece in self.pieces:
            if piece.kind == END:
                if not _close(stack, piece, is_open):
                    self.strays.append(piece)
            elif piece.kind != ASIDE and piece.name:
                element = MarkupElement(piece, stack[-1] if stack else None)
                found.append(element)
                if piece.kind == START:
                    stack.append(element)
                    is_open[piece.name] += 1
        for element in stack:
            element.end, element.cut = len(self.text), True
        for element in found:
            _settle(element)
        return found

    def at(self, offset: int) -> MarkupElement | None:
        """Return the innermost element with a place in it, or None."""
        found = None
        for element in self.elements:
            if element.tag.start > offset:
                break
            if offset <= element.end:
                found = element
        return found


def _settle(element: MarkupElement) -> None:
    """Enter an element into its parent, whose own parent is settled already.

    Nothing is in an element whose start tag is still being typed: what follows was there before.
    """
    if not element.tag.whole and element.closing is None:
        element.end, element.cut = element.tag.end, False
    parent = element.parent
    if parent is not None and not parent.tag.whole and parent.closing is None:
        parent = element.parent = parent.parent
    if parent is not None:
        parent.children.append(element)


def _close(stack: list[MarkupElement], piece: Markup, is_open: Counter[str]) -> bool:
    """Close the element that an end tag is for, and with it what is open inside.

    False where there is none.
    """
    is_begun = not piece.whole and bool(stack) and stack[-1].name.startswith(piece.name)
    if not is_begun and not is_open[piece.name]:
        return False
    # One that is being typed can be meant for no other than the innermost.
    name = stack[-1].name if is_begun else piece.name
    while True:
        element = stack.pop()
        is_open[element.name] -= 1
        if element.name == name:
            element.closing, element.end = piece, piece.end
            return True
        element.end = piece.start


def scan(text: bytes) -> Iterator[Markup]:
    """Yield the markup of a document, in order."""
    for match in _MARKUP.finditer(text):
        start, end = match.span()
        if match["aside"] is not None:
            yield Markup(ASIDE, start, end, "", end, whole=True, text=text)
        elif match["body"] is None:
            name = _text(match["closing"] or b"")
            whole = bool(name and match["closed"])
            yield Markup(END, start, end, name, end, whole=whole, text=text)
        else:
            whole = bool(match["name"] and match["end"])
            kind = EMPTY if whole and match["body"].endswith(b"/") else START
            name = _text(match["name"] or b"")
            yield Markup(kind, start, end, name, match.start("body"), whole=whole, text=text)


def unescaped(raw: bytes) -> str:
    """Return what a piece of text or a value stands for."""
    text = _text(raw)
    return html.unescape(text) if "&" in text else text


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
