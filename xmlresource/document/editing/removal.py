"""Taking elements out of a document, and with them what they leave empty behind."""

from typing import Final

from xmlresource.document.editing.layout import TextLayout
from xmlresource.document.editing.splice import Splice
from xmlresource.document.forms import NAMESPACES
from xmlresource.document.tree import Element
from xmlresource.tunables import DEVICE

_OURS: Final = frozenset({"metadata", "memtune", "resource", "memory", "cpu", "io", DEVICE})


def removed(
    layout: TextLayout,
    parent: Element | None,
    children: list[Element],
    *,
    keep: Element | None = None,
) -> list[Splice]:
    """The splices that take ``children`` out, or the elements that would be empty without them.

    Args:
        layout: How the document is set out.
        parent: The element around the children.
        children: The elements.
        keep: The element that stays, empty or not.
    """
    if parent is not None and parent is not keep and _emptied(parent, children):
        return removed(layout, parent.parent, [parent], keep=keep)
    return [layout.removal(child) for child in children]


def attribute_removal(element: Element, name: str) -> Splice:
    """The splice that takes out an attribute, with the blanks before it."""
    written = element.written_attribute(name)
    head = element.source.text[element.start : written.name_start]
    return Splice(element.start + len(head.rstrip()), written.value_end + 1, b"")


def _emptied(parent: Element, children: list[Element]) -> bool:
    """Whether an element of ours is of no more use without these children."""
    if not _is_ours(parent) or len(children) < len(parent.children):
        return False
    if parent.local != DEVICE and any(
        not attribute.name.startswith("xmlns") for attribute in parent.tag.attributes
    ):
        return False
    start, rest = parent.content_start, b""
    for child in parent.children:
        rest += parent.source.text[start : child.start]
        start = child.end
    rest += parent.source.text[start : parent.content_end]
    return not rest.strip()


def _is_ours(element: Element) -> bool:
    """Whether an element may go when nothing is left in it; never the document itself."""
    if element.parent is None:
        return False
    return element.namespace in NAMESPACES.values() and element.local in _OURS
