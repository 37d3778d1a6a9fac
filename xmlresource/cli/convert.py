"""``xmlresource convert``."""

import argparse

from xmlresource.cli.editing import FORMS, add_destination, deliver, read_all
from xmlresource.exit_status import ExitStatus
from xmlresource.operations.edit import convert
from xmlresource.rules import errors


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="documents, - for stdin")
    parser.add_argument("--to", choices=list(FORMS), required=True, help="the form")
    add_destination(parser)


def run(options: argparse.Namespace) -> ExitStatus:
    """Move all tunables into a form."""
    checker = None if options.force else errors
    documents = read_all(options.files, options)
    results = [convert(each, FORMS[options.to], checker=checker) for each in documents]
    return deliver(results, options)
