"""Findings about a document, as data: code, severity, place, message, cure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ViolationKind(StrEnum):
    """The kinds of faults.

    `UNTRIMMED_VALUE` and `REFUSED_ORDER` are warnings: the document is valid.
    """

    NOT_WELL_FORMED = "not-well-formed"
    DOCTYPE_NOT_ALLOWED = "doctype-not-allowed"
    TOO_LARGE = "too-large"
    UNKNOWN_ELEMENT = "unknown-element"
    MISPLACED_ELEMENT = "misplaced-element"
    DUPLICATE_ELEMENT = "duplicate-element"
    MISSING_ELEMENT = "missing-element"
    UNKNOWN_ATTRIBUTE = "unknown-attribute"
    CONFLICTING_ATTRIBUTE = "conflicting-attribute"
    MISSING_ATTRIBUTE = "missing-attribute"
    BAD_VALUE = "bad-value"
    CONFLICTING_VALUE = "conflicting-value"
    MISSING_VALUE = "missing-value"
    TEXT_NOT_ALLOWED = "text-not-allowed"
    UNTRIMMED_VALUE = "untrimmed-value"
    REFUSED_ORDER = "refused-order"


@dataclass(frozen=True, slots=True)
class Related:
    """A related place that a violation speaks of.

    Attributes:
        message: what is there.
        line: from 1.
        column: in characters, from 1.
        offset: in bytes, from 0.
    """

    message: str
    line: int
    column: int
    offset: int


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault of a document.

    The span is the ``<`` and the name of a start tag, the name of an attribute, the value of an
    attribute without its quotes, or text without the blanks around it.

    Attributes:
        code: the kind of fault.
        message: one sentence: what was found, and what would be allowed. Ends with the hint.
        problem: the message without the hint.
        line: line of the first character, from 1.
        column: its column in characters, from 1.
        end_line: line of the end, from 1.
        end_column: the column after the last character, from 1.
        offset: byte offset of the first character in the data as given.
        end_offset: byte offset after the last character.
        xpath: path of the element or attribute, with the prefixes that the document uses.
        hint: what to do about it, if that can be said, or None.
        suggestion: the name or value that was most probably meant, or None. For an element or
            attribute it is spelt as the document would have to (with its prefix).
        related: another place that explains the fault, or None.
        closing_offset: where an element with a suggestion is closed: byte offset of the name in
            its end tag. None where there is no end tag.
    """

    code: ViolationKind
    message: str
    line: int
    column: int
    end_line: int
    end_column: int
    offset: int
    end_offset: int
    xpath: str
    problem: str
    hint: str | None = None
    suggestion: str | None = None
    related: Related | None = None
    closing_offset: int | None = None
