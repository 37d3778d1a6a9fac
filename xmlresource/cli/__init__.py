"""The command line: ``xmlresource COMMAND``.

Each command is a module here with ``configure(parser)`` and ``run(options) -> ExitStatus``; only
the module of the command that was named is imported.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import xmlresource
from xmlresource.document import DocumentError
from xmlresource.exit_status import ExitStatus

COMMANDS: Final = {
    "validate": "check documents",
    "explain": "tell a rule's reason, an example and the cure",
    "show": "print the policy of a document",
    "overhead": "what a guest takes beyond its RAM, item by item",
    "hook": "install, remove or inspect the hook that libvirt calls",
}
"""The commands by name, in the order of the help, each with its line there."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status comes back."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser(words).parse_args(words)
    try:
        status = import_module(f"xmlresource.cli.{options.command}").run(options)
        sys.stdout.flush()
    except DocumentError as error:
        return _report(error)
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.FINE
    return int(status)


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xmlresource",
        description="Memory limits and guarantees in libvirt domain XML: "
        "validated, generated, enforced at guest start.",
    )
    parser.add_argument("--version", action="version", version=xmlresource.__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        command = commands.add_parser(name, help=line, description=line.capitalize() + ".")
        if name in words:
            import_module(f"xmlresource.cli.{name}").configure(command)
    return parser


def _report(error: DocumentError) -> int:
    from xmlresource.reports.diagnostics import as_text  # noqa: PLC0415 -- only when it is needed

    sys.stderr.write(as_text([error.diagnostic]))
    unreadable = error.diagnostic.code == "XR001"
    return ExitStatus.USAGE if unreadable else ExitStatus.FINDINGS
