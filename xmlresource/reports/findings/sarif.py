"""Findings as SARIF 2.1.0, within what GitHub's code scanning takes."""

import os
from typing import Any, Final
from urllib.parse import quote

import xmlresource
from xmlresource.codes import CODES, Code
from xmlresource.diagnostics import Diagnostic, Edit, Severity, Span
from xmlresource.operations.validation.validate import Validation
from xmlresource.printable import one_line
from xmlresource.reports.findings.locations import fingerprints, span_of
from xmlresource.reports.layout.json_text import dumps
from xmlresource.system.files.document_files import below

MOST_RESULTS: Final = 25_000
"""GitHub refuses a run with more."""

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def render(result: Validation, folder: str) -> str:
    """The SARIF log of one run.

    Args:
        result: What was found.
        folder: The repository; paths below it are given relative to it.
    """
    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(result, folder)]})


def _run(result: Validation, folder: str) -> dict[str, Any]:
    shown = _most_telling(result.diagnostics)
    codes = sorted({found.code for found in shown})
    places = {code: place for place, code in enumerate(codes)}
    marks = fingerprints(shown, folder)
    return {
        "tool": {
            "driver": {
                "name": "xmlresource",
                "semanticVersion": xmlresource.__version__,
                "rules": [_rule(CODES[code]) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(len(result.diagnostics) - len(shown))],
        "results": [
            _result(found, places[found.code], mark, folder)
            for found, mark in zip(shown, marks, strict=True)
        ],
    }


def _most_telling(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """The findings that are taken: errors before warnings where there are too many."""
    if len(diagnostics) <= MOST_RESULTS:
        return diagnostics
    # Sorting is stable: the order within errors and within warnings stays.
    ranked = sorted(diagnostics, key=lambda found: found.severity is not Severity.ERROR)
    return tuple(ranked[:MOST_RESULTS])


def _invocation(left_out: int) -> dict[str, Any]:
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if left_out:
        text = f"{left_out} findings beyond the first {MOST_RESULTS} are left out"
        note = {"level": "warning", "message": {"text": text}}
        invocation["toolExecutionNotifications"] = [note]
    return invocation


def _rule(row: Code) -> dict[str, Any]:
    return {
        "id": row.code,
        "name": "".join(word.capitalize() for word in row.name.split("-")),
        "shortDescription": {"text": row.name.replace("-", " ")},
        "fullDescription": {"text": row.reason},
        "help": {"text": f"{row.reason}\n\nExample: {row.example}\n\nCure: {row.cure}"},
        "defaultConfiguration": {"level": row.severity.value},
    }


def _result(found: Diagnostic, rule: int, mark: str, folder: str) -> dict[str, Any]:
    text = one_line(found.message) + (f"\n{one_line(found.hint)}" if found.hint else "")
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(found.path, folder)},
            "region": _region(span_of(found)),
        }
    }
    if found.xpath:
        location["logicalLocations"] = [{"fullyQualifiedName": found.xpath, "kind": "element"}]
    made = {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": found.severity.value,
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"xmlresource/v1": mark},
    }
    replacements = [_replacement(edit, edit.span) for edit in found.fix if edit.span is not None]
    if replacements:
        made["fixes"] = [_fix(found, replacements, folder)]
    return made


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _fix(found: Diagnostic, replacements: list[dict[str, Any]], folder: str) -> dict[str, Any]:
    """The edits that mend a finding, as SARIF 2.1.0 has them (3.55 to 3.57)."""
    change = {
        "artifactLocation": {"uri": _uri(found.path, folder)},
        "replacements": replacements,
    }
    description = one_line(found.hint or CODES[found.code].cure)
    return {"description": {"text": description}, "artifactChanges": [change]}


def _replacement(edit: Edit, span: Span) -> dict[str, Any]:
    return {"deletedRegion": _region(span), "insertedContent": {"text": edit.text}}


def _uri(path: str, folder: str) -> str:
    """The path as a URI reference: relative to the repository, or ``file:``."""
    name = below(path, folder)
    escaped = quote(os.fsencode(name))
    return f"file://{escaped}" if name.startswith("/") else escaped
