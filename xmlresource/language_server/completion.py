"""What an editor offers at the cursor: by libvirt's schema, by our table of tunables."""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

from xmlresource.errors import XmlresourceError
from xmlresource.formats.document_kinds import DOMAIN, KINDS
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.own_elements.policy_elements import PREFIX
from xmlresource.language_server.own_elements.policy_offers import (
    UNITS,
    policy_attributes,
    policy_elements,
    policy_values,
)
from xmlresource.language_server.snippets import Blank, content, quoted
from xmlresource.operations.validation.domain_schema import DomainSchema
from xmlresource.operations.validation.libvirt_versions import ATTRIBUTES, ELEMENTS
from xmlresource.record import record
from xmlresource.relaxng.completing.completer import way_to
from xmlresource.relaxng.completing.markup import MarkupElement
from xmlresource.relaxng.completing.offers import AttributeOffer, ElementOffer, Offers, PlaceKind
from xmlresource.tunables import NAMESPACE

_USUAL: Final = {
    ("domain", "type"): "kvm",
    ("clock", "offset"): "utc",
    ("disk", "device"): "disk",
    ("type", ""): "hvm",
}
"""Defaults where the schema's first value is not what most documents have."""

_EXAMPLES: Final = {
    ("dtb", ""): "/boot/web1.dtb",
    ("emulator", ""): "/usr/bin/qemu-system-x86_64",
    ("init", ""): "/sbin/init",
    ("initdir", ""): "/root",
    ("initrd", ""): "/boot/initrd.img",
    ("kernel", ""): "/boot/vmlinuz",
    ("loader", ""): "/usr/share/OVMF/OVMF_CODE.fd",
    ("nvram", ""): "/var/lib/libvirt/qemu/nvram/web1_VARS.fd",
    ("nvram", "template"): "/usr/share/OVMF/OVMF_VARS.fd",
    ("partition", ""): "/machine/prod",
}
"""Examples that fit their place where the schema knows a path, and no more."""


class SuggestionKind(Enum):
    """What is suggested."""

    ELEMENT = "element"
    ATTRIBUTE = "attribute"
    VALUE = "value"
    END_TAG = "end tag"


@record
class Suggestion:
    """One thing to insert.

    Attributes:
        kind: What it is.
        label: What the editor lists.
        pieces: The text, with blanks to fill in.
        start: Where that begins which it replaces.
        end: Where it ends.
        detail: What else there is to know of it, in a line.
    """

    kind: SuggestionKind
    label: str
    pieces: tuple[str | Blank, ...]
    start: int
    end: int
    detail: str | None = None


def suggestions(
    schema: DomainSchema | None, document: OpenDocument, offset: int
) -> list[Suggestion]:
    """What may come at a byte of a document, in the order of the schema.

    Args:
        schema: libvirt's schemas; ``None`` where there are none.
        document: The document.
        offset: The byte.
    """
    offers = _offers(schema, document, offset)
    if offers is None:
        return []
    quote = _quote(document.text)
    found = [
        *(_value(offers, document, each) for each in _values(offers, document)),
        *(_element(offers, each, quote, document) for each in _elements(offers, document)),
        *(_attribute(offers, each, quote) for each in _attributes(offers, document)),
    ]
    if offers.closing is not None:
        found.append(_end_tag(offers))
    return found


def _offers(schema: DomainSchema | None, document: OpenDocument, offset: int) -> Offers | None:
    elements = document.markup.elements
    kind = KINDS.get(elements[0].name, DOMAIN) if elements else DOMAIN
    try:
        loaded = None if schema is None else schema.of(kind)
    except XmlresourceError:
        return None  # that there is no such schema has been said
    return None if loaded is None else loaded.completer.offers(document.markup, offset)


def _elements(offers: Offers, document: OpenDocument) -> Iterator[ElementOffer]:
    if offers.kind not in {PlaceKind.CONTENT, PlaceKind.NAME}:
        return
    yield from offers.elements
    known = {each.name for each in offers.elements}
    way = way_to(document.markup, offers.start)
    if way:
        has_prefix = offers.prefixes.get(PREFIX) == NAMESPACE
        ours = policy_elements(way[-1], document.markup, has_prefix=has_prefix)
        yield from (each for each in ours if each.name not in known)
    if not offers.path and not any(each.tag.whole for each in document.markup.elements):
        yield from (ElementOffer(name) for name in KINDS if name not in known)


def _attributes(offers: Offers, document: OpenDocument) -> Iterator[AttributeOffer]:
    yield from offers.attributes
    element = _tagged(offers, document)
    if offers.kind is PlaceKind.TAG and element is not None:
        given = {each.name for each in element.tag.attributes()}
        yield from policy_attributes(element, document.markup, given)


def _values(offers: Offers, document: OpenDocument) -> Sequence[str]:
    element = _tagged(offers, document)
    if offers.attribute is not None and element is not None:
        ours = policy_values(element, document.markup, offers.attribute)
        if ours:
            return ours
    if offers.attribute == "unit" and offers.values and set(offers.values) <= set(UNITS):
        return UNITS
    owner = offers.path[-1] if offers.path else ""
    return _usual_first(owner, offers.attribute or "", offers.values)


def _tagged(offers: Offers, document: OpenDocument) -> MarkupElement | None:
    """The element whose start tag a place is in, behind its name."""
    before = (each for each in reversed(document.markup.elements) if each.tag.start < offers.start)
    found = next(before, None)
    return found if found is not None and offers.start <= found.tag.end else None


def _usual_first(owner: str, attribute: str, values: Sequence[str]) -> tuple[str, ...]:
    example = _EXAMPLES.get((owner, attribute))
    if example is not None and len(values) == 1:  # an example of the datatype's
        return (example,)
    usual = _USUAL.get((owner, attribute))
    return tuple(sorted(values, key=lambda value: value != usual))


def _element(offers: Offers, offer: ElementOffer, quote: str, document: OpenDocument) -> Suggestion:
    parent = offers.path[-1] if offers.path else ""
    detail = _since(ELEMENTS.get((parent, offer.name)))
    pieces: list[str | Blank] = [f"<{offer.name}"]
    if not offers.name_only:
        for attribute in offer.attributes:
            values = _usual_first(offer.name, attribute.name, attribute.values)
            pieces += [f" {attribute.name}=", *quoted(values, quote)]
        texts = _usual_first(offer.name, "", offer.texts)
        pieces += [">", content(texts), f"</{offer.name}>"] if offer.has_content else ["/>"]
    start = min(offers.start, offers.end)
    if document.text[start : start + 1] != b"<":
        start = offers.end  # beside text that is no tag
    return Suggestion(SuggestionKind.ELEMENT, offer.name, tuple(pieces), start, offers.end, detail)


def _attribute(offers: Offers, offer: AttributeOffer, quote: str) -> Suggestion:
    owner = offers.path[-1] if offers.path else ""
    since = _since(ATTRIBUTES.get((owner, offer.name)))
    pieces: list[str | Blank] = [offer.name]
    if not offers.name_only:
        pieces += ["=", *quoted(_usual_first(owner, offer.name, offer.values), quote)]
    return Suggestion(
        SuggestionKind.ATTRIBUTE,
        offer.name,
        tuple(pieces),
        offers.start,
        offers.end,
        "required" if offer.required else since,
    )


def _value(offers: Offers, document: OpenDocument, value: str) -> Suggestion:
    quote = document.text[offers.start - 1 : offers.start].decode("utf-8", "replace")
    in_quotes = offers.kind is PlaceKind.VALUE
    choices = quoted([value], quote)[1] if in_quotes else content([value])
    pieces = choices.choices if isinstance(choices, Blank) else ()
    return Suggestion(SuggestionKind.VALUE, value, pieces, offers.start, offers.end)


def _end_tag(offers: Offers) -> Suggestion:
    tag = f"</{offers.closing}>"
    start = offers.start if offers.kind is PlaceKind.END_TAG else offers.end
    return Suggestion(SuggestionKind.END_TAG, tag, (tag,), start, offers.end)


def _quote(text: bytes) -> str:
    """The quotes that the document has more of; libvirt's are single."""
    return '"' if text.count(b'"') > text.count(b"'") else "'"


def _since(version: str | None) -> str | None:
    return None if version is None else f"since libvirt {version}"
