"""``xmlresource fleet claim``."""

import argparse
import re
import sys
from typing import Final

from xmlresource.cli.shared.command_help import CommandHelp
from xmlresource.errors import ExitStatus
from xmlresource.operations.fleet.claiming import DEFAULT_TTL, LONGEST_TTL, claim
from xmlresource.reports.fleet.claim_answer import as_json, as_text
from xmlresource.reports.layout.json_text import dumps

LINE: Final = "take room on a host for a guest that is to start"
HELP: Final = CommandHelp(
    (
        "fleet claim web.xml",
        "fleet claim web.xml --host host7 --ttl 30m",
        "fleet claim web.xml --json",
    ),
    (
        (0, "claimed; the host's name is printed"),
        (1, "the document has errors"),
        (2, "bad usage, or a server that can't be reached: ask again, nothing is half done"),
        (3, "it fits on no host; the reasons are printed"),
    ),
)

_UNITS: Final = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="GUEST.xml", help="the guest's definition, - for stdin")
    parser.add_argument("--host", metavar="NAME", help="on this host, or not at all")
    parser.add_argument(
        "--ttl",
        type=_seconds,
        default=DEFAULT_TTL,
        metavar="TIME",
        help="for how long, if it does not start before: 90s, 10m, 2h (default: 10m)",
    )
    order = parser.add_mutually_exclusive_group()
    order.add_argument(
        "--spread", action="store_true", help="on the host with the most room (the default)"
    )
    order.add_argument(
        "--pack", action="store_true", help="on the host with the least room that fits"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Claim, and print the host's name, or why there is none."""
    found = claim(options.file, options.host, options.ttl, pack=options.pack)
    if options.json:
        sys.stdout.write(dumps(as_json(found)))
    elif found.host is not None:
        sys.stdout.write(f"{found.host}\n")
    else:
        sys.stderr.write(as_text(found))
    return ExitStatus.REFUSED if found.host is None else ExitStatus.FINE


def _seconds(text: str) -> float:
    match = re.fullmatch(r"([0-9]{1,9})(s|min|m|h|d)", text)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < seconds <= LONGEST_TTL:
        raise argparse.ArgumentTypeError(f"a time such as 90s, 10m or 2h, up to 7d, not {text!r}")
    return float(seconds)
