"""Bounds: how much a document with a policy may have.

Every start on the host waits for what such a guest asks for to be decided, and whoever defines the
guest writes its document.
"""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.domain import parse_set
from xmlresource.document.forms import NAMESPACES, domain_element
from xmlresource.document.tree import Element
from xmlresource.limits import (
    MOST_DEVICES,
    MOST_IO_DEVICES,
    MOST_MEMORY_DEVICES,
    MOST_NODES_NAMED,
    MOST_POLICY_BYTES,
    MOST_POLICY_ELEMENTS,
)
from xmlresource.model.domain import Domain
from xmlresource.rules.diagnosis import at
from xmlresource.tunables import DEVICE, Form

_CODE: Final = "XR011"
_MEMORY: Final = "memory"
_GUARANTEE: Final = "min_guarantee"


def policy_too_large(document: Document) -> Iterator[Diagnostic]:
    """XR011: more than a host reads of a guest with a policy."""
    element, domain = domain_element(document.root), document.domain
    if element is None or domain is None or not _has_policy(document):
        return
    if len(document.source.text) > MOST_POLICY_BYTES:
        yield _beyond(element, f"the document has more than {MOST_POLICY_BYTES} bytes")
    if _has_more_elements(element, MOST_POLICY_ELEMENTS):
        yield _beyond(element, f"the domain has more than {MOST_POLICY_ELEMENTS} elements")
    if _io_devices(document) > MOST_IO_DEVICES:
        yield _beyond(element, f"its <io> has more than {MOST_IO_DEVICES} devices")
    plugged = sum(device.kind == _MEMORY for device in domain.devices)
    if len(domain.devices) > MOST_DEVICES:
        yield _beyond(element, f"the domain has more than {MOST_DEVICES} devices")
    elif plugged > MOST_MEMORY_DEVICES:
        yield _beyond(element, f"the domain has more than {MOST_MEMORY_DEVICES} memory devices")
    elif _nodes_named(domain) > MOST_NODES_NAMED:
        message = f"the sets of nodes of the domain name more than {MOST_NODES_NAMED} numbers"
        yield _beyond(element, message)


def _beyond(element: Element, message: str) -> Diagnostic:
    return at(_CODE, element, message)


def _has_policy(document: Document) -> bool:
    """Whether the hook acts on it, be it after a conversion."""
    return any(block.element.children for block in document.cpu_io_blocks) or any(
        found.form is not Form.MEMTUNE or found.tunable.name == _GUARANTEE
        for found in document.declarations
    )


def _io_devices(document: Document) -> int:
    return sum(
        child.is_named(DEVICE, NAMESPACES[block.form])
        for block in document.cpu_io_blocks
        for child in block.element.children
    )


def _has_more_elements(element: Element, most: int) -> bool:
    waiting, count = [element], 0
    while waiting and count <= most:
        children = waiting.pop().children
        count += len(children)
        waiting += children
    return count >= most  # without the domain itself


def _nodes_named(domain: Domain) -> int:
    sets = [binding.nodes for binding in domain.bindings]
    sets += [page.guest_cells for page in domain.backing.hugepages]
    sets += [
        parse_set(device.texts["source/nodemask"])
        for device in domain.devices
        if device.kind == _MEMORY and "source/nodemask" in device.texts
    ]
    return sum(len(each) for each in sets if each is not None)


CHECKS: Final = (policy_too_large,)
