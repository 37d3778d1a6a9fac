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
from xmlresource.errors import XmlresourceError
from xmlresource.exit_status import ExitStatus

COMMANDS: Final = {
    "validate": "check documents",
    "explain": "tell a rule's reason, an example and the cure",
    "show": "print the policy of a document",
    "overhead": "what a guest takes beyond its RAM, item by item",
    "check": "would guests be admitted on this host, now?",
    "plan": "what would be written for a guest?",
    "apply": "put the policy of a guest that runs in force",
    "status": "how the host and its guests with a promise stand",
    "config": "the host's settings, where each comes from and what it does",
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
        sys.stderr.write(_rendered(error))
        return error.exit_status
    except XmlresourceError as error:
        sys.stderr.write(_prefixed(str(error)))
        return error.exit_status
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.FINE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(_prefixed(f"{where}{error.strerror or error}"))
        return ExitStatus.USAGE
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


def _rendered(error: DocumentError) -> str:
    from xmlresource.reports.diagnostics import as_text  # noqa: PLC0415 -- only when it is needed

    return as_text([error.diagnostic])


def _prefixed(text: str) -> str:
    """The text under the program's name, which those for libvirt have already."""
    prefix = "xmlresource: "
    return f"{prefix}{text.removeprefix(prefix)}\n"
