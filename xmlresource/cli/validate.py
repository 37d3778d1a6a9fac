"""``xmlresource validate``."""

import argparse
import gc
import io
import os
import sys
from typing import Any, Final

from xmlresource.configuration.repository_settings import Settings, checked_codes
from xmlresource.diagnostics import Severity
from xmlresource.errors import ExitStatus
from xmlresource.operations.validation.validate import Options, Validation, files_to_check, validate
from xmlresource.printable import one_line
from xmlresource.record import replace
from xmlresource.reports.layout.style import Style
from xmlresource.system.configuration.repository import repository
from xmlresource.system.configuration.repository_settings import find_settings, read_settings
from xmlresource.system.terminal.appearance import AUTO, CHOICES, columns, has_colour
from xmlresource.system.terminal.progress import ProgressBar

_OBJECTS_BEFORE_A_LOOK: Final = 50_000

FORMATS: Final = ("text", "json", "sarif", "junit", "github", "gitlab")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("paths", nargs="+", metavar="PATH", help="files, folders, quoted patterns, - for stdin")
    add("--output-format", choices=FORMATS, help="text; github inside GitHub Actions")
    add("--select", type=_codes, metavar="CODES", help="only rules with these names or codes")
    add("--ignore", type=_codes, metavar="CODES", help="not rules with these names or codes")
    add("--min-severity", choices=[one.value for one in Severity], help="leave out what is less")
    add("--config", metavar="FILE", help="settings; looked for upwards from here by default")
    add(
        "--domain-schema",
        metavar="auto|required|off|PATH",
        help="libvirt's schemas (auto); required: exit 2 where there are none",
    )
    add("--exclude", action="append", default=[], metavar="PATTERN", help="leave out of folders")
    add("--no-gitignore", action="store_true", help="check also what git ignores")
    add(
        "--as-found",
        action="store_true",
        help="files are named by a tool: exclude them, too, and skip what is not libvirt's",
    )
    add("--show-files", action="store_true", help="print what would be checked, and check nothing")
    add("--stdin-filename", metavar="NAME", help="what standard input is called")
    add("--no-cache", action="store_true", help="check also what was checked before")
    add("--jobs", type=_jobs, metavar="N", help="processes (as many as pay)")
    add("--excerpt", action=argparse.BooleanOptionalAction, help="show the line (on a terminal)")
    add("--color", choices=CHOICES, default=AUTO, help="colours (auto: on a terminal)")
    add("-q", "--quiet", action="store_true", help="print findings, and nothing besides")
    add("--statistics", action="store_true", help="count the findings of each rule")
    add("--fix", action="store_true", help="mend what is sure")
    add("--diff", action="store_true", help="print what --fix would change, and change nothing")
    add("--exit-zero", action="store_true", help="exit 0 also with findings")


def run(options: argparse.Namespace) -> ExitStatus:
    """Check documents and print what is wrong with them."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name need be no text, and a terminal may know few characters.
        sys.stdout.reconfigure(errors="backslashreplace")
    # What a schema has learnt stays, so that looking for what could go is in vain for a long while.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK)
    output_format = options.output_format or _usual_format()
    excerpt = options.excerpt if options.excerpt is not None else sys.stdout.isatty()
    if options.show_files:
        return _show_files(options)
    with ProgressBar() as progress:
        asked = Options(
            settings=_settings(options),
            domain_schema=options.domain_schema,
            stdin_name=options.stdin_filename or "<stdin>",
            jobs=options.jobs,
            keep_lines=excerpt and output_format == "text",
            place_edits=output_format == "sarif",
            tell=progress,
            remember=not options.no_cache,
            exclude=tuple(options.exclude),
            gitignore=not options.no_gitignore,
            as_found=options.as_found,
        )
        if options.fix or options.diff:
            from xmlresource.cli.shared.fix_output import run_fixing  # noqa: PLC0415 -- seldom asked for

            result = run_fixing(options, asked)
        else:
            result = validate(options.paths, asked)
    if not options.diff:
        stream = sys.stderr if options.fix and "-" in options.paths else sys.stdout
        style = Style(columns(), has_colour(options.color))
        stream.write(_rendered(result, output_format, style))
    if not options.quiet:
        _print_asides(result, options, output_format)
    if options.exit_zero and result.exit_status is ExitStatus.FINDINGS:
        return ExitStatus.FINE
    return result.exit_status


def _settings(options: argparse.Namespace) -> Settings:
    """The project's settings, with what the command line says in their place."""
    found = read_settings(options.config) if options.config else find_settings()
    changes: dict[str, Any] = {}
    if options.min_severity is not None:
        changes["min_severity"] = Severity(options.min_severity)
    if options.select is not None:
        changes["select"] = checked_codes(options.select, "--select")
    if options.ignore is not None:
        changes["ignore"] = checked_codes(options.ignore, "--ignore")
    return replace(found, **changes) if changes else found


def _show_files(options: argparse.Namespace) -> ExitStatus:
    asked = Options(
        settings=_settings(options),
        exclude=tuple(options.exclude),
        gitignore=not options.no_gitignore,
        as_found=options.as_found,
    )
    files = files_to_check(options.paths, asked)
    sys.stdout.write("".join(f"{one_line(path)}\n" for path in files))
    return ExitStatus.FINE if files else ExitStatus.USAGE


def _usual_format() -> str:
    return "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"


def _rendered(result: Validation, output_format: str, style: Style) -> str:
    # A run prints one format, so it imports one.
    match output_format:
        case "json":
            from xmlresource.reports.findings.diagnostics import as_json  # noqa: PLC0415
            from xmlresource.reports.layout.json_text import dumps  # noqa: PLC0415

            return dumps(as_json(result))
        case "sarif":
            from xmlresource.reports.findings import sarif  # noqa: PLC0415

            return sarif.render(result, repository())
        case "junit":
            from xmlresource.reports.findings import junit  # noqa: PLC0415

            return junit.render(result)
        case "github":
            from xmlresource.reports.findings import github  # noqa: PLC0415

            return github.render(result, repository())
        case "gitlab":
            from xmlresource.reports.findings import gitlab  # noqa: PLC0415

            return gitlab.render(result, repository())
        case _:
            from xmlresource.reports.findings.diagnostics import as_text  # noqa: PLC0415

            return as_text(result.diagnostics, result.lines, style)


def _print_asides(result: Validation, options: argparse.Namespace, output_format: str) -> None:
    """Print the remarks for a person, where they can't get into a program's input."""
    from xmlresource.reports.findings.diagnostics import counted, statistics, summary  # noqa: PLC0415

    if result.policy_only:
        sys.stderr.write(
            "xmlresource: some documents have no schema of libvirt's here: only the policy "
            "was checked (--domain-schema names one; off silences this)\n"
        )
    if result.skipped:
        files = counted(len(result.skipped), "file")
        sys.stderr.write(f"{files} skipped: no document of libvirt's\n")
    if options.statistics:
        sys.stderr.write(statistics(result))
    if output_format in {"text", "github"}:
        sys.stderr.write(f"{summary(result)}\n")


def _codes(text: str) -> list[str]:
    return [code for code in text.split(",") if code.strip()]


def _jobs(text: str) -> int:
    most = 256
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise argparse.ArgumentTypeError(f"a number from 1 to {most}, not {text!r}")
    return int(text)
