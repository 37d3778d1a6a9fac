"""``xmlresource history``."""

import argparse
import re
import sys
from typing import Final

from xmlresource.cli.shared.drawing import print_text
from xmlresource.cli.shared.usage import UsageError
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.history import LIMIT, history
from xmlresource.reports.host.history import as_json, as_text
from xmlresource.reports.layout.json_text import dumps
from xmlresource.system.libvirt.guests import seconds_since_1970

_UNITS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_AGO: Final = r"([0-9]{1,9})(s|min|h|d)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--guest", metavar="NAME", help="only this guest, by name or uuid")
    parser.add_argument(
        "--since", metavar="WHEN", help="90s, 30min, 2h or 1d ago, or 2026-05-01, 2026-05-01T12:00"
    )
    parser.add_argument(
        "--limit", type=int, default=LIMIT, metavar="N", help=f"the last N ({LIMIT}); 0 for all"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print the last decisions."""
    if options.limit < 0:
        raise UsageError("--limit takes a number from 0 on")
    since = None if options.since is None else _moment(options.since)
    found = history(options.guest, since, options.limit or None)
    if options.json:
        sys.stdout.write(dumps(as_json(found)))
    else:
        print_text(as_text(found))
    return ExitStatus.FINE


def _moment(text: str) -> int:
    """Seconds since 1970.

    Raises:
        UsageError: It is no time.
    """
    ago = re.fullmatch(_AGO, text)
    if ago is not None:
        return seconds_since_1970() - int(ago[1]) * _UNITS[ago[2]]
    from datetime import datetime  # noqa: PLC0415 -- seldom asked for

    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp())
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"--since takes 90s, 30min, 2h, 1d or a date, not {text!r}") from None
