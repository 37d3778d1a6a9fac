"""``xmlresource plan``."""

import argparse
import sys

from xmlresource.cgroup.writes import Rejection
from xmlresource.cli.shared.drawing import print_text
from xmlresource.errors import ExitStatus
from xmlresource.operations.guests.plan import plan
from xmlresource.printable import lines
from xmlresource.reports.layout.json_text import dumps


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", help="a domain, - for stdin")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print what would be written for a guest."""
    found = plan(options.file)
    if isinstance(found, Rejection):
        sys.stderr.write(f"xmlresource: {lines(found.describe())}\n")
        return ExitStatus.FINDINGS
    if options.json:
        sys.stdout.write(dumps(found.to_dict()))
    else:
        print_text(f"{lines(found.describe())}\n")
    return ExitStatus.FINE
