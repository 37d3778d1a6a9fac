"""Where new blocks go in a domain, and which prefix ours takes."""

from typing import Final

from xmlresource.document.editing.layout import Layout, Place
from xmlresource.document.tree import Element
from xmlresource.model.writing import PREFIX
from xmlresource.tunables import NAMESPACE

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


def place_in_domain(layout: Layout, domain: Element, name: str) -> Place:
    """The place of a new child of the domain, by libvirt's order."""
    before = [
        child
        for child in domain.children
        if child.namespace is None and _RANK.get(child.local, len(_RANK)) < _RANK[name]
    ]
    return layout.after(before[-1]) if before else layout.inside(domain)


def place_at_end(layout: Layout, parent: Element) -> Place:
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
