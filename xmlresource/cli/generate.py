"""``xmlresource generate``."""

import argparse
import sys

from xmlresource.cli.assigning import assigned
from xmlresource.cli.editing import FORMS, print_notes
from xmlresource.exit_status import ExitStatus
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.automatic import without_auto
from xmlresource.operations.edit import generate
from xmlresource.rules import errors


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("assignments", nargs="+", metavar="NAME=VALUE", help="4GiB, unlimited")
    parser.add_argument("--form", choices=list(FORMS), default="metadata")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print a fragment that says what is assigned."""
    policy = MemoryPolicy(**without_auto(assigned(options.assignments)))
    generated = generate(policy, FORMS[options.form], checker=errors)
    print_notes(generated.notes, "generate")
    sys.stdout.write(generated.text)
    return ExitStatus.FINE
