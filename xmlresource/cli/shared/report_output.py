"""A report that goes to standard output, or to a file that others read meanwhile."""

import argparse
import sys

from xmlresource.system.files.shared_files import write_whole


def configure_output(parser: argparse.ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write to this file, which is there whole or not"
    )


def write_report(text: str, path: str | None) -> None:
    """Write the report; to a file only in one step.

    Raises:
        OSError: The file can't be written.
    """
    if path is None:
        sys.stdout.write(text)
    else:
        write_whole(path, text.encode())
