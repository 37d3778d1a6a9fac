"""``xmlresource fleet what-if``."""

import argparse
import re
import sys
from typing import Final

from xmlresource.cli.shared.command_help import CommandHelp
from xmlresource.cli.shared.fleet_source import add_effort, add_source
from xmlresource.errors import ExitStatus
from xmlresource.operations.fleet.planning import AskedChange, what_if
from xmlresource.reports.fleet.what_if_answer import as_json, as_text, is_kept
from xmlresource.reports.layout.json_text import dumps

LINE: Final = "what if hosts were lost, guests added, or more kept for the hosts?"
HELP: Final = CommandHelp(
    (
        "fleet what-if",
        "fleet what-if --lose-host host7 host8",
        "fleet what-if --add-guests 20xweb.xml 2xdb.xml --host-reserve 8%",
    ),
    (
        (0, "all guests have a place; without a change: the fleet can lose any one host"),
        (1, "a document has errors"),
        (2, "bad usage, no such host, or a server or folder that can't be read"),
        (3, "some guests have no place; without a change: there is a host that can't be lost"),
    ),
)

_COUNTED: Final = "([0-9]{1,6})[x×](.+)"  # noqa: RUF001 -- the sign of multiplication
_MOST_ADDED: Final = 100_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_source(parser)
    parser.add_argument(
        "--lose-host",
        nargs="+",
        action="extend",
        default=[],
        metavar="HOST",
        help="these hosts are gone, and their guests start elsewhere",
    )
    parser.add_argument(
        "--add-guests",
        nargs="+",
        action="extend",
        default=[],
        type=_counted,
        metavar="NxGUEST",
        help="so many guests like this one are added: 20xweb.xml, or web.xml for one",
    )
    parser.add_argument(
        "--host-reserve",
        metavar="RESERVE",
        help="each host keeps so much for itself: 8%% of its memory, or a size such as 6GiB",
    )
    add_effort(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print what would come of it."""
    change = AskedChange(
        lost=tuple(options.lose_host),
        added=tuple(options.add_guests),
        host_reserve=options.host_reserve,
    )
    found = what_if(change, options.effort, options.folder)
    sys.stdout.write(dumps(as_json(found)) if options.json else as_text(found))
    return ExitStatus.FINE if is_kept(found) else ExitStatus.REFUSED


def _counted(text: str) -> tuple[str, int]:
    """``20xweb.xml`` as the path and the number; a path without a number is one guest."""
    match = re.fullmatch(_COUNTED, text)
    if match is None:
        return text, 1
    count = int(match[1])
    if not 0 < count <= _MOST_ADDED:
        raise argparse.ArgumentTypeError(f"{text!r}: from 1 to {_MOST_ADDED} guests")
    return match[2], count
