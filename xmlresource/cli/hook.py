"""``xmlresource hook install|uninstall|status``."""

import argparse

from xmlresource.cli.shared.drawing import print_text
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration import hook
from xmlresource.reports.host.hook import as_text

_ACTIONS = {"uninstall": hook.uninstall, "status": hook.status}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "action",
        choices=["install", *_ACTIONS],
        help="put it in place, remove it, or show how it stands",
    )
    parser.add_argument(
        "--systemd",
        action="store_true",
        help="with install: have systemd repair once a minute what has gone astray",
    )
    parser.add_argument(
        "--balance",
        action="store_true",
        help="with install: have systemd run the service that moves memory among guests",
    )


def run(options: argparse.Namespace) -> ExitStatus:
    """Do it, and print how the hooks are then."""
    if options.action == "install":
        report = hook.install(systemd=options.systemd, balance=options.balance)
    else:
        report = _ACTIONS[options.action]()
    print_text(as_text(report))
    if options.action == "status" and not all(state.current for state in report.hooks):
        return ExitStatus.FINDINGS
    return ExitStatus.FINE
