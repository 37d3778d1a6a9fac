"""The guests that a document defines: the root, or those inside a snapshot or a status file."""

from xmlresource.document.tree import Element
from xmlresource.formats.document_kinds import KINDS, DocumentKind


def kind_named(root: Element) -> DocumentKind | None:
    """The kind of a document that was read; ``None`` for none of libvirt's."""
    return KINDS.get(root.local) if root.namespace is None else None


def guests(root: Element) -> list[Element]:
    """The elements that define a guest: the root, or those in a snapshot or a status file."""
    kind = kind_named(root)
    if kind is None:
        return []
    if kind.root in {"domain", "inactiveDomain"}:
        return [root]
    return [guest for name in kind.guests for guest in root.all(name)]
