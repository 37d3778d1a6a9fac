"""``xmlresource overhead``."""

import argparse
import sys

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.overhead import overhead
from xmlresource.reports import diagnostics
from xmlresource.reports.json_text import dumps
from xmlresource.reports.overhead import all_as_data, as_data, render, render_all


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="domains, folders, - for stdin")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print what guests take beyond their RAM: one in full, of several a line each and the sum."""
    found = overhead(*options.files)
    sys.stderr.write(diagnostics.as_text(found.faults))
    if not found.one:
        sys.stdout.write(dumps(all_as_data(found)) if options.json else render_all(found))
        return found.exit_status
    for guest in found.guests:  # one, or none where it is at fault
        estimate = guest.overhead
        text = dumps(as_data(estimate)) if options.json else render(estimate, guest.objection)
        sys.stdout.write(text)
    return found.exit_status
