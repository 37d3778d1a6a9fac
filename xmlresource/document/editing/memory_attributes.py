"""Writing the attributes of ``<memory>``, or taking them out: a guest's priority, its balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.layout import TextLayout
from xmlresource.document.editing.removal import attribute_removal
from xmlresource.document.editing.splice import Splice, spliced
from xmlresource.document.forms import attributes_said
from xmlresource.formats.guest_attributes import ROWS, check_attribute
from xmlresource.tunables import Form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xmlresource.document.editing.edit_plan import AnyDocument
    from xmlresource.document.parsed_document import ParsedDocument
    from xmlresource.document.tree import Element


def with_attribute(
    document: AnyDocument, name: str, value: object, form: Form | None = None
) -> AnyDocument:
    """The document with this attribute wherever one stands, else in a ``<memory>`` that is there.

    Args:
        document: The document; it comes back where nothing has to change.
        name: The attribute.
        value: What it is to say; ``None`` takes it out.
        form: Which ``<memory>`` is meant where none has one; by default the first.

    Raises:
        EditError: It can't say that, or there is no ``<memory>``.
    """
    try:
        wanted = check_attribute(name, value)
    except ValueError as error:
        raise EditError(str(error)) from None
    found = attributes_said(document.blocks, name)
    said = [(block.element, meaning == wanted) for block, _, meaning in found]
    text = None if wanted is None else ROWS[name].write(wanted)
    splices = list(_splices(document, name, said, text, form))
    edited = document
    if splices:
        edited = document.with_text(spliced(document.source.text, splices))
    if getattr(edited.policy, name) != wanted:
        raise EditError("the edit did not come out as meant, and was not made")
    return edited


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
