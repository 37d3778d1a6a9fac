"""Options of the commands that plan for a fleet."""

import argparse
import math

from xmlresource.fleet.packing.exact_packing import Effort
from xmlresource.operations.fleet.planning import USUAL_EFFORT


def add_source(parser: argparse.ArgumentParser) -> None:
    """Declare from where the hosts are known."""
    parser.add_argument(
        "--from",
        dest="folder",
        metavar="DIR",
        help="take the hosts from files that they printed (*.json), not from a server",
    )


def add_effort(parser: argparse.ArgumentParser) -> None:
    """Declare how much the solver may do."""
    parser.add_argument(
        "--effort",
        type=_effort,
        default=USUAL_EFFORT,
        metavar="S",
        help="seconds of work for OR-tools, where it is installed, to find better or to prove that "
        f"there is nothing better; 0 for none ({USUAL_EFFORT.seconds:g})",
    )


def _effort(text: str) -> Effort:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return Effort(seconds)
