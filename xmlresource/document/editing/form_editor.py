"""Making one form of a document say what is wanted: which splices that takes."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final, TypeAlias

from xmlresource.document.editing.amounts import respelt, spelling_of
from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.insertion import domain_of, new_block, place_in_domain
from xmlresource.document.editing.layout import TextLayout
from xmlresource.document.editing.removal import removed
from xmlresource.document.editing.splice import Splice
from xmlresource.document.forms import Block, Declaration, blocks, declarations
from xmlresource.document.tree import Element
from xmlresource.formats.spelling import Spelling, spell, spell_in
from xmlresource.formats.xml_text import NewElement, memory_element, prefixed, tunable_element
from xmlresource.tunables import MEMORY, Form, Tunable
from xmlresource.units import Amount

Wanted: TypeAlias = Mapping[str, Amount | None]
"""What a form is to say of some tunables; ``None``: nothing. Others stay as they are."""

_ORDER: Final = {tunable.name: place for place, tunable in enumerate(MEMORY)}


class FormEditor:
    """Edits of one form of one document.

    Args:
        root: The document's root.
        layout: How it is set out.
        form: The form.
        spellings: How new elements are to be spelt, by tunable, where that says the same.
    """

    def __init__(
        self, root: Element, layout: TextLayout, form: Form, spellings: Mapping[str, Spelling]
    ) -> None:
        self._root = root
        self._layout = layout
        self._form = form
        self._spellings = spellings
        self._blocks = [block for block in blocks(root) if block.form is form]
        self._declared = [found for block in self._blocks for found in declarations(block)]

    def splices(self, wanted: Wanted) -> list[Splice]:
        """The splices after which the form says what is wanted.

        Raises:
            EditError: The document has no place for it.
        """
        splices: list[Splice] = []
        surplus: list[Element] = []
        missing: dict[str, Amount] = {}
        for name, amount in wanted.items():
            found = [one for one in self._declared if one.tunable.name == name]
            surplus += (one.element for one in (found if amount is None else found[1:]))
            if amount is None:
                continue
            if not found:
                missing[name] = amount
            elif not self._says(found[0], amount):
                splices += respelt(found[0].element, amount, self._given(name, amount))
        return [*splices, *self._removals(surplus, keep=bool(missing)), *self._additions(missing)]

    def _says(self, found: Declaration, amount: Amount) -> bool:
        """Whether an element says ``amount`` already, in the spelling that is asked for, if any."""
        given = self._given(found.tunable.name, amount)
        return found.amount == amount and given in {None, spelling_of(found.element)}

    def _given(self, name: str, amount: Amount) -> Spelling | None:
        spelling = self._spellings.get(name)
        return spelling if spelling is not None and spelling.amount == amount else None

    def _removals(self, surplus: list[Element], *, keep: bool) -> Iterable[Splice]:
        """Take elements out, and with them what they leave empty behind."""
        by_parent: dict[Element | None, list[Element]] = {}
        for element in surplus:
            by_parent.setdefault(element.parent, []).append(element)
        stays = self._blocks[0].element if keep and self._blocks else None
        for parent, children in by_parent.items():
            yield from removed(self._layout, parent, children, keep=stays)

    def _additions(self, missing: dict[str, Amount]) -> Iterable[Splice]:
        if not missing:
            return []
        if self._blocks:
            return self._added_to(self._blocks[0], missing)
        return [self._new_block(missing)]

    def _added_to(self, block: Block, missing: dict[str, Amount]) -> Iterable[Splice]:
        """New tunables in a block that is there: each after the last of those before it."""
        elements = [
            (self._predecessor(block, _ORDER[name]), element)
            for name, element in self._new_tunables(missing, block.element.prefix).items()
        ]
        for anchor, group in groupby(elements, key=lambda pair: pair[0]):
            place = self._layout.after(anchor) if anchor else self._layout.inside(block.element)
            yield place.filled([element for _, element in group])

    def _predecessor(self, block: Block, order: int) -> Element | None:
        before = [
            found.element for found in declarations(block) if _ORDER[found.tunable.name] < order
        ]
        return before[-1] if before else None

    def _new_block(self, missing: dict[str, Amount]) -> Splice:
        if self._form is Form.MEMTUNE:
            domain = domain_of(self._root, self._form)
            children = tuple(self._new_tunables(missing, None).values())
            memtune = NewElement("memtune", children=children)
            return place_in_domain(self._layout, domain, "memtune").filled([memtune])
        return new_block(
            self._root,
            self._layout,
            self._form,
            lambda prefix: memory_element(prefix, self._new_tunables(missing, prefix).values()),
        )

    def _new_tunables(
        self, missing: Mapping[str, Amount], prefix: str | None
    ) -> dict[str, NewElement]:
        """The new elements in the table's order."""
        return {
            tunable.name: tunable_element(
                prefixed(prefix, self._name(tunable)), self._spelt(tunable, missing[tunable.name])
            )
            for tunable in MEMORY
            if tunable.name in missing
        }

    def _name(self, tunable: Tunable) -> str:
        name = tunable.element_in(self._form)
        if name is None:
            raise EditError(f"<memtune> has no {tunable.name}; libvirt does not know it")
        return name

    def _spelt(self, tunable: Tunable, amount: Amount) -> Spelling:
        """The spelling as given; else in the unit that the tunables share; else the shortest."""
        given = self._given(tunable.name, amount)
        if given is not None:
            return given
        units = {found.element.attributes.get("unit") for found in self._declared}
        habit = spell_in(amount, units.pop()) if len(units) == 1 else None
        return habit or spell(amount)


def declared(found: Iterable[Declaration]) -> dict[Form, dict[str, Amount]]:
    """The first amount that each form declares for each tunable."""
    forms: dict[Form, dict[str, Amount]] = {form: {} for form in Form}
    for one in found:
        if one.amount is not None:
            forms[one.form].setdefault(one.tunable.name, one.amount)
    return forms
