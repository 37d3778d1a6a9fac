"""Frames: what the second pass knows of an open element."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from xmlresource.relaxng.core.analysis import nodes
from xmlresource.relaxng.core.derivatives import attribute_values, by_attribute, close
from xmlresource.relaxng.core.names import WILDCARD, contains, local
from xmlresource.relaxng.core.patterns import ELEMENT, NOT_ALLOWED
from xmlresource.relaxng.diagnosing.expectations import values
from xmlresource.relaxng.diagnosing.wording import short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from xmlresource.relaxng.core.automaton import Automaton, TransitionTable
    from xmlresource.relaxng.core.patterns import Pattern
    from xmlresource.relaxng.diagnosing.document_text import Tag, TextSpan
    from xmlresource.relaxng.diagnosing.finding_list import Finding
    from xmlresource.relaxng.diagnosing.vernacular import Words


#: With more attributes than that, which of them conflict is not worth working out.
MAX_BLAMED = 24


class ChildContent(NamedTuple):
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
        renamed: the namespaces that are taken for others in it, after a finding that said so.
        given: the names of children that it has, but as attributes.
        lacking: the finding that it lacks an attribute, and which one; text in it may be the value.
    """

    name: str
    tag: Tag
    parent: Frame | None
    index: int
    opening: Pattern
    pattern: Pattern
    table: TransitionTable | None = None
    attributes: list[tuple[str, str]] = field(default_factory=list)
    siblings: list[str] = field(default_factory=list)
    seen: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    history: list[ChildContent] = field(default_factory=list)
    text: list[tuple[str, TextSpan]] = field(default_factory=list)
    finding: Finding | None = None
    renamed: dict[str, str] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)
    lacking: tuple[Finding, str] | None = None

    @property
    def label(self) -> str:
        """Its name as the document writes it."""
        return short(self.tag.raw)

    @property
    def place(self) -> str:
        """The place of a child, for a message."""
        return f" in <{self.label}>" if self.name else " as the document element"

    @property
    def xpath(self) -> str:
        """Its path."""
        steps = []
        frame: Frame | None = self
        while frame is not None and frame.name:
            steps.append(f"/{frame.label}" + (f"[{frame.index}]" if frame.index else ""))
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

    def spelt(self, name: str, words: Words) -> str:
        """Return a name as a message shows it: with a usual prefix where it has none here."""
        spelling = self.spell(name)
        if spelling is not None:
            return spelling
        prefix = words.prefixes.get(name.rpartition(" ")[0])
        return f"{prefix}:{local(name)}" if prefix else local(name)

    def read_name(self, name: str) -> str:
        """Return the name that a child's stands for, after a finding that said so."""
        uri, _, word = name.rpartition(" ")
        frame: Frame | None = self
        while frame is not None:
            if uri in frame.renamed:
                other = frame.renamed[uri]
                return f"{other} {word}" if other else word
            frame = frame.parent
        return name


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


def variants(
    automaton: Automaton, frame: Frame, test: Callable[[Pattern], bool]
) -> Iterator[tuple[str, str]]:
    """Yield the attributes, changed or added, with which what is left would pass the test.

    Only attributes with enumerated values are tried: those say what kind of thing an element is.
    """
    if len(frame.attributes) > MAX_BLAMED:
        return
    have = dict(frame.attributes)
    for name in sorted(frame.opening.attributes - {WILDCARD}):
        others = [pair for pair in frame.attributes if pair[0] != name]
        for value in values(attribute_values(frame.opening, name)):
            if have.get(name) != value and test(
                run(automaton, frame.opening, [*others, (name, value)])
            ):
                yield name, value
