"""The appearance that standard output wants: colours or none, and its width."""

import os
import sys
from typing import Final

AUTO: Final = "auto"
ALWAYS: Final = "always"
NEVER: Final = "never"
CHOICES: Final = (AUTO, ALWAYS, NEVER)


def has_colour(choice: str = AUTO) -> bool:
    """Whether to print in colours.

    What the command line says counts first, then ``NO_COLOR`` and ``FORCE_COLOR`` (not empty; of
    the latter not ``0``), then whether standard output is a terminal.

    Args:
        choice: ``auto``, ``always`` or ``never``.
    """
    if choice != AUTO:
        return choice == ALWAYS
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    if not sys.stdout.isatty():
        return False
    from xmlresource.system.terminal.screen import is_screen  # noqa: PLC0415 -- for terminals

    return is_screen()


def columns() -> int | None:
    """The number of characters a line may have; ``None`` where nobody looks at it."""
    if not sys.stdout.isatty():
        return None
    try:
        return int(os.environ.get("COLUMNS", ""))
    except ValueError:
        from xmlresource.system.terminal.screen import width  # noqa: PLC0415 -- as above

        return width()
