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
from xmlresource.errors import XmlresourceError
from xmlresource.exit_status import ExitStatus
from xmlresource.printable import lines

COMMANDS: Final = {
    "validate": "check documents",
    "explain": "tell a rule's reason, an example and the cure",
    "show": "print the policy of a document",
    "set": "give tunables new values, and leave the rest of the document as it is",
    "convert": "move all tunables into another form",
    "generate": "print a fragment that says what is assigned",
    "overhead": "what guests take beyond their RAM, item by item",
    "measure": "what a guest that runs takes, beside what was to be expected",
    "check": "would guests be admitted on this host, now?",
    "plan": "what would be written for a guest?",
    "apply": "put the policy of a guest that runs in force",
    "memtune": "show or change the memory parameters of a guest of libvirt's",
    "reclaim": "take memory back from a guest that runs, and give it back again",
    "status": "how the host and its guests with a promise stand",
    "history": "the last decisions on this host",
    "config": "the host's settings, where each comes from and what it does",
    "hook": "install, remove or inspect the hook that libvirt calls",
}
"""The commands by name, in the order of the help, each with its line there."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status comes back."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = _parsed(words)
    try:
        status = import_module(f"xmlresource.cli.{options.command}").run(options)
        sys.stdout.flush()
    except XmlresourceError as error:
        sys.stderr.write(_rendered(error))
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


class _Help(argparse.HelpFormatter):
    """Help as wide as the terminal.

    Left to itself argparse asks `shutil`, for each option: that costs as much as a small run.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_width())


def _width() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) - 2
    except ValueError:
        pass
    try:
        return os.get_terminal_size(1).columns - 2
    except OSError:
        return 78


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    if not words or words[0] not in COMMANDS:
        return _overview().parse_args(words)
    # The parsers of all the other commands would cost as much as a small run.
    name = words[0]
    parser = argparse.ArgumentParser(
        prog=f"xmlresource {name}",
        description=f"{COMMANDS[name].capitalize()}.",
        formatter_class=_Help,
    )
    parser.set_defaults(command=name)
    import_module(f"xmlresource.cli.{name}").configure(parser)
    return parser.parse_args(words[1:])


def _overview() -> argparse.ArgumentParser:
    """For those who name no command: the help, the version, what is wrong."""
    parser = argparse.ArgumentParser(
        prog="xmlresource",
        description="Memory limits and guarantees in libvirt domain XML: "
        "validated, generated, enforced at guest start.",
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=xmlresource.__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        commands.add_parser(name, help=line)
    return parser


def _rendered(error: XmlresourceError) -> str:
    if not error.diagnostics:
        return _prefixed(str(error))
    from xmlresource.reports.diagnostics import as_text  # noqa: PLC0415 -- only when it is needed

    return as_text(error.diagnostics)


def _prefixed(text: str) -> str:
    """The text under the program's name, which those for libvirt have already."""
    prefix = "xmlresource: "
    return f"{prefix}{lines(text.removeprefix(prefix))}\n"
