"""``xmlresource doctor``."""

import argparse
import sys

from xmlresource.errors import ExitStatus
from xmlresource.health.health_verdict import Health
from xmlresource.operations.administration.doctor import doctor
from xmlresource.reports.host.doctor import as_json, as_text
from xmlresource.reports.layout.json_text import dumps


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="leave out what is fine")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print what was found, what follows from it, and the cure."""
    found = doctor()
    if options.json:
        sys.stdout.write(dumps(as_json(found)))
    else:
        sys.stdout.write(as_text(found, quiet=options.quiet))
    return ExitStatus.FINDINGS if found.count(Health.ERROR) else ExitStatus.FINE
