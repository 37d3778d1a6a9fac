"""Reads a document up to a place, forgiving all that is wrong with it.

Like the second pass it goes on after a fault, but says nothing of it. Of the elements beside the
way to the place no more is read than their names, as long as that tells what may follow them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xmlresource.relaxng.completing.markup import unescaped
from xmlresource.relaxng.core.automaton import Invalid
from xmlresource.relaxng.core.derivatives import attribute_values, by_attribute, by_start_tag, close
from xmlresource.relaxng.core.patterns import NOT_ALLOWED, without_attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from xmlresource.relaxng.completing.markup import MarkupElement, TagAttribute
    from xmlresource.relaxng.core.automaton import Automaton, AutomatonState, Step
    from xmlresource.relaxng.core.patterns import Pattern
    from xmlresource.relaxng.diagnosing.vocabulary import Vocabulary

_ASIDE = re.compile(rb"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!\[CDATA\[|\]\]>", re.DOTALL)
#: Of a misplaced element, more declarations than that are not looked at.
_MOST_DECLARATIONS = 60
_XML = "http://www.w3.org/XML/1998/namespace"


@dataclass(slots=True)
class OpenedElement:
    """An element that is open at the place, or the document itself.

    Attributes:
        name: its name as written; empty for the document.
        opening: what its attributes and its content may be.
        pattern: what may still come; None where nothing is known of it.
        declarations: the numbers of its declarations; -1 for the document.
        prefixes: the namespaces that are declared, by prefix.
    """

    name: str
    opening: Pattern | None
    pattern: Pattern | None
    declarations: tuple[int, ...]
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def expanded(self, name: str) -> str:
        """Return the name of a child as the engine has it."""
        prefix, _, word = name.rpartition(":")
        uri = self.prefixes.get(prefix, "")
        return f"{uri} {word}" if uri else word


class PrefixReader:
    """Reads documents by one automaton."""

    def __init__(self, automaton: Automaton, vocabulary: Callable[[], Vocabulary]) -> None:
        self._automaton = automaton
        self._vocabulary = vocabulary

    def document(self) -> OpenedElement:
        """Return what may come where nothing has come yet."""
        start = self._automaton.start.pattern
        return OpenedElement("", start, start, (-1,), {"xml": _XML})

    def enter(self, parent: OpenedElement, element: MarkupElement) -> OpenedElement:
        """Return a child of an open element, before anything in it."""
        attributes = element.tag.attributes()
        prefixes = declared(parent.prefixes, attributes)
        child = OpenedElement(element.name, None, None, (), prefixes)
        name = child.expanded(element.name)
        opened = () if parent.pattern is None else by_start_tag(parent.pattern, name)
        step = self._automaton.step(opened)
        if step is not None and step[1].pattern.kind != NOT_ALLOWED:
            child.opening = step[1].pattern
            child.declarations = tuple(dict.fromkeys(each.mark for each, _ in opened))
        else:
            self._misplaced(child, name)
        if child.opening is not None:
            child.pattern = self.content(child.opening, pairs(child, attributes))
        return child

    def _misplaced(self, child: OpenedElement, name: str) -> None:
        """Take an element that may not be here for any that has its name."""
        numbers = self._vocabulary().declarations.get(name, [])[:_MOST_DECLARATIONS]
        if numbers:
            pool = self._automaton.start.pattern.pool
            child.opening = pool.choice([pool.compile(number) for number in numbers])
            child.declarations = tuple(numbers)

    def content(self, opening: Pattern, attributes: Iterable[tuple[str, str]]) -> Pattern:
        """Return the content of an element with some attributes, whatever it lacks."""
        left = self.after_attributes(opening, attributes)
        closed = close(left)
        return closed if closed.kind != NOT_ALLOWED else without_attributes(left)

    def after_attributes(self, opening: Pattern, attributes: Iterable[tuple[str, str]]) -> Pattern:
        """Return what is left after attributes; those that may not be there are passed over."""
        for name, value in sorted(attributes):
            left = self.after_attribute(opening, name, value)
            if left is None:
                left = by_attribute(
                    opening, name, dict.fromkeys(attribute_values(opening, name), True)
                )
            if left.kind != NOT_ALLOWED:
                opening = left
        return opening

    def after_attribute(self, pattern: Pattern, name: str, value: str) -> Pattern | None:
        """Return what is left after an attribute; None where it may not be."""
        try:
            left = self._automaton.after_attribute(pattern, name, value)
        except Invalid:
            return None
        return None if left.kind == NOT_ALLOWED else left

    def go_past(self, parent: OpenedElement, children: Iterable[MarkupElement], end: int) -> int:
        """Read children of an open element, and the text up to an end.

        Returns:
            where the text that is right before the end begins.
        """
        at = -1
        for child in children:
            if at >= 0:
                self._text(parent, child.tag.text[at : child.tag.start])
            at = child.end
            if parent.pattern is not None:
                parent.pattern = self._after(parent, child)
        return min(at, end)

    def _text(self, parent: OpenedElement, raw: bytes) -> None:
        if parent.pattern is None or not parent.pattern.has_text:
            return
        texts = self._automaton.state(parent.pattern).texts
        if texts is not None:
            left = texts[plain_text(raw)].pattern
            parent.pattern = left if left.kind != NOT_ALLOWED else parent.pattern

    def _after(self, parent: OpenedElement, child: MarkupElement) -> Pattern | None:
        """Return what is left of an open element after a child."""
        before = parent.pattern
        assert before is not None  # noqa: S101  # for the type checker: who calls has looked
        attributes = child.tag.attributes()
        scope = OpenedElement("", None, None, (), declared(parent.prefixes, attributes))
        step = self._step(self._automaton.state(before), scope.expanded(child.name))
        if step is None:
            return before
        rests = step[0].rests
        if len(rests) == 1:
            return rests[0]
        final = self._final(parent, child)
        if final is not None:
            try:
                return step[0][final].pattern
            except Invalid:
                pass
        return before.pool.choice(rests)

    def _step(self, state: AutomatonState, name: str) -> Step | None:
        try:
            step = state[name]
        except Invalid:
            return None
        return None if step[1].pattern.kind == NOT_ALLOWED else step

    def _final(self, parent: OpenedElement, child: MarkupElement) -> AutomatonState | None:
        """Return the state of a child at its end."""
        opened = self.enter(parent, child)
        if opened.pattern is None:
            return None
        text, start = child.tag.text, child.tag.end
        end = child.end if child.closing is None else child.closing.start
        if child.children:
            start = self.go_past(opened, child.children, end)
        if child.tag.end < child.end:
            self._text(opened, text[start:end])
        return self._automaton.state(opened.pattern)

    def read_text(self, parent: OpenedElement, raw: bytes) -> None:
        """Read text in an open element."""
        self._text(parent, raw)


def declared(around: Mapping[str, str], attributes: Iterable[TagAttribute]) -> Mapping[str, str]:
    """Return the namespaces that are declared in an element, by prefix."""
    own = {
        each.name.removeprefix("xmlns").removeprefix(":"): each.value
        for each in attributes
        if each.value is not None and (each.name == "xmlns" or each.name.startswith("xmlns:"))
    }
    return {**around, **own} if own else around


def pairs(element: OpenedElement, attributes: Iterable[TagAttribute]) -> list[tuple[str, str]]:
    """Return attributes as the engine has them, without declarations of namespaces."""
    return [
        (attribute_name(element, each.name), each.value)
        for each in attributes
        if each.value is not None and each.closed and not each.name.startswith("xmlns")
    ]


def attribute_name(element: OpenedElement, name: str) -> str:
    """Return the name of an attribute as the engine has it."""
    return element.expanded(name) if ":" in name else name


def plain_text(raw: bytes) -> str:
    """Return the text in a stretch of a document."""
    return unescaped(_ASIDE.sub(b"", raw))
