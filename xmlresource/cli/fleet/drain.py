"""``xmlresource fleet drain``."""

import argparse
import sys
from typing import Final

from xmlresource.cli.shared.command_help import CommandHelp
from xmlresource.cli.shared.fleet_source import add_effort, add_source
from xmlresource.cli.shared.move_lines import MoveLines
from xmlresource.cli.shared.usage import UsageError
from xmlresource.errors import ExitStatus
from xmlresource.live.drain.emptying import DrainWish, ServerFleet, empty_hosts, reopen
from xmlresource.live.drain.libvirt_mover import USUAL_URI, LibvirtMover
from xmlresource.operations.fleet.planning import drain
from xmlresource.reports.fleet import drain_run
from xmlresource.reports.fleet.drain_answer import as_json, as_text
from xmlresource.reports.layout.json_text import dumps
from xmlresource.system.files.textfiles import write_new
from xmlresource.system.machine import Machine
from xmlresource.system.terminal.signals import asked_to_stop

LINE: Final = "empty hosts: where do their guests go, and in which order?"
HELP: Final = CommandHelp(
    (
        "fleet drain host7",
        "fleet drain host7 host8 --plan drain.json",
        "fleet drain --from /srv/fleet --json host7",
        "fleet drain host7 --execute --parallel 2",
        "fleet drain host7 --undo",
    ),
    (
        (0, "all guests can go, and where; with --execute: all are gone"),
        (2, "bad usage, no such host, or a server or folder that can't be read"),
        (3, "some guests can't go: they have no place, use devices of their host, or did not move"),
    ),
)

_MOST: Final = 64
"""Moves at once."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("hosts", nargs="+", metavar="HOST", help="the hosts that are to be emptied")
    add_source(parser)
    add_effort(parser)
    parser.add_argument("--plan", metavar="FILE", help="write the plan there, as JSON")
    parser.add_argument("--json", action="store_true", help="print JSON")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--execute",
        action="store_true",
        help="close the hosts to other guests and move theirs, live; Ctrl-C finishes the moves "
        "under way, and the same command goes on from there",
    )
    what.add_argument("--undo", action="store_true", help="let the hosts get guests again")
    parser.add_argument(
        "--parallel",
        type=_count,
        default=1,
        metavar="M",
        help="with --execute: so many moves at once (1)",
    )
    parser.add_argument(
        "--uri",
        default=USUAL_URI,
        help="with --execute: the connection to a host, from here and from the other hosts "
        "(%(default)s)",
    )


def run(options: argparse.Namespace) -> ExitStatus:
    """Print the plan, or do it."""
    if options.execute or options.undo:
        if options.folder is not None or options.plan is not None or options.json:
            raise UsageError("--execute and --undo take neither --from, --plan nor --json")
        return _execute(options) if options.execute else _undo(options)
    found = drain(options.hosts, options.effort, options.folder)
    text = dumps(as_json(found))
    if options.plan is not None:
        write_new(options.plan, text.encode())
    sys.stdout.write(text if options.json else as_text(found))
    return ExitStatus.FINE if found.plan.is_complete else ExitStatus.REFUSED


def _execute(options: argparse.Namespace) -> ExitStatus:
    wish = DrainWish(tuple(options.hosts), options.effort, options.parallel)
    with asked_to_stop() as stop:
        mover = LibvirtMover(options.uri)
        found = empty_hosts(wish, ServerFleet(Machine()), mover, MoveLines(), stop)
    sys.stdout.write(drain_run.as_text(found))
    return ExitStatus.FINE if found.is_complete else ExitStatus.REFUSED


def _undo(options: argparse.Namespace) -> ExitStatus:
    reopen(options.hosts)
    sys.stdout.write("the hosts get guests again\n")
    return ExitStatus.FINE


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MOST):
        raise argparse.ArgumentTypeError(f"{text!r}: from 1 to {_MOST} moves at once")
    return int(text)
