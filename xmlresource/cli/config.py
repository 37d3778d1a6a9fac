"""``xmlresource config``."""

import argparse
import sys

from xmlresource.cli.shared.drawing import print_text
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.config import config
from xmlresource.reports.host.config import as_json, as_text
from xmlresource.reports.layout.json_text import dumps


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--file",
        metavar="FILE",
        help="look at this file before it becomes /etc/xmlresource.toml",
    )


def run(options: argparse.Namespace) -> ExitStatus:
    """Print each setting, its value, where it comes from and what it does."""
    settings = config(file=options.file)
    if options.json:
        sys.stdout.write(dumps(as_json(settings)))
    else:
        print_text(as_text(settings))
    return ExitStatus.FINE
