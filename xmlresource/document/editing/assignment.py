"""Giving tunables of a document new values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.document.editing.edit_plan import EditPlan, PlannedEdit, Value
from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.memory_attributes import with_attribute
from xmlresource.document.editing.quantity_editor import assign_quantities, quantities_by_form
from xmlresource.formats.misuse import check_form, is_size, refuse_size
from xmlresource.formats.quantities import COUNTS, parse_quantity, spell_quantity
from xmlresource.formats.quantity_names import (
    KEYS,
    QuantityName,
    lacks_device,
    parse_quantity_name,
)
from xmlresource.formats.spelling import Spelling
from xmlresource.tunables import ATTRIBUTES, BY_NAME, MEMORY, Form
from xmlresource.units import Amount, QuantityError, Unlimited

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xmlresource.document.editing.edit_plan import AnyDocument
    from xmlresource.model.policy import MemoryPolicy
    from xmlresource.model.resource import ResourcePolicy


def assign(
    document: AnyDocument, changes: Mapping[str, Value], form: Form | None = None
) -> PlannedEdit[AnyDocument]:
    """Give tunables new values where they stand, and insert those that are missing.

    Sizes are rounded up to a KiB, as libvirt does; a guarantee of 0 is none. Amounts of CPU time
    and IO count what the fields of their policies count: thousandths of a CPU, bytes per second.

    Args:
        document: The document.
        changes: The new values by tunable, and the attributes: the ``priority``, a number, and
            ``balance``, a truth value; of a device, such as ``vda.iops_hard_limit.read``. An
            amount keeps the unit that is there where that is exact, a ``Spelling`` is written as it
            is, and ``None`` takes the tunable out.
        form: Where new ones go; by default the one form that the document uses, else metadata.
            With a form given, ``None`` takes a tunable out of that form only, and an amount also
            goes to the other forms in which it stands, so that they don't disagree.

    Raises:
        EditError: It can't be done, and nothing has been changed.
        TypeError: A value is no size, or ``form`` no form.
    """
    if form is not None:
        check_form(form)
    tunables: dict[str, Value] = {}
    quantities: dict[QuantityName, Amount | None] = {}
    for name, value in changes.items():
        named = parse_quantity_name(name)
        if named is not None:
            quantities[named] = _quantity(named, value)
        elif name not in ATTRIBUTES:
            tunables[name] = value
    attributes = {name: value for name, value in changes.items() if name in ATTRIBUTES}
    document = _without_attributes(document, attributes)
    plan = EditPlan(document)
    for name, amount in tunables.items():
        if name not in BY_NAME:
            raise EditError(_unknown(name))
        if amount is not None and not isinstance(amount, Spelling) and not is_size(amount):
            refuse_size(name, amount)
        plan.assign(BY_NAME[name], amount, form)
    edit = _with_attributes(plan.carried_out(), attributes, form)
    return _with_quantities(edit, quantities, form)


def replace_all(
    document: AnyDocument, policy: ResourcePolicy, form: Form | None = None
) -> PlannedEdit[AnyDocument]:
    """Have a document declare exactly ``policy``, of all families: what is unset goes.

    Raises:
        EditError: It can't be done, and nothing has been changed.
    """
    edit = replace(document, policy.memory, form)
    wanted = dict(policy.quantities())
    said = {name for names in quantities_by_form(document).values() for name in names}
    edit = _with_quantities(edit, dict.fromkeys(said - wanted.keys()), None)
    return _with_quantities(edit, wanted, form)


def replace(
    document: AnyDocument, policy: MemoryPolicy, form: Form | None = None
) -> PlannedEdit[AnyDocument]:
    """Have a document declare exactly ``policy``: what is unset goes from all forms.

    Raises:
        EditError: It can't be done, and nothing has been changed.
    """
    if form is not None:
        check_form(form)
    attributes = {name: getattr(policy, name) for name in ATTRIBUTES}
    document = _without_attributes(document, attributes)
    plan = EditPlan(document)
    for tunable in MEMORY:
        amount = policy[tunable.name]
        plan.assign(tunable, amount, None if amount is None else form)
    return _with_attributes(plan.carried_out(), attributes, form)


def _with_quantities(
    edit: PlannedEdit[AnyDocument],
    quantities: Mapping[QuantityName, Amount | None],
    form: Form | None,
) -> PlannedEdit[AnyDocument]:
    if not quantities:
        return edit
    document, notes = assign_quantities(edit.document, quantities, form)
    return PlannedEdit(document, (*edit.notes, *notes))


def _quantity(name: QuantityName, value: Value) -> Amount | None:
    """The amount of a quantity, as it is to be written.

    Raises:
        EditError: It can't be read.
        TypeError: It is no amount.
    """
    if isinstance(value, Spelling):
        try:
            return parse_quantity(name.tunable.quantity, value.value, value.unit)
        except QuantityError as error:
            raise EditError(f"{name}: {error.problem}; {error.cure}") from None
    if value is None or isinstance(value, Unlimited):
        return value
    if not is_size(value):
        raise TypeError(f"{name} is no whole number: {value!r}; {COUNTS[name.tunable.quantity]}")
    spelt = spell_quantity(name.tunable.quantity, value)
    return _quantity(name, spelt)


def _unknown(name: str) -> str:
    if lacks_device(name):
        return f"{name} is of one device: write its target or path before it, such as vda.{name}"
    return f"there is no tunable {name!r}; there are {', '.join((*BY_NAME, *KEYS))}"


def _without_attributes(document: AnyDocument, wanted: Mapping[str, object]) -> AnyDocument:
    """Take out the attributes that are to go.

    This comes first, so that they don't keep an element that the tunables leave empty.
    """
    for name, value in wanted.items():
        if value is None:
            document = with_attribute(document, name, None)
    return document


def _with_attributes(
    edit: PlannedEdit[AnyDocument], wanted: Mapping[str, object], form: Form | None
) -> PlannedEdit[AnyDocument]:
    document = edit.document
    # Each new one is put before the others: from last to first they stand in the rows' order.
    for name in reversed(ATTRIBUTES):
        if wanted.get(name) is not None:
            document = with_attribute(document, name, wanted[name], form)
    return PlannedEdit(document, edit.notes)
