"""``xmlresource fleet check``."""

import argparse
import sys
from typing import Final

from xmlresource.cli.shared.command_help import CommandHelp
from xmlresource.cli.shared.fleet_source import add_source
from xmlresource.errors import ExitStatus
from xmlresource.fleet.host_order import RankingGoal
from xmlresource.operations.fleet.planning import check
from xmlresource.reports.fleet.check_answer import as_json, as_text
from xmlresource.reports.layout.json_text import dumps

LINE: Final = "on which hosts do guests fit, and why not on the others?"
HELP: Final = CommandHelp(
    (
        "fleet check web.xml",
        "fleet check --pack web.xml db.xml",
        "fleet check --from /srv/fleet --json web.xml",
    ),
    (
        (0, "there is a host for each guest"),
        (1, "a document has errors"),
        (2, "bad usage, or a server or folder that can't be read"),
        (3, "a guest fits on no host"),
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "files", nargs="+", metavar="GUEST", help="domains that need a host, - for stdin"
    )
    add_source(parser)
    goal = parser.add_mutually_exclusive_group()
    goal.add_argument(
        "--spread",
        action="store_true",
        help="first the host with most room left, in percent of its memory (the default)",
    )
    goal.add_argument(
        "--pack", action="store_true", help="first the host with least room left that fits"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, with all hosts that fit")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print which hosts would admit the guests."""
    goal = RankingGoal.PACK if options.pack else RankingGoal.SPREAD
    found = check(options.files, goal, options.folder)
    sys.stdout.write(dumps(as_json(found)) if options.json else as_text(found))
    return ExitStatus.FINE if found.fits else ExitStatus.REFUSED
