"""Findings about a document, as data: code, severity, place, message, cure.

A diagnostic says what (``code``, ``message``), where (``path``, ``span``, ``xpath``) and how to
mend it (``hint``). Rendering is ``reports``' business; the meaning of a code is in ``codes``.
"""

from enum import Enum

from xmlresource.record import record


class Severity(Enum):
    """The weight of a finding: an error keeps a guest from starting, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@record
class Span:
    """A stretch of a document.

    Lines and columns count from 1, columns in characters; the end is the place after the last
    character. ``start`` and ``end`` are the same stretch in bytes of the document as UTF-8.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    start: int
    end: int


@record
class Edit:
    """Bytes ``start`` up to ``end`` of the document as UTF-8 are to become ``text``.

    ``span`` is the same stretch in lines and columns, where a report asks for it.
    """

    start: int
    end: int
    text: str
    span: Span | None = None


@record
class Diagnostic:
    """One fault.

    Attributes:
        code: The rule's code (``codes.CODES``).
        severity: The rule's severity.
        message: What is wrong, one sentence without the final stop.
        path: The document's name, as the user gave it.
        span: Where; ``None`` where the fault is about the file as a whole.
        xpath: The element at fault; ``None`` where there is none.
        hint: The cure; ``None`` where the message says it all.
        fix: The edits that mend it without a doubt of what was meant; none where there is one.
    """

    code: str
    severity: Severity
    message: str
    path: str
    span: Span | None = None
    xpath: str | None = None
    hint: str | None = None
    fix: tuple[Edit, ...] = ()

    def sort_key(self) -> tuple[str, int, int, str]:
        """By file, then by place, then by code."""
        if self.span is None:
            return (self.path, 0, 0, self.code)
        return (self.path, self.span.line, self.span.column, self.code)
