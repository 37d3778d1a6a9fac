"""Tunables from and to elements of ElementTree and lxml, for programs that have a tree already.

Neither library is imported: their elements and their modules are used as they come. A tree has no
places; a program that wants to tell its user where a fault is reads bytes with ``Document``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from xmlresource.model.priority import parse_priority
from xmlresource.model.writing import PREFIX, NewElement, policy_element
from xmlresource.tunables import MEMORY, NAMESPACE, PRIORITY, Form, Kind, Tunable
from xmlresource.units import Amount, SizeError, parse_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OURS: Final = f"{{{NAMESPACE}}}"


class TreeElement(Protocol):
    """What ElementTree's and lxml's elements have in common, as far as it is needed."""

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
    amounts: Iterable[tuple[str, Amount]], form: Form, library: Any, priority: int | None = None
) -> Any:
    """A bare fragment of ``form``.

    Args:
        amounts: The amounts by tunable; what the form can't say is left out.
        form: The form.
        library: ``lxml.etree`` or ``xml.etree.ElementTree``.
        priority: The guest's priority.
    """
    return _built(policy_element(amounts, form, priority=priority), library)


def from_element(root: TreeElement) -> dict[str, Amount]:
    """What a domain or a bare fragment declares in all forms together.

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


def priority_in(root: TreeElement) -> int | None:
    """The priority that a domain or a bare fragment declares.

    Raises:
        ValueError: It can't be read, or two are declared.
    """
    found = [
        written
        for form, block in _blocks(root)
        if form is not Form.MEMTUNE and (written := block.get(PRIORITY)) is not None
    ]
    numbers = {parse_priority(written) for written in found}
    if not numbers:
        return None
    if None in numbers:
        raise ValueError(f"{PRIORITY} can't be read: {found[0]!r}")
    if len(numbers) > 1:
        raise ValueError(f"{PRIORITY} is declared twice, with different values")
    return numbers.pop()


def _built(new: NewElement, library: Any) -> Any:
    attributes = {name: value for name, value in new.attributes if not name.startswith("xmlns")}
    tag = new.name.replace(f"{PREFIX}:", _OURS)
    if tag.startswith(_OURS) and hasattr(library, "cleanup_namespaces"):
        # Only lxml's elements carry prefixes; to ElementTree's, nsmap would be an attribute.
        element = library.Element(tag, attributes, nsmap={PREFIX: NAMESPACE})
    else:
        element = library.Element(tag, attributes)
    element.text = new.text or None
    for child in new.children:
        element.append(_built(child, library))
    return element


def _blocks(root: TreeElement) -> Iterator[tuple[Form, TreeElement]]:
    if root.tag == "domain":
        for resource in _named(root, "resource"):
            yield from _memory(resource, Form.RESOURCE)
        for metadata in _named(root, "metadata"):
            for ours in _named(metadata, f"{_OURS}resource"):
                yield from _memory(ours, Form.METADATA)
        yield from ((Form.MEMTUNE, memtune) for memtune in _named(root, "memtune"))
    elif root.tag == "resource":
        yield from _memory(root, Form.RESOURCE)
    elif root.tag == f"{_OURS}resource":
        yield from _memory(root, Form.METADATA)
    elif root.tag == f"{_OURS}memory":
        yield Form.METADATA, root
    elif root.tag == "memtune":
        yield Form.MEMTUNE, root


def _memory(container: TreeElement, form: Form) -> Iterator[tuple[Form, TreeElement]]:
    for memory in _named(container, f"{_namespace(form)}memory"):
        yield form, memory


def _named(parent: TreeElement, tag: str) -> Iterator[TreeElement]:
    return (child for child in parent if child.tag == tag)


def _namespace(form: Form) -> str:
    return _OURS if form is Form.METADATA else ""


def _tunable(element: TreeElement, form: Form) -> Tunable | None:
    for tunable in MEMORY:
        names = {tunable.element_in(form)}
        if form is not Form.MEMTUNE:
            names |= set(tunable.misspellings)
        if element.tag in {f"{_namespace(form)}{name}" for name in names if name}:
            return tunable
    return None


def _amount(element: TreeElement, tunable: Tunable) -> Amount | None:
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    try:
        amount = parse_size(text, element.get("unit"))
    except SizeError as error:
        raise ValueError(f"<{element.tag}>: {error.problem}; {error.cure}") from None
    return None if tunable.kind is Kind.GUARANTEE and amount == 0 else amount
