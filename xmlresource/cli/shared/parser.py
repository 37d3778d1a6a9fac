"""The parser of command lines: strict about names, and helpful about misspelt ones."""

import argparse
import os
import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn

_UNKNOWN: Final = r"unrecognized arguments: (?:.*? )??(--?[^\s=]+)"
_BAD_CHOICE: Final = r"invalid choice: '([^']*)' \(choose from (.*)\)"


class Parser(argparse.ArgumentParser):
    """A parser that takes no shortened options, and names what was probably meant."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_Help, **options)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with status 2."""
        unknown = re.match(_UNKNOWN, message, re.DOTALL)
        choice = re.search(_BAD_CHOICE, message)
        if unknown is not None:
            message += meant(unknown[1], self._option_string_actions)
        elif choice is not None:
            message += meant(choice[1], re.findall(r"[\w.-]+", choice[2]))
        super().error(message)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal.

    Left to itself argparse asks `shutil`, for each option: that costs as much as a small run.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_width())


def meant(word: str, known: Iterable[str]) -> str:
    """Name the ``known`` word that was probably meant, as the end of a message; empty for none."""
    from difflib import get_close_matches  # noqa: PLC0415 -- only a mistake pays for it

    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _width() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) - 2
    except ValueError:
        pass
    try:
        return os.get_terminal_size(1).columns - 2
    except OSError:
        return 78
