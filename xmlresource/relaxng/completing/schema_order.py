"""The order in which a schema writes things: that of the documents that its authors had in mind.

Patterns have an order of their own, which depends on the documents that were read before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.relaxng.core.names import WILDCARD, members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xmlresource.relaxng.loading.grammar import Form, Grammar

    _Key = tuple[str, str]

_COMPOSITES = frozenset(("choice", "group", "interleave"))
_ELEMENT, _ATTRIBUTE, _VALUE = "element", "attribute", "value"


class SchemaOrder:
    """Tells the order of what is in elements, by the numbers of their declarations."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._known: dict[int, dict[_Key, int]] = {}

    def elements(self, declarations: Iterable[int], names: Iterable[str]) -> list[str]:
        """Sort the names of children."""
        return self._sorted(declarations, _ELEMENT, names)

    def attributes(self, declarations: Iterable[int], names: Iterable[str]) -> list[str]:
        """Sort the names of attributes."""
        return self._sorted(declarations, _ATTRIBUTE, names)

    def values(
        self, declarations: Iterable[int], values: Iterable[str], attribute: str = ""
    ) -> list[str]:
        """Sort values of an attribute, or texts."""
        return self._sorted(declarations, f"{_VALUE} {attribute}", values)

    def _sorted(self, declarations: Iterable[int], kind: str, words: Iterable[str]) -> list[str]:
        places: dict[_Key, int] = {}
        for number in declarations:
            for key, place in self._places(number).items():
                places.setdefault(key, place)
        last = len(places)
        # What has no place of its own stays in the order in which it comes.
        return sorted(words, key=lambda word: places.get((kind, word), last))

    def _places(self, declaration: int) -> dict[_Key, int]:
        places = self._known.get(declaration)
        if places is None:
            places = self._known[declaration] = {}
            form = self._grammar.elements[declaration][1] if declaration >= 0 else ()
            self._enter(form or self._grammar.start, "", places, set())
        return places

    def _enter(
        self, form: Form, attribute: str, places: dict[_Key, int], entered: set[tuple[int, str]]
    ) -> None:
        """Note a form's names, each shared form once."""
        if (id(form), attribute) in entered:
            return
        entered.add((id(form), attribute))
        kind = form[0]
        if kind in _COMPOSITES:
            for part in form[1]:
                self._enter(part, attribute, places, entered)
        elif kind in {"oneOrMore", "list"}:
            self._enter(form[1], attribute, places, entered)
        elif kind == _VALUE:
            places.setdefault((f"{_VALUE} {attribute}", form[3]), len(places))
        elif kind == _ELEMENT:
            for name in sorted(members(self._grammar.elements[form[1]][0]) - {WILDCARD}):
                places.setdefault((_ELEMENT, name), len(places))
        elif kind == _ATTRIBUTE:
            for name in sorted(members(form[1]) - {WILDCARD}):
                places.setdefault((_ATTRIBUTE, name), len(places))
                self._enter(form[2], name, places, entered)
