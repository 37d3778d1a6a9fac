"""Patterns that were learnt by an earlier process, each looked up when it is needed.

A document that goes known ways passes from state to state, and hardly any of their patterns is ever
asked what it is.
"""

from __future__ import annotations

from operator import attrgetter

from xmlresource.relaxng.core.knowledge import UNORDERED, key_of
from xmlresource.relaxng.core.patterns import (
    AFTER,
    ATTRIBUTE,
    DATA,
    ELEMENT,
    VALUE,
    Pattern,
)

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from typing import Any, Protocol

    from xmlresource.relaxng.core.knowledge import (
        Knowledge,
        KnownAttribute,
        KnownOpening,
        KnownState,
        Number,
    )
    from xmlresource.relaxng.core.names import NameClass
    from xmlresource.relaxng.core.patterns import Atom, PatternPool

    class Declarations(Protocol):
        """What patterns are made from, besides their parts."""

        def names(self, declaration: int) -> NameClass:
            """Return the names of an element, by the number of its declaration."""

        def atom(self, key: Any) -> Atom:
            """Return the test of a ``data`` or ``value`` pattern, by its key."""


class RecalledPattern(Pattern):
    """A pattern that is known by its number, and becomes what it is when it is asked for that."""

    __slots__ = ("_recollection",)

    def __init__(self, recollection: Recollection, number: int, known_as: int) -> None:
        self._recollection = recollection
        self.pool = recollection.pool
        self.number = number
        self.known_as = known_as

    def __getattr__(self, name: str) -> object:
        """Look up what the pattern is, or compute a property of it."""
        if name not in _ESSENCE:
            return super().__getattr__(name)
        self._recollection.complete(self)
        # Not getattr: it would come back here for what such a pattern does not have.
        return object.__getattribute__(self, name)


_ESSENCE = frozenset(("atom", "kind", "mark", "names", "parts"))
_number = attrgetter("number")


class Recollection:
    """Gives the patterns of what is known to a pool.

    They are never given up, so that there are no two of one: what is known has a bound.

    Attributes:
        pool: the pool.
        knowledge: what is known.
    """

    def __init__(
        self, pool: PatternPool, knowledge: Knowledge, declarations: Declarations
    ) -> None:  # fmt: skip
        self.pool = pool
        self.knowledge = knowledge
        self._declarations = declarations
        constants = (pool.not_allowed, pool.empty, pool.text)
        self._recalled: dict[int, Pattern] = {pattern.kind: pattern for pattern in constants}
        for pattern in constants:
            pattern.known_as = pattern.kind

    def pattern(self, number: int) -> Pattern:
        """Return the pattern with a number."""
        pattern = self._recalled.get(number)
        if pattern is None:
            self.pool.count += 1
            new = RecalledPattern(self, self.pool.count, number)
            pattern = self._recalled.setdefault(number, new)  # not two, if threads meet here
        return pattern

    def find(self, kind: int, parts: tuple[Pattern, ...], extra: Hashable) -> Pattern | None:
        """Return the pattern that is made of these, if it is known."""
        numbers = []
        for part in parts:
            if part.known_as is None:
                return None
            numbers.append(part.known_as)
        number = self.knowledge.numbers.get(key_of(kind, numbers, extra))
        return None if number is None else self.pattern(number)

    def of_parts(
        self, known: Mapping[tuple[Number | None, ...], Number], parts: Sequence[Pattern]
    ) -> Pattern | None:
        """Return what is known under the numbers of these parts."""
        number = known.get(tuple([part.known_as for part in parts]))
        return None if number is None else self.pattern(number)

    def state(self, pattern: Pattern) -> KnownState | None:
        """Return what is known of the state of a pattern."""
        number = pattern.known_as
        return None if number is None else self.knowledge.states.get(number)

    def opening(self, pattern: Pattern) -> KnownOpening | None:
        """Return what is known of the opening of an element with that content."""
        number = pattern.known_as
        return None if number is None else self.knowledge.openings.get(number)

    def attribute(self, pattern: Pattern, name: str) -> KnownAttribute | None:
        """Return what is known of what an attribute leaves of a pattern."""
        number = pattern.known_as
        return None if number is None else self.knowledge.attributes.get(number, {}).get(name)

    def forget(self) -> None:
        """Drop what was remembered on the patterns."""
        for pattern in self._recalled.values():
            pattern.forget()

    def complete(self, pattern: RecalledPattern) -> None:
        """Make a pattern what it is."""
        kind, numbers, extra = self.knowledge.pattern(pattern.known_as or 0)
        parts = tuple(map(self.pattern, numbers))
        pattern.parts = tuple(sorted(parts, key=_number)) if kind in UNORDERED else parts
        pattern.mark = extra if kind in (AFTER, ELEMENT) else -1
        if kind == ELEMENT:
            pattern.names = self._declarations.names(extra)
        elif kind == ATTRIBUTE:
            pattern.names = extra
        elif kind in (DATA, VALUE):
            pattern.atom = self._declarations.atom(extra)
        pattern.kind = kind
        self.pool.add(pattern, extra)
