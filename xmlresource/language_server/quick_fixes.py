"""What would mend a finding, as edits: what ``--fix`` does, and what the finding's hint says.

A hint that names a word, an attribute, a namespace or an end tag is carried out as it stands; who
asks for it sees the hint, and decides. Edits of the whole document are those of ``set`` and
``convert``, and no more of it is replaced than they change.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit, Span
from xmlresource.document import Document, DocumentError
from xmlresource.document.editing import EditError
from xmlresource.formats.assignments import AUTO
from xmlresource.formats.document_kinds import DOMAIN, KINDS
from xmlresource.language_server.document_structure import paired_names
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.own_elements.policy_fixes import policy_fixes
from xmlresource.language_server.own_elements.policy_meaning import declared
from xmlresource.language_server.snippets import as_plain_text, quoted
from xmlresource.language_server.workspace_rules import FolderRules
from xmlresource.operations.editing.edit import Edited, convert, set_
from xmlresource.operations.validation.autofix import mend_data
from xmlresource.record import record
from xmlresource.relaxng.completing.markup import MarkupElement, MarkupTree
from xmlresource.tunables import Form

_MEANT: Final = re.compile(r"did you mean [<'`]([^>'`]+)[>'`]\?")
_UNIT: Final = re.compile(r"[Tt]hen write unit='(\w+)'")
_NAMESPACE: Final = re.compile(
    r"declare (xmlns[\w:]*=(?:'[^'…]+'|\"[^\"…]+\")) on (?:it|<([^>]+)>)"
)
_END_TAGS: Final = re.compile(r"write ((?:</[^<>]+>)+) at the end")
_END_TAG: Final = re.compile(r"write (</[^<>]+>)(?: before </[^<>]+>)?")
_CONVERTED: Final = "xmlresource convert --to metadata"
_LIMITS: Final = frozenset({"XR501", "XR503", "XR403"})
_LIMIT_IN_MEMTUNE: Final = "XR405"
_MISSING_ATTRIBUTE: Final = "XR607"
_HARD_LIMIT: Final = "hard_limit"


class FixKind(Enum):
    """What an editor may ask for."""

    QUICK_FIX = "quickfix"
    REWRITE = "refactor.rewrite"
    ALL = "source.fixAll"


@record
class QuickFix:
    """One way to mend something.

    Attributes:
        kind: What it is.
        title: What it does.
        edits: How; they don't touch each other.
        mends: The finding that it is about.
        is_sure: Whether there is no doubt that this was meant.
    """

    kind: FixKind
    title: str
    edits: tuple[Edit, ...]
    mends: Diagnostic | None = None
    is_sure: bool = False


def quick_fixes(
    rules: FolderRules,
    document: OpenDocument,
    found: Sequence[Diagnostic],
    start: int,
    end: int,
) -> list[QuickFix]:
    """What would mend the findings in a stretch of a document, and what else can be done there.

    Args:
        rules: What is in force for it.
        document: The document.
        found: What is wrong with it.
        start: Where the stretch begins.
        end: Where it ends.
    """
    fixes: list[QuickFix] = []
    for one in found:
        span = one.span
        if span is None:
            continue
        places = [(span.start, span.end), *((each.start, each.end) for each in one.fix)]
        if any(first <= end and start <= last for first, last in places):
            fixes += _of_finding(rules, document, one, span)
    element = document.markup.at(start)
    if element is not None and any(row.name == _HARD_LIMIT for row in declared(element)):
        fixes += _recommended(document, None, None)
    if any(one.fix for one in found):
        fixes += _everything(rules, document)
    unique = {(each.kind, each.edits): each for each in reversed(fixes)}
    return [each for each in fixes if unique[each.kind, each.edits] is each]


def _of_finding(
    rules: FolderRules, document: OpenDocument, one: Diagnostic, span: Span
) -> Iterator[QuickFix]:
    hint = one.hint or ""
    if one.fix:
        yield _quick(one, hint or one.message, *one.fix, is_sure=True)
    for edits in (
        _meant(document, span, hint),
        _unit(document, span, hint),
        _namespace(document, span, hint),
        _end(document, span, hint),
    ):
        if edits and not one.fix:
            yield _quick(one, hint, *edits)
    if not one.fix:
        for fix in policy_fixes(document.markup, one):
            yield _quick(one, fix.title, *fix.edits)
    if one.code == _MISSING_ATTRIBUTE:
        yield from _missing_attributes(rules, document, one, span)
    if _CONVERTED in hint:
        yield from _edited(document, one, "convert to metadata",
                           lambda read: convert(read, Form.METADATA))  # fmt: skip
    if one.code in _LIMITS:
        yield from _recommended(document, one, None)
    if one.code == _LIMIT_IN_MEMTUNE:
        yield from _recommended(document, one, Form.MEMTUNE)


def _quick(one: Diagnostic, title: str, *edits: Edit, is_sure: bool = False) -> QuickFix:
    return QuickFix(FixKind.QUICK_FIX, title, edits, one, is_sure)


def _meant(document: OpenDocument, span: Span, hint: str) -> tuple[Edit, ...]:
    """The word that was meant, in the place of the one that is there, in both tags."""
    meant = _MEANT.match(hint)
    if meant is None:
        return ()
    written = document.text[span.start : span.end]
    if not written.startswith(b"<"):
        return (Edit(span.start, span.end, meant[1]),)
    element = _element_at(document.markup, span.start)
    if element is None:
        return ()
    tag = element.tag
    names = paired_names(document, tag.name_start) or ((tag.name_start, tag.name_end),)
    prefix, colon, _ = tag.name.rpartition(":")
    new = meant[1] if ":" in meant[1] else f"{prefix}{colon}{meant[1]}"
    return tuple(Edit(start, end, new) for start, end in names)


def _unit(document: OpenDocument, span: Span, hint: str) -> tuple[Edit, ...]:
    """The unit that was meant, in the attribute of the element that a number is in."""
    unit = _UNIT.search(hint)
    element = document.markup.at(span.start)
    if unit is None or element is None:
        return ()
    for each in element.tag.attributes():
        if each.name == "unit" and each.value is not None:
            return (Edit(each.value_start, each.value_end, unit[1]),)
    return (Edit(element.tag.name_end, element.tag.name_end, f" unit='{unit[1]}'"),)


def _namespace(document: OpenDocument, span: Span, hint: str) -> tuple[Edit, ...]:
    """The declaration of a namespace."""
    wanted = _NAMESPACE.match(hint)
    if wanted is None:
        return ()
    elements = document.markup.elements
    element = (
        _element_at(document.markup, span.start)
        if wanted[2] is None
        else next((each for each in elements if each.name == wanted[2]), None)
    )
    if element is None:
        return ()
    return (Edit(element.tag.name_end, element.tag.name_end, f" {wanted[1]}"),)


def _end(document: OpenDocument, span: Span, hint: str) -> tuple[Edit, ...]:
    """The end tags that are missing."""
    at_end = _END_TAGS.match(hint)
    if at_end is not None:
        end = len(document.text.rstrip())
        return (Edit(end, end, at_end[1]),)
    here = _END_TAG.fullmatch(hint)
    # The reader stops behind the signs that the next end tag begins with.
    start = span.start - 2 * document.text[: span.start].endswith(b"</")
    return (Edit(start, start, here[1]),) if here is not None else ()


def _missing_attributes(
    rules: FolderRules, document: OpenDocument, one: Diagnostic, span: Span
) -> Iterator[QuickFix]:
    """The attributes that an element lacks, each with a value that is allowed."""
    element = _element_at(document.markup, span.start)
    kind = KINDS.get(document.markup.elements[0].name, DOMAIN)
    schema = None if rules.schema is None else rules.schema.of(kind)
    if element is None or schema is None:
        return
    at = element.tag.name_end
    # The completer is asked as if somebody typed behind the name.
    text = document.text[:at] + b" " + document.text[at:]
    offers = schema.completer.offers(MarkupTree(text), at + 1)
    missing = [each for each in offers.attributes if each.required] if offers else []
    quote = '"' if text.count(b'"') > text.count(b"'") else "'"
    new = "".join(
        as_plain_text([f" {each.name}=", *quoted(each.values, quote)]) for each in missing
    )
    if new:
        yield _quick(one, f"add{new}", Edit(at, at, new))


def _recommended(
    document: OpenDocument, one: Diagnostic | None, form: Form | None
) -> Iterator[QuickFix]:
    title = f"set {_HARD_LIMIT}=auto: what is recommended for this guest"
    yield from _edited(document, one, title, lambda read: set_(read, {_HARD_LIMIT: AUTO}, form))


def _edited(
    document: OpenDocument,
    one: Diagnostic | None,
    title: str,
    edit: Callable[[Document], Edited],
) -> Iterator[QuickFix]:
    """A change of the whole document, where it can be made."""
    try:
        done = edit(Document.parse(document.text, document.path))
    except (DocumentError, EditError):
        return
    if done.changed:
        kind = FixKind.REWRITE if one is None else FixKind.QUICK_FIX
        yield QuickFix(kind, title, (_difference(done.before, done.after),), one)


def _everything(rules: FolderRules, document: OpenDocument) -> Iterator[QuickFix]:
    """All that ``--fix`` would mend, round after round."""
    done = mend_data(rules.checker, document.path, document.text)
    if done.after != done.before:
        title = f"mend what is sure ({done.fixes})"
        yield QuickFix(FixKind.ALL, title, (_difference(done.before, done.after),))


def _difference(before: bytes, after: bytes) -> Edit:
    """The stretch that differs, from the first character to the last."""
    old, new = before.decode(), after.decode()
    most = min(len(old), len(new))
    first = next((at for at in range(most) if old[at] != new[at]), most)
    most -= first
    last = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    start = len(old[:first].encode())
    end = len(before) - len(old[len(old) - last :].encode()) if last else len(before)
    return Edit(start, end, new[first : len(new) - last])


def _element_at(markup: MarkupTree, start: int) -> MarkupElement | None:
    return next((each for each in markup.elements if each.tag.start == start), None)
