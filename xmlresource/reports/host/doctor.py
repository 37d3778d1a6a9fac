"""The diagnosis of a host as text and as JSON."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any, Final

from xmlresource.health.health_verdict import Health, HealthFinding
from xmlresource.operations.administration.doctor import Diagnosis
from xmlresource.printable import one_line
from xmlresource.reports.findings.diagnostics import counted

_WIDTH: Final = 80
_LABELS: Final = {
    Health.FINE: "ok",
    Health.NOTE: "note",
    Health.WARNING: "warning",
    Health.ERROR: "error",
    Health.UNSEEN: "not seen",
}
_LABEL: Final = max(map(len, _LABELS.values()))


def as_text(diagnosis: Diagnosis, *, quiet: bool = False) -> str:
    """A line a thing, below it what follows and the cure; then a count.

    Args:
        diagnosis: What was found.
        quiet: Whether to leave out what is fine.
    """
    shown = [
        each
        for each in diagnosis.findings
        if not (quiet and each.verdict.state in {Health.FINE, Health.NOTE})
    ]
    names = max((len(each.name) for each in shown), default=0)
    lines = [line for each in shown for line in _lines(each, names)]
    return "\n".join([*lines, _summary(diagnosis)]) + "\n"


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """The shape of ``doctor --json``, version 1; schemas/doctor.schema.json describes it."""
    return {
        "version": 1,
        "able": not diagnosis.count(Health.ERROR),
        "findings": [
            {
                "name": each.name,
                "state": each.verdict.state.value,
                "found": each.verdict.found,
                "follows": each.verdict.follows or None,
                "cure": each.verdict.cure or None,
            }
            for each in diagnosis.findings
        ],
    }


def _lines(finding: HealthFinding, names: int) -> Iterator[str]:
    verdict = finding.verdict
    head = f"{_LABELS[verdict.state]:<{_LABEL}}  {finding.name:<{names}}  "
    yield from _wrapped(verdict.found, head, " " * len(head))
    if verdict.follows:
        yield from _wrapped(verdict.follows, " " * len(head), " " * len(head))
    if verdict.cure:
        yield from _wrapped(f"cure: {verdict.cure}", " " * len(head), " " * (len(head) + 2))


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    """Lines that end between words: a path or a name could otherwise not be copied."""
    return wrap(
        one_line(text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(diagnosis: Diagnosis) -> str:
    errors, warnings = diagnosis.count(Health.ERROR), diagnosis.count(Health.WARNING)
    counts = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    text = f"{len(diagnosis.findings)} things looked at: {counts}"
    unseen = diagnosis.count(Health.UNSEEN)
    return f"{text}; {unseen} could not be seen" if unseen else text
