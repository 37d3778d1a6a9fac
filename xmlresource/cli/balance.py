"""``xmlresource balance``."""

import argparse
import sys

from xmlresource.cli.shared.unsent_log import logged_or_said
from xmlresource.errors import ExitStatus
from xmlresource.live.balance.service import run_service
from xmlresource.live.balance.single_round import balance
from xmlresource.reports.guests.balance import as_json, as_text
from xmlresource.reports.layout.json_text import dumps


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--once", action="store_true", help="one round, and end")
    parser.add_argument(
        "--dry-run", action="store_true", help="print what one round would do and why; do nothing"
    )
    parser.add_argument("--json", action="store_true", help="with either: print JSON")
    parser.add_argument("--connect", metavar="URI", help="the connection to libvirt")


def run(options: argparse.Namespace) -> ExitStatus:
    """Run until a signal ends it, or for one round."""
    with logged_or_said():
        if not (options.once or options.dry_run):
            run_service(uri=options.connect)
            return ExitStatus.FINE
        done = balance(options.connect, dry=options.dry_run)
    sys.stdout.write(dumps(as_json(done)) if options.json else as_text(done))
    return done.exit_status
