"""Sizes and numbers that a reader of a document leaves out because it can't read them.

Those who only look at a document are not told all that is wrong with it, but they must know which
of its values do not count in what they see.
"""

from collections.abc import Iterator
from typing import Final

from xmlresource.codes import CODES
from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import domain_element
from xmlresource.document.tree import Element
from xmlresource.record import replace
from xmlresource.rules.cpu_and_io.quantity_faults import unreadable_quantities
from xmlresource.rules.values import bad_attributes, unreadable_values
from xmlresource.units import SizeError, parse_size

_SIZES: Final = ("memory", "maxMemory")
_COUNTS: Final = ("vcpu", "iothreads")


def left_out_of_policy(document: Document) -> tuple[Diagnostic, ...]:
    """The tunables that say something which is none."""
    found = (*unreadable_values(document), *bad_attributes(document))
    return tuple(replace(one, message=f"left out: {one.message}") for one in found)


def left_out_of_cpu_and_io(document: Document) -> tuple[Diagnostic, ...]:
    """What says CPU time or IO, and means none."""
    found = unreadable_quantities(document)
    return tuple(replace(one, message=f"left out: {one.message}") for one in found)


def left_out_of_domain(document: Document) -> tuple[Diagnostic, ...]:
    """Find sizes and counts of a guest that can't be read, besides its tunables."""
    domain = domain_element(document.root)
    return () if domain is None else tuple(_unread(domain))


def _unread(domain: Element) -> Iterator[Diagnostic]:
    dimms = [] if (devices := domain.first("devices")) is None else devices.all("memory")
    sizes = [domain.first(name) for name in _SIZES]
    sizes += [dimm.find("target", "size") for dimm in dimms]
    for element in sizes:
        if element is not None and (error := _size_error(element)) is not None:
            yield _finding(element, error.problem, error.cure)
    for name in _COUNTS:
        count = domain.first(name)
        if count is not None and not _is_count(count.text.strip()):
            yield _finding(count, "not a number", f"write such as <{name}>2</{name}>")


def _size_error(element: Element) -> SizeError | None:
    try:
        parse_size(element.text.strip(), element.attributes.get("unit"))
    except SizeError as error:
        return error
    return None


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _finding(element: Element, problem: str, hint: str) -> Diagnostic:
    return CODES["XR608"].diagnostic(
        f"<{element.name}> is left out: {problem}",
        element.source.name,
        span=element.text_span,
        xpath=element.xpath,
        hint=hint,
    )
