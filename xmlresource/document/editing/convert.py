"""Moving the tunables of a document from one form to another, as they are spelt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.forms import declared
from xmlresource.document.editing.layout import Layout
from xmlresource.document.editing.notes import NO_PRIORITY, unsayable
from xmlresource.document.editing.plan import Edit, Plan
from xmlresource.document.editing.priority import with_priority
from xmlresource.document.editing.splice import Splice, spliced
from xmlresource.document.editing.values import spelling_of
from xmlresource.document.forms import domain_element, priorities
from xmlresource.model.writing import policy_element, render
from xmlresource.tunables import BY_NAME, PRIORITY, Form

if TYPE_CHECKING:
    from xmlresource.document.document import Document
    from xmlresource.model.spelling import Spelling


def convert(document: Document, form: Form) -> Edit:
    """Move all tunables into ``form``; what it can't say is in the notes.

    In a domain it stays in metadata; a bare fragment has no place for it, and it is dropped.

    Raises:
        EditError: It can't be done, and nothing has been changed.
    """
    _refuse_faults(document)
    if document.is_known and domain_element(document.root) is None:
        return _fragment(document, form)
    priority = document.policy.priority
    if priority is None or {block.form for block, _, _ in priorities(document.blocks)} == {form}:
        return _moved(document, form)
    # It goes with the tunables: first out, so that it keeps no element that they leave empty.
    edit = _moved(with_priority(document, None), form)
    home = Form.METADATA if form is Form.MEMTUNE else form
    if not any(block.form is home for block in edit.document.blocks):
        return Edit(edit.document, (*edit.notes, NO_PRIORITY))
    return Edit(with_priority(edit.document, priority, home), edit.notes)


def _moved(document: Document, form: Form) -> Edit:
    plan = Plan(document)
    spellings = _spellings(document)
    for name, amount in document.policy.items():
        plan.move(BY_NAME[name], amount, form, spellings[name])
    return plan.carried_out()


def _refuse_faults(document: Document) -> None:
    """What can't be read can't be moved, nor can two values be moved to one place."""
    for found in document.declarations:
        if found.error is not None:
            raise EditError(f"{found.element.xpath}: {found.error.problem}; mend it first")
        if found.amount not in {None, document.policy[found.tunable.name]}:
            raise EditError(f"{found.tunable.name} is declared twice, with different values")
    said = {number for _, _, number in priorities(document.blocks)}
    if len(said) > 1 or said == {None}:
        raise EditError(f"{PRIORITY} can't be read, or is declared twice; mend it first")


def _spellings(document: Document) -> dict[str, Spelling]:
    return {
        found.tunable.name: spelling_of(found.element)
        for found in reversed(document.declarations)
        if found.amount is not None
    }


def _fragment(document: Document, form: Form) -> Edit:
    """A bare fragment becomes another one, in its place."""
    if {block.form for block in document.blocks} <= {form}:
        return Edit(document)
    _refuse_losses(document)
    root = document.root
    amounts = dict(document.policy.items())
    priority = document.policy.priority
    element = policy_element(amounts.items(), form, _spellings(document), priority=priority)
    text = render(element, Layout(root).style_inside(root))
    edited = document.with_text(
        spliced(root.source.text, [Splice(root.start, root.end, text.encode())])
    )
    notes = unsayable(amounts, form)
    lost = {note.tunable for note in notes}
    expected = {name: amount for name, amount in amounts.items() if name not in lost}
    if declared(edited.declarations)[form] != expected:
        raise EditError("the conversion did not come out as meant, and was not made")
    if edited.policy.priority != priority:
        notes = (*notes, NO_PRIORITY)
    return Edit(edited, notes)


def _refuse_losses(document: Document) -> None:
    """A fragment is written anew: what is no tunable would be lost."""
    kept = {id(found.element) for found in document.declarations}
    kept |= {id(block.element) for block in document.blocks}
    for element in document.root.descendants():
        if id(element) not in kept:
            raise EditError(f"{element.xpath} has no place in the form asked for")
    root = document.root
    if b"<!--" in root.source.text[root.start : root.end]:
        raise EditError("the comments in it would be lost; move them before or behind it first")
