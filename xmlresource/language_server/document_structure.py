"""The structure of a document: its symbols, what can be folded, which tags belong together."""

import re
from collections.abc import Iterator
from typing import Final

from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.own_elements.policy_meaning import in_short
from xmlresource.record import record
from xmlresource.relaxng.completing.markup import ASIDE, EMPTY, MarkupElement, unescaped

_TELLING: Final = ("name", "type", "dev", "id", "model", "index", "device")
_TELLING_CHILDREN: Final = ("name", "target", "source")
_LONGEST: Final = 40
_NAME: Final = r"[^\W\d][\w.-]*(:[^\W\d][\w.-]*)?"
MOST_SYMBOLS: Final = 5000


@record
class Symbol:
    """An element in an outline.

    Attributes:
        name: Its name.
        detail: What tells it from others of its name.
        start: Where it begins.
        end: Where it ends.
        tag_end: Where its start tag ends.
        children: The elements in it.
    """

    name: str
    detail: str
    start: int
    end: int
    tag_end: int
    children: tuple["Symbol", ...]


def symbols(document: OpenDocument) -> tuple[Symbol, ...]:
    """The outline of a document; of one that is made to be endless nothing."""
    elements = document.markup.elements
    if len(elements) > MOST_SYMBOLS:
        return ()
    made: dict[int, Symbol] = {}
    # Children come after their parents, so that from the end all of them are made before.
    for each in reversed(elements):
        inside = tuple(made[id(child)] for child in each.children)
        tag = each.tag
        made[id(each)] = Symbol(each.name, _detail(each), tag.start, each.end, tag.end, inside)
    return tuple(made[id(each)] for each in elements if each.parent is None)


def _detail(element: MarkupElement) -> str:
    """The value that tells an element from others: its own, or that of a child."""
    ours = in_short(element)
    if ours:
        return ours[:_LONGEST]
    if not element.children and element.tag.kind != EMPTY:
        end = element.end if element.closing is None else element.closing.start
        text = unescaped(element.tag.text[element.tag.end : end]).strip()
        if text:
            return " ".join(text.split())[:_LONGEST]
    own = _values(element)
    more = (
        value
        for name in _TELLING_CHILDREN
        for child in element.children
        if child.name == name
        for value in (_text(child), *_values(child))
        if value
    )
    return " ".join(dict.fromkeys([*own, *([first] if (first := next(more, "")) else [])]))[
        :_LONGEST
    ]


def _text(element: MarkupElement) -> str:
    if element.children or element.closing is None:
        return ""
    return unescaped(element.tag.text[element.tag.end : element.closing.start]).strip()


def _values(element: MarkupElement) -> list[str]:
    given = {each.name: each.value for each in element.tag.attributes()}
    return [value for name in _TELLING if (value := given.get(name))]


def folds(document: OpenDocument) -> Iterator[tuple[int, int, bool]]:
    """What can be folded: the first line, the last one that goes with it, whether a comment."""
    position = document.positions.position
    for element in document.markup.elements:
        first = position(element.tag.start)[0]
        # The end tag stays to be seen.
        last = position(element.closing.start)[0] - 1 if element.closing is not None else first
        if last > first:
            yield first, last, False
    for piece in document.markup.pieces:
        if piece.kind == ASIDE:
            first, last = position(piece.start)[0], position(piece.end)[0]
            if last > first:
                yield first, last, True


def is_name(text: str) -> bool:
    """Whether an element may be called so."""
    return re.fullmatch(_NAME, text) is not None


def paired_names(document: OpenDocument, offset: int) -> tuple[tuple[int, int], ...]:
    """The name at a byte in its start tag and its end tag; nothing where there is no such pair."""
    element = document.markup.at(offset)
    while element is not None:
        closing = element.closing
        if closing is not None and closing.name == element.name:
            tags = (element.tag, closing)
            if any(each.name_start <= offset <= each.name_end for each in tags):
                return tuple((each.name_start, each.name_end) for each in tags)
        element = element.parent
    return ()
