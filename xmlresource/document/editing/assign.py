"""Giving tunables of a document new values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.plan import Edit, Plan, Value
from xmlresource.document.editing.priority import with_priority
from xmlresource.tunables import BY_NAME, MEMORY, PRIORITY, Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xmlresource.document.document import Document
    from xmlresource.model.policy import MemoryPolicy


def assign(document: Document, changes: Mapping[str, Value], form: Form | None = None) -> Edit:
    """Give tunables new values where they stand, and insert those that are missing.

    Sizes are rounded up to a KiB, as libvirt does; a guarantee of 0 is none.

    Args:
        document: The document.
        changes: The new values by tunable, and the ``priority``. An amount keeps the unit that is
            there where that is exact, a ``Spelling`` is written as it is, and ``None`` takes the
            tunable out.
        form: Where new ones go; by default the one form that the document uses, else metadata.
            With a form given, ``None`` takes a tunable out of that form only, and an amount also
            goes to the other forms in which it stands, so that they don't disagree.

    Raises:
        EditError: It can't be done, and nothing has been changed.
    """
    tunables = {name: value for name, value in changes.items() if name != PRIORITY}
    if PRIORITY in changes and changes[PRIORITY] is None:
        # First, so that it does not keep an element that the tunables leave empty.
        document = with_priority(document, None)
    plan = Plan(document)
    for name, amount in tunables.items():
        if name not in BY_NAME:
            raise EditError(f"there is no tunable {name!r}; there are {', '.join(BY_NAME)}")
        plan.assign(BY_NAME[name], amount, form)
    return _with_priority(plan.carried_out(), changes.get(PRIORITY), form)


def replace(document: Document, policy: MemoryPolicy, form: Form | None = None) -> Edit:
    """Have a document declare exactly ``policy``: what is unset goes from all forms.

    Raises:
        EditError: It can't be done, and nothing has been changed.
    """
    if policy.priority is None:
        document = with_priority(document, None)
    plan = Plan(document)
    for tunable in MEMORY:
        amount = policy[tunable.name]
        plan.assign(tunable, amount, None if amount is None else form)
    return _with_priority(plan.carried_out(), policy.priority, form)


def _with_priority(edit: Edit, number: Value, form: Form | None) -> Edit:
    if number is None:
        return edit
    return Edit(with_priority(edit.document, number, form), edit.notes)
