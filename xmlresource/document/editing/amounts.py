"""Replacing the number or the unit of one element."""

import re
from collections.abc import Iterator
from typing import Final

from xmlresource.document.editing.layout import TextLayout, empty_tag_end
from xmlresource.document.editing.splice import Splice
from xmlresource.document.tree import Element
from xmlresource.formats.spelling import Spelling, spell, spell_in
from xmlresource.units import Amount

_PIECE: Final = re.compile(
    rb"(?P<markup><!--.*?-->|<\?.*?\?>)|<!\[CDATA\[(?P<cdata>.*?)\]\]>|(?P<text>[^<]+)", re.DOTALL
)


def respelt(element: Element, amount: Amount, wanted: Spelling | None = None) -> list[Splice]:
    """The splices that make ``element`` say ``amount``.

    Args:
        element: The element of a tunable.
        amount: The amount.
        wanted: How it is to be spelt; by default in the element's own unit where that is exact.
    """
    unit = element.attributes.get("unit")
    spelling = wanted or spell_in(amount, unit) or spell(amount)
    return [*_unit(element, unit, spelling.unit), *_number(element, spelling.value)]


def spelling_of(element: Element) -> Spelling:
    """The spelling of the size in ``element``, right or wrong."""
    return Spelling(element.text, element.attributes.get("unit"))


def _unit(element: Element, before: str | None, after: str | None) -> Iterator[Splice]:
    if before == after:
        return
    if before is None:
        start = element.start + len(f"<{element.tag.name}".encode())
        quote = TextLayout(element).quote
        yield Splice(start, start, f" unit={quote}{after}{quote}".encode())
        return
    written = element.written_attribute("unit")
    if after is None:
        head = element.source.text[element.start : written.name_start]
        start = element.start + len(head.rstrip())
        yield Splice(start, written.value_end + 1, b"")
    else:
        yield Splice(written.value_start, written.value_end, after.encode())


def _number(element: Element, number: str) -> Iterator[Splice]:
    text = element.source.text
    if element.tag.empty:
        closed = f">{number}</{element.name}>".encode()
        yield Splice(empty_tag_end(element), element.end, closed)
        return
    start, end = element.content_start, element.content_end
    if element.children:
        yield Splice(start, end, number.encode())
        return
    # Comments and instructions stay; of the pieces of text the first takes the number.
    pieces = [found for found in _PIECE.finditer(text, start, end) if found.lastgroup != "markup"]
    if not pieces:
        yield Splice(end, end, number.encode())
        return
    first, *others = pieces
    group = first.lastgroup or "text"
    yield Splice(first.start(group), first.end(group), number.encode())
    yield from (Splice(other.start(), other.end(), b"") for other in others)
