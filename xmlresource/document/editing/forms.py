"""Making one form of a document say what is wanted: which splices that takes."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final, TypeAlias

from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.layout import Layout
from xmlresource.document.editing.places import place_at_end, place_in_domain, prefix_in
from xmlresource.document.editing.splice import Splice
from xmlresource.document.editing.values import respelt, spelling_of
from xmlresource.document.forms import (
    NAMESPACES,
    Block,
    Declaration,
    blocks,
    containers,
    declarations,
    domain_element,
)
from xmlresource.document.tree import Element
from xmlresource.model.spelling import Spelling, spell, spell_in
from xmlresource.model.writing import (
    PREFIX,
    NewElement,
    memory_element,
    prefixed,
    resource_element,
    tunable_element,
)
from xmlresource.tunables import MEMORY, NAMESPACE, Form, Tunable
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
        self, root: Element, layout: Layout, form: Form, spellings: Mapping[str, Spelling]
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
        for parent, children in by_parent.items():
            yield from self._removed(parent, children, keep=keep)

    def _removed(
        self, parent: Element | None, children: list[Element], *, keep: bool
    ) -> Iterable[Splice]:
        removals = [self._layout.removal(child) for child in children]
        block_stays = keep and self._blocks[0].element is parent
        if parent is not None and not block_stays and self._emptied(parent, children):
            return self._removed(parent.parent, [parent], keep=keep)
        return removals

    def _emptied(self, parent: Element, children: list[Element]) -> bool:
        """Whether an element of ours is of no more use without these children."""
        if not _is_ours(parent) or len(children) < len(parent.children):
            return False
        if any(not attribute.name.startswith("xmlns") for attribute in parent.tag.attributes):
            return False
        start, rest = parent.content_start, b""
        for child in parent.children:
            rest += parent.source.text[start : child.start]
            start = child.end
        rest += parent.source.text[start : parent.content_end]
        return not rest.strip()

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
        for form, container in containers(self._root):
            if form is self._form:
                prefix = container.prefix
                memory = memory_element(prefix, self._new_tunables(missing, prefix).values())
                return place_at_end(self._layout, container).filled([memory])
        domain = domain_element(self._root)
        if domain is None:
            raise EditError(
                f"a bare <{self._root.name}> has no place for the form {self._form.value!r}"
            )
        return self._new_in_domain(domain, missing)

    def _new_in_domain(self, domain: Element, missing: dict[str, Amount]) -> Splice:
        if self._form is Form.MEMTUNE:
            children = tuple(self._new_tunables(missing, None).values())
            memtune = NewElement("memtune", children=children)
            return place_in_domain(self._layout, domain, "memtune").filled([memtune])
        if self._form is Form.RESOURCE:
            memory = memory_element(None, self._new_tunables(missing, None).values())
            resource = resource_element(None, memory)
            return place_in_domain(self._layout, domain, "resource").filled([resource])
        return self._new_metadata(domain, missing)

    def _new_metadata(self, domain: Element, missing: dict[str, Amount]) -> Splice:
        metadata = domain.first("metadata")
        bound = prefix_in(metadata or domain)
        prefix = bound or PREFIX
        memory = memory_element(prefix, self._new_tunables(missing, prefix).values())
        ours = resource_element(prefix, memory, declare=bound is None)
        if metadata is None:
            new = NewElement("metadata", children=(ours,))
            return place_in_domain(self._layout, domain, "metadata").filled([new])
        for child in metadata.children:
            if child.namespace == NAMESPACE:
                # libvirt keeps only the first child of each namespace.
                raise EditError(f"<metadata> has a <{child.name}> in our namespace; remove it")
        return place_at_end(self._layout, metadata).filled([ours])

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
        """As given; else in the unit that the tunables there have in common; else shortest."""
        given = self._given(tunable.name, amount)
        if given is not None:
            return given
        units = {found.element.attributes.get("unit") for found in self._declared}
        habit = spell_in(amount, units.pop()) if len(units) == 1 else None
        return habit or spell(amount)


def _is_ours(element: Element) -> bool:
    """Whether an element may go when nothing is left in it; never the document itself."""
    if element.parent is None:
        return False
    names = {"metadata", "memtune", "resource", "memory"}
    return element.namespace in NAMESPACES.values() and element.local in names


def declared(found: Iterable[Declaration]) -> dict[Form, dict[str, Amount]]:
    """What each form says of each tunable: the first that says something."""
    forms: dict[Form, dict[str, Amount]] = {form: {} for form in Form}
    for one in found:
        if one.amount is not None:
            forms[one.form].setdefault(one.tunable.name, one.amount)
    return forms
