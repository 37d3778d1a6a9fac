"""Diagnostics as text and as JSON."""

from collections.abc import Iterable
from typing import Any, Final

from xmlresource.diagnostics import Diagnostic, Severity, Span
from xmlresource.operations.validate import Validation
from xmlresource.printable import one_line

_NOWHERE: Final = Span(1, 1, 1, 1, 0, 0)


def as_text(diagnostics: Iterable[Diagnostic]) -> str:
    """One ``path:line:column: CODE severity: message`` each, its hint indented below."""
    return "".join(f"{line}\n" for found in diagnostics for line in _lines(found))


def summary(result: Validation) -> str:
    """``3 files checked: 2 errors, 1 warning``."""
    errors, warnings = result.count(Severity.ERROR), result.count(Severity.WARNING)
    counts = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
    return f"{_counted(result.files, 'file')} checked: {counts}"


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


def _lines(found: Diagnostic) -> list[str]:
    span = found.span or _NOWHERE
    place = f"{found.path}:{span.line}:{span.column}"
    lines = [one_line(f"{place}: {found.code} {found.severity.value}: {found.message}")]
    if found.hint:
        lines.append(one_line(f"    hint: {found.hint}"))
    return lines


def _object(found: Diagnostic) -> dict[str, Any]:
    span = found.span or _NOWHERE
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


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
