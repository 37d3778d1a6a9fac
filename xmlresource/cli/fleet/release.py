"""``xmlresource fleet release``."""

import argparse
import sys
from typing import Final

from xmlresource.cli.shared.command_help import CommandHelp
from xmlresource.errors import ExitStatus
from xmlresource.operations.fleet.claiming import release
from xmlresource.operations.fleet.fleet_guest import fleet_guest
from xmlresource.printable import one_line
from xmlresource.promises.ledger import canonical_uuid

LINE: Final = "give back the room that was claimed for a guest"
HELP: Final = CommandHelp(
    ("fleet release web.xml", "fleet release 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"),
    (
        (0, "done, also where nothing was claimed"),
        (2, "bad usage, or a server that can't be reached"),
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "guest", metavar="UUID|GUEST.xml", help="the guest's uuid, or its definition"
    )


def run(options: argparse.Namespace) -> ExitStatus:
    """Release, and say where the claim was."""
    uuid, driver = canonical_uuid(options.guest), None
    if uuid is None:
        demand = fleet_guest(options.guest).demand
        uuid, driver = demand.uuid, demand.driver
    hosts = release(uuid, driver=driver)
    lines = [f"released on {one_line(host)}" for host in hosts] or ["nothing was claimed"]
    sys.stdout.write("\n".join(lines) + "\n")
    return ExitStatus.FINE
