"""What was found in a document as a plain value, to be kept for later runs, and back."""

from typing import Any, TypeAlias

from xmlresource.diagnostics import Diagnostic, Edit, Severity, Span

Plain: TypeAlias = tuple[Any, ...]


def plain(found: list[Diagnostic], *, policy_only: bool) -> Plain:
    """What was found, without the document's name; empty for nothing at all."""
    if not found and not policy_only:
        return ()
    return policy_only, tuple(map(_plain, found))


def restored(kept: Plain, name: str) -> tuple[list[Diagnostic], bool]:
    """What was found in the document that is called ``name`` now, as it was given to ``plain``."""
    if not kept:
        return [], False
    policy_only, found = kept
    return [_restored(one, name) for one in found], policy_only


def _plain(found: Diagnostic) -> Plain:
    span = found.span
    place = span and (
        span.line, span.column, span.end_line, span.end_column, span.start, span.end,
    )  # fmt: skip
    fix = tuple((edit.start, edit.end, edit.text) for edit in found.fix)
    return (found.code, found.severity.value, found.message, place, found.xpath, found.hint, fix)


def _restored(kept: Plain, name: str) -> Diagnostic:
    code, severity, message, place, xpath, hint, fix = kept
    span = Span(*place) if place else None
    edits = tuple(Edit(*edit) for edit in fix)
    return Diagnostic(code, Severity(severity), message, name, span, xpath, hint, edits)
