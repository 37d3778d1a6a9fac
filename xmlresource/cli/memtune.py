"""``xmlresource memtune``: what ``virsh memtune`` does, with what libvirt lacks."""

import argparse
import sys

from xmlresource.cli.shared.unsent_log import logged_or_said
from xmlresource.cli.shared.usage import UsageError
from xmlresource.errors import ExitStatus
from xmlresource.live.parameters.libvirt_parameters import PARAMETERS
from xmlresource.live.parameters.memtune import memtune
from xmlresource.printable import one_line
from xmlresource.reports.guests.memtune import as_text
from xmlresource.system.libvirt.connection import CONFIG, LIVE
from xmlresource.tunables import BY_NAME
from xmlresource.units import KIB, UNLIMITED_KIB, SizeError, Unlimited, parse_written_size


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("domain", metavar="DOMAIN", help="a guest's name, uuid or id")
    for name in PARAMETERS:
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            metavar="N",
            help=f"{BY_NAME[name].help}; in KiB or with a unit, -1 for unlimited",
        )
    when = parser.add_argument_group("which of the guest's sides")
    when.add_argument("--live", action="store_true", help="the guest as it runs")
    when.add_argument("--config", action="store_true", help="its next start")
    when.add_argument("--current", action="store_true", help="live if it runs; the default")
    parser.add_argument("--connect", metavar="URI", help="the connection to libvirt")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print a guest's memory parameters, or change them."""
    words = {name: getattr(options, name) for name in PARAMETERS}
    params = {name: _kib(name, word) for name, word in words.items() if word is not None}
    with logged_or_said():
        done = memtune(options.domain, params, _flags(options), options.connect)
    if done.parameters is not None:
        sys.stdout.write(as_text(done.parameters))
    for remark in done.tuned.remarks() if done.tuned else ():
        sys.stderr.write(f"xmlresource: {one_line(remark)}\n")
    return ExitStatus.FINE


def _flags(options: argparse.Namespace) -> int:
    if options.current and (options.live or options.config):
        raise UsageError("--current says neither --live nor --config; give one or the other")
    return (LIVE if options.live else 0) | (CONFIG if options.config else 0)


def _kib(name: str, word: str) -> int:
    """The KiB of a size as virsh takes it: any negative number is "unlimited", a plus is allowed.

    Raises:
        UsageError: It is none.
    """
    text = word.strip()
    if text.startswith("-") and text[1:2].isdigit():
        return UNLIMITED_KIB
    try:
        amount = parse_written_size(text.removeprefix("+"))
    except SizeError as error:
        raise UsageError(f"--{name.replace('_', '-')}: {error.problem}; {error.cure}") from error
    return UNLIMITED_KIB if isinstance(amount, Unlimited) else amount // KIB
