"""Diagnostics as text and as JSON."""

from collections.abc import Iterable
from typing import Any

from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.operations.validate import Lines, Validation
from xmlresource.printable import one_line
from xmlresource.reports.places import span_of


def as_text(diagnostics: Iterable[Diagnostic], lines: Lines | None = None) -> str:
    """One ``path:line:column: CODE severity: message`` each, its hint indented below.

    Args:
        diagnostics: What was found.
        lines: The lines at fault, by path and number, to be shown with a caret below.
    """
    return "".join(f"{line}\n" for found in diagnostics for line in _lines(found, lines or {}))


def statistics(result: Validation) -> str:
    """How often each rule was broken, the most frequent first."""
    from xmlresource.codes import CODES  # noqa: PLC0415 -- seldom asked for

    counts: dict[str, int] = {}
    for found in result.diagnostics:
        counts[found.code] = counts.get(found.code, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "".join(f"{count:6}  {code}  {CODES[code].name}\n" for code, count in ranked)


def summary(result: Validation) -> str:
    """``3 files checked: 2 errors, 1 warning``."""
    errors, warnings = result.count(Severity.ERROR), result.count(Severity.WARNING)
    counts = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    return f"{counted(result.files, 'file')} checked: {counts}"


def as_json(result: Validation) -> dict[str, Any]:
    """The result in the shape of ``validate --output-format json``, version 1."""
    return {
        "version": 1,
        "files": result.files,
        "diagnostics": [_object(found) for found in result.diagnostics],
    }


def as_list(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """The same objects alone, for a command with a shape of its own."""
    return [_object(found) for found in diagnostics]


def _lines(found: Diagnostic, lines: Lines) -> list[str]:
    span = span_of(found)
    place = f"{found.path}:{span.line}:{span.column}"
    text = [one_line(f"{place}: {found.code} {found.severity.value}: {found.message}")]
    line = lines.get((found.path, span.line))
    if line is not None:
        from xmlresource.reports.excerpt import excerpt  # noqa: PLC0415 -- seldom on

        text += excerpt(line, span)
    if found.hint:
        text.append(one_line(f"    hint: {found.hint}"))
    return text


def _object(found: Diagnostic) -> dict[str, Any]:
    span = span_of(found)
    return {
        "code": found.code,
        "severity": found.severity.value,
        "message": found.message,
        "path": found.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "xpath": found.xpath,
        "hint": found.hint,
    }


def counted(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
