"""``xmlresource export``."""

import argparse
import sys

from xmlresource.cli.shared.document_output import print_document
from xmlresource.errors import ExitStatus
from xmlresource.operations.editing.edit import RefusedError
from xmlresource.operations.named_document import document_of
from xmlresource.operations.transfer.policy_export import ExportFormat, export
from xmlresource.reports.guests.export_lines import as_text
from xmlresource.rules import errors
from xmlresource.system.files.textfiles import write_new


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="GUEST", help="a domain, - for stdin")
    parser.add_argument(
        "--to", choices=[one.value for one in ExportFormat], required=True, help="the format"
    )
    parser.add_argument("-o", "--output", metavar="OUT", help="write to a new file")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print a guest's policy in the words of another system."""
    document = document_of(options.file)
    faults = errors(document)
    if faults:
        raise RefusedError(f"{document.source.name} has errors: {faults[0].message}", faults)
    exported = export(document, ExportFormat(options.to))
    sys.stderr.write(as_text(exported, document.source.name))
    if options.output:
        write_new(options.output, exported.text.encode())
    else:
        print_document(exported.text.encode())
    return ExitStatus.FINE
