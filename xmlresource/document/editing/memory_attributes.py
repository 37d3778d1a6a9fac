"""Writing the attributes of ``<memory>``, or taking them out: a guest's priority, its balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.layout import TextLayout
from xmlresource.document.editing.removal import attribute_removal
from xmlresource.document.editing.splice import Splice, spliced
from xmlresource.document.forms import balances, priorities
from xmlresource.formats.priority import check_priority
from xmlresource.tunables import BALANCE, PRIORITY, Form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xmlresource.document.editing.edit_plan import AnyDocument
    from xmlresource.document.parsed_document import ParsedDocument
    from xmlresource.document.tree import Element


def with_priority(document: AnyDocument, number: object, form: Form | None = None) -> AnyDocument:
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
    said = [(block.element, said == wanted) for block, _, said in priorities(document.blocks)]
    text = None if wanted is None else str(wanted)
    edited = _with_attribute(document, PRIORITY, said, text, form)
    if edited.policy.priority != wanted:
        raise EditError("the edit did not come out as meant, and was not made")
    return edited


def balance_of(document: ParsedDocument) -> str | None:
    """Whether the guest's memory may be moved, as the document writes it first."""
    return next((text for _, text, _ in balances(document.blocks)), None)


def with_balance(
    document: AnyDocument, wanted: str | None, form: Form | None = None
) -> AnyDocument:
    """The document with this balance wherever it says one, else in a ``<memory>`` that is there.

    Args:
        document: The document; it comes back where nothing has to change.
        wanted: What it is to say; ``None`` takes it out.
        form: Which ``<memory>`` is meant where none says one; by default the first.

    Raises:
        EditError: There is no ``<memory>``.
    """
    said = [(block.element, text == wanted) for block, text, _ in balances(document.blocks)]
    return _with_attribute(document, BALANCE, said, wanted, form)


def _with_attribute(
    document: AnyDocument,
    name: str,
    said: Sequence[tuple[Element, bool]],
    wanted: str | None,
    form: Form | None,
) -> AnyDocument:
    """The document with this attribute wherever one stands, else in a ``<memory>`` that is there.

    Args:
        document: The document; it comes back where nothing has to change.
        name: The attribute.
        said: The elements that have one, each with whether it says what is wanted already.
        wanted: What it is to say; ``None`` takes it out.
        form: Which ``<memory>`` is meant where none has one; by default the first.

    Raises:
        EditError: There is no ``<memory>``.
    """
    splices = list(_splices(document, name, said, wanted, form))
    if not splices:
        return document
    return document.with_text(spliced(document.source.text, splices))


def _splices(
    document: ParsedDocument,
    name: str,
    said: Sequence[tuple[Element, bool]],
    wanted: str | None,
    form: Form | None,
) -> Iterator[Splice]:
    for element, is_wanted in said:
        if wanted is None:
            yield attribute_removal(element, name)
        elif not is_wanted:
            attribute = element.written_attribute(name)
            yield Splice(attribute.value_start, attribute.value_end, wanted.encode())
    if not said and wanted is not None:
        yield _addition(document, _home(document, name, form), f"{name}=", wanted)


def _home(document: ParsedDocument, name: str, form: Form | None) -> Element:
    places = [block for block in document.blocks if block.form is not Form.MEMTUNE]
    asked = [block for block in places if block.form is form]
    for block in (*asked, *places):
        return block.element
    raise EditError(
        f"there is no <memory> that could say the {name}: "
        "declare min_guarantee in the form metadata or resource, too"
    )


def _addition(document: ParsedDocument, element: Element, begin: str, wanted: str) -> Splice:
    place = element.start + len(f"<{element.tag.name}".encode())
    quote = TextLayout(document.root).quote
    return Splice(place, place, f" {begin}{quote}{wanted}{quote}".encode())
