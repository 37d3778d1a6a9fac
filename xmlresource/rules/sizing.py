"""Sizing: the policy against what the guest, with its emulator, needs."""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import Declaration
from xmlresource.overhead import Overhead, estimate
from xmlresource.rules.report import at
from xmlresource.units import approximate, format_amount


def hard_limit_too_near(document: Document) -> Iterator[Diagnostic]:
    """XR501: less than the guest's RAM and what QEMU is expected to need besides."""
    found = _sized(document, "hard_limit")
    overhead = None if found is None else _overhead(document)
    if found is None or overhead is None:
        return
    declaration, limit = found
    # Below the worst case is a risk that may be meant; below what is expected is a mistake.
    message = overhead.objection(limit) if overhead.is_near(limit) else None
    if message is not None:
        best = overhead.hard_limit
        hint = None if best is None else f"recommended is {format_amount(best)}"
        span = declaration.element.text_span
        yield at("XR501", declaration.element, message, span=span, hint=hint)


def guarantee_beyond_use(document: Document) -> Iterator[Diagnostic]:
    """XR502: more than the guest can ever use."""
    found = _sized(document, "min_guarantee")
    overhead = None if found is None else _overhead(document)
    if found is None or overhead is None:
        return
    declaration, guarantee = found
    most = overhead.ram + overhead.total.worst
    if guarantee > most:
        message = (
            f"min_guarantee ({format_amount(guarantee)}) is more than the guest can use "
            f"({approximate(most)} with all overhead)"
        )
        span = declaration.element.text_span
        yield at("XR502", declaration.element, message, span=span)


def _sized(document: Document, name: str) -> tuple[Declaration, int] | None:
    """The declaration of a tunable that counts and is a size."""
    for found in document.declarations:
        if found.tunable.name == name and isinstance(found.amount, int):
            return found, found.amount
    return None


def _overhead(document: Document) -> Overhead | None:
    """The guest's overhead; ``None`` where the document doesn't say what RAM it has."""
    if document.domain is None or document.domain.memory is None:
        return None
    overhead = estimate(document.domain)
    return overhead if overhead.hard_limit is not None else None


CHECKS: Final = (hard_limit_too_near, guarantee_beyond_use)
