"""``xmlresource convert``."""

import argparse

from xmlresource.cli.shared.edit_output import FORMS, add_destination, deliver, read_all
from xmlresource.errors import ExitStatus
from xmlresource.operations.editing.edit import convert
from xmlresource.rules import errors


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="documents, - for stdin")
    parser.add_argument("--to", choices=list(FORMS), required=True, help="the form")
    parser.add_argument(
        "--take-cputune",
        action="store_true",
        help="also move what <cputune> and <blkiotune> say the same",
    )
    add_destination(parser)


def run(options: argparse.Namespace) -> ExitStatus:
    """Move all tunables into a form."""
    checker = None if options.force else errors
    documents = read_all(options.files, options)
    form, take = FORMS[options.to], options.take_cputune
    results = [convert(each, form, take_cputune=take, checker=checker) for each in documents]
    return deliver(results, options)
