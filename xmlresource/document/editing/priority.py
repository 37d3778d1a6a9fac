"""Writing the attribute that says a guest's priority, or taking it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.layout import Layout
from xmlresource.document.editing.splice import Splice, spliced
from xmlresource.document.forms import priorities
from xmlresource.model.priority import check_priority
from xmlresource.tunables import PRIORITY, Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xmlresource.document.document import Document
    from xmlresource.document.tree import Element


def with_priority(document: Document, number: object, form: Form | None = None) -> Document:
    """The document with this priority wherever it says one, else in a ``<memory>`` that is there.

    Args:
        document: The document; it comes back where nothing has to change.
        number: The priority; ``None`` takes it out.
        form: Which ``<memory>`` is meant where none says one; by default the first.

    Raises:
        EditError: It is no priority, or there is no ``<memory>``.
    """
    try:
        wanted = check_priority(number)
    except ValueError as error:
        raise EditError(str(error)) from None
    splices = list(_splices(document, wanted, form))
    if not splices:
        return document
    edited = document.with_text(spliced(document.source.text, splices))
    if edited.policy.priority != wanted:
        raise EditError("the edit did not come out as meant, and was not made")
    return edited


def _splices(document: Document, wanted: int | None, form: Form | None) -> Iterator[Splice]:
    written = [(block.element, number) for block, _, number in priorities(document.blocks)]
    for element, number in written:
        if wanted is None:
            yield _removal(element)
        elif number != wanted:
            attribute = element.written_attribute(PRIORITY)
            yield Splice(attribute.value_start, attribute.value_end, str(wanted).encode())
    if not written and wanted is not None:
        yield _addition(document, _home(document, form), wanted)


def _home(document: Document, form: Form | None) -> Element:
    places = [block for block in document.blocks if block.form is not Form.MEMTUNE]
    asked = [block for block in places if block.form is form]
    for block in (*asked, *places):
        return block.element
    raise EditError(
        f"there is no <memory> that could say the {PRIORITY}: "
        "declare min_guarantee in the form metadata or resource, too"
    )


def _addition(document: Document, element: Element, number: int) -> Splice:
    place = element.start + len(f"<{element.tag.name}".encode())
    quote = Layout(document.root).quote
    return Splice(place, place, f" {PRIORITY}={quote}{number}{quote}".encode())


def _removal(element: Element) -> Splice:
    """The attribute with the blanks before it."""
    written = element.written_attribute(PRIORITY)
    head = element.source.text[element.start : written.name_start]
    return Splice(element.start + len(head.rstrip()), written.value_end + 1, b"")
