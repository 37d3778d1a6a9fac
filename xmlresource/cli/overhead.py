"""``xmlresource overhead``."""

import argparse
import sys

from xmlresource.cli.shared.drawing import print_text
from xmlresource.errors import ExitStatus
from xmlresource.operations.memory_use.overhead import overhead
from xmlresource.reports.findings import diagnostics
from xmlresource.reports.guests.overhead import all_as_data, as_data, render, render_all
from xmlresource.reports.layout.json_text import dumps


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="domains, folders, - for stdin")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print what guests take beyond their RAM: one in full, of several a line each and the sum."""
    found = overhead(*options.files)
    sys.stderr.write(diagnostics.as_text(found.faults))
    for guest in found.guests:
        sys.stderr.write(diagnostics.as_text(guest.left_out))
    if not found.one:
        if options.json:
            sys.stdout.write(dumps(all_as_data(found)))
        else:
            print_text(render_all(found))
        return found.exit_status
    for guest in found.guests:  # one, or none where it is at fault
        if options.json:
            sys.stdout.write(dumps(as_data(guest)))
        else:
            print_text(render(guest))
    return found.exit_status
