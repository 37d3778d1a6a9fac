"""``xmlresource generate``."""

import argparse
import sys
from typing import Any

from xmlresource.cli.shared.assignments import assigned
from xmlresource.cli.shared.edit_output import FORMS, print_notes
from xmlresource.errors import ExitStatus
from xmlresource.formats.guest_attributes import check_attribute
from xmlresource.formats.quantity_names import parse_quantity_name
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.resource import ResourcePolicy, policies_of
from xmlresource.operations.editing.automatic import without_auto
from xmlresource.operations.editing.edit import generate
from xmlresource.rules import errors
from xmlresource.tunables import ATTRIBUTES, BY_NAME


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("assignments", nargs="+", metavar="NAME=VALUE", help="4GiB, unlimited")
    parser.add_argument(
        "--form", choices=list(FORMS), default="metadata", help="the fragment's form; metadata"
    )


def run(options: argparse.Namespace) -> ExitStatus:
    """Print a fragment that says what is assigned."""
    amounts = without_auto(assigned(options.assignments))
    memory: dict[str, Any] = {name: each for name, each in amounts.items() if name in BY_NAME}
    memory |= {name: check_attribute(name, amounts.get(name)) for name in ATTRIBUTES}
    named = ((parse_quantity_name(name), amount) for name, amount in amounts.items())
    quantities = {name: amount for name, amount in named if name and amount is not None}
    policy = ResourcePolicy(MemoryPolicy(**memory), *policies_of(quantities))
    generated = generate(policy, FORMS[options.form], checker=errors)
    print_notes(generated.notes, "generate")
    sys.stdout.write(generated.text)
    return ExitStatus.FINE
