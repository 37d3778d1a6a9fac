"""Where the names of a schema belong: which element has which children and attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.relaxng.names import WILDCARD, members

if TYPE_CHECKING:
    from xmlresource.relaxng.grammar import Form, Grammar
    from xmlresource.relaxng.names import NameClass

    _Names = frozenset[tuple[bool, str]]


class Vocabulary:
    """All element and attribute names of a grammar, by the elements that have them.

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
        for number, (names, content, _) in enumerate(grammar.elements):
            self._add(names, self._names(content))
            if isinstance(names, str):
                self.declarations.setdefault(names, []).append(number)

    def holders(self, numbers: list[int]) -> set[str]:
        """Return the names of the elements that hold one of these declarations."""
        return {
            owner
            for names, content, _ in self._elements
            if not self._declared(content).isdisjoint(numbers)
            for owner in members(names) - {WILDCARD}
        }

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
