"""Makes documents with known faults out of valid ones.

A mutation is a change of the text that a person could make by mistake, with the place where a
validator should put its message. Whether the result is invalid, only the schema can say: the
callers ask for that. Positions are worked out here, from the text, and not by the engine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

ATTRIBUTE = re.compile(rb"\s+([^\s=>/]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
LETTERS = b"abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Edit:
    """Bytes to put in place of a piece of the document."""

    start: int
    end: int
    new: bytes


@dataclass(frozen=True)
class Mutation:
    """One fault: what is changed, and where (in the changed text) the fault then is."""

    kind: str
    edits: tuple[Edit, ...]
    #: Offsets into the original text, each with how far into its replacement the fault is.
    faults: tuple[tuple[int, int], ...]
    suggestion: str | None = None
    #: Where the mutation lies, so that independent ones can be told.
    element: int = -1


@dataclass(frozen=True)
class Mutant:
    """A changed document."""

    data: bytes
    #: Places (line, column) of which the message should name one, for each fault.
    places: list[list[tuple[int, int]]]
    mutations: list[Mutation]


@dataclass
class Element:
    name: bytes
    start: int
    tag_end: int = 0  # after ">"
    close: int = 0  # at the "<" of the end tag; the same as end for an empty-element tag
    end: int = 0
    parent: int = -1
    attributes: list[tuple[bytes, int, int, int, int]] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    has_text: bool = False

    @property
    def empty_tag(self) -> bool:
        return self.close == self.end


def scan(data: bytes) -> list[Element]:
    """Return the elements of a document, in order."""
    parser = expat.ParserCreate()
    found: list[Element] = []
    stack: list[int] = []

    def start(name: str, _: object) -> None:
        at = parser.CurrentByteIndex
        element = Element(name.encode(), at, parent=stack[-1] if stack else -1)
        end = at + 1 + len(element.name)
        while (match := ATTRIBUTE.match(data, end)) is not None:
            end = match.end()
            if not match[1].startswith(b"xmlns"):
                element.attributes.append(
                    (match[1], match.start(1), match.end(1), match.start(2) + 1, match.end(2) - 1)
                )
        element.tag_end = data.index(b">", end) + 1
        if stack:
            found[stack[-1]].children.append(len(found))
        stack.append(len(found))
        found.append(element)

    def end(_: str) -> None:
        element = found[stack.pop()]
        at = parser.CurrentByteIndex
        if data[element.tag_end - 2 : element.tag_end] == b"/>":
            element.close = element.end = element.tag_end
        else:
            element.close, element.end = at, data.index(b">", at) + 1

    def text(content: str) -> None:
        if content.strip():
            found[stack[-1]].has_text = True

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.Parse(data, True)  # noqa: FBT003  # expat takes no keywords
    return found


def misspell(word: bytes, random: random.Random) -> bytes:
    """Return the word with one letter dropped, doubled, replaced, or swapped with the next."""
    at = random.randrange(len(word))
    letter = bytes([random.choice(LETTERS)])
    ways = [
        word[:at] + word[at + 1 :],
        word[:at] + word[at : at + 1] + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :],
    ]
    return random.choice([way for way in ways if way not in (word, b"") and way[:1].isalpha()]
                         or [word + b"x"])  # fmt: skip


def _rename(element: Element, new: bytes) -> tuple[Edit, ...]:
    size = len(element.name)
    edits = [Edit(element.start + 1, element.start + 1 + size, new)]
    if not element.empty_tag:
        edits.append(Edit(element.close + 2, element.close + 2 + size, new))
    return tuple(edits)


class Mutator:
    """Mutations of one document."""

    def __init__(self, data: bytes, random: random.Random) -> None:
        self.data = data
        self.random = random
        self.elements = scan(data)

    def any_of(self, kinds: list[str], tries: int = 20) -> Mutation | None:
        """Return a random mutation of one of the kinds."""
        for _ in range(tries):
            mutation = KINDS[self.random.choice(kinds)](self)
            if mutation is not None:
                return mutation
        return None

    def _pick(self, test: Callable[[Element], bool]) -> int | None:
        fitting = [index for index, element in enumerate(self.elements) if test(element)]
        return self.random.choice(fitting) if fitting else None

    def misspelt_element(self) -> Mutation | None:
        at = self._pick(lambda e: len(e.name) > 3 and e.parent >= 0 and b":" not in e.name)
        if at is None:
            return None
        element = self.elements[at]
        return Mutation("misspelt-element", _rename(element, misspell(element.name, self.random)),
                        ((element.start, 0),), element.name.decode(), at)  # fmt: skip

    def misspelt_attribute(self) -> Mutation | None:
        at = self._pick(lambda e: any(len(a[0]) > 3 for a in e.attributes))
        if at is None:
            return None
        name, start, end, _, _ = self.random.choice(
            [a for a in self.elements[at].attributes if len(a[0]) > 3]
        )
        edit = Edit(start, end, misspell(name, self.random))
        return Mutation("misspelt-attribute", (edit,), ((start, 0),), name.decode(), at)

    def misspelt_value(self) -> Mutation | None:
        at = self._pick(lambda e: any(self._is_word(a) for a in e.attributes))
        if at is None:
            return None
        words = [a for a in self.elements[at].attributes if self._is_word(a)]
        _, _, _, start, end = self.random.choice(words)
        word = self.data[start:end]
        edit = Edit(start, end, misspell(word, self.random))
        return Mutation("misspelt-value", (edit,), ((start, 0),), word.decode(), at)

    def _is_word(self, attribute: tuple[bytes, int, int, int, int]) -> bool:
        return re.fullmatch(rb"[a-z]{4,}", self.data[attribute[3] : attribute[4]]) is not None

    def bad_number(self) -> Mutation | None:
        places = [
            (a[3], a[4], index)
            for index, e in enumerate(self.elements)
            for a in e.attributes
            if self.data[a[3] : a[4]].isdigit()
        ]
        places += [
            (e.tag_end, e.close, index)
            for index, e in enumerate(self.elements)
            if not e.children and self.data[e.tag_end : e.close].isdigit()
        ]
        if not places:
            return None
        start, end, at = self.random.choice(places)
        new = self.random.choice([b"many", b"1.5x", b"9" * 30, b"-?"])
        return Mutation("bad-number", (Edit(start, end, new),), ((start, 0),), None, at)

    def duplicate(self) -> Mutation | None:
        at = self._pick(lambda e: e.parent >= 0)
        if at is None:
            return None
        element = self.elements[at]
        copy = self.data[element.start : element.end]
        edit = Edit(element.end, element.end, b"\n    " + copy)
        # Where some are allowed, one of those that follow is the one too many.
        later = [self.elements[child] for child in self.elements[element.parent].children]
        alike = [e.start for e in later if e.start >= element.end and e.name == element.name]
        faults = ((element.end, 5), *((start, 0) for start in alike))
        return Mutation("duplicate", (edit,), faults, None, element.parent)

    def unknown_element(self) -> Mutation | None:
        at = self._pick(lambda e: not e.empty_tag and not e.has_text)
        if at is None:
            return None
        element = self.elements[at]
        place = self.random.choice(
            [element.tag_end, *(self.elements[child].end for child in element.children)]
        )
        edit = Edit(place, place, b"\n  <zyxwvut a='1'><b/>text</zyxwvut>")
        return Mutation("unknown-element", (edit,), ((place, 3),), None, at)

    def unknown_attribute(self) -> Mutation | None:
        at = self._pick(lambda _: True)
        if at is None:
            return None
        element = self.elements[at]
        place = element.start + 1 + len(element.name)
        edit = Edit(place, place, b"  zyxwvut='1'")
        return Mutation("unknown-attribute", (edit,), ((place, 2),), None, at)

    def misplaced(self) -> Mutation | None:
        """Move an element (that its parent can spare) into another parent."""
        source = self._pick(lambda e: e.parent > 0 and b":" not in e.name)
        target = self._pick(lambda e: not e.empty_tag and not e.has_text and e.parent >= 0)
        if source is None or target is None:
            return None
        element, parent = self.elements[source], self.elements[target]
        if element.start <= parent.start < element.end or element.parent == target:
            return None
        if element.name in {self.elements[c].name for c in parent.children}:
            return None
        moved = b"\n  " + self.data[element.start : element.end]
        edit = Edit(parent.tag_end, parent.tag_end, moved)
        return Mutation("misplaced", (edit,), ((parent.tag_end, 3),), None, target)

    def deleted_element(self) -> Mutation | None:
        at = self._pick(lambda e: e.parent >= 0)
        if at is None:
            return None
        element = self.elements[at]
        parent = self.elements[element.parent]
        edit = Edit(element.start, element.end, b"")
        return Mutation("deleted-element", (edit,), ((parent.start, 0),), None, element.parent)

    def deleted_attribute(self) -> Mutation | None:
        at = self._pick(lambda e: bool(e.attributes))
        if at is None:
            return None
        element = self.elements[at]
        _, start, _, _, end = self.random.choice(element.attributes)
        edit = Edit(start - 1, end + 1, b"")
        return Mutation("deleted-attribute", (edit,), ((element.start, 0),), None, at)

    def reordered(self) -> Mutation | None:
        """Swap two neighbours; the fault is at either."""
        at = self._pick(lambda e: len(e.children) > 1)
        if at is None:
            return None
        children = self.elements[at].children
        index = self.random.randrange(len(children) - 1)
        one, two = self.elements[children[index]], self.elements[children[index + 1]]
        first, second = self.data[one.start : one.end], self.data[two.start : two.end]
        edits = (Edit(one.start, one.end, second), Edit(two.start, two.end, first))
        return Mutation("reordered", edits, ((one.start, 0), (two.start, 0)), None, at)

    def text(self) -> Mutation | None:
        at = self._pick(lambda e: not e.empty_tag and bool(e.children) and not e.has_text)
        if at is None:
            return None
        place = self.elements[at].tag_end
        edit = Edit(place, place, b"\n  stray words")
        return Mutation("text", (edit,), ((place, 3),), None, at)


KINDS: dict[str, Callable[[Mutator], Mutation | None]] = {
    "misspelt-element": Mutator.misspelt_element,
    "misspelt-attribute": Mutator.misspelt_attribute,
    "misspelt-value": Mutator.misspelt_value,
    "bad-number": Mutator.bad_number,
    "duplicate": Mutator.duplicate,
    "unknown-element": Mutator.unknown_element,
    "unknown-attribute": Mutator.unknown_attribute,
    "misplaced": Mutator.misplaced,
    "deleted-element": Mutator.deleted_element,
    "deleted-attribute": Mutator.deleted_attribute,
    "reordered": Mutator.reordered,
    "text": Mutator.text,
}
MISSPELLINGS = ["misspelt-element", "misspelt-attribute", "misspelt-value"]


def apply(data: bytes, mutations: list[Mutation]) -> Mutant:
    """Return the document with mutations that do not overlap."""
    edits = sorted((edit for m in mutations for edit in m.edits), key=lambda edit: edit.start)
    out, last = [], 0
    for edit in edits:
        out += [data[last : edit.start], edit.new]
        last = edit.end
    changed = b"".join([*out, data[last:]])
    places = [
        [_position(changed, _moved(edits, offset) + into) for offset, into in mutation.faults]
        for mutation in mutations
    ]
    return Mutant(changed, places, mutations)


def _moved(edits: list[Edit], offset: int) -> int:
    return offset + sum(
        len(edit.new) - (edit.end - edit.start)
        for edit in edits
        if edit.start < offset or (edit.end <= offset and edit.end > edit.start)
    )


def _position(data: bytes, offset: int) -> tuple[int, int]:
    before = data[:offset].decode()
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def single(
    documents: list[bytes], random: random.Random, is_valid: Callable[[bytes], bool], count: int,
    kinds: list[str] | None = None,
) -> Iterator[Mutant]:  # fmt: skip
    """Yield documents with one fault each."""
    made = 0
    for _ in range(count * 40):
        if made >= count:
            return
        data = random.choice(documents)
        mutation = Mutator(data, random).any_of(kinds or list(KINDS))
        if mutation is None:
            continue
        mutant = apply(data, [mutation])
        if not is_valid(mutant.data):
            made += 1
            yield mutant


def several(
    documents: list[bytes], random: random.Random, is_valid: Callable[[bytes], bool], count: int,
    faults: int = 3,
) -> Iterator[Mutant]:  # fmt: skip
    """Yield documents with several faults in different elements, each of which is one alone."""
    made = 0
    for _ in range(count * 20):
        if made >= count:
            return
        data = random.choice(documents)
        mutator = Mutator(data, random)
        chosen: list[Mutation] = []
        for _ in range(faults * 15):
            mutation = mutator.any_of(list(KINDS))
            if mutation is None or not _is_apart(mutator, mutation, chosen):
                continue
            if not is_valid(apply(data, [mutation]).data):
                chosen.append(mutation)
            if len(chosen) == faults:
                made += 1
                yield apply(data, chosen)
                break


def _is_apart(mutator: Mutator, mutation: Mutation, chosen: list[Mutation]) -> bool:
    """Tell whether the elements concerned are not the same, nor inside one another."""
    span = _span(mutator, mutation)
    others = [_span(mutator, other) for other in chosen]
    return mutation.element > 0 and all(span[1] <= o[0] or o[1] <= span[0] for o in others)


def _span(mutator: Mutator, mutation: Mutation) -> tuple[int, int]:
    element = mutator.elements[mutation.element]
    edits = mutation.edits
    return (min(element.start, *(e.start for e in edits)),
            max(element.end, *(e.end + 1 for e in edits)))  # fmt: skip
