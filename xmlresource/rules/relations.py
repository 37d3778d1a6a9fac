"""Relations: tunables against each other, over all forms together.

A limit that is unlimited bounds nothing, so it counts here as not set. Blamed is the one of two
that stands later in the document.
"""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import Declaration, attributes_said
from xmlresource.rules.diagnosis import at, line_of
from xmlresource.tunables import ATTRIBUTES, PRIORITY, RELATIONS, Form
from xmlresource.units import Amount, Unlimited, format_amount


def contradictions(document: Document) -> Iterator[Diagnostic]:
    """XR301, XR302, XR303, XR305, XR307, XR308: what must not exceed what, and does."""
    sizes = _sizes(document)
    for relation in RELATIONS:
        if relation.lower not in sizes or relation.upper not in sizes:
            continue
        lower, low = sizes[relation.lower]
        upper, high = sizes[relation.upper]
        if low <= high:
            continue
        blamed, other = _later_first(lower, upper)
        above = f"{relation.lower} ({format_amount(low)}) is above"
        message = (
            f"{above} {relation.upper} ({format_amount(high)}), see line {line_of(other.element)}"
        )
        yield at(relation.code, blamed.element, message, span=blamed.element.text_span)


def swap_without_memory(document: Document) -> Iterator[Diagnostic]:
    """XR304: a limit on memory and swap together without one on memory."""
    sizes = _sizes(document)
    if "swap_hard_limit" in sizes and "hard_limit" not in sizes:
        found, _ = sizes["swap_hard_limit"]
        if not any(
            other.tunable.name == "hard_limit" and other.error for other in document.declarations
        ):
            message = "swap_hard_limit is set, and hard_limit is not"
            yield at("XR304", found.element, message)


def guarantee_equals_limit(document: Document) -> Iterator[Diagnostic]:
    """XR309: no room between the guarantee and the hard limit."""
    sizes = _sizes(document)
    if "min_guarantee" not in sizes or "hard_limit" not in sizes:
        return
    guarantee, size = sizes["min_guarantee"]
    limit, highest = sizes["hard_limit"]
    if size == highest:
        blamed, _ = _later_first(guarantee, limit)
        message = f"min_guarantee and hard_limit are both {format_amount(size)}"
        yield at("XR309", blamed.element, message, span=blamed.element.text_span)


def disagreements(document: Document) -> Iterator[Diagnostic]:
    """XR306: one tunable, two forms, two values."""
    first: dict[str, Declaration] = {}
    seen: set[tuple[str, Form]] = set()
    for found in document.declarations:
        key = (found.tunable.name, found.form)
        if found.amount is None or key in seen:
            continue
        seen.add(key)
        before = first.setdefault(found.tunable.name, found)
        if before.amount is not None and before.amount != found.amount:
            yield _disagreement(before, found, before.amount, found.amount)


def priority_without_guarantee(document: Document) -> Iterator[Diagnostic]:
    """XR310: a priority that decides nothing."""
    if document.policy.guarantee:
        return
    for block, _, number in attributes_said(document.blocks, PRIORITY):
        if number and not any(
            found.tunable.name == "min_guarantee" and found.error for found in document.declarations
        ):
            message = f"{PRIORITY} is set, and min_guarantee is not"
            yield at("XR310", block.element, message, span=block.element.attribute_span(PRIORITY))


def attributes_disagree(document: Document) -> Iterator[Diagnostic]:
    """XR306: two forms, two priorities, or one says yes and another no."""
    for name in ATTRIBUTES:
        said = [each for each in attributes_said(document.blocks, name) if each[2] is not None]
        for block, text, meaning in said[1:]:
            first, before, meant = said[0]
            if block.form is not first.form and meaning != meant:
                message = (
                    f"{name} is {text} in the {block.form.value} form, but {before} in the "
                    f"{first.form.value} form at line {line_of(first.element)}"
                )
                yield at("XR306", block.element, message, span=block.element.value_span(name))


def _disagreement(one: Declaration, two: Declaration, said: Amount, says: Amount) -> Diagnostic:
    blamed, other = _later_first(one, two)
    here, there = (says, said) if blamed is two else (said, says)
    message = (
        f"{blamed.tunable.name} is {format_amount(here)} in the {blamed.form.value} form, "
        f"but {format_amount(there)} in the {other.form.value} form at line "
        f"{line_of(other.element)}"
    )
    return at("XR306", blamed.element, message, span=blamed.element.text_span)


def _sizes(document: Document) -> dict[str, tuple[Declaration, int]]:
    """The tunables that bound something, each with the declaration that counts."""
    sizes: dict[str, tuple[Declaration, int]] = {}
    for found in document.declarations:
        if found.amount is not None and not isinstance(found.amount, Unlimited):
            sizes.setdefault(found.tunable.name, (found, found.amount))
    return sizes


def _later_first(one: Declaration, two: Declaration) -> tuple[Declaration, Declaration]:
    return (one, two) if one.element.start > two.element.start else (two, one)


CHECKS: Final = (
    contradictions,
    swap_without_memory,
    guarantee_equals_limit,
    disagreements,
    priority_without_guarantee,
    attributes_disagree,
)
