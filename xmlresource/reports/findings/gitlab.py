"""Findings as GitLab's Code Quality report."""

from typing import Any, Final

from xmlresource.codes import CODES
from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.operations.validation.validate import Validation
from xmlresource.printable import one_line
from xmlresource.reports.findings.locations import fingerprints, span_of
from xmlresource.reports.layout.json_text import dumps
from xmlresource.system.files.document_files import below

_SEVERITIES: Final = {Severity.ERROR: "major", Severity.WARNING: "minor"}


def render(result: Validation, folder: str) -> str:
    """The report of one run.

    Args:
        result: What was found.
        folder: The repository; paths below it are given relative to it.
    """
    marks = fingerprints(result.diagnostics, folder)
    return dumps(
        [_issue(found, mark, folder) for found, mark in zip(result.diagnostics, marks, strict=True)]
    )


def _issue(found: Diagnostic, mark: str, folder: str) -> dict[str, Any]:
    span = span_of(found)
    hint = f" ({found.hint})" if found.hint else ""
    return {
        "description": one_line(f"{found.code}: {found.message}{hint}"),
        "check_name": f"{found.code} {CODES[found.code].name}",
        "fingerprint": mark,
        "severity": _SEVERITIES[found.severity],
        "location": {
            "path": one_line(below(found.path, folder)),
            "lines": {"begin": span.line, "end": span.end_line},
        },
    }
