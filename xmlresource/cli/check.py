"""``xmlresource check``."""

import argparse
import sys
from collections.abc import Sequence

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.check import Checked, check_all, exit_status
from xmlresource.reports import decision, diagnostics
from xmlresource.reports.json_text import dumps


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
    for each in found:
        if each.decision is None:
            sys.stderr.write(diagnostics.as_text(each.faults))
        elif not options.json:
            sys.stdout.write(_as_text(each, single=len(found) == 1, explain=options.explain))
    return exit_status(found)


def _as_text(checked: Checked, *, single: bool, explain: bool) -> str:
    if checked.decision is None:
        return ""
    if explain:
        return decision.explained(checked.decision)
    if single:
        return decision.as_text(checked.decision)
    return decision.many_as_text([(checked.path, checked.decision)])


def _as_json(found: Sequence[Checked]) -> object:
    if len(found) == 1 and found[0].decision is not None:
        return decision.as_json(found[0].decision)
    return decision.many_as_json(
        [(each.path, each.decision, diagnostics.as_list(each.faults)) for each in found]
    )
