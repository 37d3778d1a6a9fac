"""The findings about a document as it stands in an editor: those of ``validate``.

Of a document that is not well-formed ``validate`` says that, and nothing more. Who types sees, too,
what is wrong with the part that is sound.
"""

import pyexpat

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import DocumentError
from xmlresource.document.source import Source
from xmlresource.formats.prolog import seems_ours
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.sound_part import NOT_WELL_FORMED, SoundFindings
from xmlresource.language_server.workspace_rules import FolderRules
from xmlresource.operations.validation.document_checker import DocumentChecker


def editor_findings(
    rules: FolderRules, document: OpenDocument, before: SoundFindings | None = None
) -> list[Diagnostic]:
    """What is wrong with a document, by place; of somebody else's document nothing.

    Args:
        rules: What is in force for it.
        document: The document.
        before: What was found in versions of it before, by the same rules.
    """
    text, path = document.text, document.path
    if not text.strip() or not seems_ours(text):
        return []
    if _is_well_formed(text):
        return _checked(rules.checker, path, document.data)
    found = _checked(rules.reader, path, document.data)
    faults = [one.span.start for one in found if one.code == NOT_WELL_FORMED and one.span]
    try:
        source = Source(text, path)
    except DocumentError:
        return found  # it is in its beginning, and nobody knows what the rest is
    if not faults:
        return found
    checker, sound = rules.checker, before or SoundFindings()
    more = sound.find(
        document.markup, source, lambda part: _checked(checker, path, part), faults[0]
    )
    return sorted([*found, *more], key=Diagnostic.sort_key)


def _is_well_formed(text: bytes) -> bool:
    """Whether a document is XML: that is told sooner than what else may be wrong with it."""
    parser = pyexpat.ParserCreate("utf-8", " ")
    try:
        parser.Parse(text, True)  # noqa: FBT003 -- positional only
    except pyexpat.ExpatError:
        return False
    return True


def _checked(checker: DocumentChecker, path: str, data: bytes) -> list[Diagnostic]:
    checked = checker.check(path, data)
    return [] if checked is None else list(checked.diagnostics)
