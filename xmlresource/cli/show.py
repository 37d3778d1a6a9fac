"""``xmlresource show``."""

import argparse
import sys

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.show import show
from xmlresource.reports.json_text import dumps
from xmlresource.reports.policy import as_json, as_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", help="a document, - for stdin")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print the policy of a document."""
    shown = show(options.file)
    sys.stdout.write(dumps(as_json(shown)) if options.json else as_text(shown))
    return ExitStatus.FINE
