"""``xmlresource apply``."""

import argparse

from xmlresource.cli.shared.drawing import print_text
from xmlresource.cli.shared.unsent_log import logged_or_said
from xmlresource.errors import ExitStatus
from xmlresource.operations.guests.apply import apply, apply_all, declares_for_next_start
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
        print_text(f"guest '{printable(name)}' {_without_policy(name)}\n")
    else:
        print_text(f"{lines(report.describe())}\n")
    return ExitStatus.FINE


def _without_policy(name: str) -> str:
    """The message about a guest that runs without a policy: it may have one by now."""
    if declares_for_next_start(name):
        return (
            "runs without a policy; its persistent definition has one, for its next start "
            "(to change the running guest: xmlresource memtune --live)"
        )
    return "has no policy"


def _all() -> ExitStatus:
    outcomes = apply_all()
    for outcome in outcomes:
        text = (outcome.failure or "") if outcome.report is None else outcome.report.describe()
        print_text(f"{lines(text)}\n")
    failed = any(outcome.report is None for outcome in outcomes)
    return ExitStatus.ROLLED_BACK if failed else ExitStatus.FINE
