"""Findings as GitHub's workflow commands: annotations in the changed files of a pull request.

GitHub shows ten errors and ten warnings a step, so errors come first.
"""

from typing import Final

from xmlresource.codes import CODES
from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.operations.validation.validate import Validation
from xmlresource.printable import lines, one_line
from xmlresource.reports.findings.locations import span_of
from xmlresource.system.files.document_files import below

_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(result: Validation, folder: str) -> str:
    """A command a finding.

    Args:
        result: What was found.
        folder: The repository; paths below it are given relative to it.
    """
    ranked = sorted(result.diagnostics, key=lambda found: found.severity is not Severity.ERROR)
    return "".join(f"{_command(found, folder)}\n" for found in ranked)


def _command(found: Diagnostic, folder: str) -> str:
    span = span_of(found)
    path = below(found.path, folder)
    properties = {
        "file": lines(path),
        "line": str(span.line),
        "col": str(span.column),
        "endLine": str(span.end_line),
    }
    if span.line == span.end_line:  # GitHub takes columns within one line only
        properties["endColumn"] = str(span.end_column)
    properties["title"] = f"{found.code} {CODES[found.code].name}"
    told = ",".join(f"{key}={value.translate(_PROPERTY)}" for key, value in properties.items())
    # The log shows the message alone, so it names the place again.
    place = f"{path}:{span.line}:{span.column}"
    message = one_line(f"{place}: {found.code} {found.message}")
    if found.hint:
        message += "\n" + one_line(f"hint: {found.hint}")
    return f"::{found.severity.value} {told}::{message.translate(_DATA)}"
