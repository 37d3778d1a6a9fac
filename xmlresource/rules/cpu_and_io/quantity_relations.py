"""Quantities of CPU time and IO against each other, the guest's vCPUs and what a kernel can do."""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import Declaration
from xmlresource.formats.quantities import WHOLE, decimal, format_quantity
from xmlresource.rules.diagnosis import at, line_of
from xmlresource.tunables import Form

# cocoon's issue 183 measured 1.11 to 1.13 CPUs for one vCPU with IO.
_EMULATOR: Final = 150

_LXC: Final = "lxc"
_HARD: Final = "cpu_hard_limit"
_GUARANTEE: Final = "cpu_min_guarantee"
_PERCENTAGE: Final = "cpu_percentage"


def guarantee_above_vcpus(document: Document) -> Iterator[Diagnostic]:
    """XR312: more CPU time than the vCPUs can use."""
    found, vcpus = _first(document, _GUARANTEE), _vcpus(document)
    if found is not None and vcpus is not None and _amount(found) > vcpus * WHOLE:
        message = f"cpu_min_guarantee ({_told(found)}) is above the guest's {vcpus} vCPUs"
        yield at("XR312", found.element, message, span=found.value_span)


def guarantee_above_hard_limit(document: Document) -> Iterator[Diagnostic]:
    """XR313: more CPU time than the limit lets it use."""
    guarantee, limit = _first(document, _GUARANTEE), _first(document, _HARD)
    if guarantee is None or limit is None or _amount(guarantee) <= _amount(limit):
        return
    blamed, other = _later_first(guarantee, limit)
    message = (
        f"cpu_min_guarantee ({_told(guarantee)}) is above cpu_hard_limit ({_told(limit)}), "
        f"see line {line_of(other.element)}"
    )
    yield at("XR313", blamed.element, message, span=blamed.value_span)


def two_guarantees(document: Document) -> Iterator[Diagnostic]:
    """XR314: one guarantee in two spellings."""
    guarantee, percentage = _first(document, _GUARANTEE), _first(document, _PERCENTAGE)
    if guarantee is None or percentage is None:
        return
    blamed, other = _later_first(guarantee, percentage)
    message = (
        f"{blamed.name} is a second guarantee of CPU time beside {other.name} at line "
        f"{line_of(other.element)}"
    )
    yield at("XR314", blamed.element, message, span=blamed.value_span)


def limit_throttles_emulator(document: Document) -> Iterator[Diagnostic]:
    """XR315: a hard limit that leaves the emulator nothing."""
    found, vcpus = _first(document, _HARD), _vcpus(document)
    if found is None or vcpus is None:
        return
    needed = vcpus * WHOLE + _EMULATOR
    if 0 < _amount(found) < needed:
        message = (
            f"cpu_hard_limit ({_told(found)}) is below the guest's {vcpus} vCPUs and the "
            f"0.15 CPUs of a busy emulator, {decimal(needed)}"
        )
        yield at("XR315", found.element, message, span=found.value_span)


def not_enforceable(document: Document) -> Iterator[Diagnostic]:
    """XR409: what no kernel has a file for."""
    for found in document.cpu_io_declarations:
        if found.tunable.advisory and found.amount is not None:
            yield at("XR409", found.element, f"{found.name}: no kernel enforces it")


def quantities_disagree(document: Document) -> Iterator[Diagnostic]:
    """XR306: one quantity, two forms, two values."""
    first: dict[str, Declaration] = {}
    seen: set[tuple[str, Form]] = set()
    for found in document.cpu_io_declarations:
        key = (found.name, found.form)
        if found.amount is None or key in seen:
            continue
        seen.add(key)
        before = first.setdefault(found.name, found)
        if before.amount is not None and before.amount != found.amount:
            blamed, other = _later_first(before, found)
            message = (
                f"{blamed.name} is {_told(blamed)} in the {blamed.form.value} form, "
                f"but {_told(other)} in the {other.form.value} form at line "
                f"{line_of(other.element)}"
            )
            yield at("XR306", blamed.element, message, span=blamed.value_span)


def _first(document: Document, name: str) -> Declaration | None:
    """The first that says something: no quantity of CPU time can be unlimited in a document."""
    for found in document.cpu_io_declarations:
        if found.name == name and found.amount is not None:
            return found
    return None


def _vcpus(document: Document) -> int | None:
    """The guest's vCPUs; ``None`` for a fragment, and for a container, which has none."""
    domain = document.domain
    return None if domain is None or domain.type == _LXC else domain.vcpus


def _amount(found: Declaration) -> int:
    return found.amount if isinstance(found.amount, int) else 0


def _told(found: Declaration) -> str:
    return format_quantity(found.tunable.quantity, found.amount or 0)


def _later_first(one: Declaration, two: Declaration) -> tuple[Declaration, Declaration]:
    return (one, two) if one.element.start > two.element.start else (two, one)


CHECKS: Final = (
    guarantee_above_vcpus,
    guarantee_above_hard_limit,
    two_guarantees,
    limit_throttles_emulator,
    not_enforceable,
    quantities_disagree,
)
