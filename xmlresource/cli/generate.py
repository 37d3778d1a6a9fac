"""``xmlresource generate``."""

import argparse
import sys

from xmlresource.cli.assigning import assigned
from xmlresource.cli.editing import FORMS, print_notes
from xmlresource.exit_status import ExitStatus
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.priority import check_priority
from xmlresource.operations.automatic import without_auto
from xmlresource.operations.edit import generate
from xmlresource.rules import errors
from xmlresource.tunables import PRIORITY


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("assignments", nargs="+", metavar="NAME=VALUE", help="4GiB, unlimited")
    parser.add_argument("--form", choices=list(FORMS), default="metadata")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print a fragment that says what is assigned."""
    amounts = without_auto(assigned(options.assignments))
    priority = check_priority(amounts.pop(PRIORITY, None))
    policy = MemoryPolicy(**amounts, priority=priority)
    generated = generate(policy, FORMS[options.form], checker=errors)
    print_notes(generated.notes, "generate")
    sys.stdout.write(generated.text)
    return ExitStatus.FINE
