"""The layout of a document: indentation, line ends, quotes, and where a new element fits in.

An element counts as having a line to itself where nothing but blanks stands before it, and nothing
but blanks and comments after it. Beside such an element a new one gets a line too; beside any
other it is put right there, without blanks.
"""

import re
from codecs import BOM_UTF8
from typing import Final

from xmlresource.document.editing.splice import Splice
from xmlresource.document.tree import Element
from xmlresource.formats.xml_text import NewElement, XmlStyle, render
from xmlresource.record import record

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_QUOTE: Final = re.compile(rb"=[ \t\r\n]*([\"'])")
_BLANKS: Final = re.compile(rb"[ \t]*")
_COMMENT: Final = b"<!--"
_COMMENT_END: Final = b"-->"
_DEFAULT_STEP: Final = "  "
# Longer than any line's indentation: looking further back for its beginning is no use.
_LONGEST_INDENT: Final = 4096


@record
class InsertionPoint:
    """A stretch that new elements are to take.

    Attributes:
        start: Where it begins.
        end: Where it ends; what stands there (blanks, the end of an empty tag) is replaced.
        style: How the new elements are set out.
        opening: What to put before them all.
        closing: What to put after them all.
    """

    start: int
    end: int
    style: XmlStyle
    opening: str = ""
    closing: str = ""

    def filled(self, elements: list[NewElement]) -> Splice:
        """The splice that puts ``elements`` there."""
        body = "".join(self.style.lead + render(element, self.style) for element in elements)
        return Splice(self.start, self.end, f"{self.opening}{body}{self.closing}".encode())


def empty_tag_end(element: Element) -> int:
    """The offset of the ``/>`` of an empty-element tag, with the blanks before it."""
    tag = element.source.text[element.start : element.end - len(b"/>")]
    return element.start + len(tag.rstrip())


class TextLayout:
    """The habits of one document."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._text = root.source.text
        self.quote = self._quote()
        self.step = self._step()

    def indent(self, element: Element) -> str | None:
        """The blanks before an element that begins its line; ``None`` where it doesn't."""
        return self._indent_at(element.start)

    def tail(self, offset: int) -> int | None:
        """The end of the line, where only blanks and comments stand before it; else ``None``."""
        text = self._text
        while True:
            offset = self._after_blanks(offset)
            if not text.startswith(_COMMENT, offset):
                break
            offset = text.index(_COMMENT_END, offset) + len(_COMMENT_END)
        return offset if self._ends_line(offset) else None

    def after(self, sibling: Element) -> InsertionPoint:
        """The place for new elements that follow ``sibling``."""
        indent, tail = self.indent(sibling), self.tail(sibling.end)
        if indent is None or tail is None:
            return InsertionPoint(sibling.end, sibling.end, self._inline())
        return InsertionPoint(tail, tail, self._lines(sibling.start, indent))

    def inside(self, parent: Element) -> InsertionPoint:
        """The place for new first children of ``parent``."""
        if parent.tag.empty:
            return self._opened(parent)
        start = parent.content_start
        tail = self.tail(start)
        if parent.children:
            first = parent.children[0]
            indent = self.indent(first)
            if indent is None or tail is None:
                return InsertionPoint(start, start, self._inline())
            return InsertionPoint(tail, tail, self._lines(first.start, indent))
        if tail is not None and tail < parent.content_end:
            outer = self.indent(parent)
            return InsertionPoint(tail, tail, self._lines(tail, (outer or "") + self.step))
        if not self._text[start : parent.content_end].strip():
            return self._opened(parent)
        return InsertionPoint(start, start, self._inline())

    def removal(self, element: Element) -> Splice:
        """The splice that takes an element out, with its line where it has one to itself."""
        start, end = element.start, element.end
        after = self._after_blanks(end)
        if self._indent_at(start) is not None and self._ends_line(after):
            return Splice(self._line_end_before(start), after, b"")
        return Splice(start, end, b"")

    def style_inside(self, root: Element) -> XmlStyle:
        """The style for a whole document that takes the place of ``root``."""
        lines = _LINE_END.search(self._text, root.start, root.end) is not None
        return self._lines(root.start, self.indent(root) or "") if lines else self._inline()

    def _opened(self, parent: Element) -> InsertionPoint:
        """Inside a parent that has no content yet: from its content on to its end tag."""
        indent = self.indent(parent)
        alone = indent is not None and self.tail(parent.end) is not None
        style = self._lines(parent.start, indent or "") if alone else self._inline()
        start, end, opening, closing = parent.content_start, parent.content_end, "", ""
        if parent.tag.empty:
            start, end = empty_tag_end(parent), parent.end
            opening, closing = ">", f"</{parent.name}>"
        return InsertionPoint(start, end, style.inner(), opening, style.lead + closing)

    def _inline(self) -> XmlStyle:
        return XmlStyle(newline="", step="", quote=self.quote)

    def _lines(self, offset: int, indent: str) -> XmlStyle:
        """The style of lines like that around ``offset``."""
        newline = _LINE_END.match(self._text, self._line_end_before(offset))
        newline = newline or _LINE_END.search(self._text, offset)
        return XmlStyle(newline[0].decode() if newline else "\n", indent, self.step, self.quote)

    def _quote(self) -> str:
        match = _QUOTE.search(self._text, self._root.start)
        return match[1].decode() if match else '"'

    def _step(self) -> str:
        outer = self.indent(self._root) or ""
        for child in self._root.children:
            inner = self.indent(child)
            if inner is not None:
                return inner.removeprefix(outer) if inner.startswith(outer) else _DEFAULT_STEP
        return _DEFAULT_STEP

    def _indent_at(self, offset: int) -> str | None:
        text = self._text
        line = text[max(0, offset - _LONGEST_INDENT) : offset]
        start = offset - len(line) + len(line.rstrip(b" \t"))
        begins_line = start == 0 or text[start - 1 : start] in {b"\n", b"\r"}
        if begins_line or (start == len(BOM_UTF8) and text.startswith(BOM_UTF8)):
            return text[start:offset].decode()
        return None

    def _line_end_before(self, offset: int) -> int:
        """The offset of the line end before the line of ``offset``; ``offset`` without one."""
        start = offset - len((self._indent_at(offset) or "").encode())
        for end in (b"\r\n", b"\n", b"\r"):
            if self._text.endswith(end, 0, start):
                return start - len(end)
        return offset

    def _after_blanks(self, offset: int) -> int:
        match = _BLANKS.match(self._text, offset)
        return match.end() if match else offset

    def _ends_line(self, offset: int) -> bool:
        return self._text[offset : offset + 1] in {b"", b"\n", b"\r"}
