"""The command line: ``xmlresource COMMAND``.

Each command is a module here with ``configure(parser)`` and ``run(options) -> ExitStatus``; only
the module of the command that was named is imported.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final

import xmlresource
from xmlresource.cli.shared.parser import Parser, meant
from xmlresource.errors import ExitStatus, XmlresourceError
from xmlresource.printable import lines, one_line

if TYPE_CHECKING:
    import argparse

COMMANDS: Final = {
    "validate": "check documents",
    "explain": "tell a rule's reason, an example and the cure",
    "show": "print the policy of a document",
    "set": "give tunables new values, and leave the rest of the document as it is",
    "convert": "move all tunables into another form",
    "generate": "print a fragment that says what is assigned",
    "import": "policies of guests from VMware, Hyper-V, Proxmox VE, Xen, KubeVirt and others",
    "export": "a guest's policy as the DMTF's RASD or OVF, for systemd or for KubeVirt",
    "overhead": "what guests take beyond their RAM, item by item",
    "measure": "what a guest that runs takes, beside what was to be expected",
    "check": "would guests be admitted on this host, now?",
    "plan": "what would be written for a guest?",
    "apply": "put the policy of a guest that runs in force",
    "memtune": "show or change the memory parameters of a guest of libvirt's",
    "tune": "change limits and shares of CPU time and IO of a guest of libvirt's",
    "reclaim": "take memory back from a guest that runs, and give it back again",
    "balance": "move memory between the host and its running guests, as it is needed",
    "status": "how the host and its guests with a promise stand",
    "history": "the last decisions on this host",
    "config": "the host's settings, where each comes from and what it does",
    "doctor": "is this host able to keep the guarantees that it gives?",
    "hook": "install, remove or inspect the hook that libvirt calls",
    "fleet": "several hosts: where does a guest fit, and what is claimed there?",
    "server": "check, complete and explain documents in an editor (Language Server Protocol)",
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


def _parsed(words: Sequence[str]) -> "argparse.Namespace":
    if words and words[0] == "help":
        words = [*words[1:2], "--help"]
    if not words or words[0].startswith("-"):
        return _overview().parse_args(words)
    name = words[0]
    if name not in COMMANDS:
        _overview().error(f"there is no command {one_line(repr(name))}{meant(name, COMMANDS)}")
    # The parsers of all the other commands would cost as much as a small run.
    parser = command_parser(name)
    parser.set_defaults(command=name)
    if not {"-h", "--help"}.isdisjoint(words):
        from xmlresource.cli.shared.command_help import HELP  # noqa: PLC0415 -- seldom asked for

        parser.epilog = str(HELP[name])
    return parser.parse_args(words[1:])


def command_parser(name: str) -> Parser:
    """The parser of one command, with all its options."""
    line = COMMANDS[name]
    parser = Parser(
        prog=f"xmlresource {name}",
        description=f"{line[0].upper()}{line[1:]}{'' if line.endswith('?') else '.'}",
    )
    import_module(f"xmlresource.cli.{name}").configure(parser)
    return parser


def whole_parser() -> Parser:
    """The parser of all commands with all their options: completion is made from it."""
    return _overview(configured=True)


def _overview(*, configured: bool = False) -> Parser:
    """For those who name no command: the help, the version, what is wrong."""
    parser = Parser(
        prog="xmlresource",
        description="Memory limits and guarantees in libvirt domain XML: "
        "validated, generated, enforced at guest start.",
        epilog="`xmlresource help COMMAND` has a command's options, examples and exit statuses.",
    )
    parser.add_argument("--version", action="version", version=xmlresource.__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        command = commands.add_parser(name, help=line)
        if configured:
            import_module(f"xmlresource.cli.{name}").configure(command)
    return parser


def _rendered(error: XmlresourceError) -> str:
    if not error.diagnostics:
        return _prefixed(str(error))
    from xmlresource.reports.findings.diagnostics import as_text  # noqa: PLC0415 -- only when it is needed

    return as_text(error.diagnostics)


def _prefixed(text: str) -> str:
    """The text under the program's name, which those for libvirt have already."""
    prefix = "xmlresource: "
    return f"{prefix}{lines(text.removeprefix(prefix))}\n"
