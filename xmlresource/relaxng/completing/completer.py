"""What the schema allows at a place of a document that is being written.

An element is offered where the part before the place leads to it and the part after it is not shut
out by it: what is there already, and may be there once, is not offered again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xmlresource.relaxng.completing.markup import ASIDE, END, START
from xmlresource.relaxng.completing.offers import AttributeOffer, ElementOffer, Offers, PlaceKind
from xmlresource.relaxng.completing.prefix_reader import PrefixReader, attribute_name, pairs
from xmlresource.relaxng.completing.schema_order import SchemaOrder
from xmlresource.relaxng.core.analysis import nodes, required_attributes
from xmlresource.relaxng.core.derivatives import (
    attribute_values,
    by_attribute,
    by_start_tag,
    close,
)
from xmlresource.relaxng.core.names import WILDCARD, local, members
from xmlresource.relaxng.core.patterns import ELEMENT, INTERLEAVE, NOT_ALLOWED, without_attributes
from xmlresource.relaxng.diagnosing.expectations import example, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from xmlresource.relaxng.completing.markup import (
        Markup,
        MarkupElement,
        MarkupTree,
        TagAttribute,
    )
    from xmlresource.relaxng.completing.prefix_reader import OpenedElement
    from xmlresource.relaxng.core.automaton import Automaton
    from xmlresource.relaxng.core.patterns import Pattern
    from xmlresource.relaxng.diagnosing.vernacular import Words
    from xmlresource.relaxng.diagnosing.vocabulary import Vocabulary
    from xmlresource.relaxng.loading.grammar import Grammar

#: More attributes than that are not filled in, nor more siblings looked at.
_MOST_FILLED = 12
_MOST_SIBLINGS = 300
_BLANKS = b" \t\r\n"


class Completer:
    """Answers for one schema.

    Args:
        automaton: its automaton, which grows by what it meets.
        grammar: its grammar.
        vocabulary: gives its vocabulary.
        words: gives examples of values.
    """

    def __init__(
        self,
        automaton: Automaton,
        grammar: Grammar,
        vocabulary: Callable[[], Vocabulary],
        words: Words,
    ) -> None:
        self._order = SchemaOrder(grammar)
        self._reader = PrefixReader(automaton, vocabulary)
        self._words = words
        self._templates: dict[tuple[Pattern, ...], ElementOffer] = {}

    def offers(self, tree: MarkupTree, offset: int) -> Offers | None:
        """Return what is offered at a byte of a document; None in a comment and the like."""
        piece = _piece_at(tree, offset)
        if piece is None:
            return self._in_content(tree, offset)
        if piece.kind == ASIDE:
            return None
        if piece.kind == END:
            return self._in_end_tag(tree, piece)
        if offset <= piece.name_end:
            return self._in_name(tree, piece)
        return self._in_attributes(tree, piece, offset)

    # Elements

    def _in_content(self, tree: MarkupTree, offset: int) -> Offers:
        way = way_to(tree, offset)
        children = way[-1].children if way else _roots(tree)
        before = [each for each in children if each.end <= offset]
        after = [each for each in children if each.tag.start >= offset]
        opened = self._open(way, before, offset)
        offers = self._elements(opened, after, offset, offset)
        texts = self._texts(opened[-1], before) if way else ()
        start, end = offset, offset
        if texts:
            start, end = _word_around(tree.text, way[-1], after, offset)
        closing = way[-1].name if way and way[-1].closing is None else None
        return replace(offers, start=start, end=end, values=texts, closing=closing)

    def _in_name(self, tree: MarkupTree, piece: Markup) -> Offers:
        way = way_to(tree, piece.start)
        children = way[-1].children if way else _roots(tree)
        before = [each for each in children if each.end <= piece.start]
        after = [each for each in children if each.tag.start > piece.start]
        opened = self._open(way, before, piece.start)
        # A tag that was only begun is replaced as a whole, one that is there keeps the rest.
        name_only = piece.whole or tree.text[piece.name_end : piece.end].strip(_BLANKS) != b""
        offers = self._elements(opened, after, piece.start, piece.name_end)
        return replace(offers, kind=PlaceKind.NAME, name_only=name_only)

    def _in_end_tag(self, tree: MarkupTree, piece: Markup) -> Offers:
        way = way_to(tree, piece.start)
        closing = way[-1].name if way else None
        path = tuple(each.name for each in way)
        end = piece.end if piece.whole else piece.name_end
        return Offers(PlaceKind.END_TAG, piece.start, end, path, {}, closing=closing)

    def _open(
        self, way: Sequence[MarkupElement], before: Iterable[MarkupElement], end: int
    ) -> list[OpenedElement]:
        """Open the elements on the way to a place, and read what is before it."""
        opened = [self._reader.document()]
        for element in way:
            siblings = element.parent.children if element.parent is not None else ()
            passed = [each for each in siblings if each.end <= element.tag.start]
            self._reader.go_past(opened[-1], passed, element.tag.start)
            opened.append(self._reader.enter(opened[-1], element))
        self._reader.go_past(opened[-1], before, end)
        return opened

    def _elements(
        self, opened: list[OpenedElement], after: list[MarkupElement], start: int, end: int
    ) -> Offers:
        parent = opened[-1]
        path = tuple(each.name for each in opened[1:])
        pattern = parent.pattern
        found: list[ElementOffer] = []
        if pattern is not None:
            following = [parent.expanded(each.name) for each in after[:_MOST_SIBLINGS]]
            names = sorted(pattern.elements - {WILDCARD})
            for name in self._order.elements(parent.declarations, names):
                # Schemas switch off an element by giving it no content.
                opens = [each for each, _ in by_start_tag(pattern, name)
                         if each.content.kind != NOT_ALLOWED]  # fmt: skip
                if opens and _leaves_room(pattern, name, following):
                    found.append(self._element(parent, name, opens))
        return Offers(PlaceKind.CONTENT, start, end, path, parent.prefixes, elements=tuple(found))

    def _element(
        self, parent: OpenedElement, name: str, declared: Sequence[Pattern]
    ) -> ElementOffer:
        spelt, declaration = self._spelt(parent, name)
        key = tuple(declared)
        template = self._templates.get(key)
        if template is None:
            template = self._templates[key] = self._template(declared)
        attributes = (*declaration, *template.attributes)
        return replace(template, name=spelt, attributes=attributes)

    def _spelt(self, parent: OpenedElement, name: str) -> tuple[str, tuple[AttributeOffer, ...]]:
        """Return a name as it is to be written, and the declaration that it takes, if any."""
        uri, _, word = name.rpartition(" ")
        for prefix, bound in parent.prefixes.items():
            if bound == uri:
                return (f"{prefix}:{word}" if prefix else word), ()
        if not uri and not parent.prefixes.get(""):
            return word, ()
        prefix = self._words.prefixes.get(uri, "")
        declaration = AttributeOffer(
            f"xmlns:{prefix}" if prefix else "xmlns", (uri,), required=True
        )
        return (f"{prefix}:{word}" if prefix else word), (declaration,)

    def _template(self, declared: Sequence[Pattern]) -> ElementOffer:
        """Return an element with what it must have."""
        declarations = [each.mark for each in declared]
        left = declared[0].pool.choice([each.content for each in declared])
        attributes: list[AttributeOffer] = []
        while len(attributes) < _MOST_FILLED:
            missing = required_attributes(left)
            if not missing:
                break
            name = self._order.attributes(declarations, sorted(missing))[0]
            allowed = self._attribute_values(left, name, declarations)
            attributes.append(AttributeOffer(local(name), allowed, required=True))
            left = self._reader.after_attributes(left, [(name, (*allowed, "")[0])])
        closed = close(left)
        content = closed if closed.kind != NOT_ALLOWED else without_attributes(left)
        texts: tuple[str, ...] = ()
        if content.has_text:
            literals = self._order.values(declarations, values([content]))
            texts = tuple(literals or _maybe(example([content], self._words)))
        has_content = content.has_text or bool(content.elements)
        return ElementOffer("", tuple(attributes), texts, has_content)

    def _texts(self, parent: OpenedElement, before: list[MarkupElement]) -> tuple[str, ...]:
        """Return the texts that an element may have, of which nothing is there yet."""
        pattern = parent.pattern
        if before or pattern is None or not pattern.has_text:
            return ()
        literals = self._order.values(parent.declarations, values([pattern]))
        return tuple(literals or _maybe(example([pattern], self._words)))

    # Attributes

    def _in_attributes(self, tree: MarkupTree, piece: Markup, offset: int) -> Offers | None:
        element = next((each for each in tree.elements if each.tag is piece), None)
        if element is None:
            return None
        way = element.path()[:-1]
        before = [each for each in (way[-1].children if way else ()) if each.end <= piece.start]
        opened = self._open(way, before, piece.start)
        child = self._reader.enter(opened[-1], element)
        path = (*(each.name for each in opened[1:]), element.name)
        written = piece.attributes()
        at = next((each for each in written if each.start <= offset <= _end(each)), None)
        others = [each for each in written if each is not at]
        # Of an element that the schema does not know, the place alone is told.
        left = child.opening
        if left is not None:
            left = self._reader.after_attributes(left, pairs(child, others))
        if at is not None and at.value is not None and offset >= at.value_start:
            name = attribute_name(child, at.name)
            allowed = () if left is None else self._attribute_values(left, name, child.declarations)
            return Offers(
                PlaceKind.VALUE,
                at.value_start,
                at.value_end if at.closed else offset,
                path,
                child.prefixes,
                values=allowed,
                attribute=at.name,
            )
        if at is not None and offset > at.name_end:
            return None  # at the sign or the quote that is still to come
        start, end = (offset, offset) if at is None else (at.start, at.name_end)
        if at is None and tree.text[offset - 1 : offset] not in (b" ", b"\t", b"\r", b"\n"):
            return None
        given = {each.name for each in others}
        found = () if left is None else self._attributes(child, left, given)
        name_only = at is not None and at.value is not None
        return Offers(
            PlaceKind.TAG, start, end, path, child.prefixes, attributes=found, name_only=name_only
        )

    def _attributes(
        self, element: OpenedElement, left: Pattern, given: set[str]
    ) -> tuple[AttributeOffer, ...]:
        required = required_attributes(left)
        names = sorted(left.attributes - {WILDCARD})
        found = []
        for name in self._order.attributes(element.declarations, names):
            tests = attribute_values(left, name)
            after = by_attribute(left, name, dict.fromkeys(tests, True))
            if after.kind != NOT_ALLOWED and " " not in name and name not in given:
                allowed = self._attribute_values(left, name, element.declarations)
                found.append(AttributeOffer(name, allowed, name in required))
        return tuple(found)

    def _attribute_values(
        self, left: Pattern, name: str, declarations: Iterable[int]
    ) -> tuple[str, ...]:
        """Return what is known to be allowed as the value of an attribute."""
        tests = attribute_values(left, name)
        literals = self._order.values(declarations, values(tests), name)
        allowed = literals or _maybe(example(tests, self._words))
        return tuple(
            value
            for value in allowed
            if self._reader.after_attribute(left, name, value) is not None
        )


def _leaves_room(pattern: Pattern, name: str, following: Sequence[str]) -> bool:
    """Tell whether what follows is as possible after an element of that name as without it."""
    if pattern.kind == INTERLEAVE:
        # Nothing but the branch that the name is in is changed by it (§7.4).
        for branch in pattern.parts:
            if name in branch.elements:
                known = {each for node in nodes(branch, ELEMENT) for each in members(node.names)}
                if WILDCARD not in known:
                    following = [each for each in following if each in known]
                pattern = branch
                break
    if not following:
        return True
    rests = pattern.pool.choice([rest for _, rest in by_start_tag(pattern, name)])
    return _reach(rests, following) >= _reach(pattern, following)


def _reach(pattern: Pattern, names: Sequence[str]) -> int:
    """Return how many elements can come, whatever is in them."""
    for count, name in enumerate(names):
        rests = [rest for _, rest in by_start_tag(pattern, name)]
        if not rests:
            return count
        pattern = pattern.pool.choice(rests)
    return len(names)


def _maybe(value: str | None) -> list[str]:
    return [] if value is None else [value]


def _end(attribute: TagAttribute) -> int:
    return attribute.name_end if attribute.value is None else attribute.value_end


def _piece_at(tree: MarkupTree, offset: int) -> Markup | None:
    """Return the markup that a place is in, or at the end of which it is typed on."""
    for piece in tree.pieces:
        if piece.start >= offset:
            break
        if offset < piece.end or (offset == piece.end and not _is_ended(piece, tree.text)):
            return piece
    return None


def _is_ended(piece: Markup, text: bytes) -> bool:
    return piece.whole and text[piece.end - 1 : piece.end] == b">"


def way_to(tree: MarkupTree, offset: int) -> list[MarkupElement]:
    """Return the elements whose content a place is in, the outermost first."""
    innermost = None
    for element in tree.elements:
        tag = element.tag
        if tag.start >= offset:
            break
        end = element.end if element.closing is None else element.closing.start
        if tag.whole and tag.kind == START and tag.end <= offset <= end:
            innermost = element
    return [] if innermost is None else innermost.path()


def _roots(tree: MarkupTree) -> list[MarkupElement]:
    return [each for each in tree.elements if each.parent is None]


def _word_around(
    text: bytes, element: MarkupElement, after: list[MarkupElement], offset: int
) -> tuple[int, int]:
    """Return where the text of an element begins and ends, without blanks around it."""
    end = after[0].tag.start if after else element.end
    if element.closing is not None and not after:
        end = element.closing.start
    lacking = element.closing is None
    content = text[element.tag.end : offset if lacking else end]
    start = element.tag.end + len(content) - len(content.lstrip(_BLANKS))
    stop = element.tag.end + len(content.rstrip(_BLANKS))
    return (start, max(stop, start)) if start <= offset <= max(stop, start) else (offset, offset)
