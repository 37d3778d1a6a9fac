"""``xmlresource apply``."""

import argparse
import sys

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.apply import NotRunningError, apply
from xmlresource.operations.guest import RefusalError
from xmlresource.printable import printable


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("domain", metavar="DOMAIN", help="the name of a guest that runs")


def run(options: argparse.Namespace) -> ExitStatus:
    """Admit a guest that runs, if it was not, and write its policy."""
    try:
        report = apply(options.domain)
    except NotRunningError as error:
        sys.stderr.write(f"xmlresource: {error}\n")
        return ExitStatus.USAGE
    except RefusalError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return refusal.status
    if report is None:
        sys.stdout.write(f"guest '{printable(options.domain)}' has no policy\n")
    else:
        sys.stdout.write(f"{report.describe()}\n")
    return ExitStatus.FINE
