"""``xmlresource overhead``."""

import argparse
import sys

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.overhead import overhead
from xmlresource.reports.json_text import dumps
from xmlresource.reports.overhead import as_data, render


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", help="a domain, - for stdin")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print what a guest takes beyond its RAM."""
    result = overhead(options.file)
    sys.stdout.write(dumps(as_data(result)) if options.json else render(result))
    return ExitStatus.FINE
