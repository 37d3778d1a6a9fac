"""``xmlresource explain``."""

import argparse
import sys

from xmlresource.codes import CODES
from xmlresource.exit_status import ExitStatus
from xmlresource.printable import one_line
from xmlresource.reports.codes import as_text, overview, page


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as XR301; all by default")
    parser.add_argument("--markdown", action="store_true", help="all rules, as a page")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print what a rule is about, or which there are."""
    if options.markdown or options.code is None:
        sys.stdout.write(page() if options.markdown else overview())
        return ExitStatus.FINE
    row = CODES.get(options.code.upper())
    if row is None:
        code = one_line(repr(options.code))
        sys.stderr.write(f"xmlresource: no rule {code}; there are {', '.join(CODES)}\n")
        return ExitStatus.USAGE
    sys.stdout.write(as_text(row))
    return ExitStatus.FINE
