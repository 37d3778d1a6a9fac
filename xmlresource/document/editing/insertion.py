"""Insertion points of new blocks in a domain, and the prefix of ours."""

from collections.abc import Callable
from typing import Final

from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.layout import InsertionPoint, TextLayout
from xmlresource.document.editing.splice import Splice
from xmlresource.document.forms import containers, domain_element
from xmlresource.document.tree import Element
from xmlresource.formats.xml_text import PREFIX, NewElement, resource_element
from xmlresource.tunables import NAMESPACE, Form

# The order in which virDomainDefFormatInternal writes the children of a domain, as far as the last
# that an edit may insert. All others come after these.
_DOMAIN_ORDER: Final = (
    "name",
    "uuid",
    "hwuuid",
    "genid",
    "title",
    "description",
    "metadata",
    "maxMemory",
    "memory",
    "currentMemory",
    "blkiotune",
    "memtune",
    "memoryBacking",
    "vcpu",
    "vcpus",
    "iothreads",
    "iothreadids",
    "defaultiothread",
    "cputune",
    "numatune",
    "resource",
)
_RANK: Final = {name: rank for rank, name in enumerate(_DOMAIN_ORDER)}


def place_in_domain(layout: TextLayout, domain: Element, name: str) -> InsertionPoint:
    """The place of a new child of the domain, by libvirt's order."""
    before = [
        child
        for child in domain.children
        if child.namespace is None and _RANK.get(child.local, len(_RANK)) < _RANK[name]
    ]
    return layout.after(before[-1]) if before else layout.inside(domain)


def domain_of(root: Element, form: Form) -> Element:
    """The domain that a new block of ``form`` goes into.

    Raises:
        EditError: It is a fragment.
    """
    domain = domain_element(root)
    if domain is None:
        raise EditError(f"a bare <{root.name}> has no place for the form {form.value!r}")
    return domain


def new_block(
    root: Element, layout: TextLayout, form: Form, make: Callable[[str | None], NewElement]
) -> Splice:
    """The splice that puts a new block, such as ``<memory>``, where ``form`` has it.

    Args:
        root: The document's root.
        layout: How it is set out.
        form: The form "resource" or "metadata".
        make: Makes the block, given the prefix of its elements.

    Raises:
        EditError: The document has no place for it.
    """
    for each, container in containers(root):
        if each is form:
            return place_at_end(layout, container).filled([make(container.prefix)])
    domain = domain_of(root, form)
    if form is Form.RESOURCE:
        resource = resource_element(None, make(None))
        return place_in_domain(layout, domain, "resource").filled([resource])
    return _new_metadata(layout, domain, make)


def _new_metadata(
    layout: TextLayout, domain: Element, make: Callable[[str | None], NewElement]
) -> Splice:
    metadata = domain.first("metadata")
    bound = prefix_in(metadata or domain)
    prefix = bound or PREFIX
    ours = resource_element(prefix, make(prefix), declare=bound is None)
    if metadata is None:
        new = NewElement("metadata", children=(ours,))
        return place_in_domain(layout, domain, "metadata").filled([new])
    for child in metadata.children:
        if child.namespace == NAMESPACE:
            # libvirt keeps only the first child of each namespace.
            raise EditError(f"<metadata> has a <{child.name}> in our namespace; remove it")
    return place_at_end(layout, metadata).filled([ours])


def place_at_end(layout: TextLayout, parent: Element) -> InsertionPoint:
    """The place of a new last child."""
    return layout.after(parent.children[-1]) if parent.children else layout.inside(parent)


def prefix_in(element: Element | None) -> str | None:
    """The prefix that stands for our namespace inside ``element``; ``None`` for none."""
    scope: dict[str, str] = {}
    while element is not None:
        for attribute in element.tag.attributes:
            kind, _, prefix = attribute.name.partition(":")
            if kind == "xmlns" and prefix:
                value = element.source.text[attribute.value_start : attribute.value_end]
                scope.setdefault(prefix, value.decode())
        element = element.parent
    if scope.get(PREFIX) == NAMESPACE:
        return PREFIX
    return next((prefix for prefix, uri in scope.items() if uri == NAMESPACE), None)
