"""The look of text on a terminal: colours, and lines that end between words."""

from enum import Enum
from typing import Final

from xmlresource.record import record

_RESET: Final = "\x1b[0m"
_GLUE: Final = "\x00"
"""Stands for a blank that no line ends at; messages hold no such character."""

_KEPT_TOGETHER: Final = r" (?=::)|(?<=[0-9]) (?=(?:[KMGTPE]iB|bytes|CPUs?|%)(?![\w-]))"
"""The blanks that no line ends at."""

_LEAST: Final = 40
"""Columns below which a line is rather broken by the terminal."""


class Paint(Enum):
    """The roles of pieces of text, each of which has a colour."""

    PATH = "\x1b[1m"
    ERROR = "\x1b[31m"
    WARNING = "\x1b[33m"
    HINT = "\x1b[36m"
    KEPT = "\x1b[90m"
    USED = "\x1b[34m"
    PROMISED = "\x1b[96m"
    OTHERS = "\x1b[93m"
    POOLS = "\x1b[35m"
    WANTED = "\x1b[32m"


@record
class Style:
    """The style of printed text: colours, and the width of lines.

    Attributes:
        width: Where lines end at most; ``None`` for no limit.
        has_colour: Whether to use colours.
    """

    width: int | None = None
    has_colour: bool = False

    def painted(self, text: str, paint: Paint) -> str:
        """The text in its colour, if there are any."""
        return f"{paint.value}{text}{_RESET}" if self.has_colour and text else text

    def wrapped(self, text: str, indent: str) -> list[str]:
        """The text in lines that fit, each after the first indented.

        A word that does not fit is not broken: a path or a name could no longer be copied. No line
        begins with a word of the document's that a CI runner would take for a command (``::``), or
        with the unit of a number.
        """
        if self.width is None or self.width < _LEAST or len(text) <= self.width:
            return [text]
        import re  # noqa: PLC0415 -- only on a terminal
        from textwrap import wrap  # noqa: PLC0415 -- as above

        return [
            line.replace(_GLUE, " ")
            for line in wrap(
                re.sub(_KEPT_TOGETHER, _GLUE, text),
                self.width,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
        ]


PLAIN: Final = Style()
