"""``xmlresource tune``."""

import argparse
import sys

from xmlresource.cli.shared.assignments import assigned
from xmlresource.cli.shared.unsent_log import logged_or_said
from xmlresource.cli.shared.usage import UsageError
from xmlresource.errors import ExitStatus
from xmlresource.formats.quantity_names import parse_quantity_name
from xmlresource.live.tune import tune
from xmlresource.printable import one_line
from xmlresource.system.libvirt.connection import CONFIG, LIVE
from xmlresource.units import Amount, Unlimited


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("domain", metavar="DOMAIN", help="a guest's name, uuid or id")
    parser.add_argument(
        "changes",
        nargs="+",
        metavar="NAME=VALUE",
        help="such as cpu_hard_limit=1.5, vda.iops_hard_limit.read=500; none to remove",
    )
    when = parser.add_argument_group("which of the guest's sides")
    when.add_argument("--live", action="store_true", help="the guest as it runs")
    when.add_argument("--config", action="store_true", help="its next start")
    when.add_argument("--current", action="store_true", help="live if it runs; the default")
    parser.add_argument("--connect", metavar="URI", help="the connection to libvirt")


def run(options: argparse.Namespace) -> ExitStatus:
    """Change a guest's limits and shares of CPU time and IO."""
    if options.current and (options.live or options.config):
        raise UsageError("--current says neither --live nor --config; give one or the other")
    changes: dict[str, Amount | None] = {}
    for name, value in assigned(options.changes).items():
        if parse_quantity_name(name) is None:
            raise UsageError(f"{name} is not of CPU time or IO; memtune changes memory's")
        if value is not None and not isinstance(value, int | Unlimited):
            raise UsageError(f"{name}: write a number, unlimited or none")
        changes[name] = value
    flags = (LIVE if options.live else 0) | (CONFIG if options.config else 0)
    with logged_or_said():
        tuned = tune(options.domain, changes, flags, options.connect)
    for remark in tuned.remarks():
        sys.stderr.write(f"xmlresource: {one_line(remark)}\n")
    return ExitStatus.FINE
