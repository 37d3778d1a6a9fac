"""Tunables from and to elements of ElementTree and lxml, for programs that have a tree already.

Neither library is imported: their elements and their modules are used as they come. A tree has no
places; a program that wants to tell its user where a fault is reads bytes with ``Document``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from xmlresource.formats.guest_attributes import ROWS
from xmlresource.formats.xml_text import PREFIX, NewElement, policy_element
from xmlresource.tunables import MEMORY, NAMESPACE, Form, Kind, Tunable
from xmlresource.units import Amount, SizeError, parse_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xmlresource.formats.guest_attributes import Said

_OURS: Final = f"{{{NAMESPACE}}}"


class TreeElement(Protocol):
    """The interface that elements of ElementTree and lxml have in common."""

    @property
    def tag(self) -> Any:
        """Its name; a function where it is a comment."""

    @property
    def text(self) -> str | None:
        """The text up to its first child."""

    @property
    def tail(self) -> str | None:
        """The text after it."""

    def get(self, key: str, /) -> str | None:
        """The value of an attribute."""

    def __iter__(self) -> Iterator[TreeElement]: ...


def to_element(
    amounts: Iterable[tuple[str, Amount]],
    form: Form,
    library: Any,
    attributes: Mapping[str, Said] = MappingProxyType({}),
) -> Any:
    """A bare fragment of ``form``.

    Args:
        amounts: The amounts by tunable; what the form can't say is left out.
        form: The form.
        library: ``lxml.etree`` or ``xml.etree.ElementTree``.
        attributes: What is said of the guest beside them.
    """
    return built(policy_element(amounts, form, attributes=attributes), library)


def from_element(root: TreeElement) -> dict[str, Amount]:
    """The tunables that a domain or a bare fragment declares, in all forms together.

    Raises:
        ValueError: A value can't be read, or a tunable is declared twice with different values.
    """
    amounts: dict[str, Amount] = {}
    for form, block in _blocks(root):
        for child in block:
            tunable = _tunable(child, form)
            amount = _amount(child, tunable) if tunable else None
            if tunable is None or amount is None:
                continue
            if amounts.setdefault(tunable.name, amount) != amount:
                raise ValueError(f"{tunable.name} is declared twice, with different values")
    return amounts


def attributes_in(root: TreeElement) -> dict[str, Said]:
    """What a domain or a bare fragment says of the guest in attributes of ``<memory>``.

    Raises:
        ValueError: One can't be read, or says two things.
    """
    found = ((name, _attribute_in(root, name)) for name in ROWS)
    return {name: value for name, value in found if value is not None}


def _attribute_in(root: TreeElement, name: str) -> Said | None:
    found = [
        written
        for form, block in _blocks(root)
        if form is not Form.MEMTUNE and (written := block.get(name)) is not None
    ]
    values = {ROWS[name].parse(written) for written in found}
    if not values:
        return None
    if None in values:
        raise ValueError(f"{name} can't be read: {found[0]!r}")
    if len(values) > 1:
        raise ValueError(f"{name} is declared twice, with different values")
    return values.pop()


def built(new: NewElement, library: Any) -> Any:
    """The element of a library."""
    attributes = {name: value for name, value in new.attributes if not name.startswith("xmlns")}
    tag = new.name.replace(f"{PREFIX}:", _OURS)
    if tag.startswith(_OURS) and hasattr(library, "cleanup_namespaces"):
        # Only lxml's elements carry prefixes; to ElementTree's, nsmap would be an attribute.
        element = library.Element(tag, attributes, nsmap={PREFIX: NAMESPACE})
    else:
        element = library.Element(tag, attributes)
    element.text = new.text or None
    for child in new.children:
        element.append(built(child, library))
    return element


def blocks_named(root: TreeElement, local: str) -> Iterator[tuple[Form, TreeElement]]:
    """The elements of one family, such as ``<memory>``, in the forms that have it."""
    containers: list[tuple[Form, TreeElement]] = []
    if root.tag == "domain":
        containers += ((Form.RESOURCE, each) for each in children_named(root, "resource"))
        for metadata in children_named(root, "metadata"):
            ours = children_named(metadata, f"{_OURS}resource")
            containers += ((Form.METADATA, each) for each in ours)
    elif root.tag == "resource":
        containers.append((Form.RESOURCE, root))
    elif root.tag == f"{_OURS}resource":
        containers.append((Form.METADATA, root))
    elif root.tag == f"{_OURS}{local}":
        yield Form.METADATA, root
    for form, container in containers:
        for block in children_named(container, f"{namespace_prefix(form)}{local}"):
            yield form, block


def _blocks(root: TreeElement) -> Iterator[tuple[Form, TreeElement]]:
    yield from blocks_named(root, "memory")
    if root.tag == "memtune":
        yield Form.MEMTUNE, root
    elif root.tag == "domain":
        yield from ((Form.MEMTUNE, memtune) for memtune in children_named(root, "memtune"))


def children_named(parent: TreeElement, tag: str) -> Iterator[TreeElement]:
    """The children with that tag."""
    return (child for child in parent if child.tag == tag)


def namespace_prefix(form: Form) -> str:
    """The namespace of a form in front of its elements' tags."""
    return _OURS if form is Form.METADATA else ""


def _tunable(element: TreeElement, form: Form) -> Tunable | None:
    for tunable in MEMORY:
        names = {tunable.element_in(form)}
        if form is not Form.MEMTUNE:
            names |= set(tunable.misspellings)
        if element.tag in {f"{namespace_prefix(form)}{name}" for name in names if name}:
            return tunable
    return None


def text_of(element: TreeElement) -> str:
    """The text right in an element, comments and instructions left out."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def _amount(element: TreeElement, tunable: Tunable) -> Amount | None:
    try:
        amount = parse_size(text_of(element), element.get("unit"))
    except SizeError as error:
        raise ValueError(f"<{element.tag}>: {error.problem}; {error.cure}") from None
    return None if tunable.kind is Kind.GUARANTEE and amount == 0 else amount
