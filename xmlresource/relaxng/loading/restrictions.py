"""Restrictions (§7): what a schema must not say although it can be written.

They make validation simple: an attribute holds no element, data is not mixed with elements, the
names of attributes that can come together are distinct, and so are those of the elements of an
interleave, which lets it be read branch by branch.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from xmlresource.relaxng.core.names import WILDCARD, describe, is_infinite, members, overlap
from xmlresource.relaxng.errors import SchemaError

if TYPE_CHECKING:
    from typing import NoReturn

    from xmlresource.relaxng.core.names import NameClass
    from xmlresource.relaxng.loading.grammar import Form, Grammar

    #: Name classes, each with the place of what it is the name of.
    Named = tuple[tuple[NameClass, int], ...]

_SEQUENCES = ("group", "interleave")
_COMPOSITE = ("choice", *_SEQUENCES)

#: §7.1: what must not be below what. "repeated sequence" is a group or interleave in a oneOrMore.
_PROHIBITED = {
    "attribute": frozenset(("element", "attribute")),
    "repeated sequence": frozenset(("attribute",)),
    "list": frozenset(("list", "element", "attribute", "text", "interleave")),
    "except": frozenset(("attribute", "element", "list", "text", "group", "interleave",
                         "oneOrMore", "empty")),
    "start": frozenset(("attribute", "data", "value", "text", "list", "group", "interleave",
                        "oneOrMore", "empty")),
}  # fmt: skip


def check_restrictions(grammar: Grammar) -> None:
    """Check a simplified grammar.

    Raises:
        SchemaError: it breaks a restriction.
    """
    checker = _Checker(grammar)
    checker.paths(grammar.start, frozenset(("start",)), 0)
    # What the start does not lead to is not part of the simplified schema (§4.19).
    todo = list(checker.declarations(grammar.start))
    seen = set(todo)
    while todo:
        _, content, place = grammar.elements[todo.pop()]
        checker.paths(content, frozenset(), place)
        checker.content_type(content, place)
        checker.attributes(content, place)
        checker.interleaves(content, place)
        new = checker.declarations(content) - seen
        seen |= new
        todo += new


class _Type(IntEnum):
    """Content types (§7.2), in the order in which a choice takes the largest."""

    EMPTY = 0
    COMPLEX = 1
    SIMPLE = 2


class _Checker:
    """Checks forms. As they are shared, each is visited once per question."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._walked: set[tuple[int, frozenset[str]]] = set()
        self._types: dict[int, _Type] = {}
        self._attributes: dict[int, Named] = {}
        self._declarations: dict[int, frozenset[int]] = {}
        self._texts: dict[int, bool] = {}
        self._interleaved: set[int] = set()

    def _fail(self, place: int, message: str) -> NoReturn:
        raise SchemaError(message, *self._grammar.places[place])

    # §7.1: prohibited paths

    def paths(self, form: Form, above: frozenset[str], place: int) -> None:
        """Check what a form holds against what is above it."""
        if (id(form), above) in self._walked:
            return
        self._walked.add((id(form), above))
        kind = form[0]
        place = self._place(form, place)
        for context in above:
            if kind in _PROHIBITED.get(context, ()):
                self._fail(place, f"<{kind}> is not allowed in <{context}>".replace(
                    "<repeated sequence>", "a repeated group or interleave"))  # fmt: skip
        if kind == "attribute":
            self._check_repeated(form, above, place)
            self.paths(form[2], above | {"attribute"}, place)
        elif kind in _COMPOSITE:
            below = above
            if kind in _SEQUENCES and "oneOrMore" in above:
                below = above | {"repeated sequence"}
            for part in form[1]:
                self.paths(part, below, place)
        elif kind in ("oneOrMore", "list"):
            self.paths(form[1], above | {kind}, place)
        elif kind == "data" and form[4] is not None:
            self.paths(form[4], above | {"except"}, place)

    def _check_repeated(self, form: Form, above: frozenset[str], place: int) -> None:
        if is_infinite(form[1]) and "oneOrMore" not in above:  # §7.3
            self._fail(place, f"an attribute with {describe(form[1])} must be in <oneOrMore>")

    def _place(self, form: Form, outer: int) -> int:
        if form[0] == "element":
            return self._grammar.elements[form[1]][2]
        return form[-1] if isinstance(form[-1], int) else outer

    # §7.2: string sequences

    def content_type(self, form: Form, place: int) -> _Type:
        """Return the content type of a form, having checked that it has one."""
        found = self._types.get(id(form))
        if found is None:
            found = self._types[id(form)] = self._content_type(form, self._place(form, place))
        return found

    def _content_type(self, form: Form, place: int) -> _Type:
        kind = form[0]
        if kind in ("data", "value", "list"):
            return _Type.SIMPLE
        if kind in ("text", "element"):
            return _Type.COMPLEX
        if kind == "attribute":
            self.content_type(form[2], place)
            return _Type.EMPTY
        if kind == "oneOrMore":
            return self._together([self.content_type(form[1], place)] * 2, place)
        if kind in _COMPOSITE:
            types = [self.content_type(part, place) for part in form[1]]
            return max(types) if kind == "choice" else self._together(types, place)
        return _Type.EMPTY

    def _together(self, types: list[_Type], place: int) -> _Type:
        solid = [found for found in types if found != _Type.EMPTY]
        if _Type.SIMPLE in solid and len(solid) > 1:
            self._fail(place, "data, value and list can be neither repeated nor combined with "
                              "elements, text or each other")  # fmt: skip
        return max(types)

    # §7.3: attributes

    def attributes(self, form: Form, place: int) -> Named:
        """Return the attributes of a form, having checked that none can come twice."""
        found = self._attributes.get(id(form))
        if found is None:
            found = self._attributes[id(form)] = self._all_attributes(form, place)
        return found

    def _all_attributes(self, form: Form, place: int) -> Named:
        kind = form[0]
        if kind == "attribute":
            return ((form[1], form[3]),)
        if kind == "oneOrMore":
            return self.attributes(form[1], place)
        if kind not in _COMPOSITE:
            return ()
        parts = [self.attributes(part, place) for part in form[1]]
        if kind in _SEQUENCES:
            self._check_disjoint(parts, "attribute {} is in the same {} twice", kind)
        return tuple(dict.fromkeys(named for part in parts for named in part))

    def _check_disjoint(self, parts: list[Named], message: str, kind: str) -> None:
        """Check that no two of the parts can have a name in common."""
        literal: dict[str, int] = {}
        infinite: list[tuple[NameClass, int]] = []
        for number, part in enumerate(parts):
            for names, place in part:
                for name in members(names) - {WILDCARD}:
                    if literal.setdefault(name, number) != number:
                        self._fail(place, message.format(describe(name), kind))
                if is_infinite(names):
                    infinite.append((names, number))
        for names, number in infinite:
            for other, part in enumerate(parts):
                for candidate, place in part if other != number else ():
                    common = overlap(names, candidate)
                    if common is not None:
                        self._fail(place, message.format(describe(candidate), kind))

    # §7.4: interleave

    def interleaves(self, form: Form, place: int) -> None:
        """Check that the branches of interleaves can be told apart."""
        if id(form) in self._interleaved:
            return
        self._interleaved.add(id(form))
        if form[0] == "oneOrMore":
            self.interleaves(form[1], place)
        if form[0] not in _COMPOSITE:
            return
        for part in form[1]:
            self.interleaves(part, place)
        if form[0] != "interleave":
            return
        self._check_disjoint(
            [self._element_names(part) for part in form[1]],
            "element {} is in two branches of an {}", "interleave",
        )  # fmt: skip
        if sum(self._has_text(part) for part in form[1]) > 1:
            self._fail(place, "text is in two branches of an interleave")

    def declarations(self, form: Form) -> frozenset[int]:
        """Return the numbers of the elements in a form, but not of those inside of them."""
        if form[0] == "element":
            return frozenset((form[1],))
        found = self._declarations.get(id(form))
        if found is None:
            found = frozenset[int]().union(*map(self.declarations, _parts(form)))
            self._declarations[id(form)] = found
        return found

    def _element_names(self, form: Form) -> Named:
        declared = [self._grammar.elements[number] for number in self.declarations(form)]
        return tuple((names, place) for names, _, place in declared)

    def _has_text(self, form: Form) -> bool:
        found = self._texts.get(id(form))
        if found is None:
            found = form[0] == "text" or any(map(self._has_text, _parts(form)))
            self._texts[id(form)] = found
        return found


def _parts(form: Form) -> tuple[Form, ...]:
    """Return the forms directly inside, but for attributes and elements."""
    if form[0] == "oneOrMore":
        return (form[1],)
    return tuple(form[1]) if form[0] in _COMPOSITE else ()
