"""A document with the cursor marked in it, and what is offered there."""

from xmlresource.language_server.completion import Suggestion, suggestions
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.snippets import as_plain_text
from xmlresource.operations.validation.domain_schema import DomainSchema


def at_cursor(schema: DomainSchema, text: str) -> dict[str, tuple[str, Suggestion]]:
    """What is offered at the sign |, and what the document is then, by label."""
    before, _, after = text.partition("|")
    document = OpenDocument.from_editor("a.xml", 1, before + after)
    found = suggestions(schema, document, len(before.encode()))
    assert len({one.label for one in found}) == len(found)
    data = document.text
    return {
        one.label: (
            (data[: one.start] + as_plain_text(one.pieces).encode() + data[one.end :]).decode(),
            one,
        )
        for one in found
    }
