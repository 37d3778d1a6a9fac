"""``xmlresource validate``."""

import argparse
import sys

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.validate import Validation, validate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, - for stdin")
    parser.add_argument("--output-format", choices=["text", "json"], default="text")
    parser.add_argument("--select", type=_codes, default=[], metavar="CODES", help="only these")
    parser.add_argument("--ignore", type=_codes, default=[], metavar="CODES", help="not these")
    parser.add_argument("--exit-zero", action="store_true", help="exit 0 also with findings")


def run(options: argparse.Namespace) -> ExitStatus:
    """Check documents and print what is wrong with them."""
    result = validate(options.paths, select=options.select, ignore=options.ignore)
    _print(result, options.output_format)
    return ExitStatus.FINE if options.exit_zero else result.exit_status


def _print(result: Validation, output_format: str) -> None:
    if output_format == "json":
        from xmlresource.reports.diagnostics import as_json  # noqa: PLC0415 -- one format is used
        from xmlresource.reports.json_text import dumps  # noqa: PLC0415

        sys.stdout.write(dumps(as_json(result)))
        return
    from xmlresource.reports.diagnostics import as_text, summary  # noqa: PLC0415

    sys.stdout.write(as_text(result.diagnostics))
    sys.stderr.write(f"{summary(result)}\n")


def _codes(text: str) -> list[str]:
    return [code.strip().upper() for code in text.split(",") if code.strip()]
