"""``xmlresource fleet SUBCOMMAND``: several hosts that publish their room.

Each subcommand is a module here, named after it, with ``LINE`` (its line in the help), ``HELP``
(the end of its help), ``configure(parser)`` and ``run(options) -> ExitStatus``. Nothing else lists
them.
"""

import argparse
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from xmlresource.errors import ExitStatus


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands with their options."""
    commands = parser.add_subparsers(
        dest="subcommand", metavar="SUBCOMMAND", required=True, help="what to do"
    )
    for name in subcommands():
        module = _module(name)
        line = module.LINE
        end = "" if line.endswith("?") else "."
        subparser = commands.add_parser(
            name,
            help=line,
            description=f"{line[0].upper()}{line[1:]}{end}",
            epilog=str(module.HELP),
        )
        module.configure(subparser)


def run(options: argparse.Namespace) -> ExitStatus:
    """Do what the subcommand does."""
    status: ExitStatus = _module(options.subcommand).run(options)
    return status


def subcommands() -> tuple[str, ...]:
    """The names of all subcommands, sorted."""
    return tuple(sorted(each.name.replace("_", "-") for each in iter_modules(__path__)))


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name.replace('-', '_')}")
