"""``xmlresource fleet status``."""

import argparse
from typing import Final

from xmlresource.cli.shared.command_help import CommandHelp
from xmlresource.cli.shared.drawing import print_text
from xmlresource.cli.shared.fleet_source import add_source
from xmlresource.cli.shared.report_output import configure_output, write_report
from xmlresource.errors import ExitStatus
from xmlresource.operations.fleet.fleet_view import fleet_hosts
from xmlresource.operations.fleet.host_losses import host_losses
from xmlresource.reports.fleet.fleet_table import as_json, as_text
from xmlresource.reports.layout.json_text import dumps
from xmlresource.reports.metrics.exposition import exposition
from xmlresource.reports.metrics.host_metrics import fleet_metrics
from xmlresource.reports.page.spare_answers import spare_answers

LINE: Final = "how the hosts of the fleet stand"
HELP: Final = CommandHelp(
    ("fleet status", "fleet status --json", "fleet status --from /srv/fleet"),
    ((0, "done"), (2, "bad usage, or a server or folder that can't be read")),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_source(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument(
        "--prometheus", action="store_true", help="print metrics, for the textfile collector"
    )
    configure_output(parser)


def run(options: argparse.Namespace) -> ExitStatus:
    """Print the hosts."""
    found = fleet_hosts(options.folder)
    if options.prometheus:
        text = exposition(fleet_metrics(found, spare_answers(host_losses(found))))
    else:
        text = dumps(as_json(found)) if options.json else as_text(found)
    if options.output is None and not (options.prometheus or options.json):
        print_text(text)
    else:
        write_report(text, options.output)
    return ExitStatus.FINE
