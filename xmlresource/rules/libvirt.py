"""libvirt: what its drivers refuse, drop or make of the policy."""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import Declaration
from xmlresource.model.domain import QEMU_TYPES
from xmlresource.rules.report import at
from xmlresource.tunables import Form
from xmlresource.units import Unlimited, format_amount

_LXC: Final = "lxc"
_GIB: Final = 1024**3


def guarantee_in_memtune(document: Document) -> Iterator[Diagnostic]:
    """XR401: the QEMU driver's "Parameter 'min_guarantee' not supported by QEMU"."""
    if document.domain is None or document.domain.type not in QEMU_TYPES:
        return
    for found in _in_form(document, Form.MEMTUNE):
        if found.tunable.name == "min_guarantee" and found.amount is not None:
            message = "libvirt's QEMU driver refuses min_guarantee in <memtune>"
            yield at("XR401", found.element, message)


def resource_form_in_domain(document: Document) -> Iterator[Diagnostic]:
    """XR402: a form that libvirt doesn't keep."""
    if document.domain is None:
        return
    for block in document.blocks:
        if block.form is Form.RESOURCE:
            fate = (
                "fails to define a domain with"
                if document.domain.partition is None
                else "silently drops"
            )
            yield at("XR402", block.element, f"libvirt {fate} <memory> in <resource>")


def limit_with_passthrough(document: Document) -> Iterator[Diagnostic]:
    """XR403: RLIMIT_MEMLOCK below what libvirt would allow a passed-through device.

    Without a hard limit libvirt allows all RAM + 1 GiB (qemuDomainGetMemLockLimitBytes).
    """
    domain = document.domain
    if (
        domain is None
        or domain.memory is None
        or not any(device.is_passed_through for device in domain.devices)
    ):
        return
    needed = max(domain.memory, domain.max_memory or 0) + _GIB
    for found in _in_form(document, Form.MEMTUNE):
        amount = found.amount
        if found.tunable.name != "hard_limit" or amount is None or isinstance(amount, Unlimited):
            continue
        if amount < needed:
            message = f"hard_limit is below {format_amount(needed)}, with a passed-through device"
            yield at("XR403", found.element, message, span=found.element.text_span)


def driver_without_enforcement(document: Document) -> Iterator[Diagnostic]:
    """XR404: nobody enforces it there."""
    domain = document.domain
    if domain is None or not domain.type or domain.type in {*QEMU_TYPES, _LXC}:
        return
    for block in document.blocks:
        if block.form is Form.METADATA:
            message = f"the policy is not enforced for a domain of type {domain.type!r}"
            yield at("XR404", block.element, message)


def _in_form(document: Document, form: Form) -> Iterator[Declaration]:
    return (found for found in document.declarations if found.form is form)


CHECKS: Final = (
    guarantee_in_memtune,
    resource_form_in_domain,
    limit_with_passthrough,
    driver_without_enforcement,
)
