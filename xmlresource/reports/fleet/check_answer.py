"""The answer to ``fleet check`` as text and as JSON."""

from typing import Any, Final

from xmlresource.fleet.planning.ranking import Candidate
from xmlresource.operations.fleet.planning import FleetCheck, GuestCheck
from xmlresource.printable import one_line, printable
from xmlresource.reports.fleet.planning_lines import (
    counted,
    notes_as_json,
    notes_lines,
    paragraph,
    reasons_as_json,
    reasons_text,
)
from xmlresource.units import approximate

_SHOWN: Final = 3


def as_text(found: FleetCheck) -> str:
    """For each guest the first hosts, and of the others why not."""
    lines = [line for each in found.guests for line in _guest(each, found.hosts)]
    return "\n".join([*lines, *notes_lines(found.notes)]) + "\n"


def as_json(found: FleetCheck) -> dict[str, Any]:
    """The shape of ``fleet check --json``, version 1; schemas/fleet-check.schema.json says it."""
    return {
        "version": 1,
        "fit": found.fits,
        "hosts": found.hosts,
        "guests": [_guest_as_json(each) for each in found.guests],
        **notes_as_json(found.notes),
    }


def _guest(checked: GuestCheck, hosts: int) -> list[str]:
    ranked = checked.ranked
    name = printable(ranked.guest.demand.name)
    asked = approximate(ranked.guest.demand.guarantee)
    fitting = ranked.fitting
    if not fitting:
        first = f"guest '{name}' ({asked}) fits on none of {counted(hosts, 'host')}"
        return paragraph(f"{first}: {reasons_text(ranked.refusing)}" if hosts else first)
    first = f"guest '{name}' ({asked}) fits on {len(fitting):,} of {counted(hosts, 'host')}"
    best = ", ".join(_candidate(each) for each in fitting[:_SHOWN])
    lines = paragraph(f"{first}; best: {best}")
    if ranked.refusing:
        lines += paragraph(f"  not on {reasons_text(ranked.refusing)}", indent="    ")
    return lines


def _candidate(each: Candidate) -> str:
    left = max(0, each.left)
    percent = 100 * left // max(each.total, 1)
    return f"{one_line(each.host)} (then {approximate(left)} left, {percent} %)"


def _guest_as_json(checked: GuestCheck) -> dict[str, Any]:
    ranked = checked.ranked
    return {
        "path": checked.path,
        "guest": ranked.guest.demand.name,
        "asked": ranked.guest.demand.guarantee,
        "host": None if ranked.chosen is None else ranked.chosen.host,
        "fitting": [
            {"host": each.host, "left": each.left, "total": each.total} for each in ranked.fitting
        ],
        "refusing": reasons_as_json(ranked.refusing),
    }
