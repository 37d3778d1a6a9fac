"""What the second pass knows of an element that is open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from xmlresource.relaxng.analysis import nodes
from xmlresource.relaxng.derivatives import by_attribute, close
from xmlresource.relaxng.names import contains, local
from xmlresource.relaxng.patterns import ELEMENT, NOT_ALLOWED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xmlresource.relaxng.automaton import Automaton, Table
    from xmlresource.relaxng.document import Span, Tag
    from xmlresource.relaxng.patterns import Pattern
    from xmlresource.relaxng.report import Finding


class Child(NamedTuple):
    """A child that changed what may come: its name, where it is, and what could come before it."""

    name: str
    offset: int
    line: int
    before: Pattern


@dataclass(slots=True)
class Frame:
    """An open element (or the document itself, which has no name).

    Attributes:
        name: its name.
        tag: its start tag.
        parent: the frame around it.
        index: which of the siblings of that name it is, from 1; 0 where it is the only one.
        opening: the pattern at its name, before its attributes.
        pattern: what may still come.
        table: tells what becomes of the parent at the end; None where that is settled already.
        attributes: names and values.
        siblings: the names of all its children, also of those to come; for looking ahead.
        seen: how many of them have begun.
        counts: how many of each name have begun.
        history: the children after which something else may come than before.
        text: pieces of text since the last tag, with where they are.
        finding: the finding that it is misspelt.
    """

    name: str
    tag: Tag
    parent: Frame | None
    index: int
    opening: Pattern
    pattern: Pattern
    table: Table | None = None
    attributes: list[tuple[str, str]] = field(default_factory=list)
    siblings: list[str] = field(default_factory=list)
    seen: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    history: list[Child] = field(default_factory=list)
    text: list[tuple[str, Span]] = field(default_factory=list)
    finding: Finding | None = None

    @property
    def label(self) -> str:
        """Its local name."""
        return local(self.name)

    @property
    def place(self) -> str:
        """Where a child of it is, for a message."""
        return f" in <{self.label}>" if self.name else " as the document element"

    @property
    def xpath(self) -> str:
        """Its path."""
        steps = []
        frame: Frame | None = self
        while frame is not None and frame.name:
            steps.append(f"/{frame.tag.raw}" + (f"[{frame.index}]" if frame.index else ""))
            frame = frame.parent
        return "".join(reversed(steps))

    def ahead(self) -> list[str]:
        """Return the names of the children that have not begun yet."""
        return self.siblings[self.seen :]

    def prefix_of(self, uri: str) -> str | None:
        """Return a prefix that stands for a namespace here; empty for the default namespace."""
        shadowed: set[str] = set()
        frame: Frame | None = self
        while frame is not None:
            for prefix, bound in frame.tag.prefixes:
                if bound == uri and prefix not in shadowed:
                    return prefix
                shadowed.add(prefix)
            frame = frame.parent
        return None if uri else ""

    def spell(self, name: str) -> str | None:
        """Return a name as the document has to write it, if the namespace has a prefix here."""
        uri, _, word = name.rpartition(" ")
        prefix = self.prefix_of(uri)
        if prefix is None:
            return None
        return f"{prefix}:{word}" if prefix else word


def run(automaton: Automaton, pattern: Pattern, pairs: Iterable[tuple[str, str]]) -> Pattern:
    """Return what is left of a pattern after attributes."""
    for name, value in pairs:
        pattern = automaton.after_attribute(pattern, name, value)
    return pattern


def fits(automaton: Automaton, content: Pattern, child: Frame) -> bool:
    """Tell whether the content of elements allows a child's attributes and its children's names."""
    left = close(run(automaton, content, child.attributes))
    if left.kind == NOT_ALLOWED:
        return False
    rest = set(child.siblings) - left.elements  # which can come first: in interleaves, most
    known = nodes(left, ELEMENT) if rest else []
    return all(any(contains(node.names, name) for node in known) for name in rest)


def run_forgiving(pattern: Pattern, name: str, values: Iterable[Pattern]) -> Pattern:
    """Return what is left after an attribute if its value were right."""
    return by_attribute(pattern, name, dict.fromkeys(values, True))
