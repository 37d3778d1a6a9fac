"""Answers in the types of the protocol."""

from collections.abc import Sequence
from typing import Final

from lsprotocol import types

from xmlresource.codes import CODES
from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.language_server.completion import Suggestion, SuggestionKind
from xmlresource.language_server.document_structure import Symbol
from xmlresource.language_server.hover import Explanation
from xmlresource.language_server.open_document import OpenDocument, TextChange
from xmlresource.language_server.quick_fixes import QuickFix
from xmlresource.language_server.snippets import as_plain_text, as_snippet

SOURCE: Final = "xmlresource"

_SEVERITIES: Final = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
}
_KINDS: Final = {
    SuggestionKind.ELEMENT: types.CompletionItemKind.Struct,
    SuggestionKind.ATTRIBUTE: types.CompletionItemKind.Property,
    SuggestionKind.VALUE: types.CompletionItemKind.EnumMember,
    SuggestionKind.END_TAG: types.CompletionItemKind.Keyword,
}


def position(document: OpenDocument, offset: int) -> types.Position:
    """The place of a byte."""
    return types.Position(*document.positions.position(offset))


def text_range(document: OpenDocument, start: int, end: int) -> types.Range:
    """A stretch of bytes."""
    return types.Range(position(document, start), position(document, end))


def offset(document: OpenDocument, place: types.Position) -> int:
    """The byte at a place."""
    return document.positions.offset(place.line, place.character)


def changes(events: Sequence[types.TextDocumentContentChangeEvent]) -> list[TextChange]:
    """The changes that an editor tells of."""
    found = []
    for event in events:
        if isinstance(event, types.TextDocumentContentChangePartial):
            start, end = event.range.start, event.range.end
            found.append(
                TextChange(event.text, (start.line, start.character), (end.line, end.character))
            )
        else:
            found.append(TextChange(event.text))
    return found


def diagnostic(document: OpenDocument, found: Diagnostic) -> types.Diagnostic:
    """A finding, with its cure in the message: editors have no place of their own for it."""
    span = found.span
    start, end = (0, 0) if span is None else (span.start, span.end)
    cure = "" if found.hint is None else f"\nhint: {found.hint}"
    return types.Diagnostic(
        range=text_range(document, start, end),
        message=f"{found.message}{cure}",
        severity=_SEVERITIES[found.severity],
        code=found.code,
        code_description=None,
        source=SOURCE,
        data=CODES[found.code].name,
    )


def completion_item(
    document: OpenDocument, place: int, found: Suggestion, *, has_snippets: bool
) -> types.CompletionItem:
    """A suggestion.

    Args:
        document: The document.
        place: Which one of all it is: editors would sort by name.
        found: The suggestion.
        has_snippets: Whether the editor knows snippets.
    """
    text = as_snippet(found.pieces) if has_snippets else as_plain_text(found.pieces)
    replaced = document.text[found.start : found.end]
    # What is replaced and what is typed on have to match the filter.
    is_tag = replaced.startswith(b"<") and found.kind is SuggestionKind.ELEMENT
    return types.CompletionItem(
        label=found.label,
        kind=_KINDS[found.kind],
        detail=found.detail,
        sort_text=f"{place:04}",
        filter_text=f"<{found.label}" if is_tag else found.label,
        insert_text_format=(
            types.InsertTextFormat.Snippet if has_snippets else types.InsertTextFormat.PlainText
        ),
        text_edit=types.TextEdit(text_range(document, found.start, found.end), text),
    )


def hover(document: OpenDocument, found: Explanation) -> types.Hover:
    """An explanation."""
    text = types.MarkupContent(types.MarkupKind.Markdown, found.text)
    return types.Hover(text, text_range(document, found.start, found.end))


def symbol(document: OpenDocument, found: Symbol) -> types.DocumentSymbol:
    """An element, with those in it."""
    return types.DocumentSymbol(
        name=found.name,
        detail=found.detail,
        kind=types.SymbolKind.Struct if found.children else types.SymbolKind.Field,
        range=text_range(document, found.start, found.end),
        selection_range=text_range(document, found.start, min(found.tag_end, found.end)),
        children=[symbol(document, child) for child in found.children],
    )


def fold(first: int, last: int, *, is_comment: bool) -> types.FoldingRange:
    """Lines that can be folded."""
    kind = types.FoldingRangeKind.Comment if is_comment else types.FoldingRangeKind.Region
    return types.FoldingRange(first, last, kind=kind)


def code_action(uri: str, document: OpenDocument, fix: QuickFix) -> types.CodeAction:
    """A way to mend something."""
    edits = [
        types.TextEdit(text_range(document, each.start, each.end), each.text) for each in fix.edits
    ]
    return types.CodeAction(
        title=fix.title,
        kind=fix.kind.value,
        diagnostics=[] if fix.mends is None else [diagnostic(document, fix.mends)],
        is_preferred=fix.is_sure,
        edit=types.WorkspaceEdit({uri: edits}),
    )


def is_wanted(fix: QuickFix, kinds: Sequence[types.CodeActionKind | str] | None) -> bool:
    """Whether a fix is of one of the kinds that an editor asks for, or of a kind of these."""
    if kinds is None:
        return True
    names = (each.value if isinstance(each, types.CodeActionKind) else each for each in kinds)
    return any(f"{fix.kind.value}.".startswith(f"{name}.") for name in names)
