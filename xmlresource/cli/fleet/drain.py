"""``xmlresource fleet drain``."""

import argparse
import sys
from typing import Final

from xmlresource.cli.shared.command_help import CommandHelp
from xmlresource.cli.shared.fleet_source import add_effort, add_source
from xmlresource.errors import ExitStatus
from xmlresource.operations.fleet.planning import drain
from xmlresource.reports.fleet.drain_answer import as_json, as_text
from xmlresource.reports.layout.json_text import dumps
from xmlresource.system.files.textfiles import write_new

LINE: Final = "plan to empty hosts: where do their guests go, and in which order?"
HELP: Final = CommandHelp(
    (
        "fleet drain host7",
        "fleet drain host7 host8 --plan drain.json",
        "fleet drain --from /srv/fleet --json host7",
    ),
    (
        (0, "all guests can go, and where"),
        (2, "bad usage, no such host, or a server or folder that can't be read"),
        (3, "some guests can't go: they have no place, or use devices of their host"),
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("hosts", nargs="+", metavar="HOST", help="the hosts that are to be emptied")
    add_source(parser)
    add_effort(parser)
    parser.add_argument("--plan", metavar="FILE", help="write the plan there, as JSON")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print the plan."""
    found = drain(options.hosts, options.effort, options.folder)
    text = dumps(as_json(found))
    if options.plan is not None:
        write_new(options.plan, text.encode())
    sys.stdout.write(text if options.json else as_text(found))
    return ExitStatus.FINE if found.plan.is_complete else ExitStatus.REFUSED
