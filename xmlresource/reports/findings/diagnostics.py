"""Diagnostics as text and as JSON."""

from collections.abc import Iterable
from typing import Any

from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.operations.validation.validate import Lines, Validation
from xmlresource.printable import one_line
from xmlresource.reports.findings.locations import span_of
from xmlresource.reports.layout.style import PLAIN, Paint, Style


def as_text(
    diagnostics: Iterable[Diagnostic], lines: Lines | None = None, style: Style = PLAIN
) -> str:
    """One ``path:line:column: CODE severity: message`` each, its hint indented below.

    Args:
        diagnostics: What was found.
        lines: The lines at fault, by path and number, to be shown with a caret below.
        style: How it looks; plain by default.
    """
    known = lines or {}
    return "".join(f"{line}\n" for found in diagnostics for line in _lines(found, known, style))


def statistics(result: Validation) -> str:
    """A count of findings by rule, the most frequent first."""
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
    """The JSON objects of the findings alone, for a command with a shape of its own."""
    return [_object(found) for found in diagnostics]


def _lines(found: Diagnostic, lines: Lines, style: Style) -> list[str]:
    span = span_of(found)
    place = f"{found.path}:{span.line}:{span.column}:"
    text = _headline(found, place, style)
    line = lines.get((found.path, span.line))
    if line is not None:
        from xmlresource.reports.findings.excerpt import excerpt  # noqa: PLC0415 -- seldom on

        text += excerpt(line, span)
    if found.hint:
        first, *rest = style.wrapped(one_line(f"    hint: {found.hint}"), " " * len("    hint: "))
        painted = first.replace("hint:", style.painted("hint:", Paint.HINT), 1)
        text += [painted, *rest]
    return text


def _headline(found: Diagnostic, place: str, style: Style) -> list[str]:
    rule = f"{found.code} {found.severity.value}:"
    first, *rest = style.wrapped(one_line(f"{place} {rule} {found.message}"), " " * 4)
    head = one_line(f"{place} {rule}")
    if first.startswith(head):
        colour = Paint.ERROR if found.severity is Severity.ERROR else Paint.WARNING
        path = style.painted(head.removesuffix(f" {rule}"), Paint.PATH)
        first = f"{path} {style.painted(rule, colour)}{first.removeprefix(head)}"
    return [first, *rest]


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
