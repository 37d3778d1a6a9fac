"""Devices of ``<io>``: how they are named, and what of the guest they are."""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.cpu_io import devices_of
from xmlresource.document.tree import Element
from xmlresource.model.domain import Domain
from xmlresource.rules.diagnosis import at, line_of
from xmlresource.tunables.families import IO

_SIDES: Final = frozenset({"read", "write"})
_IN_ATTRIBUTES: Final = frozenset(row.element for row in IO if row.attribute)

# The types of disks whose data some other machine or program has, or QEMU by a driver of its own.
WITHOUT_BLOCK_DEVICE: Final = frozenset({"network", "nvme", "vhostuser", "vhostvdpa"})


def unnamed_devices(document: Document) -> Iterator[Diagnostic]:
    """XR109: neither target nor path, or both."""
    for device in devices_of(document.cpu_io_blocks):
        names = {"target", "path"}.intersection(device.attributes)
        if len(names) != 1:
            both = "both target and path" if names else "neither target nor path"
            yield at("XR109", device, f"<{device.name}> has {both}")


def devices_named_twice(document: Document) -> Iterator[Diagnostic]:
    """XR111: one device, two elements in one ``<io>``."""
    first: dict[tuple[int, str, str], Element] = {}
    for device in devices_of(document.cpu_io_blocks):
        for name in ("target", "path"):
            value = device.attributes.get(name)
            before = first.setdefault((id(device.parent), name, value or ""), device)
            if value and before is not device:
                message = f"{name} {value!r} is named twice, first at line {line_of(before)}"
                yield at("XR111", device, message, span=device.value_span(name))


def limits_without_value(document: Document) -> Iterator[Diagnostic]:
    """XR110: a limit with neither read nor write."""
    for device in devices_of(document.cpu_io_blocks):
        for child in device.children:
            if (
                child.local in _IN_ATTRIBUTES
                and child.namespace == device.namespace
                and not child.children
                and _SIDES.isdisjoint(child.attributes)
            ):
                yield at("XR110", child, f"<{child.name}> has neither read nor write")


def targets(document: Document) -> Iterator[Diagnostic]:
    """XR407, XR408: a target that the guest lacks, or that lies on no block device."""
    domain = document.domain
    if domain is None:
        return
    disks = _disks(domain)
    for device in devices_of(document.cpu_io_blocks):
        target = device.attributes.get("target")
        if not target:
            continue
        kind = disks.get(target)
        if kind is None:
            message = f"the guest has no disk with the target {target!r}"
            hint = f"the guest has {', '.join(sorted(disks)) or 'no disk at all'}"
            yield at("XR407", device, message, span=device.value_span("target"), hint=hint)
        elif kind in WITHOUT_BLOCK_DEVICE and device.children:
            message = f"disk {target!r} is of the type {kind!r}: it has no block device to limit"
            yield at("XR408", device, message, span=device.value_span("target"))


def _disks(domain: Domain) -> dict[str, str]:
    """The types of a guest's disks by their targets: looked up often, where a guest has many."""
    disks: dict[str, str] = {}
    for disk in domain.devices:
        if disk.kind == "disk" and (target := disk.attributes.get("target/@dev")):
            disks.setdefault(target, disk.attributes.get("type", ""))
    return disks


CHECKS: Final = (unnamed_devices, devices_named_twice, limits_without_value, targets)
