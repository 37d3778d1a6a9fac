"""What may come where libvirt's schema leaves off: the tunables of all families, by their table.

Our schemas of libvirt leave open what is in ``<memtune>`` and in our elements, for the rules know
more about it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from xmlresource.formats.quantities import CPU_UNIT_PATTERN, has_unit
from xmlresource.language_server.own_elements.policy_elements import (
    PREFIX,
    RESOURCE,
    PolicyElement,
    PolicyPart,
    holds_our_resource,
    policy_element,
)
from xmlresource.relaxng.completing.markup import MarkupElement, MarkupTree
from xmlresource.relaxng.completing.offers import AttributeOffer, ElementOffer
from xmlresource.rules.cpu_and_io.device_faults import WITHOUT_BLOCK_DEVICE
from xmlresource.tunables import NAMESPACE, Quantity, Tunable

UNITS: Final = ("KiB", "MiB", "GiB", "TiB")
"""The units of sizes to offer; libvirt knows more, and nobody misses them."""

_UNIT: Final = "unit"
_TARGET: Final = "target"
_PATH: Final = "path"

_USUAL: Final[Mapping[Quantity, tuple[str, str | None]]] = {
    Quantity.SIZE: ("4", "GiB"),
    Quantity.CPUS: ("2", "cpu"),
    Quantity.PERCENT: ("25", None),
    Quantity.WEIGHT: ("200", None),
    Quantity.BYTES_PER_SECOND: ("100", "MiB"),
    Quantity.OPERATIONS_PER_SECOND: ("500", None),
}
"""A number to begin with, and its unit; 200 parts are twice what a guest has by default."""

_USUAL_TARGET: Final = "vda"
_USUAL_PATH: Final = "/dev/sda"


def units_of(quantity: Quantity) -> tuple[str, ...]:
    """The units to offer beside a number, first the one that is meant where there is none."""
    if not has_unit(quantity):
        return ()
    return tuple(CPU_UNIT_PATTERN.split("|")) if quantity is Quantity.CPUS else UNITS


def policy_elements(
    parent: MarkupElement, markup: MarkupTree, *, has_prefix: bool
) -> Iterator[ElementOffer]:
    """The elements of ours that may come in an element.

    Args:
        parent: The element.
        markup: The document's.
        has_prefix: Whether our namespace has its usual prefix there already.
    """
    found = policy_element(parent)
    taken = [each.name.rpartition(":")[2] for each in parent.children]
    if found is None:
        if holds_our_resource(parent) and RESOURCE not in taken:
            declaration = AttributeOffer(f"xmlns:{PREFIX}", (NAMESPACE,), required=True)
            yield ElementOffer(f"{PREFIX}:{RESOURCE}", () if has_prefix else (declaration,))
        return
    given = [found.child(local) for local in taken]
    prefix, colon, _ = parent.name.rpartition(":")
    for local, child in found.children().items():
        if child.part is PolicyPart.DEVICE or child not in given:
            yield _element(f"{prefix}{colon}{local}", child, parent, markup)


def policy_attributes(
    element: MarkupElement, markup: MarkupTree, given: Collection[str]
) -> tuple[AttributeOffer, ...]:
    """The attributes that may come on an element of ours.

    Args:
        element: The element.
        markup: The document's.
        given: The names of those that it has already.
    """
    found = policy_element(element)
    if found is None:
        return ()
    if found.part is PolicyPart.DEVICE:
        if {_TARGET, _PATH}.intersection(given):
            return ()
        targets = free_targets(element.parent, markup)
        return (AttributeOffer(_TARGET, targets), AttributeOffer(_PATH, (_USUAL_PATH,)))
    return tuple(each for each in _of_rows(found.rows) if each.name not in given)


def policy_values(element: MarkupElement, markup: MarkupTree, attribute: str) -> tuple[str, ...]:
    """The values that an attribute of ours may have, where these are known."""
    found = policy_element(element)
    if found is None:
        return ()
    if found.part is PolicyPart.DEVICE and attribute == _TARGET:
        return free_targets(element.parent, markup, besides=element)
    if found.part is PolicyPart.VALUE and attribute == _UNIT:
        return units_of(found.rows[0].quantity)
    return ()


def free_targets(
    around: MarkupElement | None, markup: MarkupTree, besides: MarkupElement | None = None
) -> tuple[str, ...]:
    """The targets of the guest's disks on block devices that have no ``<device>`` yet.

    Args:
        around: The ``<io>``.
        markup: The document's.
        besides: A ``<device>`` that may keep its own.
    """
    devices = () if around is None else around.children
    named = {each.attribute(_TARGET) for each in devices if each is not besides}
    return tuple(target for target in _targets(markup) if target not in named)


def _targets(markup: MarkupTree) -> dict[str, None]:
    """The targets of the disks that lie on a block device of the host, in document order."""
    found: dict[str, None] = {}
    for element in markup.elements:
        disk = element.parent
        if element.name != _TARGET or disk is None or disk.name != "disk":
            continue
        target = element.attribute("dev")
        if target and disk.attribute("type") not in WITHOUT_BLOCK_DEVICE:
            found[target] = None
    return found


def _element(
    name: str, child: PolicyElement, parent: MarkupElement, markup: MarkupTree
) -> ElementOffer:
    """The element with what it must have to say something."""
    if child.part is PolicyPart.DEVICE:
        return ElementOffer(name, (_named(parent, markup),))
    if child.part is not PolicyPart.VALUE:
        return ElementOffer(name)
    in_text = any(row.attribute is None for row in child.rows)
    texts = (_USUAL[child.rows[0].quantity][0],) if in_text else ()
    usual = _USUAL[child.rows[0].quantity][1]
    return ElementOffer(name, _of_rows(child.rows, usual), texts, has_content=in_text)


def _of_rows(rows: Sequence[Tunable], first: str | None = None) -> tuple[AttributeOffer, ...]:
    """The attributes of an element that declares these, with this unit before the others.

    Where a number stands already, only the unit that is meant without one changes nothing.
    """
    values = [
        AttributeOffer(row.attribute, (_USUAL[row.quantity][0],))
        for row in rows
        if row.attribute is not None
    ]
    units = units_of(rows[0].quantity) if rows else ()
    if not units:
        return tuple(values)
    ordered = sorted(units, key=lambda unit: unit != first)
    return (*values, AttributeOffer(_UNIT, tuple(ordered)))


def _named(around: MarkupElement, markup: MarkupTree) -> AttributeOffer:
    """What names one more device: a disk while there is one without, else a path."""
    targets = free_targets(around, markup)
    if targets or not _targets(markup):
        return AttributeOffer(_TARGET, targets or (_USUAL_TARGET,), required=True)
    return AttributeOffer(_PATH, (_USUAL_PATH,), required=True)
