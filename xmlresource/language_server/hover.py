"""What there is to know of what is under the cursor, as Markdown."""

from collections.abc import Iterator, Sequence

from xmlresource.codes import CODES
from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document, DocumentError
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.own_elements.policy_meaning import (
    declared,
    in_words,
    meaning,
    own_text,
)
from xmlresource.operations.validation.libvirt_versions import ATTRIBUTES, ELEMENTS, VALUES
from xmlresource.overhead import estimate
from xmlresource.record import record
from xmlresource.relaxng.completing.markup import END, MarkupElement, TagAttribute
from xmlresource.tunables import Quantity
from xmlresource.units import SizeError, approximate, parse_size

_GUEST = frozenset({"domain", "name"})


@record
class Explanation:
    """What is said of a stretch of a document.

    Attributes:
        text: Markdown.
        start: Where the stretch begins.
        end: Where it ends.
    """

    text: str
    start: int
    end: int


def explanation(
    document: OpenDocument, found: Sequence[Diagnostic], offset: int
) -> Explanation | None:
    """What there is to say of what is at a byte; ``None`` for nothing.

    Args:
        document: The document.
        found: What is wrong with it.
        offset: The byte.
    """
    start, end = offset, offset
    parts: list[str] = []
    element = document.markup.at(offset)
    attribute = None if element is None else _attribute_at(element, offset)
    if element is not None and attribute is not None:
        parts += _of_attribute(element, attribute)
        start, end = attribute.start, _end(attribute)
    elif element is not None:
        parts += _of_element(document, element, offset)
        if element.tag.start <= offset <= element.tag.name_end:
            start, end = element.tag.start, element.tag.name_end
    broken = [each for each in found if each.span is not None and
              each.span.start <= end and start <= each.span.end]  # fmt: skip
    rules = map(_rule, dict.fromkeys(each.code for each in broken))
    parts = [*rules, *parts]
    if broken and broken[0].span is not None and start == end:
        start, end = broken[0].span.start, broken[0].span.end
    return Explanation("\n\n".join(parts), start, end) if parts else None


def _rule(code: str) -> str:
    row = CODES[code]
    return f"**{code} {row.name}**: {row.reason}\n\n{row.cure}"


def _attribute_at(element: MarkupElement, offset: int) -> TagAttribute | None:
    if not element.tag.name_end < offset < element.tag.end:
        return None
    for each in element.tag.attributes():
        if each.start <= offset <= _end(each):
            return each
    return None


def _end(attribute: TagAttribute) -> int:
    return attribute.name_end if attribute.value is None else attribute.value_end


def _of_attribute(element: MarkupElement, attribute: TagAttribute) -> Iterator[str]:
    brought = ATTRIBUTES.get((element.name, attribute.name))
    with_value = VALUES.get((element.name, attribute.name, attribute.value or ""))
    if brought is not None:
        yield f"`{attribute.name}` of `<{element.name}>`: since libvirt {brought}."
    if with_value is not None:
        yield f"`{attribute.value}`: since libvirt {with_value}."
    yield from meaning(element, attribute)
    if attribute.name == "unit":
        yield from _size(element)


def _of_element(document: OpenDocument, element: MarkupElement, offset: int) -> Iterator[str]:
    names = [each.name for each in element.path()]
    yield from meaning(element)
    if not element.children:
        yield from _size(element)
    brought = ELEMENTS.get((names[-2] if names[1:] else "", element.name))
    if brought is not None:
        yield f"`<{element.name}>`: since libvirt {brought}."
    closing = element.closing
    on_name = element.tag.start <= offset <= element.tag.name_end or (
        closing is not None and closing.kind == END and closing.start <= offset
    )
    is_name = names[:-1] == ["domain"] and element.name == "name"
    if (on_name and names == ["domain"]) or is_name:
        yield from _guest(document)


def _size(element: MarkupElement) -> Iterator[str]:
    """What a size of libvirt's comes to."""
    unit = element.attribute("unit")
    if unit is None or declared(element):
        return  # a number, for all that is known, or told already
    try:
        yield in_words(Quantity.SIZE, parse_size(own_text(element), unit))
    except SizeError:
        return


def _guest(document: OpenDocument) -> Iterator[str]:
    """What a guest takes beyond its RAM."""
    try:
        domain = Document.parse(document.data, document.path).domain
    except DocumentError:
        return
    if domain is None or not domain.memory:
        return
    found = estimate(domain)
    if found.hard_limit is None or not found.items:
        return
    total = found.total
    yield (
        f"RAM {approximate(found.ram)}; what QEMU takes besides: {approximate(total.idle)} idle, "
        f"{approximate(total.expected)} expected, {approximate(total.worst)} at worst."
    )
    advice = [f"hard_limit {approximate(found.hard_limit)}"]
    if found.min_guarantee is not None:
        advice.append(f"min_guarantee {approximate(found.min_guarantee)}")
    yield f"Recommended: {', '.join(advice)}."
