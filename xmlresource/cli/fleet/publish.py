"""``xmlresource fleet publish``."""

import argparse
import sys
from typing import Final

from xmlresource.cli.shared.command_help import CommandHelp
from xmlresource.errors import ExitStatus
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.operations.fleet import publication
from xmlresource.operations.fleet.host_publication import host_report
from xmlresource.printable import one_line
from xmlresource.reports.layout.json_text import dumps
from xmlresource.system.machine import Machine

LINE: Final = "tell the fleet what room this host has"
HELP: Final = CommandHelp(
    (
        "fleet publish",
        "fleet publish --print > /srv/fleet/$(hostname).json",
        "fleet publish --from host7.json",
        "fleet publish --install",
    ),
    (
        (0, "done, also where the fleet knows something newer"),
        (2, "bad usage, a host that can't be read, or a server that can't be reached"),
    ),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--print", action="store_true", help="print what would be sent, as JSON, and send nothing"
    )
    what.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        help="send what a host printed, - for standard input, in its place",
    )
    what.add_argument(
        "--install",
        action="store_true",
        help="have systemd publish every half minute, and when the ledger of promises has changed",
    )
    what.add_argument("--uninstall", action="store_true", help="undo that")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing where all is well")


def run(options: argparse.Namespace) -> ExitStatus:
    """Publish."""
    machine = Machine()
    if options.print:
        sys.stdout.write(dumps(report_as_fields(host_report(machine))))
        return ExitStatus.FINE
    if options.install:
        publication.install(machine, sys.executable)
        said = "systemd publishes every half minute, and when the ledger has changed"
    elif options.uninstall:
        was = publication.uninstall(machine)
        said = "systemd publishes no more" if was else "systemd did not publish"
    else:
        found = publication.publish(machine, options.source)
        said = f"host {one_line(found.report.name)}: "
        said += "published" if found.taken else "not taken: the fleet knows something newer"
    if not options.quiet:
        sys.stdout.write(f"{said}\n")
    return ExitStatus.FINE
