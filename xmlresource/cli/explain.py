"""``xmlresource explain``."""

import argparse
import sys

from xmlresource.cli.shared.parser import meant
from xmlresource.codes import CODES, NAMES, code_of
from xmlresource.errors import ExitStatus
from xmlresource.printable import one_line
from xmlresource.reports.findings.codes import as_text, overview, page
from xmlresource.reports.layout.style import Style
from xmlresource.system.terminal.appearance import columns


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "code", nargs="?", metavar="RULE", help="its code or name, such as XR301; all by default"
    )
    parser.add_argument("--markdown", action="store_true", help="all rules, as a page")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print what a rule is about, or which there are."""
    if options.markdown or options.code is None:
        sys.stdout.write(page() if options.markdown else overview())
        return ExitStatus.FINE
    row = CODES.get(code_of(options.code))
    if row is None:
        code = one_line(repr(options.code))
        near = meant(options.code.lower(), NAMES)
        sys.stderr.write(f"xmlresource: no rule {code}{near}; there are {', '.join(CODES)}\n")
        return ExitStatus.USAGE
    sys.stdout.write(as_text(row, Style(columns())))
    return ExitStatus.FINE
