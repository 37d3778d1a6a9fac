"""``xmlresource fleet demo``."""

import argparse
import contextlib
import shlex
import sys
from typing import Final

from xmlresource.cli import main
from xmlresource.cli.shared.command_help import CommandHelp
from xmlresource.errors import ExitStatus, XmlresourceError
from xmlresource.operations.fleet.demo import HOSTS, DemoFleet, demo_fleet
from xmlresource.record import record
from xmlresource.system.terminal.screen import pause
from xmlresource.system.terminal.signals import interruptible

LINE: Final = f"try a fleet of {HOSTS} simulated hosts, on a PostgreSQL that is thrown away"
HELP: Final = CommandHelp(
    ("fleet demo", "fleet demo --keep"),
    (
        (0, "shown, and all is removed"),
        (2, "bad usage, or no PostgreSQL to start"),
    ),
)

_BETWEEN: Final = 30.0
"""Seconds between two messages of a host, as on a host in earnest."""


class UnlikeError(XmlresourceError):
    """A command of the demo that did not do what it is there to show."""


@record
class _Step:
    """A command that is shown.

    Attributes:
        about: What it shows.
        words: The command, without the program's name.
        status: What it ends with.
    """

    about: str
    words: tuple[str, ...]
    status: ExitStatus = ExitStatus.FINE


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--keep",
        action="store_true",
        help="leave the fleet there until Ctrl-C, and print how other commands find it",
    )


def run(options: argparse.Namespace) -> ExitStatus:
    """Show the commands at work; then all is removed."""
    with contextlib.suppress(KeyboardInterrupt), interruptible():
        _say(f"starting a PostgreSQL of its own, with {HOSTS} simulated hosts ...")
        with demo_fleet() as fleet:
            for step in _steps(fleet):
                _show(step)
            if options.keep:
                _keep(fleet)
    _say("the server is stopped, and all is removed")
    return ExitStatus.FINE


def _steps(fleet: DemoFleet) -> tuple[_Step, ...]:
    return (
        _Step("how do the hosts stand?", ("fleet", "status")),
        _Step("where does a guest of 8 GiB fit?", ("fleet", "check", fleet.fitting)),
        _Step("take room for it:", ("fleet", "claim", fleet.fitting)),
        _Step(
            "one of 600 GiB is refused, with the reasons:",
            ("fleet", "claim", fleet.too_large),
            ExitStatus.REFUSED,
        ),
        _Step("may a host be taken out? Where would its guests go?", ("fleet", "drain", "host007")),
        _Step("may any one host be lost (N+1)?", ("fleet", "what-if")),
    )


def _show(step: _Step) -> None:
    """Run a command as a person would.

    Raises:
        UnlikeError: It ended otherwise than it should.
    """
    _say(f"\n# {step.about}\n$ {shlex.join(('xmlresource', *step.words))}")
    status = main(step.words)
    if status != step.status:
        raise UnlikeError(
            f"`{shlex.join(('xmlresource', *step.words))}` ended with {status}, not with "
            f"{step.status:d}: the demo ends"
        )


def _keep(fleet: DemoFleet) -> None:
    """Keep the hosts talking, until a signal comes."""
    variables = " ".join(f"{name}={shlex.quote(each)}" for name, each in fleet.variables.items())
    _say("\n# the fleet stays until Ctrl-C; in another terminal, as the same user:")
    _say(f"export {variables}")
    while True:
        pause(_BETWEEN)
        fleet.publish()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
