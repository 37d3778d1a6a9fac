"""``xmlresource check``."""

import argparse
import sys

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.check import check
from xmlresource.reports import decision, diagnostics
from xmlresource.reports.json_text import dumps


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", help="a domain, - for stdin")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print whether a guest would be admitted here, now, and the reckoning."""
    checked = check(options.file)
    if checked.decision is None:
        sys.stderr.write(diagnostics.as_text(checked.faults))
    elif options.json:
        sys.stdout.write(dumps(decision.as_json(checked.decision)))
    else:
        sys.stdout.write(decision.as_text(checked.decision))
    return checked.exit_status
