"""``xmlresource check``."""

import argparse
import sys
from collections.abc import Sequence

from xmlresource.cli.shared.drawing import canvas, print_text
from xmlresource.errors import ExitStatus
from xmlresource.operations.promises.check import AdmissionCheck, check_all, exit_status
from xmlresource.reports.findings import diagnostics
from xmlresource.reports.guests import decision
from xmlresource.reports.guests.room_bar import room_bar
from xmlresource.reports.layout.json_text import dumps


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="domains in the order of their start, - for stdin"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--explain", action="store_true", help="say what each line is about")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print whether guests would be admitted here, now, and the reckoning."""
    found = check_all(options.files)
    if options.json:
        sys.stdout.write(dumps(_as_json(found)))
    drawn = canvas()
    for each in found:
        sys.stderr.write(diagnostics.as_text((*each.faults, *each.warnings)))
        if each.decision is None:
            continue
        if not options.json:
            print_text(_as_text(each, single=len(found) == 1, explain=options.explain))
            if drawn is not None:
                sys.stdout.write(room_bar(each.decision, drawn))
    return exit_status(found)


def _as_text(checked: AdmissionCheck, *, single: bool, explain: bool) -> str:
    if checked.decision is None:
        return ""
    both = checked.decision, checked.beside
    if explain:
        return decision.explained(*both)
    return decision.as_text(*both) if single else decision.as_line(checked.path, *both)


def _as_json(found: Sequence[AdmissionCheck]) -> object:
    if len(found) == 1 and found[0].decision is not None:
        return decision.as_json(found[0].decision, found[0].beside)
    return decision.many_as_json(
        [
            (each.path, each.decision, each.beside, diagnostics.as_list(each.faults))
            for each in found
        ]
    )
