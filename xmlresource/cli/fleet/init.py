"""``xmlresource fleet init``."""

import argparse
import re
import sys
from typing import Final

from xmlresource.cli.shared.command_help import CommandHelp
from xmlresource.cli.shared.usage import UsageError
from xmlresource.configuration.fleet_settings import HOST_NAME
from xmlresource.errors import ExitStatus
from xmlresource.operations.fleet.fleet_setup import SetUp, init
from xmlresource.printable import one_line

LINE: Final = "make the fleet's tables, and let hosts and people use them"
HELP: Final = CommandHelp(
    (
        "fleet init",
        "fleet init --host host7",
        "fleet init --planner alice",
        "fleet init --forget host7",
    ),
    ((0, "done, also where there was nothing to do"), (2, "bad usage, or the server refuses")),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--host", metavar="NAME", help="let this host publish as itself")
    parser.add_argument(
        "--role",
        metavar="ROLE",
        help="with --host: the role that it publishes with, rather than one of its own name",
    )
    parser.add_argument("--planner", metavar="ROLE", help="let this role claim and read")
    parser.add_argument(
        "--collector", metavar="ROLE", help="let this role publish for all hosts (publish --from)"
    )
    parser.add_argument(
        "--forget", metavar="NAME", help="remove this host with what is claimed on it"
    )


def run(options: argparse.Namespace) -> ExitStatus:
    """Do it, and say what was done."""
    if options.host is not None and not re.fullmatch(HOST_NAME, options.host):
        raise UsageError(f"{one_line(repr(options.host))} is no name of a host")
    if options.role is not None and options.host is None:
        raise UsageError("--role takes --host")
    done = init(
        options.host,
        options.role,
        planner=options.planner,
        collector=options.collector,
        forget=options.forget,
    )
    sys.stdout.write(_as_text(done))
    if options.forget is not None and done.forgotten is None:
        raise UsageError(f"the fleet knows no host {one_line(repr(options.forget))}")
    return ExitStatus.FINE


def _as_text(done: SetUp) -> str:
    lines = ["the tables are up to date" if not done.migrations else "the tables are made"]
    for role, what in done.roles:
        new = ", and is new: it has no password" if role in done.made else ""
        lines.append(f"role {one_line(role)} {one_line(what)}{new}")
    if done.forgotten is not None:
        lines.append(f"host {one_line(done.forgotten)} is forgotten")
    return "\n".join(lines) + "\n"
