"""Output of ``set``, ``convert`` and ``generate``: to a file, as a diff, or to standard output."""

import argparse
import sys
from collections.abc import Sequence

from xmlresource.cli.shared.document_output import print_document
from xmlresource.cli.shared.usage import UsageError
from xmlresource.document import Document
from xmlresource.document.editing import Note
from xmlresource.errors import ExitStatus
from xmlresource.operations.editing.edit import Edited, write_in_place
from xmlresource.operations.named_document import STANDARD_INPUT_NAME, document_of
from xmlresource.printable import one_line
from xmlresource.system.files.textfiles import write_new
from xmlresource.tunables import Form

FORMS = {form.value: form for form in Form}


def add_destination(parser: argparse.ArgumentParser) -> None:
    """Declare the options about where results go."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--in-place", action="store_true", help="change the files themselves")
    where.add_argument("--diff", action="store_true", help="print what would change")
    where.add_argument("-o", "--output", metavar="OUT", help="write to a new file")
    parser.add_argument("--force", action="store_true", help="also where there are errors")


def read_all(paths: Sequence[str], options: argparse.Namespace) -> list[Document]:
    """The documents to edit.

    Raises:
        UsageError: Results of several would run into each other, or stdin is to be changed.
        DocumentError: One can't be read.
    """
    if len(paths) > 1 and not (options.in_place or options.diff):
        raise UsageError("several files take --in-place or --diff")
    if "-" in paths and options.in_place:
        raise UsageError("standard input can't be changed in place")
    return [document_of(path) for path in paths]


def deliver(results: Sequence[Edited], options: argparse.Namespace) -> ExitStatus:
    """Put results where they belong, and say what could not be done as asked."""
    for result in results:
        print_notes(result.notes, result.path)
    if options.in_place:
        write_in_place(results)
        return ExitStatus.FINE
    for result in results:
        if options.diff:
            print_document(result.diff.encode("utf-8", "surrogateescape"))
        elif options.output:
            write_new(options.output, result.after)
        else:
            print_document(result.after)
    return ExitStatus.FINE


def print_notes(notes: Sequence[Note], path: str) -> None:
    """Say on standard error what could not be done as asked."""
    for note in notes:
        place = "" if path == STANDARD_INPUT_NAME else f"{path}: "
        text = f"{place}{note.tunable} {note.remark.value}: {note.reason}"
        sys.stderr.write(f"xmlresource: {one_line(text)}\n")
