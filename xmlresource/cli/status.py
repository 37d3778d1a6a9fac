"""``xmlresource status``."""

import argparse
import sys

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.status import status
from xmlresource.reports.json_text import dumps
from xmlresource.reports.status import as_json, as_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print how the host and its guests with a promise stand."""
    found = status()
    sys.stdout.write(dumps(as_json(found)) if options.json else as_text(found))
    return ExitStatus.FINE
