"""``xmlresource apply``."""

import argparse
import sys

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.apply import apply
from xmlresource.printable import printable


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("domain", metavar="DOMAIN", help="the name of a guest that runs")


def run(options: argparse.Namespace) -> ExitStatus:
    """Admit a guest that runs, if it was not, and write its policy."""
    report = apply(options.domain)
    if report is None:
        sys.stdout.write(f"guest '{printable(options.domain)}' has no policy\n")
    else:
        sys.stdout.write(f"{report.describe()}\n")
    return ExitStatus.FINE
