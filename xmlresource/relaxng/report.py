"""Collects what the second pass finds, and turns it into diagnostics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xmlresource.relaxng.diagnostic import Diagnostic, Fault, Related
from xmlresource.relaxng.wording import clip

if TYPE_CHECKING:
    from xmlresource.relaxng.document import Document, Span


class TooManyFaults(Exception):  # noqa: N818  # not an error: it ends the second pass
    """There are as many findings as are wanted."""


@dataclass(slots=True)
class Finding:
    """A fault, before its place is worked out. The fields are those of `Diagnostic`."""

    code: Fault
    span: Span
    message: str
    xpath: str
    hint: str | None = None
    suggestion: str | None = None
    related: tuple[str, int] | None = None
    closing: int | None = None


class Report:
    """The findings of one document."""

    def __init__(self, document: Document, limit: int) -> None:
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

    def diagnostics(self) -> list[Diagnostic]:
        """Return the findings in the order of the document."""
        found = sorted(self._findings, key=lambda finding: finding.span.start)
        return [self._diagnostic(finding) for finding in found]

    def _diagnostic(self, finding: Finding) -> Diagnostic:
        document = self._document
        start = document.position(finding.span.start)
        end = document.position(finding.span.end)
        related = None
        if finding.related is not None:
            message, offset = finding.related
            there = document.position(offset)
            related = Related(message, there.line, there.column, there.offset)
        closing = finding.closing
        return Diagnostic(
            code=finding.code,
            message=clip(finding.message),
            line=start.line,
            column=start.column,
            end_line=end.line,
            end_column=end.column,
            offset=start.offset,
            end_offset=end.offset,
            xpath=finding.xpath,
            hint=clip(finding.hint) if finding.hint else None,
            suggestion=finding.suggestion,
            related=related,
            closing_offset=None if closing is None else document.position(closing).offset,
        )
