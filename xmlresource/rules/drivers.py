"""libvirt: what its drivers refuse, drop or make of the policy."""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import Declaration, domain_element
from xmlresource.document.tree import Element
from xmlresource.model.domain import QEMU_TYPES
from xmlresource.rules.diagnosis import at, line_of
from xmlresource.tunables import NAMESPACE, Form
from xmlresource.units import format_amount

_LXC: Final = "lxc"
_GUARANTEE: Final = "min_guarantee"


def guarantee_in_memtune(document: Document) -> Iterator[Diagnostic]:
    """XR401: the QEMU driver's "Parameter 'min_guarantee' not supported by QEMU"."""
    if document.domain is None or document.domain.type not in QEMU_TYPES:
        return
    for found in _in_form(document, Form.MEMTUNE):
        if found.tunable.name == _GUARANTEE and found.amount is not None:
            message = "libvirt's QEMU driver refuses min_guarantee in <memtune>"
            yield at("XR401", found.element, message)


def resource_form_in_domain(document: Document) -> Iterator[Diagnostic]:
    """XR402: a form that libvirt doesn't keep."""
    if document.domain is None:
        return
    for block in (*document.blocks, *document.cpu_io_blocks):
        if block.form is Form.RESOURCE:
            fate = (
                "fails to define a domain with"
                if document.domain.partition is None
                else "silently drops"
            )
            yield at("XR402", block.element, f"libvirt {fate} <{block.element.name}> in <resource>")


def guarantee_above_memory(document: Document) -> Iterator[Diagnostic]:
    """XR311: <memory> is a container's limit where no hard limit takes its place.

    virLXCCgroupSetupMemTune() writes it first, then memtune's hard_limit unless that is unlimited.
    """
    domain = document.domain
    if domain is None or domain.type != _LXC or domain.memory is None:
        return
    for found in document.declarations:
        if found.tunable.name == "hard_limit" and (found.error or _replaces_memory(found)):
            return
    for found in document.declarations:
        size = found.amount
        if found.tunable.name == _GUARANTEE and isinstance(size, int) and size > domain.memory:
            message = (
                f"min_guarantee ({format_amount(size)}) is above <memory> "
                f"({format_amount(domain.memory)}), which limits a container without a hard_limit"
            )
            yield at("XR311", found.element, message, span=found.element.text_span)
            return


def _replaces_memory(limit: Declaration) -> bool:
    if limit.form is Form.MEMTUNE:
        return isinstance(limit.amount, int)
    return limit.amount is not None


def driver_without_enforcement(document: Document) -> Iterator[Diagnostic]:
    """XR404: nobody enforces it there."""
    domain = document.domain
    if domain is None or not domain.type or domain.type in {*QEMU_TYPES, _LXC}:
        return
    for block in (*document.blocks, *document.cpu_io_blocks):
        if block.form is Form.METADATA:
            message = f"the policy is not enforced for a domain of type {domain.type!r}"
            yield at("XR404", block.element, message)


def metadata_dropped(document: Document) -> Iterator[Diagnostic]:
    """XR406: virXMLNodeSanitizeNamespaces, which each define goes through.

    Of our own namespace, and of a ``<resource>`` without one, other rules speak.
    """
    domain = domain_element(document.root)
    metadata = None if domain is None else domain.first("metadata")
    if metadata is None:
        return
    first: dict[str, Element] = {}
    for child in metadata.children:
        if child.namespace is None:
            if child.local != "resource":
                message = f"libvirt deletes <{child.name}> from <metadata>: it has no namespace"
                hint = f'give it one: <{child.name} xmlns="urn:example:1">, or another of your own'
                yield at("XR406", child, message, hint=hint)
            continue
        before = first.setdefault(child.namespace, child)
        if before is not child and child.namespace != NAMESPACE:
            message = (
                f"libvirt deletes this <{child.name}> from <metadata>: only the first element of "
                f"a namespace is kept, <{before.name}> at line {line_of(before)}"
            )
            yield at("XR406", child, message, hint="put both into one element")


def _in_form(document: Document, form: Form) -> Iterator[Declaration]:
    return (found for found in document.declarations if found.form is form)


CHECKS: Final = (
    guarantee_in_memtune,
    resource_form_in_domain,
    metadata_dropped,
    guarantee_above_memory,
    driver_without_enforcement,
)
