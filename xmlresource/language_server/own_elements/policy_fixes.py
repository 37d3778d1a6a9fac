"""What mends a finding about our elements, where their table says what may stand there."""

import re
from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit
from xmlresource.formats.quantities import has_unit, parse_quantity
from xmlresource.language_server.own_elements.policy_elements import (
    PolicyElement,
    PolicyPart,
    policy_element,
)
from xmlresource.language_server.own_elements.policy_offers import (
    free_targets,
    policy_attributes,
)
from xmlresource.language_server.snippets import as_plain_text, quoted
from xmlresource.record import record
from xmlresource.relaxng.completing.markup import MarkupElement, MarkupTree, TagAttribute
from xmlresource.tunables import Quantity, Tunable
from xmlresource.units import QuantityError

_UNIT: Final = "unit"
_MOST_DISKS: Final = 20
"""More disks than that are no choice for a menu."""

_BLANKS: Final = " \t\r\n"
_WITH_UNIT: Final = re.compile(r"([0-9.]+)[ \t\r\n]*([A-Za-z%]*)")
_UNIT_MEANT: Final = re.compile(r"write '([^'\s]+)'")


@record
class PolicyFix:
    """One way to mend a finding.

    Attributes:
        title: What it does.
        edits: How.
    """

    title: str
    edits: tuple[Edit, ...]


def policy_fixes(markup: MarkupTree, one: Diagnostic) -> Iterator[PolicyFix]:
    """What would mend a finding, if it is about an element of ours.

    Args:
        markup: The document's.
        one: The finding.
    """
    element = None if one.span is None else markup.at(one.span.start)
    found = None if element is None else policy_element(element)
    if element is None or found is None:
        return
    match one.code:
        case "XR109":
            yield from _named_once(element, markup)
        case "XR110":
            yield from _sides(element, markup)
        case "XR201":
            yield from _numbers(element, found)
        case "XR202":
            yield from _unit_as_meant(element, one.hint or "")
        case "XR407":
            yield from _targets(element, markup)


def _named_once(element: MarkupElement, markup: MarkupTree) -> Iterator[PolicyFix]:
    """A name for a device that has none, of the guest's own disks; or one of the two it has."""
    given = _given(element)
    names = [given[name] for name in ("target", "path") if name in given]
    if not names:
        for target in free_targets(element.parent, markup)[:_MOST_DISKS]:
            yield _with_attribute(element, markup, "target", target)
    for name in names:
        start = len(element.tag.text[: name.start].rstrip(_BLANKS.encode()))
        yield PolicyFix(f"remove `{name.name}`", (Edit(start, name.value_end + 1, ""),))


def _sides(element: MarkupElement, markup: MarkupTree) -> Iterator[PolicyFix]:
    """One of the attributes that hold values."""
    for offer in policy_attributes(element, markup, _given(element)):
        if offer.name != _UNIT:
            yield _with_attribute(element, markup, offer.name, offer.values[0])


def _with_attribute(element: MarkupElement, markup: MarkupTree, name: str, value: str) -> PolicyFix:
    at = element.tag.name_end
    quote = '"' if markup.text.count(b'"') > markup.text.count(b"'") else "'"
    written = as_plain_text([f" {name}=", *quoted([value], quote)])
    return PolicyFix(f"add{written}", (Edit(at, at, written),))


def _targets(element: MarkupElement, markup: MarkupTree) -> Iterator[PolicyFix]:
    """A disk that the guest has, in the place of one that it lacks."""
    attribute = _given(element).get("target")
    if attribute is None:
        return
    quote = markup.text[attribute.value_start - 1 : attribute.value_start].decode()
    for target in free_targets(element.parent, markup, besides=element)[:_MOST_DISKS]:
        new = as_plain_text(quoted([target], quote)[1:2])
        edit = Edit(attribute.value_start, attribute.value_end, new)
        yield PolicyFix(f"write target='{target}'", (edit,))


def _unit_as_meant(element: MarkupElement, hint: str) -> Iterator[PolicyFix]:
    meant = _UNIT_MEANT.fullmatch(hint)
    attribute = _given(element).get(_UNIT)
    if meant is not None and attribute is not None:
        edit = Edit(attribute.value_start, attribute.value_end, meant[1])
        yield PolicyFix(f"write unit='{meant[1]}'", (edit,))


def _numbers(element: MarkupElement, found: PolicyElement) -> Iterator[PolicyFix]:
    """The numbers without blanks, and their unit in its attribute.

    Two numbers have one unit: nothing is offered where that would change what one of them says.
    """
    if found.part is not PolicyPart.VALUE or element.children:
        return
    given = _given(element)
    written = element.attribute(_UNIT)
    units: set[str | None] = set()
    numbers: list[str] = []
    edits: list[Edit] = []
    for row in found.rows:
        for start, end in _stretch(element, row):
            text = element.tag.text[start:end].decode("utf-8", "replace")
            match = _WITH_UNIT.fullmatch(text.strip(_BLANKS))
            if match is None or not _is_right(row, match[1], match[2], written):
                return
            units.add((match[2] if has_unit(row.quantity) else "") or written)
            numbers.append(match[1])
            if match[1] != text:
                edits.append(Edit(start, end, match[1]))
    unit = units.pop() if len(units) == 1 else None
    if units or not edits:
        return
    title = f"write {' and '.join(numbers)}"
    if unit is not None and unit != written:
        if _UNIT in given:
            return
        title += f" with unit='{unit}'"
        edits.insert(0, Edit(element.tag.name_end, element.tag.name_end, f" unit='{unit}'"))
    yield PolicyFix(title, tuple(edits))


def _is_right(row: Tunable, number: str, beside: str, unit: str | None) -> bool:
    """Whether a number means something with the unit beside it, or with that of its element."""
    if beside and not has_unit(row.quantity):
        is_told_twice = row.quantity is Quantity.PERCENT and beside == "%"
        return is_told_twice and _is_right(row, number, "", unit)
    try:
        parse_quantity(row.quantity, number, beside or unit)
    except QuantityError:
        return False
    return True


def _stretch(element: MarkupElement, row: Tunable) -> Iterator[tuple[int, int]]:
    """Where the value of a tunable begins and ends; nothing where there is none."""
    if row.attribute is None:
        if element.closing is not None:
            yield element.tag.end, element.closing.start
        return
    attribute = _given(element).get(row.attribute)
    if attribute is not None and attribute.value is not None:
        yield attribute.value_start, attribute.value_end


def _given(element: MarkupElement) -> dict[str, TagAttribute]:
    return {each.name: each for each in element.tag.attributes()}
