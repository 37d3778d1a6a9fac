"""``xmlresource config``."""

import argparse
import sys

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.config import config
from xmlresource.reports.config import as_json, as_text
from xmlresource.reports.json_text import dumps


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print each setting, its value, where it comes from and what it does."""
    settings = config()
    sys.stdout.write(dumps(as_json(settings)) if options.json else as_text(settings))
    return ExitStatus.FINE
