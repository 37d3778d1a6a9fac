"""``xmlresource measure``."""

import argparse
import sys

from xmlresource.cli.shared.drawing import print_text
from xmlresource.errors import ExitStatus
from xmlresource.operations.memory_use.measure import measure
from xmlresource.reports.guests.measure import as_json, as_text
from xmlresource.reports.layout.json_text import dumps


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("domain", metavar="DOMAIN", help="the name of a guest that runs")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print what a guest takes beyond its RAM, beside what was to be expected."""
    found = measure(options.domain)
    if options.json:
        sys.stdout.write(dumps(as_json(found)))
    else:
        print_text(as_text(found))
    return ExitStatus.FINE
