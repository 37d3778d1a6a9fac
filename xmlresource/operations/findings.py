"""All findings about one document, whether wanted or not."""

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document, DocumentError
from xmlresource.document.source import Source
from xmlresource.document.tree import parse
from xmlresource.operations.domain_schema import DomainSchema
from xmlresource.rules import check
from xmlresource.rules.suppressions import suppressed


def findings(
    name: str, data: bytes, schema: DomainSchema | None
) -> tuple[list[Diagnostic], Source | None, bool]:
    """What is wrong with a document.

    Args:
        name: Its name.
        data: Its bytes.
        schema: The schema of whole domains; ``None`` for none.

    Returns:
        The findings by place; the document's text where it has one; whether it is a whole domain
        that no schema has checked.
    """
    try:
        source = Source(data, name)
    except DocumentError as error:
        return [error.diagnostic], None, False
    try:
        document = Document(source, parse(source))
    except DocumentError as error:
        return suppressed(source, [error.diagnostic], whole=False), source, False
    found = check(document)
    is_whole = document.root.is_named("domain")
    asked = is_whole and schema is not None and schema.is_usable
    if asked and schema is not None:
        found = sorted([*found, *schema.faults(source, found)], key=Diagnostic.sort_key)
    return suppressed(source, found, whole=asked), source, is_whole and not asked
