"""``xmlresource validate --fix`` and ``--diff``."""

import argparse
import sys

from xmlresource.cli.shared.document_output import print_document
from xmlresource.operations.validation.autofix import Autofix, mend
from xmlresource.operations.validation.validate import Options, Validation
from xmlresource.reports.findings.diagnostics import counted
from xmlresource.system.files.document_files import STANDARD_INPUT


def run_fixing(options: argparse.Namespace, asked: Options) -> Validation:
    """Mend documents, or print what would be changed; what is wrong then, or still, comes back.

    Standard input comes out mended on standard output.
    """
    done = mend(options.paths, asked, write=not options.diff)
    if options.diff:
        print_document(b"".join(one.diff.encode("utf-8", "surrogateescape") for one in done.mended))
    else:
        print_document(b"".join(one.after for one in done.mended if one.path == STANDARD_INPUT))
    _tell(done, "would be mended" if options.diff else "mended")
    return done.validation


def _tell(done: Autofix, what: str) -> None:
    fixes = sum(one.fixes for one in done.mended)
    if fixes:
        files = sum(one.fixes > 0 for one in done.mended)
        sys.stderr.write(f"{counted(fixes, 'finding')} {what} in {counted(files, 'file')}\n")
