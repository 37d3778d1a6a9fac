"""A grammar in its simplified form (§4), as plain values that `marshal` can store.

A *form* is a pattern written as a tuple whose first item says its kind:

=============================================  ==================================================
``("empty",)`` ``("text",)`` ``("notAllowed",)``
``("choice", forms)``                          also ``"interleave"`` and ``"group"``
``("oneOrMore", form, place)``
``("list", form, place)``
``("data", library, type, params, except, label, place)``  ``except`` is a form or None
``("value", library, type, text, place)``
``("attribute", name class, form, place)``
``("element", number)``                        a declaration in `Grammar.elements`
=============================================  ==================================================

References are gone: they are replaced by the form that they mean, which is shared and not copied.
Elements stand for themselves by number, and so a grammar may be recursive (§4.19). ``label`` is the
name of the define that a datatype is the content of, for messages; ``place`` an index into
`Grammar.places`, for errors.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    from xmlresource.relaxng.core.names import NameClass

    Form: TypeAlias = tuple[Any, ...]
    Place: TypeAlias = tuple[str, int, int]

EMPTY: Form = ("empty",)
TEXT: Form = ("text",)
NOT_ALLOWED: Form = ("notAllowed",)


class Grammar:
    """A simplified grammar.

    Attributes:
        start: what a document is.
        elements: the declarations: name class, content, place.
        places: file, line and column of what the forms refer to; empty when loaded from a cache.
    """

    __slots__ = ("elements", "places", "start")

    def __init__(
        self, start: Form, elements: list[tuple[NameClass, Form, int]], places: list[Place]
    ) -> None:
        self.start = start
        self.elements = elements
        self.places = places

    def names(self, element: Form) -> NameClass:
        """Return the name class of an element."""
        names: NameClass = self.elements[element[1]][0]
        return names


def choice(forms: Iterable[Form]) -> Form:
    """Return a choice, without notAllowed (§4.20) and with one empty at most (§4.21)."""
    found: dict[Form, None] = {}
    for form in forms:
        if form[0] == "choice":
            found.update(dict.fromkeys(form[1]))
        elif form is not NOT_ALLOWED:
            found[form] = None
    if len(found) <= 1:
        return next(iter(found), NOT_ALLOWED)
    return ("choice", tuple(found))


def sequence(kind: str, forms: Iterable[Form]) -> Form:
    """Return a group or interleave, without empty (§4.21), or notAllowed (§4.20).

    An interleave in an interleave stays one: that is all the same to RELAX NG, but not to libxml2.
    """
    parts: list[Form] = []
    for form in forms:
        if form is NOT_ALLOWED:
            return form
        if form[0] == kind == "group":
            parts.extend(form[1])
        elif form is not EMPTY:
            parts.append(form)
    if len(parts) <= 1:
        return parts[0] if parts else EMPTY
    return (kind, tuple(parts))


def one_or_more(form: Form, place: int) -> Form:
    """Return a repetition (§4.20, §4.21)."""
    return form if form in (NOT_ALLOWED, EMPTY) else ("oneOrMore", form, place)
