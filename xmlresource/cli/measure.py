"""``xmlresource measure``."""

import argparse
import sys

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.measure import measure
from xmlresource.reports.json_text import dumps
from xmlresource.reports.measure import as_json, as_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("domain", metavar="DOMAIN", help="the name of a guest that runs")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print what a guest takes beyond its RAM, beside what was to be expected."""
    found = measure(options.domain)
    sys.stdout.write(dumps(as_json(found)) if options.json else as_text(found))
    return ExitStatus.FINE
