"""``xmlresource validate``."""

import argparse
import io
import os
import sys
from typing import Final

from xmlresource.exit_status import ExitStatus
from xmlresource.operations.validate import Options, Validation, validate
from xmlresource.settings import Settings, checked_codes
from xmlresource.system.progress import Progress
from xmlresource.system.repository import repository
from xmlresource.system.settings_files import find_settings, read_settings

FORMATS: Final = ("text", "json", "sarif", "junit", "github", "gitlab")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("paths", nargs="+", metavar="PATH", help="files, folders, quoted patterns, - for stdin")
    add("--output-format", choices=FORMATS, help="text; github inside GitHub Actions")
    add("--select", type=_codes, metavar="CODES", help="only codes that begin so")
    add("--ignore", type=_codes, metavar="CODES", help="not codes that begin so")
    add("--config", metavar="FILE", help="settings; looked for upwards from here by default")
    add("--domain-schema", metavar="auto|off|PATH", help="the schema of whole domains (auto)")
    add("--stdin-filename", metavar="NAME", help="what standard input is called")
    add("--no-cache", action="store_true", help="check also what was checked before")
    add("--jobs", type=_jobs, metavar="N", help="processes (as many as pay)")
    add("--excerpt", action=argparse.BooleanOptionalAction, help="show the line (on a terminal)")
    add("--statistics", action="store_true", help="count the findings of each rule")
    add("--fix", action="store_true", help="mend what is sure")
    add("--diff", action="store_true", help="print what --fix would change, and change nothing")
    add("--exit-zero", action="store_true", help="exit 0 also with findings")


def run(options: argparse.Namespace) -> ExitStatus:
    """Check documents and print what is wrong with them."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name need be no text, and a terminal may know few characters.
        sys.stdout.reconfigure(errors="backslashreplace")
    output_format = options.output_format or _usual_format()
    excerpt = options.excerpt if options.excerpt is not None else sys.stdout.isatty()
    with Progress() as progress:
        asked = Options(
            settings=_settings(options),
            domain_schema=options.domain_schema,
            stdin_name=options.stdin_filename or "<stdin>",
            jobs=options.jobs,
            keep_lines=excerpt and output_format == "text",
            place_edits=output_format == "sarif",
            tell=progress,
            remember=not options.no_cache,
        )
        if options.fix or options.diff:
            from xmlresource.cli.fixing import run_fixing  # noqa: PLC0415 -- seldom asked for

            result = run_fixing(options, asked)
        else:
            result = validate(options.paths, asked)
    if not options.diff:
        stream = sys.stderr if options.fix and "-" in options.paths else sys.stdout
        stream.write(_rendered(result, output_format))
    _print_asides(result, options, output_format)
    return ExitStatus.FINE if options.exit_zero else result.exit_status


def _settings(options: argparse.Namespace) -> Settings:
    """The project's settings, with what the command line says in their place."""
    found = read_settings(options.config) if options.config else find_settings()
    if options.select is None and options.ignore is None:
        return found
    return Settings(
        found.select if options.select is None else checked_codes(options.select, "--select"),
        found.ignore if options.ignore is None else checked_codes(options.ignore, "--ignore"),
        found.per_file_ignores,
        found.folder,
        found.domain_schema,
    )


def _usual_format() -> str:
    return "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"


def _rendered(result: Validation, output_format: str) -> str:
    # A run prints one format, so it imports one.
    match output_format:
        case "json":
            from xmlresource.reports.diagnostics import as_json  # noqa: PLC0415
            from xmlresource.reports.json_text import dumps  # noqa: PLC0415

            return dumps(as_json(result))
        case "sarif":
            from xmlresource.reports import sarif  # noqa: PLC0415

            return sarif.render(result, repository())
        case "junit":
            from xmlresource.reports import junit  # noqa: PLC0415

            return junit.render(result)
        case "github":
            from xmlresource.reports import github  # noqa: PLC0415

            return github.render(result, repository())
        case "gitlab":
            from xmlresource.reports import gitlab  # noqa: PLC0415

            return gitlab.render(result, repository())
        case _:
            from xmlresource.reports.diagnostics import as_text  # noqa: PLC0415

            return as_text(result.diagnostics, result.lines)


def _print_asides(result: Validation, options: argparse.Namespace, output_format: str) -> None:
    """What a person wants to know besides, where it can't get into a program's input."""
    from xmlresource.reports.diagnostics import statistics, summary  # noqa: PLC0415

    if result.policy_only:
        sys.stderr.write(
            "xmlresource: there is no schema of libvirt's that can be used: only the policy was "
            "checked (--domain-schema names one; off silences this)\n"
        )
    if options.statistics:
        sys.stderr.write(statistics(result))
    if output_format in {"text", "github"}:
        sys.stderr.write(f"{summary(result)}\n")


def _codes(text: str) -> list[str]:
    return [code.strip().upper() for code in text.split(",") if code.strip()]


def _jobs(text: str) -> int:
    most = 256
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise argparse.ArgumentTypeError(f"a number from 1 to {most}, not {text!r}")
    return int(text)
