"""What is offered at a place of a document: elements, attributes, values, an end tag."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Mapping


class PlaceKind(Enum):
    """What a place is in."""

    CONTENT = "content"
    NAME = "the name of a start tag"
    TAG = "a start tag, behind its name"
    VALUE = "the value of an attribute"
    END_TAG = "an end tag"


@dataclass(frozen=True, slots=True)
class AttributeOffer:
    """An attribute that may come.

    Attributes:
        name: its name, as the document has to write it.
        values: what is known to be allowed as its value, the usual one first.
        required: whether it must come.
    """

    name: str
    values: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class ElementOffer:
    """An element that may come.

    Attributes:
        name: its name, as the document has to write it.
        attributes: those that it must have.
        texts: what is known to be allowed as its text, the usual one first.
        has_content: whether anything may be in it.
    """

    name: str
    attributes: tuple[AttributeOffer, ...] = ()
    texts: tuple[str, ...] = ()
    has_content: bool = True


@dataclass(frozen=True, slots=True)
class Offers:
    """What is offered at a place.

    Attributes:
        kind: what it is in.
        start: where that begins which an offer replaces.
        end: where it ends.
        path: the names of the elements that are open there, as written.
        prefixes: the namespaces that are declared there, by prefix.
        elements: elements, in the order of the schema.
        attributes: attributes, in the order of the schema.
        values: values of the attribute, or texts of the element, that the place is in.
        closing: the element that an end tag would end; None where there is none.
        name_only: whether the tag, or the attribute, is there already, but for its name.
        attribute: the attribute that the place is in the value of, or None.
    """

    kind: PlaceKind
    start: int
    end: int
    path: tuple[str, ...]
    prefixes: Mapping[str, str]
    elements: tuple[ElementOffer, ...] = ()
    attributes: tuple[AttributeOffer, ...] = ()
    values: tuple[str, ...] = ()
    closing: str | None = None
    name_only: bool = False
    attribute: str | None = None
