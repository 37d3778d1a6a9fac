"""``xmlresource explain``."""

import argparse
import sys

from xmlresource.codes import CODES
from xmlresource.exit_status import ExitStatus
from xmlresource.reports.codes import as_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("code", metavar="CODE", help="a rule's code, such as XR301")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print what a rule is about."""
    row = CODES.get(options.code.upper())
    if row is None:
        sys.stderr.write(f"xmlresource: no rule {options.code!r}; there are {', '.join(CODES)}\n")
        return ExitStatus.USAGE
    sys.stdout.write(as_text(row))
    return ExitStatus.FINE
