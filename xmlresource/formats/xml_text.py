"""Tunables as XML text: new elements, and how they are set out.

The editor sets them out as the document around them is; a generated fragment has a style of its
own. Nothing here reads a document.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from xmlresource.formats.guest_attributes import Said, written_attributes
from xmlresource.formats.spelling import Spelling, settled, spell
from xmlresource.record import record
from xmlresource.tunables import BY_NAME, MEMORY, NAMESPACE, Form, Kind
from xmlresource.units import Amount, Unlimited

_ESCAPES = {"&": "&amp;", "<": "&lt;", "'": "&apos;", '"': "&quot;"}
_ESCAPES |= {character: f"&#{ord(character)};" for character in "\n\r\t"}

PREFIX = "xr"
"""The prefix of our namespace where the document has none for it."""


@record
class NewElement:
    """An element to write: its name with prefix, its attributes, and children or a text."""

    name: str
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple["NewElement", ...] = ()
    text: str = ""


@record
class XmlStyle:
    """The layout of new elements: indentation and line ends.

    Attributes:
        newline: What ends a line; empty for all in one line.
        indent: What a line begins with, at the outermost element.
        step: What each level adds to that.
        quote: Around the values of attributes.
    """

    newline: str = "\n"
    indent: str = ""
    step: str = "  "
    quote: str = '"'

    @property
    def lead(self) -> str:
        """The text before an element that has a line to itself."""
        return self.newline + self.indent if self.newline else ""

    def inner(self) -> "XmlStyle":
        """The style one level further in."""
        return XmlStyle(self.newline, self.indent + self.step, self.step, self.quote)


def render(element: NewElement, style: XmlStyle) -> str:
    """The element as text, without what leads up to it."""
    attributes = "".join(
        f" {name}={style.quote}{_escaped(value)}{style.quote}" for name, value in element.attributes
    )
    inner = style.inner()
    content = "".join(inner.lead + render(child, inner) for child in element.children)
    if content:
        content += style.lead
    if not content and not element.text and element.attributes:
        return f"<{element.name}{attributes}/>"
    return f"<{element.name}{attributes}>{content}{_escaped(element.text)}</{element.name}>"


def _escaped(value: str) -> str:
    """A value as it stands in a text, and between quotes of either kind."""
    return "".join(_ESCAPES.get(character, character) for character in value)


def tunable_element(name: str, spelling: Spelling) -> NewElement:
    """The element of one tunable."""
    attributes = () if spelling.unit is None else (("unit", spelling.unit),)
    return NewElement(name, attributes, text=spelling.value)


def prefixed(prefix: str | None, local: str) -> str:
    """The name with its prefix, if any."""
    return f"{prefix}:{local}" if prefix else local


def memory_element(
    prefix: str | None,
    children: Iterable[NewElement],
    attributes: Mapping[str, Said] = MappingProxyType({}),
) -> NewElement:
    """``<memory>`` of the forms "resource" and "metadata"."""
    said = written_attributes(attributes)
    return NewElement(prefixed(prefix, "memory"), said, tuple(children))


def resource_element(prefix: str | None, *blocks: NewElement, declare: bool = False) -> NewElement:
    """``<resource>``, with a declaration of our namespace where it is needed."""
    declared = (("xmlns" + (f":{prefix}" if prefix else ""), NAMESPACE),) if declare else ()
    return NewElement(prefixed(prefix, "resource"), declared, blocks)


def policy_element(
    amounts: Iterable[tuple[str, Amount]],
    form: Form,
    spellings: Mapping[str, Spelling] = MappingProxyType({}),
    *,
    attributes: Mapping[str, Said] = MappingProxyType({}),
) -> NewElement:
    """A bare fragment of ``form``: what of the amounts the form can hold, in the table's order.

    Args:
        amounts: The amounts by tunable.
        form: The form.
        spellings: How amounts are spelt; those missing are spelt shortest.
        attributes: What is said of the guest beside them; memtune has no place for it.
    """
    by_name = expressible(amounts, form)
    prefix = PREFIX if form is Form.METADATA else None
    children = tuple(
        tunable_element(
            prefixed(prefix, element),
            spellings.get(tunable.name) or spell(by_name[tunable.name]),
        )
        for tunable in MEMORY
        if tunable.name in by_name and (element := tunable.element_in(form))
    )
    if form is Form.MEMTUNE:
        return NewElement("memtune", children=children)
    memory = memory_element(prefix, children, attributes)
    return resource_element(prefix, memory, declare=form is Form.METADATA)


def expressible(amounts: Iterable[tuple[str, Amount]], form: Form) -> dict[str, Amount]:
    """The amounts that elements of ``form`` can express, as they express them.

    Raises:
        ValueError: No document can hold one of them.
    """
    said = {}
    for name, amount in amounts:
        tunable = BY_NAME[name]
        held = settled(name, amount, guarantee=tunable.kind is Kind.GUARANTEE)
        lacking = tunable.element_in(form) is None
        unsaid = isinstance(held, Unlimited) and form is not Form.MEMTUNE
        if held is not None and not lacking and not unsaid:
            said[name] = held
    return said
