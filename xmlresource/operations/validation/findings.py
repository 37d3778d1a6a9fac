"""All findings about one document, whether wanted or not."""

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document, DocumentError
from xmlresource.document.defined_guests import guests, kind_named
from xmlresource.document.source import Source
from xmlresource.document.tree import parse
from xmlresource.formats.document_kinds import DocumentKind
from xmlresource.operations.validation.domain_schema import DomainSchema
from xmlresource.rules import check
from xmlresource.rules.suppressions import suppressed


def findings(
    name: str, data: bytes, schema: DomainSchema | None
) -> tuple[list[Diagnostic], Source | None, bool]:
    """The findings in a document, by our rules and by libvirt's schema.

    Args:
        name: Its name.
        data: Its bytes.
        schema: libvirt's schemas; ``None`` for none.

    Returns:
        The findings by place; the document's text where it has one; whether it is a document of
        libvirt's that no schema has checked.
    """
    try:
        source = Source(data, name)
    except DocumentError as error:
        return [error.diagnostic], None, False
    try:
        document = Document(source, parse(source))
    except DocumentError as error:
        return suppressed(source, [error.diagnostic], whole=False), source, False
    kind = kind_named(document.root)
    found = _by_rules(document, kind)
    asked = kind is not None and schema is not None and schema.checks(kind)
    if asked and schema is not None and kind is not None:
        faults = schema.faults(source, found, kind)
        found = sorted([*found, *faults], key=Diagnostic.sort_key)
    return suppressed(source, found, whole=asked), source, kind is not None and not asked


def _by_rules(document: Document, kind: DocumentKind | None) -> list[Diagnostic]:
    """Apply our rules to each guest of the document, or to a bare fragment."""
    if kind is None:
        return check(document)
    return [
        found
        for guest in guests(document.root)
        for found in check(Document(document.source, guest))
    ]
