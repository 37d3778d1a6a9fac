"""Completion for bash, zsh and fish, made by shtab from the parsers."""

import argparse
from collections.abc import Iterator
from typing import Final

import shtab

from xmlresource.cli import whole_parser

PATHS: Final = {
    "bash": "bash-completion/completions/xmlresource",
    "zsh": "zsh/vendor-completions/_xmlresource",
    "fish": "fish/vendor_completions.d/xmlresource.fish",
}
"""Where each shell looks for it, below ``/usr/share``."""

_FILES: Final = ("FILE", "PATH")


def completions() -> dict[str, str]:
    """The text of each shell's completion, by its path."""
    return {path: _completion(shell) for shell, path in PATHS.items()}


def _completion(shell: str) -> str:
    parser = whole_parser()
    for action in actions(parser):
        if isinstance(action.metavar, str) and any(word in action.metavar for word in _FILES):
            action.complete = shtab.FILE  # type: ignore[attr-defined] # shtab's own
    return shtab.complete(parser, shell)


def actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All options and arguments of a parser and of its commands."""
    for action in parser._actions:  # noqa: SLF001 -- argparse tells them in no other way
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 -- as above
            for command in action.choices.values():
                yield from actions(command)
