"""Tables and paragraphs as text, within the width of a terminal."""

import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from xmlresource.printable import one_line
from xmlresource.reports.layout.style import Style
from xmlresource.units import KIB

WIDTH: Final = 100
"""The columns of text that a report takes at most."""

_MIB: Final = KIB * KIB
_GAP: Final = "  "


def mebibytes(size: int) -> str:
    """``size`` bytes in MiB with two decimals, so that a column of them lines up."""
    return f"{size / _MIB:.2f}"


def aligned(rows: Sequence[Sequence[str]], numbers: Collection[int]) -> Iterator[str]:
    """The rows with their columns lined up: those of ``numbers`` to the right, others to the left.

    All rows have the same number of cells.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield _GAP.join(cells).rstrip()


def wrapped(sentences: Iterable[str]) -> Iterator[str]:
    """The sentences, each broken into lines, those after its first one indented."""
    for sentence in sentences:
        yield from textwrap.wrap(
            one_line(sentence), WIDTH, subsequent_indent="    ", break_on_hyphens=False
        )


def fitted(text: str, width: int | None) -> str:
    """The lines of ``text``, those too long for a terminal continued on others, further indented.

    A line ends between words. A word that does not fit is left to the terminal: a path that is
    broken could not be copied.
    """
    if width is None:
        return text
    style = Style(width)
    lines = []
    for line in text.splitlines():
        blanks = len(line) - len(line.lstrip(" "))
        lines += style.wrapped(line, " " * min(blanks + 4, width // 2))
    return "".join(f"{line}\n" for line in lines)


def short(text: str, longest: int) -> str:
    """``text`` on one line of at most ``longest`` characters; names in it may be anyone's."""
    line = one_line(text[: longest + 1])
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
