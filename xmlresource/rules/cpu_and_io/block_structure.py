"""Structure of ``<cpu>`` and ``<io>``: what stands there, and is no tunable, or one too many."""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.cpu_io import devices_of, rows_of
from xmlresource.document.forms import NAMESPACES, Block
from xmlresource.document.tree import Element
from xmlresource.formats.quantities import has_unit
from xmlresource.rules.diagnosis import at, line_of
from xmlresource.rules.fixes import attribute_renamed, meant
from xmlresource.rules.structure import (
    holder_of,
    misspelt_element,
    other_attributes,
    stray_text,
    wrong_namespace,
)
from xmlresource.tunables import DEVICE, Family, Tunable
from xmlresource.tunables.families import TUNABLES

_OF_DEVICES: Final = frozenset({"target", "path"})


def children(document: Document) -> Iterator[Diagnostic]:
    """XR101, XR103, XR105, XR106, XR107 in ``<cpu>``, ``<io>`` and ``<device>``."""
    for block in document.cpu_io_blocks:
        yield from _attributes(block.element, frozenset())
        yield from _children(block, block.element, in_device=False)


def duplicate_elements(document: Document) -> Iterator[Diagnostic]:
    """XR102: a tunable twice in one block or one device."""
    for block in document.cpu_io_blocks:
        for holder in (block.element, *devices_of([block])):
            first: dict[str, Element] = {}
            for child in holder.children:
                if rows_of(child, block.family, block.form, in_device=holder is not block.element):
                    before = first.setdefault(child.local, child)
                    if before is not child:
                        message = f"only one <{child.name}> is allowed, the first is at line"
                        yield at("XR102", child, f"{message} {line_of(before)}")


def second_blocks(document: Document) -> Iterator[Diagnostic]:
    """XR108: a second ``<cpu>`` or ``<io>`` in the same element."""
    first: dict[tuple[int, Family], Block] = {}
    for block in document.cpu_io_blocks:
        # A second element around it is a fault of its own, and told there.
        before = first.setdefault((id(block.element.parent), block.family), block)
        if before is not block:
            message = f"only one <{block.element.name}> is read, the first is at line"
            yield at("XR108", block.element, f"{message} {line_of(before.element)}")


def _children(block: Block, holder: Element, *, in_device: bool) -> Iterator[Diagnostic]:
    yield from stray_text(holder)
    may_hold_devices = block.family is Family.IO and not in_device
    for child in holder.children:
        rows = rows_of(child, block.family, block.form, in_device=in_device)
        if rows:
            yield from _value(child, rows)
        elif may_hold_devices and child.is_named(DEVICE, NAMESPACES[block.form]):
            yield from _attributes(child, _OF_DEVICES)
            yield from _children(block, child, in_device=True)
        else:
            yield _unknown(block, child, in_device=in_device)


def _value(element: Element, rows: tuple[Tunable, ...]) -> Iterator[Diagnostic]:
    """What is wrong around a value, in the text or in attributes of its element."""
    attributes = {row.attribute for row in rows if row.attribute}
    unit = {"unit"} if has_unit(rows[0].quantity) else set()
    yield from _attributes(element, frozenset(attributes | unit))
    if attributes:
        yield from stray_text(element)
    for child in element.children:
        yield at("XR107", child, f"<{child.name}> inside the value of <{element.name}>")


def _unknown(block: Block, child: Element, *, in_device: bool) -> Diagnostic:
    known = [row for row in TUNABLES if row.family is block.family and row.per_device is in_device]
    names = list(dict.fromkeys(row.element for row in known))
    if block.family is Family.IO and not in_device:
        names.append(DEVICE)
    parent = "" if child.parent is None else child.parent.name
    if child.local in names:
        return wrong_namespace(child, block.form)
    holder = holder_of(child, block.form)
    if holder is not None:
        message = f"<{child.name}> stands in <{parent}>"
        return at("XR105", child, message, hint=f"put it into {holder}")
    return misspelt_element(
        child, block.form, f"unknown element <{child.name}> in <{parent}>", names
    )


def _attributes(element: Element, allowed: frozenset[str]) -> Iterator[Diagnostic]:
    names = sorted(allowed)
    for written in other_attributes(element, allowed):
        right = meant(written, names) if names else None
        told = ", ".join(f"`{name}`" for name in names)
        only = (
            f"only {told} {'is' if len(names) == 1 else 'are'} allowed"
            if names
            else "it takes none"
        )
        yield at(
            "XR103",
            element,
            f"unknown attribute {written!r} of <{element.name}>",
            span=element.attribute_span(written),
            hint=f"did you mean `{right}`?" if right else f"remove it: {only}",
            fix=attribute_renamed(element, written, right) if right else (),
        )


CHECKS: Final = (children, duplicate_elements, second_blocks)
