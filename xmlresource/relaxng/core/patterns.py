"""Patterns of the simple syntax (§5), each kept once.

A `PatternPool` hands out patterns so that equal ones are the same object: comparing is an identity,
and whatever is learnt of a pattern is kept on it. Everything else here is what a pattern *is*; what
becomes of it when a document is read is in `derivatives`.
"""

from __future__ import annotations

from bisect import insort
from itertools import islice
from operator import attrgetter

from xmlresource.relaxng.core.names import members

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from typing import Any, Protocol

    from xmlresource.relaxng.core.names import NameClass

    class Atom(Protocol):
        """The demand of a ``data`` or ``value`` pattern on a string.

        Attributes:
            key: what tells it from others.
            token: the only string that it accepts once blanks are collapsed, or None.
        """

        key: Any
        token: str | None

        def accepts(self, text: str) -> bool:
            """Tell whether the string matches."""

    class Earlier(Protocol):
        """The patterns of earlier runs (`recollection`)."""

        def find(self, kind: int, parts: tuple[Pattern, ...], extra: Hashable) -> Pattern | None:
            """Return the one that is made of these, if it was known then."""

        def forget(self) -> None:
            """Drop what was remembered on them."""


# Kinds of patterns. Plain numbers: they are compared in the innermost functions.
(NOT_ALLOWED, EMPTY, TEXT, CHOICE, INTERLEAVE, GROUP, ONE_OR_MORE,
 DATA, VALUE, LIST, ATTRIBUTE, ELEMENT, AFTER) = range(13)  # fmt: skip

COMPOSITE = frozenset((CHOICE, INTERLEAVE, GROUP))
NOTHING: frozenset[str] = frozenset()


class Pattern:
    """One pattern. Made by a `PatternPool` only; never changed, but for what is computed on demand.

    Attributes:
        kind: one of the constants of this module.
        parts: the patterns inside: of a choice, group or interleave all; of oneOrMore, list,
            attribute and after the one; of data its ``except``, if any.
        names: the name class of an element or attribute.
        atom: the test of data and value.
        mark: of after: which of several kinds of child element this is (see `automaton`).
        number: counts up; gives choices and interleaves their order.
        known_as: its number in what was learnt before (`knowledge`); None where it was not known.
        elements: names of the elements that can come first (`WILDCARD` for any others).
        attributes: names of the attributes that it has anywhere outside of elements.
        has_text: whether character data may come first.
        nullable: whether it matches nothing at all (an attribute that is still to come counts as
            something).
        content: of an element: its content, compiled when first asked for.
        tokens: of a choice: the strings that its values of type token are.
        untokened: of a choice: its other alternatives.
    """

    __slots__ = (
        "_closed",
        "atom",
        "attributes",
        "content",
        "elements",
        "has_text",
        "kind",
        "known_as",
        "mark",
        "names",
        "nullable",
        "number",
        "parts",
        "pool",
        "steps",
        "tokens",
        "untokened",
    )

    _closed: Pattern | None
    attributes: frozenset[str]
    content: Pattern
    elements: frozenset[str]
    has_text: bool
    kind: int
    mark: int
    nullable: bool
    parts: tuple[Pattern, ...]
    names: NameClass
    tokens: frozenset[str]
    untokened: tuple[Pattern, ...]
    atom: Atom
    #: What reading an attribute of a name leads to (filled by `automaton`).
    steps: dict[str, Any]

    def __init__(
        self, pool: PatternPool, kind: int, parts: tuple[Pattern, ...], number: int
    ) -> None:
        self.pool = pool
        self.kind = kind
        self.parts = parts
        self.number = number
        self.known_as: int | None = None
        self.mark = -1

    def __getattr__(self, name: str) -> object:
        """Compute a property when it is first used: most patterns never need most of them."""
        compute = _PROPERTIES.get(name)
        if compute is None:
            raise AttributeError(name)
        value = compute(self)
        setattr(self, name, value)
        return value

    def forget(self) -> None:
        """Drop what was remembered of reading documents."""
        self.steps = {}


def _elements(pattern: Pattern) -> frozenset[str]:
    kind = pattern.kind
    if kind == ELEMENT:
        return members(pattern.names)
    if kind == GROUP:
        found: set[str] = set()
        for part in pattern.parts:
            found |= part.elements
            if not (part.nullable or (part.attributes and without_attributes(part).nullable)):
                break
        return frozenset(found)
    if kind in COMPOSITE or kind in (ONE_OR_MORE, AFTER):
        return NOTHING.union(*[part.elements for part in pattern.parts])
    return NOTHING


def _attributes(pattern: Pattern) -> frozenset[str]:
    kind = pattern.kind
    if kind == ATTRIBUTE:
        return members(pattern.names)
    if kind in COMPOSITE or kind in (ONE_OR_MORE, AFTER):
        return NOTHING.union(*[part.attributes for part in pattern.parts])
    return NOTHING


def _has_text(pattern: Pattern) -> bool:
    kind = pattern.kind
    if kind in COMPOSITE or kind in (ONE_OR_MORE, AFTER):
        return any(map(_get_has_text, pattern.parts))
    return kind in (TEXT, DATA, VALUE, LIST)


def _nullable(pattern: Pattern) -> bool:
    kind = pattern.kind
    if kind == CHOICE:
        return any(map(_get_nullable, pattern.parts))
    if kind in COMPOSITE:
        return all(map(_get_nullable, pattern.parts))
    return pattern.parts[0].nullable if kind == ONE_OR_MORE else kind in (EMPTY, TEXT)


def _content(pattern: Pattern) -> Pattern:
    return pattern.pool.compile(pattern.mark)


def _tokens(pattern: Pattern) -> frozenset[str]:
    atoms = [part.atom for part in pattern.parts if part.kind == VALUE]
    return frozenset(atom.token for atom in atoms if atom.token is not None)


def _untokened(pattern: Pattern) -> tuple[Pattern, ...]:
    return tuple(p for p in pattern.parts if p.kind != VALUE or p.atom.token is None)


def _steps(_: Pattern) -> dict[str, Any]:
    return {}


def _no_closed(_: Pattern) -> None:
    return None


_PROPERTIES: dict[str, Callable[[Pattern], object]] = {
    "elements": _elements,
    "attributes": _attributes,
    "has_text": _has_text,
    "nullable": _nullable,
    "content": _content,
    "steps": _steps,
    "tokens": _tokens,
    "untokened": _untokened,
    "_closed": _no_closed,
}

_by_number = attrgetter("number")
_get_has_text = attrgetter("has_text")
_get_nullable = attrgetter("nullable")


class PatternPool:
    """Makes patterns, each once.

    Args:
        compile_element: gives the content of the element declaration with that number.

    Attributes:
        count: how many have been made so far.
        earlier: those of earlier runs, or None.
    """

    def __init__(self, compile_element: Callable[[int], Pattern]) -> None:
        self.compile = compile_element
        self._patterns: dict[Hashable, Pattern] = {}
        self.count = 0
        self.earlier: Earlier | None = None
        self._permanent: dict[Hashable, Pattern] = {}
        self.not_allowed = self._make(NOT_ALLOWED, ())
        self.empty = self._make(EMPTY, ())
        self.text = self._make(TEXT, ())
        self.keep(since=0)

    def __len__(self) -> int:
        return len(self._patterns)

    def keep(self, since: int) -> None:
        """Take the patterns made since there were so many for the schema's own, to be kept."""
        made = len(self._patterns) - since
        self._permanent.update(islice(reversed(self._patterns.items()), made))

    def drop(self) -> None:
        """Drop all patterns but the schema's own, and what was remembered on those.

        Patterns in use elsewhere stay usable; they are only no longer handed out.
        """
        self._patterns = dict(self._permanent)
        for pattern in self._patterns.values():
            pattern.forget()
        if self.earlier is not None:
            self.earlier.forget()

    def add(self, pattern: Pattern, extra: Hashable) -> None:
        """Take in a pattern that was known before."""
        self._patterns[pattern.kind, pattern.parts, extra] = pattern

    def _make(self, kind: int, parts: tuple[Pattern, ...], extra: Hashable = None) -> Pattern:
        key = (kind, parts, extra)
        pattern = self._patterns.get(key)
        if pattern is None:
            pattern = self.earlier.find(kind, parts, extra) if self.earlier else None
            if pattern is None:
                self.count += 1
                pattern = Pattern(self, kind, parts, self.count)
            self._patterns[key] = pattern
        return pattern

    def element(self, names: NameClass, declaration: int) -> Pattern:
        """Return the element pattern of a declaration, by its number in the grammar."""
        pattern = self._make(ELEMENT, (), declaration)
        pattern.names, pattern.mark = names, declaration
        return pattern

    def attribute(self, names: NameClass, body: Pattern) -> Pattern:
        """Return an attribute pattern."""
        pattern = self._make(ATTRIBUTE, (body,), names)
        pattern.names = names
        return pattern

    def data(self, atom: Atom, excluded: Pattern | None = None) -> Pattern:
        """Return a data pattern; atoms with the same key are the same."""
        pattern = self._make(DATA, (excluded,) if excluded else (), atom.key)
        pattern.atom = atom
        return pattern

    def value(self, atom: Atom) -> Pattern:
        """Return a value pattern; atoms with the same key are the same."""
        pattern = self._make(VALUE, (), atom.key)
        pattern.atom = atom
        return pattern

    def tokens(self, body: Pattern) -> Pattern:
        """Return a list pattern."""
        return self._make(LIST, (body,))

    def after(self, body: Pattern, mark: int) -> Pattern:
        """Return the pattern with a mark that tells what it came from."""
        if body.kind == NOT_ALLOWED:
            return body
        pattern = self._make(AFTER, (body,), mark)
        pattern.mark = mark
        return pattern

    def one_or_more(self, body: Pattern) -> Pattern:
        """Return the repetition of a pattern."""
        if body.kind in (NOT_ALLOWED, EMPTY, ONE_OR_MORE):
            return body
        return self._make(ONE_OR_MORE, (body,))

    def optional(self, body: Pattern) -> Pattern:
        """Return the choice of a pattern and nothing."""
        return self.choice((body, self.empty))

    def choice(self, alternatives: Sequence[Pattern]) -> Pattern:
        """Return the choice of patterns, flat, without duplicates and notAllowed."""
        if len(alternatives) == 1:
            return alternatives[0]
        found: set[Pattern] = set()
        for pattern in alternatives:
            if pattern.kind == CHOICE:
                found.update(pattern.parts)
            elif pattern.kind != NOT_ALLOWED:
                found.add(pattern)
        if len(found) > 1 and self.empty in found:
            found.discard(self.empty)
            if not any(pattern.nullable for pattern in found):
                found.add(self.empty)
        if len(found) <= 1:
            return found.pop() if found else self.not_allowed
        return self._make(CHOICE, tuple(sorted(found, key=_by_number)))

    def composite(self, kind: int, parts: Sequence[Pattern]) -> Pattern:
        """Return a choice, group or interleave."""
        if kind == CHOICE:
            return self.choice(parts)
        return self.group(parts) if kind == GROUP else self.interleave(parts)

    def group(self, sequence: Iterable[Pattern]) -> Pattern:
        """Return the sequence of patterns, flat and without empty."""
        parts = self._flat(GROUP, sequence)
        return parts if isinstance(parts, Pattern) else self._make(GROUP, tuple(parts))

    def interleave(self, branches: Iterable[Pattern]) -> Pattern:
        """Return the interleaving of patterns, flat and without empty."""
        parts = self._flat(INTERLEAVE, branches)
        if isinstance(parts, Pattern):
            return parts
        return self._make(INTERLEAVE, tuple(sorted(parts, key=_by_number)))

    def _flat(self, kind: int, patterns: Iterable[Pattern]) -> list[Pattern] | Pattern:
        parts: list[Pattern] = []
        for pattern in patterns:
            if pattern.kind == kind:
                parts.extend(pattern.parts)
            elif pattern.kind == NOT_ALLOWED:
                return pattern
            elif pattern.kind != EMPTY:
                parts.append(pattern)
        if len(parts) <= 1:
            return parts[0] if parts else self.empty
        return parts

    def replace_branch(self, pattern: Pattern, index: int, new: Pattern) -> Pattern:
        """Return the interleave with one of its branches replaced.

        The same as `interleave` of all of them, without sorting what is in order already.
        """
        before = pattern.parts
        rest = [*before[:index], *before[index + 1 :]]
        if new.kind in (NOT_ALLOWED, INTERLEAVE) or len(rest) == 0:
            return self.interleave([*rest, new])
        if new.kind != EMPTY:
            insort(rest, new, key=_by_number)
        return rest[0] if len(rest) == 1 else self._make(INTERLEAVE, tuple(rest))


def without_attributes(pattern: Pattern) -> Pattern:
    """Return what is left if every attribute that is still to come were there."""
    if not pattern.attributes:
        return pattern
    return rebuild(pattern, without_attributes, pattern.pool.empty)


def rebuild(pattern: Pattern, change: Callable[[Pattern], Pattern], attribute: Pattern) -> Pattern:
    """Return the pattern with each attribute replaced and its composites made anew."""
    pool, kind, parts = pattern.pool, pattern.kind, pattern.parts
    if kind == ATTRIBUTE:
        return attribute
    if kind in COMPOSITE:
        return pool.composite(kind, [change(part) for part in parts])
    if kind == ONE_OR_MORE:
        return pool.one_or_more(change(parts[0]))
    if kind == AFTER:
        return pool.after(change(parts[0]), pattern.mark)
    return pattern
