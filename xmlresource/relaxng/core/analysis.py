"""Questions about what a pattern holds, outside of the contents of its elements."""

from __future__ import annotations

from xmlresource.relaxng.core.names import contains
from xmlresource.relaxng.core.patterns import (
    AFTER,
    ATTRIBUTE,
    CHOICE,
    COMPOSITE,
    DATA,
    ELEMENT,
    LIST,
    ONE_OR_MORE,
    TEXT,
    VALUE,
    Pattern,
)

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Iterable


def nodes(pattern: Pattern, kind: int) -> list[Pattern]:
    """Return the patterns of a kind outside of elements and attributes, in order."""
    if pattern.kind == kind:
        return [pattern]
    if pattern.kind in COMPOSITE or pattern.kind in (ONE_OR_MORE, AFTER):
        return [node for part in pattern.parts for node in nodes(part, kind)]
    return []


def atoms(patterns: Iterable[Pattern]) -> list[Pattern]:
    """Return the text, data, value and list patterns outside of elements and attributes."""
    return [
        atom
        for pattern in patterns
        for kind in (TEXT, DATA, VALUE, LIST)
        for atom in nodes(pattern, kind)
    ]


def elements_named(pattern: Pattern, name: str) -> list[Pattern]:
    """Return the element patterns that the name can be, wherever they come."""
    return [node for node in nodes(pattern, ELEMENT) if contains(node.names, name)]


def element_names(pattern: Pattern) -> set[str]:
    """Return the literal names of all elements, wherever they come."""
    return {node.names for node in nodes(pattern, ELEMENT) if isinstance(node.names, str)}


def required(pattern: Pattern, kind: int) -> frozenset[str]:
    """Return the names of those elements (or attributes) that every completion must have."""
    if pattern.kind == kind:
        return frozenset((pattern.names,)) if isinstance(pattern.names, str) else frozenset()
    if pattern.kind == CHOICE:
        return frozenset.intersection(*[required(part, kind) for part in pattern.parts])
    if pattern.kind in COMPOSITE or pattern.kind in (ONE_OR_MORE, AFTER):
        return frozenset().union(*[required(part, kind) for part in pattern.parts])
    return frozenset()


def required_elements(pattern: Pattern) -> frozenset[str]:
    """Return the names of the elements that must come."""
    return required(pattern, ELEMENT)


def required_attributes(pattern: Pattern) -> frozenset[str]:
    """Return the names of the attributes that must come."""
    return required(pattern, ATTRIBUTE)
