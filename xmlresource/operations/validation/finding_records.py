"""Findings as plain values, to be kept for later runs, and back."""

from typing import Any, TypeAlias

from xmlresource.diagnostics import Diagnostic, Edit, Severity, Span

Plain: TypeAlias = tuple[Any, ...]


def as_plain_values(found: list[Diagnostic], *, policy_only: bool) -> Plain:
    """The findings as plain values, without the document's name; empty for none at all."""
    if not found and not policy_only:
        return ()
    return policy_only, tuple(map(_plain, found))


def from_plain_values(kept: Plain, name: str) -> tuple[list[Diagnostic], bool]:
    """The findings that ``as_plain_values`` was given, for the document ``name``."""
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
