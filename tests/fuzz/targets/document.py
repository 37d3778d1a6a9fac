"""A document: read, judged, told of in every format, mended, edited and read again."""

import json
from collections.abc import Iterator
from typing import Final

from tests.fuzz import seeds as sources
from tests.fuzz.checks import assert_lines_are_printable
from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.document import Document, DocumentError
from xmlresource.document.editing import EditError, Remark, assign, convert
from xmlresource.operations.validation.validate import Validation
from xmlresource.reports.findings import diagnostics, github, gitlab, junit, sarif
from xmlresource.reports.layout.json_text import dumps
from xmlresource.rules import check
from xmlresource.tunables import MEMORY, Form
from xmlresource.units import UNLIMITED

NAME: Final = "fuzz.xml"
GIB: Final = 1 << 30
KEPT: Final = Remark.KEPT_IN_METADATA


def seeds() -> Iterator[bytes]:
    yield from sources.documents()
    yield from sources.libvirts()


def one(data: bytes) -> None:
    """Reads or is refused by a diagnostic; what is read can be told of and edited."""
    try:
        document = Document.parse(data, NAME)
    except DocumentError as error:
        _told([error.diagnostic], data)
        return
    assert document.to_bytes() == data
    found = check(document)
    _told(found, data)
    _shown(document)
    _edited(document)
    if not any(one.severity is Severity.ERROR for one in found):
        _converted(document)


def _told(found: list[Diagnostic], data: bytes) -> None:
    length = len(data) * 4  # a byte in another encoding may be more in UTF-8
    for one in found:
        if one.span is not None:
            assert 0 <= one.span.start <= one.span.end <= length
            assert 1 <= one.span.line <= one.span.end_line
            assert one.span.column >= 1
    result = Validation((NAME,), tuple(found))
    assert_lines_are_printable(diagnostics.as_text(found))
    assert_lines_are_printable(github.render(result, "/"))
    assert_lines_are_printable(junit.render(result))
    for text in (
        dumps(diagnostics.as_json(result)),
        sarif.render(result, "/"),
        gitlab.render(result, "/"),
    ):
        assert_lines_are_printable(text)
        json.loads(text)


def _shown(document: Document) -> None:
    for tunable in MEMORY:
        amount = document.policy[tunable.name]
        assert amount is None or amount is UNLIMITED or amount >= 0
    assert len(document.forms) <= len(MEMORY)
    if document.domain is not None:
        repr(document.domain)


def _edited(document: Document) -> None:
    """An edit says what was meant, twice is once, and a change of nothing changes nothing."""
    try:
        edited = assign(document, {"hard_limit": 5 * GIB}).document
    except EditError as error:
        _is_a_reason(error)
        return
    assert edited.policy.hard_limit == 5 * GIB
    assert assign(edited, {"hard_limit": 5 * GIB}).document.to_bytes() == edited.to_bytes()
    assert Document.parse(edited.to_bytes()).policy == edited.policy


def _converted(document: Document) -> None:
    """Each tunable keeps its value, or a note says why it can't."""
    for form in Form:
        try:
            result = convert(document, form)
        except EditError as error:
            _is_a_reason(error)
            continue
        lost = {note.tunable for note in result.notes if note.remark is not KEPT}
        for name, amount in document.policy.items():
            assert name in lost or result.document.policy[name] == amount, (name, form)


def _is_a_reason(error: EditError) -> None:
    """The last line of defence, that an edit is read again, should never be needed."""
    assert "as meant" not in str(error), error
