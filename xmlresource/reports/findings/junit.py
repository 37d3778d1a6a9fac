"""Findings as JUnit's XML: a test case a file, failed where it has errors.

No standard settles the format; this keeps to what Jenkins, GitLab and GitHub's reporters all read.
"""

from itertools import groupby
from typing import Final

from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.operations.validation.validate import Validation
from xmlresource.printable import one_line
from xmlresource.reports.findings.diagnostics import as_text, counted

_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def render(result: Validation) -> str:
    """The report of one run."""
    findings = {
        path: list(group) for path, group in groupby(result.diagnostics, lambda one: one.path)
    }
    cases = [_case(path, findings.get(path, [])) for path in result.paths]
    failed = sum("<failure" in case for case in cases)
    unreadable = sum("<error" in case for case in cases)
    counts = f'tests="{len(cases)}" failures="{failed}" errors="{unreadable}"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="xmlresource" {counts}>\n'
        f'  <testsuite name="xmlresource validate" {counts} skipped="0">\n'
        f"{''.join(cases)}"
        "  </testsuite>\n"
        "</testsuites>\n"
    )


def _case(path: str, found: list[Diagnostic]) -> str:
    name = _escaped(path)
    outcome = _outcome(found)
    attributes = f'name="{name}" classname="xmlresource.validate" file="{name}"'
    if not outcome:
        return f"    <testcase {attributes}/>\n"
    return f"    <testcase {attributes}>\n{outcome}    </testcase>\n"


def _outcome(found: list[Diagnostic]) -> str:
    """The content of a test case: one failure for all its errors, as readers show only one."""
    errors = [one for one in found if one.severity is Severity.ERROR]
    if not errors:
        return f"      <system-out>{_text(found)}</system-out>\n" if found else ""
    kind = "error" if any(one.code == "XR001" for one in errors) else "failure"
    first = _escaped(errors[0].message)
    message = first if len(errors) == 1 else f"{counted(len(errors), 'error')}, first: {first}"
    return f'      <{kind} type="{errors[0].code}" message="{message}">{_text(found)}</{kind}>\n'


def _text(found: list[Diagnostic]) -> str:
    return as_text(found).translate(_ESCAPES)


def _escaped(text: str) -> str:
    """Fit for an attribute; what XML can't hold at all is written as an escape."""
    return one_line(text).translate(_ESCAPES)
