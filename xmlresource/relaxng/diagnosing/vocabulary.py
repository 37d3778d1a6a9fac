"""The vocabulary of a schema: which element has which children and attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.relaxng.core.names import WILDCARD, members

if TYPE_CHECKING:
    from xmlresource.relaxng.core.names import NameClass
    from xmlresource.relaxng.loading.grammar import Form, Grammar

    _Names = frozenset[tuple[bool, str]]


class Vocabulary:
    """The element and attribute names of a grammar, by the elements that have them.

    Of what no document can hold, since nothing leads there from the start, nothing is known.

    Attributes:
        parents: for the name of an element those of the elements it can be in.
        owners: for the name of an attribute those of the elements it can be on.
        declarations: for the name of an element the numbers of its declarations.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._elements = grammar.elements
        self._memo: dict[int, _Names] = {}
        self._held: dict[int, frozenset[int]] = {}
        self.parents: dict[str, set[str]] = {}
        self.declarations: dict[str, list[int]] = {}
        self.owners: dict[str, set[str]] = {}
        self._reached = self._reachable(grammar.start)
        for number in sorted(self._reached):
            names, content, _ = grammar.elements[number]
            self._add(names, self._names(content))
            if isinstance(names, str):
                self.declarations.setdefault(names, []).append(number)

    def holders(self, numbers: list[int]) -> set[str]:
        """Return the names of the elements that hold one of these declarations."""
        return {
            owner
            for names, content, _ in (self._elements[number] for number in self._reached)
            if not self._declared(content).isdisjoint(numbers)
            for owner in members(names) - {WILDCARD}
        }

    def _reachable(self, start: Form) -> set[int]:
        """Return the numbers of the elements that a document can hold."""
        reached: set[int] = set()
        ahead = set(self._declared(start))
        while ahead:
            number = ahead.pop()
            reached.add(number)
            ahead |= self._declared(self._elements[number][1]) - reached
        return reached

    def _declared(self, form: Form) -> frozenset[int]:
        """Return the numbers of the elements that a form holds."""
        kind = form[0]
        if kind == "element":
            return frozenset((form[1],))
        if kind == "oneOrMore":
            return self._declared(form[1])
        if kind not in ("choice", "group", "interleave"):
            return frozenset()
        found = self._held.get(id(form))
        if found is None:
            found = frozenset[int]().union(*map(self._declared, form[1]))
            self._held[id(form)] = found
        return found

    def _add(self, names: NameClass, held: _Names) -> None:
        owners = members(names) - {WILDCARD}
        if not owners:
            return
        for is_element, name in held:
            index = self.parents if is_element else self.owners
            index.setdefault(name, set()).update(owners)

    def _names(self, form: Form) -> _Names:
        """Return the names of elements (True) and attributes (False) that a form holds."""
        kind = form[0]
        if kind == "element":
            return frozenset((True, name) for name in members(self._elements[form[1]][0]))
        if kind == "attribute":
            return frozenset((False, name) for name in members(form[1]))
        if kind == "oneOrMore":
            return self._names(form[1])
        if kind not in ("choice", "group", "interleave"):
            return frozenset()
        found = self._memo.get(id(form))
        if found is None:
            found = frozenset[tuple[bool, str]]().union(*map(self._names, form[1]))
            self._memo[id(form)] = found
        return found
