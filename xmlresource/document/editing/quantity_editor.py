"""Making a document say quantities of CPU time and IO.

One after the other: each change is made in the text that the one before has left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xmlresource.document.editing.amounts import respelt
from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.insertion import new_block, place_at_end
from xmlresource.document.editing.layout import InsertionPoint, TextLayout
from xmlresource.document.editing.libvirts_elements import (
    libvirts_element,
    libvirts_quantities,
    why_not_libvirts,
    without,
)
from xmlresource.document.editing.notes import NO_ELEMENT, Note, Remark, no_such_quantity
from xmlresource.document.editing.removal import attribute_removal, removed
from xmlresource.document.editing.splice import Splice, spliced
from xmlresource.document.forms import domain_element
from xmlresource.formats.cpu_io_text import (
    block_elements,
    device_element,
    is_said,
    shared_unit,
    value_elements,
)
from xmlresource.formats.quantities import spell_quantity
from xmlresource.formats.quantity_names import QuantityName
from xmlresource.formats.spelling import Spelling
from xmlresource.tunables import DEVICE, Form, Kind, Quantity, Tunable
from xmlresource.tunables.families import TUNABLES
from xmlresource.units import DEFAULT_UNIT, UNLIMITED, Amount, Unlimited

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xmlresource.document.editing.edit_plan import AnyDocument
    from xmlresource.document.forms import Block, Declaration
    from xmlresource.document.parsed_document import ParsedDocument
    from xmlresource.document.tree import Element
    from xmlresource.formats.xml_text import NewElement

_RANK: Final = {row.element: rank for rank, row in enumerate(TUNABLES)} | {DEVICE: len(TUNABLES)}
_SIDES: Final = ("read", "write")
_DEFAULT_UNITS: Final = {Quantity.BYTES_PER_SECOND: DEFAULT_UNIT}


def assign_quantities(
    document: AnyDocument, changes: Mapping[QuantityName, Amount | None], form: Form | None = None
) -> tuple[AnyDocument, tuple[Note, ...]]:
    """The document after the changes, and what could not be said as asked.

    Args:
        document: The document.
        changes: The new amounts; ``None`` takes a quantity out, and so does ``UNLIMITED``.
        form: Where new ones go; by default the one form that is used, else metadata. With a form
            given, ``None`` takes a quantity out of that form only.

    Raises:
        EditError: It can't be done, and nothing has been changed.
    """
    notes: list[Note] = []
    expected = quantities_by_form(document)
    for name, amount in changes.items():
        if amount is UNLIMITED:
            if name.tunable.kind is not Kind.LIMIT:
                raise EditError(f"{name} can't be unlimited: it is a {name.tunable.kind.value}")
            notes.append(Note(str(name), Remark.LEFT_OUT, NO_ELEMENT))
        stands = [one for one in Form if name in expected[one]]
        if isinstance(amount, Unlimited) or not is_said(name.tunable, amount):
            for place in stands if form is None else set(stands) & {form}:
                document = _without(document, name, place)
                expected[place].pop(name)
            continue
        assert amount is not None  # noqa: S101 -- for type checkers: it is said
        if form is not None or not stands:
            home, kept = _home(document, form, name)
            notes += kept
            stands = list(dict.fromkeys([*stands, home]))
        for place in stands:
            document = _saying(document, name, amount, place, None)
            expected[place][name] = amount
    return _held_against(document, expected), tuple(notes)


def move_quantities(document: AnyDocument, form: Form) -> tuple[AnyDocument, tuple[Note, ...]]:
    """The document with all quantities in ``form``, or in metadata where that can't hold them.

    Into libvirt's own elements goes what they say just so; all else stays, and is in the notes.

    Raises:
        EditError: It can't be done, and nothing has been changed.
    """
    found = quantities_by_form(document)
    home = Form.METADATA if form is Form.MEMTUNE else form
    units = units_of(document)
    notes = []
    for name, amount in all_quantities(document).items():
        if form is Form.MEMTUNE and isinstance(amount, int):
            reason = why_not_libvirts(_domain(document), name, amount)
            if reason is None:
                splice = libvirts_element(
                    _domain(document), TextLayout(document.root), name, amount
                )
                document = _with(document, [splice])
                for place in Form:
                    document = _without(document, name, place)
                    found[place].pop(name, None)
                continue
            notes.append(Note(str(name), Remark.KEPT_IN_METADATA, reason))
        for place in Form:
            if name in found[place] and (place is not home or isinstance(amount, Unlimited)):
                document = _without(document, name, place)
                found[place].pop(name)
        if isinstance(amount, Unlimited):
            notes.append(Note(str(name), Remark.LEFT_OUT, NO_ELEMENT))
            continue
        document = _saying(document, name, amount, home, units.get(name))
        found[home][name] = amount
    return _held_against(document, found), tuple(notes)


def take_libvirts(document: AnyDocument, form: Form) -> AnyDocument:
    """The document with what libvirt's own elements say the same in ours, in ``form``.

    Raises:
        EditError: Ours say something else already.
    """
    while (taken := next(libvirts_quantities(_domain(document)), None)) is not None:
        document = _with(document, without(TextLayout(document.root), taken))
        said = all_quantities(document).setdefault(taken.name, taken.amount)
        if said != taken.amount:
            raise EditError(f"{taken.name} is declared twice, with different values")
        document = _saying(document, taken.name, taken.amount, form, None)
    return document


def quantities_by_form(document: ParsedDocument) -> dict[Form, dict[QuantityName, Amount]]:
    """The first amount that each form declares for each quantity."""
    forms: dict[Form, dict[QuantityName, Amount]] = {form: {} for form in Form}
    for one in document.cpu_io_declarations:
        if one.amount is not None:
            forms[one.form].setdefault(name_of(one), one.amount)
    return forms


def all_quantities(document: ParsedDocument) -> dict[QuantityName, Amount]:
    """The quantities of all forms together.

    Raises:
        EditError: One can't be read, or is declared twice with different values.
    """
    amounts: dict[QuantityName, Amount] = {}
    for one in document.cpu_io_declarations:
        if one.error is not None:
            raise EditError(f"{one.element.xpath}: {one.error.problem}; mend it first")
        if one.amount is not None and amounts.setdefault(name_of(one), one.amount) != one.amount:
            raise EditError(f"{name_of(one)} is declared twice, with different values")
    return amounts


def units_of(document: ParsedDocument) -> dict[QuantityName, str | None]:
    """The units that quantities are spelt in."""
    return {
        name_of(one): one.element.attributes.get("unit")
        for one in reversed(document.cpu_io_declarations)
    }


def name_of(declaration: Declaration) -> QuantityName:
    """The name of the quantity that a declaration is about."""
    if declaration.device is None:
        return QuantityName(declaration.tunable)
    attributes = declaration.device.attributes
    return QuantityName(declaration.tunable, attributes.get("target"), attributes.get("path"))


def _held_against(
    document: AnyDocument, expected: Mapping[Form, Mapping[QuantityName, Amount]]
) -> AnyDocument:
    if quantities_by_form(document) != expected:
        raise EditError("the edit did not come out as meant, and was not made")
    return document


def _home(
    document: ParsedDocument, form: Form | None, name: QuantityName
) -> tuple[Form, list[Note]]:
    """The form for a new quantity, and why it is not the one that was asked for."""
    bare = domain_element(document.root) is None
    if form is Form.MEMTUNE:
        note = no_such_quantity(name, Remark.KEPT_IN_METADATA)
        if bare:
            raise EditError(note.reason)
        return Form.METADATA, [note]
    if form is not None:
        return form, []
    used = {block.form for block in (*document.blocks, *document.cpu_io_blocks)}
    used.discard(Form.MEMTUNE)
    if len(used) == 1:
        return used.pop(), []
    resource = bare and document.root.namespace is None
    return (Form.RESOURCE if resource else Form.METADATA), []


def _domain(document: ParsedDocument) -> Element:
    """The domain; a bare fragment is converted as a whole, and elsewhere."""
    domain = domain_element(document.root)
    return document.root if domain is None else domain


def _with(document: AnyDocument, splices: Iterable[Splice]) -> AnyDocument:
    made = list(splices)
    return document.with_text(spliced(document.source.text, made)) if made else document


def _without(document: AnyDocument, name: QuantityName, form: Form) -> AnyDocument:
    while (found := _declaration(document, name, form)) is not None:
        element, layout = found.element, TextLayout(document.root)
        attribute = found.tunable.attribute
        if attribute is not None and any(
            side in element.attributes for side in _SIDES if side != attribute
        ):
            document = _with(document, [attribute_removal(element, attribute)])
        else:
            document = _with(document, removed(layout, element.parent, [element]))
    return document


def _declaration(document: ParsedDocument, name: QuantityName, form: Form) -> Declaration | None:
    for one in document.cpu_io_declarations:
        if one.form is form and name_of(one) == name:
            return one
    return None


def _saying(
    document: AnyDocument, name: QuantityName, amount: int, form: Form, unit: str | None
) -> AnyDocument:
    found = _declaration(document, name, form)
    if found is None:
        return _with(document, _addition(document, name, amount, form, unit))
    if found.amount == amount:
        return document
    if found.tunable.attribute is None:
        spelling = _spelling(found.tunable.quantity, amount, found.element)
        return _with(document, respelt(found.element, amount, spelling))
    return _with(document, _sides(document, found.element, found.tunable, amount))


def _spelling(quantity: Quantity, amount: int, element: Element) -> Spelling:
    """In the element's own unit where that is exact; without one it is the default."""
    unit = element.attributes.get("unit")
    spelling = spell_quantity(quantity, amount, unit or _DEFAULT_UNITS.get(quantity))
    if unit is None and spelling.unit == _DEFAULT_UNITS.get(quantity):
        return Spelling(spelling.value, None)
    return spelling


def _sides(
    document: ParsedDocument, element: Element, row: Tunable, amount: int
) -> Iterable[Splice]:
    """One side of an element gets a new value, and all its sides the unit in which they are whole.

    A side that is new is written behind the other.
    """
    said = {
        str(one.tunable.attribute): one.amount
        for one in document.cpu_io_declarations
        if one.element is element and isinstance(one.amount, int)
    }
    said[str(row.attribute)] = amount
    quote = TextLayout(document.root).quote
    before = element.attributes.get("unit") or _DEFAULT_UNITS.get(row.quantity)
    unit = shared_unit(row.quantity, said.values(), before)
    for side, value in said.items():
        if side == row.attribute or unit != before:
            spelling = spell_quantity(row.quantity, value, unit)
            yield _attribute(element, side, spelling.value, quote)
    if unit is not None and unit != before:
        yield _attribute(element, "unit", unit, quote)


def _addition(
    document: ParsedDocument, name: QuantityName, amount: int, form: Form, unit: str | None
) -> Iterable[Splice]:
    """A quantity that is not there yet, with the elements around it that are not either."""
    row, layout, units = name.tunable, TextLayout(document.root), {name: unit}
    block = _block(document, row, form)
    if block is None:

        def make(prefix: str | None) -> NewElement:
            return next(block_elements([(name, amount)], prefix, units))

        return [new_block(document.root, layout, form, make)]
    prefix = block.element.prefix
    values = value_elements([(name, amount)], prefix, units)
    if not row.per_device:
        return [_place(layout, block.element, row).filled(values)]
    device = _device(block, name)
    if device is None:
        new = device_element(name, values, prefix)
        return [place_at_end(layout, block.element).filled([new])]
    for element in device.all(row.element, block.element.namespace):
        return _sides(document, element, row, amount)
    return [_place(layout, device, row).filled(values)]


def _block(document: ParsedDocument, row: Tunable, form: Form) -> Block | None:
    for block in document.cpu_io_blocks:
        if block.form is form and block.family is row.family:
            return block
    return None


def _device(block: Block, name: QuantityName) -> Element | None:
    for device in block.element.all(DEVICE, block.element.namespace):
        if (device.attributes.get("target"), device.attributes.get("path")) == name.device:
            return device
    return None


def _place(layout: TextLayout, holder: Element, row: Tunable) -> InsertionPoint:
    """Behind the last of those that come before it in the table."""
    before = [child for child in holder.children if _RANK.get(child.local, -1) < _RANK[row.element]]
    return layout.after(before[-1]) if before else layout.inside(holder)


def _attribute(element: Element, name: str, value: str, quote: str) -> Splice:
    """A new value of an attribute, or a new attribute behind the others."""
    if name in element.attributes:
        written = element.written_attribute(name)
        return Splice(written.value_start, written.value_end, value.encode())
    place = element.start + len(f"<{element.tag.name}".encode())
    if element.tag.attributes:
        place = element.tag.attributes[-1].value_end + 1
    return Splice(place, place, f" {name}={quote}{value}{quote}".encode())
