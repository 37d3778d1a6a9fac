"""The terminal that standard output is, if it is one, and text that fits it."""

import sys

from xmlresource.reports.layout.canvas import Canvas
from xmlresource.reports.layout.style import Style
from xmlresource.reports.layout.tables import fitted
from xmlresource.system.terminal import appearance, screen


def canvas() -> Canvas | None:
    """The terminal to draw on; ``None`` for a file, a program, or a terminal that can't."""
    if not screen.is_screen():
        return None
    width = screen.width()
    return Canvas(width, Style(width, appearance.has_colour()), screen.shows_blocks())


def print_text(text: str) -> None:
    """Print text, on a terminal with its lines ended between words."""
    sys.stdout.write(fitted(text, appearance.columns()))
