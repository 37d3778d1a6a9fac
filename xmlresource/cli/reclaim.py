"""``xmlresource reclaim``."""

import argparse
import sys

from xmlresource.cli.usage import UsageError
from xmlresource.exit_status import ExitStatus
from xmlresource.live.reclaim import DEFAULT_TIMEOUT, give_back, reclaim
from xmlresource.reclaiming import Action, Goal, Seen
from xmlresource.reports.reclaim import as_text, progress_line
from xmlresource.units import SizeError, Unlimited, approximate, parse_written_size

_CLEAR = "\r\x1b[K"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("domain", metavar="DOMAIN", help="a guest's name, uuid or id")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", metavar="SIZE", help="what may stay charged to it")
    what.add_argument("--give-back", action="store_true", help="let it have its RAM again")
    parser.add_argument("--press", action="store_true", help="also where it does not co-operate")
    parser.add_argument("--timeout", metavar="S", type=float, default=DEFAULT_TIMEOUT)
    parser.add_argument("--connect", metavar="URI", help="the connection to libvirt")


def run(options: argparse.Namespace) -> ExitStatus:
    """Take memory back from a guest, or give it back."""
    if options.give_back:
        size = give_back(options.domain, options.connect)
        sys.stdout.write(f"asked to take {approximate(size)} again\n")
        return ExitStatus.FINE
    if not options.timeout > 0:
        raise UsageError("--timeout takes a number of seconds above 0")
    goal = Goal(_size(options.to), options.timeout, press=options.press)
    shown = sys.stderr.isatty()
    try:
        done = reclaim(
            options.domain,
            goal,
            options.connect,
            progress=_show if shown else lambda _seen, _action: None,
        )
    except KeyboardInterrupt:
        sys.stderr.write("\nxmlresource: interrupted; all is put back\n")
        return ExitStatus.ROLLED_BACK
    finally:
        sys.stderr.write(_CLEAR if shown else "")
    sys.stdout.write(as_text(options.domain, done))
    return done.exit_status


def _show(seen: Seen, action: Action) -> None:
    sys.stderr.write(_CLEAR + progress_line(seen, action))
    sys.stderr.flush()


def _size(word: str) -> int:
    try:
        size = parse_written_size(word)
    except SizeError as error:
        raise UsageError(f"--to: {error.problem}; {error.cure}") from error
    if isinstance(size, Unlimited):
        raise UsageError("--to takes a size; --give-back lets the guest have all again")
    return size
