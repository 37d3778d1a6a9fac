"""``xmlresource fleet page``."""

import argparse
from typing import Final

from xmlresource.cli.shared.command_help import CommandHelp
from xmlresource.cli.shared.fleet_source import add_source
from xmlresource.cli.shared.report_output import configure_output, write_report
from xmlresource.errors import ExitStatus
from xmlresource.operations.fleet.fleet_view import fleet_hosts
from xmlresource.operations.fleet.host_losses import host_losses
from xmlresource.reports.page.host_page import page_of_fleet
from xmlresource.reports.page.spare_answers import spare_answers
from xmlresource.system.libvirt.guests import seconds_since_1970

LINE: Final = "make a page of all hosts for a browser, in one file"
HELP: Final = CommandHelp(
    ("fleet page -o /var/www/fleet.html", "fleet page --from /srv/fleet > fleet.html"),
    ((0, "done"), (2, "bad usage, or a server, folder or file that can't be used")),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_source(parser)
    configure_output(parser)


def run(options: argparse.Namespace) -> ExitStatus:
    """Make the page."""
    hosts = fleet_hosts(options.folder)
    spares = spare_answers(host_losses(hosts))
    write_report(page_of_fleet(hosts, seconds_since_1970(), spares), options.output)
    return ExitStatus.FINE
