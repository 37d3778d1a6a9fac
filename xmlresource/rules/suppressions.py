"""Suppressions: comments in a document that say which findings are known and meant.

``<!-- xmlresource: ignore=XR501,XR4 -->`` is about its own line, and where it stands alone on it,
about the next. ``<!-- xmlresource: ignore-file=XR501 -->`` is about the whole document.
A rule's name does as well as its code: ``ignore=hard-limit-too-near``.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from xmlresource.codes import CODES, code_of
from xmlresource.diagnostics import Diagnostic
from xmlresource.document.source import Source
from xmlresource.record import record

MOST_COMMENTS: Final = 1000
"""A document with more of them is made to cost time."""

_PRESENT: Final = re.compile(rb"<!--\s*xmlresource:")
# What a comment could seem to stand in comes first, so that it is skipped as a whole.
_COMMENTS: Final = rb"(?s)<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!--(.*?)-->"
_WORDS: Final = r"\s*xmlresource:\s*(?:(ignore|ignore-file)\s*=\s*([A-Za-z0-9,\s-]+?))?\s*"
_ASKED: Final = r"\s*xmlresource:.*"


@record
class Suppression:
    """One code of one comment.

    Attributes:
        code: Findings whose codes begin so.
        line: About this line; ``None`` for the whole document.
        start: Where the comment begins, in bytes.
        end: Where it ends.
    """

    code: str
    line: int | None
    start: int
    end: int


def suppressed(source: Source, found: list[Diagnostic], *, whole: bool) -> list[Diagnostic]:
    """The findings without those suppressed, and with those about suppressions (XR701, XR702).

    Args:
        source: The document.
        found: What was found in it.
        whole: Whether the schema of whole domains was asked; where not, nobody can tell whether a
            suppression of its findings is used.
    """
    if _PRESENT.search(source.text) is None:
        return found
    wishes: dict[tuple[str, int | None], Suppression] = {}
    bad: list[Diagnostic] = []
    for comment in islice(_comments(source), MOST_COMMENTS):
        read = _read(source, comment)
        for wish in read:
            wishes.setdefault((wish.code, wish.line), wish)
        if not read:
            bad.append(_bad(source, comment))
    used: set[tuple[str, int | None]] = set()
    kept = []
    for one in found:
        meant = [key for key in _keys(one) if key in wishes]
        used.update(meant)
        if not meant:
            kept.append(one)
    unused = [
        _unused(source, wish)
        for key, wish in wishes.items()
        if key not in used and (whole or not wish.code.startswith("XR6"))
    ]
    return sorted([*kept, *bad, *unused], key=Diagnostic.sort_key)


def _keys(found: Diagnostic) -> Iterator[tuple[str, int | None]]:
    """The keys that suppress a finding: each beginning of its code, on its line or anywhere."""
    for length in range(1, len(found.code) + 1):
        yield found.code[:length], None
        if found.span is not None:
            yield found.code[:length], found.span.line


def _comments(source: Source) -> Iterator["re.Match[bytes]"]:
    for match in re.finditer(_COMMENTS, source.text):
        if match[1] is not None and re.fullmatch(_ASKED, _text(match), re.DOTALL):
            yield match


def _read(source: Source, comment: "re.Match[bytes]") -> list[Suppression]:
    """The suppressions that a comment asks for; none where that can't be told."""
    words = re.fullmatch(_WORDS, _text(comment), re.DOTALL)
    codes = [] if words is None or words[2] is None else words[2].split(",")
    wanted = list(map(code_of, codes))
    if words is None or not all(_is_known(wanted)):
        return []
    line = None if words[1] == "ignore-file" else _line(source, comment)
    return [Suppression(code, line, comment.start(), comment.end()) for code in wanted]


def _is_known(codes: Iterable[str]) -> Iterator[bool]:
    for code in codes:
        yield bool(code) and any(known.startswith(code) for known in CODES)


def _line(source: Source, comment: "re.Match[bytes]") -> int:
    """The line that a comment is about."""
    line, column = source.position(comment.end())
    first, _ = source.position(comment.start())
    around = source.line(line)[column - 1 :]
    before = source.text[source.text.rfind(b"\n", 0, comment.start()) + 1 : comment.start()]
    alone = not around.strip() and not before.strip()
    return line + 1 if alone else first


def _bad(source: Source, comment: "re.Match[bytes]") -> Diagnostic:
    row = CODES["XR702"]
    span = source.span(comment.start(), comment.end())
    message = "this comment suppresses nothing: it can't be understood"
    return row.diagnostic(message, source.name, span=span, hint=row.cure)


def _unused(source: Source, wish: Suppression) -> Diagnostic:
    row = CODES["XR701"]
    span = source.span(wish.start, wish.end)
    where = "in the document" if wish.line is None else f"on line {wish.line}"
    message = f"there is no {wish.code} {where} to suppress"
    return row.diagnostic(message, source.name, span=span, hint=row.cure)


def _text(match: "re.Match[bytes]") -> str:
    return match[1].decode("utf-8", "replace")
