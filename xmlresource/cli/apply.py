"""``xmlresource apply``."""

import argparse
import sys

from xmlresource.cli.unsent import logged_or_said
from xmlresource.exit_status import ExitStatus
from xmlresource.operations.apply import apply, apply_all
from xmlresource.printable import lines, printable


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("domain", nargs="?", metavar="DOMAIN", help="the name of a guest that runs")
    which.add_argument(
        "--all", action="store_true", help="every guest that runs; repairs what has gone astray"
    )


def run(options: argparse.Namespace) -> ExitStatus:
    """Admit a guest that runs, if it was not, and write its policy; or repair all of them."""
    with logged_or_said():
        return _all() if options.all else _one(options.domain)


def _one(name: str) -> ExitStatus:
    report = apply(name)
    if report is None:
        sys.stdout.write(f"guest '{printable(name)}' has no policy\n")
    else:
        sys.stdout.write(f"{lines(report.describe())}\n")
    return ExitStatus.FINE


def _all() -> ExitStatus:
    outcomes = apply_all()
    for outcome in outcomes:
        text = (outcome.failure or "") if outcome.report is None else outcome.report.describe()
        sys.stdout.write(f"{lines(text)}\n")
    failed = any(outcome.report is None for outcome in outcomes)
    return ExitStatus.ROLLED_BACK if failed else ExitStatus.FINE
