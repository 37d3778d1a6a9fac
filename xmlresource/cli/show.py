"""``xmlresource show``."""

import argparse
import sys

from xmlresource.cli.shared.drawing import print_text
from xmlresource.errors import ExitStatus
from xmlresource.operations.editing.show import show
from xmlresource.reports.findings import diagnostics
from xmlresource.reports.guests.policy import as_json, as_text
from xmlresource.reports.layout.json_text import dumps


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", help="a document, - for stdin")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print the policy of a document."""
    shown = show(options.file)
    sys.stderr.write(diagnostics.as_text(shown.left_out))
    if options.json:
        sys.stdout.write(dumps(as_json(shown)))
    else:
        print_text(as_text(shown))
    return ExitStatus.FINE
