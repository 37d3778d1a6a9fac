"""``xmlresource set``."""

import argparse

from xmlresource.cli.shared.assignments import assigned, is_assignment
from xmlresource.cli.shared.edit_output import FORMS, add_destination, deliver, read_all
from xmlresource.cli.shared.usage import UsageError
from xmlresource.errors import ExitStatus
from xmlresource.operations.editing.edit import set_
from xmlresource.rules import errors


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "words",
        nargs="+",
        metavar="FILE… NAME=VALUE…",
        help="documents (- for stdin), and tunables: 4GiB, unlimited, auto, none to remove; "
        "priority=NUMBER, balance=yes or no",
    )
    parser.add_argument("--form", choices=list(FORMS), help="where new ones go; metadata")
    add_destination(parser)


def run(options: argparse.Namespace) -> ExitStatus:
    """Give tunables new values."""
    amounts = assigned([word for word in options.words if is_assignment(word)])
    paths = [word for word in options.words if not is_assignment(word)]
    if not paths:
        raise UsageError("no FILE is named; - is standard input")
    checker = None if options.force else errors
    form = FORMS.get(options.form)
    documents = read_all(paths, options)
    return deliver([set_(each, amounts, form, checker=checker) for each in documents], options)
