"""Moving the tunables of a document from one form to another, as they are spelt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.document.editing.amounts import spelling_of
from xmlresource.document.editing.edit_plan import EditPlan, PlannedEdit
from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.form_editor import declared
from xmlresource.document.editing.layout import TextLayout
from xmlresource.document.editing.memory_attributes import (
    with_attribute,
)
from xmlresource.document.editing.notes import (
    unsayable,
    unsayable_quantities,
    without_attribute,
)
from xmlresource.document.editing.quantity_editor import (
    all_quantities,
    move_quantities,
    take_libvirts,
    units_of,
)
from xmlresource.document.editing.splice import Splice, spliced
from xmlresource.document.forms import attributes_said, domain_element
from xmlresource.formats.cpu_io_text import block_elements, is_said
from xmlresource.formats.xml_text import PREFIX, policy_element, render, resource_element
from xmlresource.tunables import ATTRIBUTES, BY_NAME, Form

if TYPE_CHECKING:
    from xmlresource.document.editing.edit_plan import AnyDocument
    from xmlresource.document.parsed_document import ParsedDocument
    from xmlresource.formats.spelling import Spelling


def convert(
    document: AnyDocument, form: Form, *, take_cputune: bool = False
) -> PlannedEdit[AnyDocument]:
    """Move all tunables into ``form``; what it can't say is in the notes.

    In a domain it stays in metadata; a bare fragment has no place for it, and it is dropped.

    Args:
        document: The document.
        form: The form.
        take_cputune: Whether to move, too, what ``<cputune>`` and ``<blkiotune>`` say the same.

    Raises:
        EditError: It can't be done, and nothing has been changed.
    """
    _refuse_faults(document)
    if document.is_known and domain_element(document.root) is None:
        return _fragment(document, form)
    edit = _converted(document, form)
    if take_cputune and form is not Form.MEMTUNE:
        edit = PlannedEdit(take_libvirts(edit.document, form), edit.notes)
    moved, notes = move_quantities(edit.document, form)
    return PlannedEdit(moved, (*edit.notes, *notes))


def _converted(document: AnyDocument, form: Form) -> PlannedEdit[AnyDocument]:
    """The document with its memory tunables, its priority and its balance in ``form``."""
    moving = {
        name: value
        for name, value in document.policy.attributes()
        if {block.form for block, _, _ in attributes_said(document.blocks, name)} != {form}
    }
    # They go with the tunables: first out, so that they keep no element that these leave empty.
    bare = document
    for name in moving:
        bare = with_attribute(bare, name, None)
    edit = _moved(bare, form)
    home = Form.METADATA if form is Form.MEMTUNE else form
    if not any(block.form is home for block in edit.document.blocks):
        return PlannedEdit(edit.document, (*edit.notes, *map(without_attribute, moving)))
    moved = edit.document
    for name in reversed(moving):
        moved = with_attribute(moved, name, moving[name], home)
    return PlannedEdit(moved, edit.notes)


def _moved(document: AnyDocument, form: Form) -> PlannedEdit[AnyDocument]:
    plan = EditPlan(document)
    spellings = _spellings(document)
    for name, amount in document.policy.items():
        plan.move(BY_NAME[name], amount, form, spellings[name])
    return plan.carried_out()


def _refuse_faults(document: ParsedDocument) -> None:
    """Refuse to move values that can't be read, or two values to one place."""
    for found in document.declarations:
        if found.error is not None:
            raise EditError(f"{found.element.xpath}: {found.error.problem}; mend it first")
        if found.amount not in {None, document.policy[found.tunable.name]}:
            raise EditError(f"{found.tunable.name} is declared twice, with different values")
    for name in ATTRIBUTES:
        said = {meaning for _, _, meaning in attributes_said(document.blocks, name)}
        if len(said) > 1 or said == {None}:
            raise EditError(f"{name} can't be read, or is declared twice; mend it first")


def _spellings(document: ParsedDocument) -> dict[str, Spelling]:
    return {
        found.tunable.name: spelling_of(found.element)
        for found in reversed(document.declarations)
        if found.amount is not None
    }


def _fragment(document: AnyDocument, form: Form) -> PlannedEdit[AnyDocument]:
    """A bare fragment becomes another one, in its place."""
    if {block.form for block in (*document.blocks, *document.cpu_io_blocks)} <= {form}:
        return PlannedEdit(document)
    _refuse_losses(document)
    root = document.root
    amounts = dict(document.policy.items())
    attributes = dict(document.policy.attributes())
    element = policy_element(amounts.items(), form, _spellings(document), attributes=attributes)
    quantities = all_quantities(document)
    if quantities and form is not Form.MEMTUNE:
        prefix = PREFIX if form is Form.METADATA else None
        memory = element.children if document.blocks else ()
        others = block_elements(quantities.items(), prefix, units_of(document))
        element = resource_element(prefix, *memory, *others, declare=form is Form.METADATA)
    text = render(element, TextLayout(root).style_inside(root))
    edited = document.with_text(
        spliced(root.source.text, [Splice(root.start, root.end, text.encode())])
    )
    notes = unsayable(amounts, form)
    lost = {note.tunable for note in notes}
    expected = {name: amount for name, amount in amounts.items() if name not in lost}
    lasting = {name: each for name, each in quantities.items() if is_said(name.tunable, each)}
    notes = (*notes, *unsayable_quantities(quantities, form))
    if form is Form.MEMTUNE:
        lasting = {}
    if declared(edited.declarations)[form] != expected or all_quantities(edited) != lasting:
        raise EditError("the conversion did not come out as meant, and was not made")
    lacking = attributes.keys() - dict(edited.policy.attributes())
    dropped = (without_attribute(name) for name in attributes if name in lacking)
    return PlannedEdit(edited, (*notes, *dropped))


def _refuse_losses(document: ParsedDocument) -> None:
    """A fragment is written anew: what is no tunable would be lost."""
    kept = {id(found.element) for found in document.declarations}
    kept |= {id(found.element) for found in document.cpu_io_declarations}
    kept |= {id(found.device) for found in document.cpu_io_declarations}
    kept |= {id(block.element) for block in (*document.blocks, *document.cpu_io_blocks)}
    for element in document.root.descendants():
        if id(element) not in kept:
            raise EditError(f"{element.xpath} has no place in the form asked for")
    root = document.root
    if b"<!--" in root.source.text[root.start : root.end]:
        raise EditError("the comments in it would be lost; move them before or behind it first")
