"""What the answers to questions about a fleet have in common: lines of at most 80 columns."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from xmlresource.operations.fleet.planning import HostNotes
from xmlresource.printable import one_line
from xmlresource.reports.layout.style import Style
from xmlresource.reports.layout.tables import aligned

_STYLE: Final = Style(width=80)
_NAMED: Final = 3
MOST_ROWS: Final = 20
_DAY: Final = 86_400


def counted(number: int, thing: str) -> str:
    """``1 host``, ``2 hosts``, ``9,000 guests``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def paragraph(text: str, indent: str = "  ") -> list[str]:
    """A sentence in lines."""
    return _STYLE.wrapped(text, indent)


def reasons_text(reasons: Iterable[tuple[str, int]]) -> str:
    """``412 hosts: commitment; 31 hosts: hugepages, pages of 1 GiB on node 1``."""
    return "; ".join(
        f"{counted(number, 'host')}: {one_line(rule) or 'full of the others'}"
        for rule, number in reasons
    )


def table(
    rows: Sequence[Sequence[str]], numbers: Iterable[int] = (), most: int = MOST_ROWS
) -> list[str]:
    """Some rows, indented; of many the first ones."""
    shown = rows[:most]
    lines = [f"  {line}" for line in aligned(shown, set(numbers))] if shown else []
    if len(rows) > len(shown):
        lines.append(f"  … and {len(rows) - len(shown):,} more (--json has all)")
    return lines


def notes_lines(notes: HostNotes) -> list[str]:
    """The hosts that are not offered, and those whose reports are old."""
    lines = []
    if notes.unavailable:
        named = _some(f"{host} ({reason})" for host, reason in notes.unavailable)
        lines += paragraph(f"not offered to guests: {named}")
    if notes.lagging:
        named = _some(f"{host} ({_days(seconds)})" for host, seconds in notes.lagging)
        lines += paragraph(
            f"note: older than the newest report, collect them anew: {named}", indent="  "
        )
    return lines


def notes_as_json(notes: HostNotes) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "unavailable": [{"host": host, "reason": reason} for host, reason in notes.unavailable],
        "lagging": [{"host": host, "seconds": seconds} for host, seconds in notes.lagging],
    }


def reasons_as_json(reasons: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    """How many hosts refuse by which rule."""
    return [{"rule": rule, "hosts": number} for rule, number in reasons]


def _some(items: Iterable[str]) -> str:
    there = [one_line(each) for each in items]
    more = len(there) - _NAMED
    return ", ".join(there[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _days(seconds: int) -> str:
    return f"by {counted(seconds // _DAY, 'day')}"
