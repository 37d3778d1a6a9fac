"""``xmlresource hook install|uninstall|status``."""

import argparse
import sys

from xmlresource.exit_status import ExitStatus
from xmlresource.operations import hook
from xmlresource.reports.hook import as_text

_ACTIONS = {"uninstall": hook.uninstall, "status": hook.status}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("action", choices=["install", *_ACTIONS])
    parser.add_argument(
        "--systemd",
        action="store_true",
        help="with install: have systemd repair once a minute what has gone astray",
    )


def run(options: argparse.Namespace) -> ExitStatus:
    """Do it, and print how the hooks are then."""
    if options.action == "install":
        report = hook.install(systemd=options.systemd)
    else:
        report = _ACTIONS[options.action]()
    sys.stdout.write(as_text(report))
    if options.action == "status" and not all(state.current for state in report.hooks):
        return ExitStatus.FINDINGS
    return ExitStatus.FINE
