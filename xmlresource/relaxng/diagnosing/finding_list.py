"""Collects what the second pass finds, and turns it into diagnostics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xmlresource.relaxng.diagnosing.vernacular import NO_WORDS
from xmlresource.relaxng.diagnosing.violation import Related, Violation, ViolationKind
from xmlresource.relaxng.diagnosing.wording import MAX_MESSAGE, clip

if TYPE_CHECKING:
    from xmlresource.relaxng.diagnosing.document_text import DocumentText, TextSpan
    from xmlresource.relaxng.diagnosing.vernacular import Words


# These say what to do in the hint alone.
_WARNINGS = (ViolationKind.UNTRIMMED_VALUE, ViolationKind.REFUSED_ORDER)


class TooManyFaults(Exception):  # noqa: N818  # not an error: it ends the second pass
    """There are as many findings as are wanted."""


@dataclass(slots=True)
class Finding:
    """A fault, before its place is worked out. The fields are those of `Violation`.

    ``problem`` is the message without the hint.
    """

    code: ViolationKind
    span: TextSpan
    problem: str
    xpath: str
    hint: str | None = None
    suggestion: str | None = None
    related: tuple[str, int] | None = None
    closing: int | None = None


class Findings:
    """The findings of one document.

    Attributes:
        words: what things are called.
    """

    def __init__(self, document: DocumentText, limit: int, words: Words = NO_WORDS) -> None:
        self.words = words
        self._document = document
        self._limit = limit
        self._findings: list[Finding] = []

    def __len__(self) -> int:
        return len(self._findings)

    def add(self, finding: Finding) -> Finding:
        """Add a finding.

        Raises:
            TooManyFaults: that was the last one wanted.
        """
        self._findings.append(finding)
        if len(self._findings) >= self._limit:
            raise TooManyFaults
        return finding

    def since(self, count: int) -> list[Finding]:
        """Return the findings but the first so many."""
        return self._findings[count:]

    def withdraw(self, count: int) -> None:
        """Forget the findings but the first so many."""
        del self._findings[count:]

    def drop(self, finding: Finding) -> None:
        """Forget a finding that another one explains."""
        self._findings = [one for one in self._findings if one is not finding]

    def diagnostics(self) -> list[Violation]:
        """Return the findings in the order of the document."""
        found = sorted(self._findings, key=lambda finding: finding.span.start)
        return [self._diagnostic(finding) for finding in found]

    def _diagnostic(self, finding: Finding) -> Violation:
        document = self._document
        start = document.position(finding.span.start)
        end = document.position(finding.span.end)
        related = None
        if finding.related is not None:
            message, offset = finding.related
            there = document.position(offset)
            related = Related(message, there.line, there.column, there.offset)
        closing = finding.closing
        hint = clip(finding.hint) if finding.hint else None
        return Violation(
            code=finding.code,
            message=_message(finding, hint),
            problem=clip(finding.problem),
            line=start.line,
            column=start.column,
            end_line=end.line,
            end_column=end.column,
            offset=start.offset,
            end_offset=end.offset,
            xpath=finding.xpath,
            hint=hint,
            suggestion=finding.suggestion,
            related=related,
            closing_offset=None if closing is None else document.position(closing).offset,
        )


def _message(finding: Finding, hint: str | None) -> str:
    """Return all in one: where it does not fit, the problem is cut off before the hint is."""
    if hint is None or finding.code in _WARNINGS:
        return clip(finding.problem)
    room = MAX_MESSAGE - len(hint) - len("; ")
    return clip(f"{clip(finding.problem, max(room, MAX_MESSAGE // 2))}; {hint}")
