"""Bars of characters: how much of a whole is used, where a mark is, and what its parts are."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from xmlresource.record import record
from xmlresource.reports.layout.style import PLAIN, Paint, Style

_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


@record
class BarStyle:
    """The characters that a bar is made of.

    Attributes:
        full: What is used.
        empty: What is not.
        mark: Where the mark is, whatever else is there.
        parts: What a part of a character's width is drawn with, from nothing upwards.
    """

    full: str
    empty: str
    mark: str
    parts: str


BLOCKS: Final = BarStyle("█", "·", "│", _EIGHTHS)
ASCII: Final = BarStyle("#", ".", "|", " ")


def bar(width: int, whole: int, used: int, mark: int = 0, style: BarStyle = BLOCKS) -> str:
    """A bar of ``width`` characters.

    Args:
        width: Its characters, at least one.
        whole: What the whole bar stands for.
        used: What of it is used; more than the whole fills the bar.
        mark: What is marked; 0 is no mark.
        style: What to draw it with.
    """
    steps = len(style.parts)
    filled = min(width * steps, width * steps * used // max(whole, 1))
    cells, part = [style.full] * (filled // steps), filled % steps
    if part:
        cells.append(style.parts[part])
    cells += [style.empty] * (width - len(cells))
    if mark:
        cells[min(width - 1, width * mark // max(whole, mark))] = style.mark
    return "".join(cells)


@record
class PartStyle:
    """The characters that a bar of several parts is made of.

    Attributes:
        parts: One for each part, in turn.
        wanted: What is asked for.
        free: What is left.
        beyond: The last character, where more is asked for than there is.
    """

    parts: str
    wanted: str
    free: str
    beyond: str


_PAINTS: Final = (Paint.KEPT, Paint.USED, Paint.PROMISED, Paint.OTHERS, Paint.POOLS)
"""The colours of the parts, in turn."""

_GAP: Final = "   "

PART_BLOCKS: Final = PartStyle("▒░▓▚▞", "█", "·", "▶")
PART_ASCII: Final = PartStyle("-=%ox", "#", ".", ">")


def parted_bar(width: int, sizes: Sequence[int], wanted: int, free: int, style: PartStyle) -> str:
    """A bar of ``width`` characters: the sizes in turn, then what is asked for, then what is left.

    Args:
        width: Its characters, at least one.
        sizes: What is taken already.
        wanted: What is asked for.
        free: What is left without it, negative where too much is taken already.
        style: What to draw it with.
    """
    whole = max(1, sum(sizes) + max(0, free))
    cells, end = "", 0
    fits = wanted <= free
    signs = style.parts * (len(sizes) // len(style.parts) + 1)
    for size, sign in (*zip(sizes, signs, strict=False), (wanted, style.wanted)):
        end += size
        cells += sign * (min(width, width * end // whole) - len(cells))
    cells += style.free * (width - len(cells))
    return cells if fits else cells[:-1] + style.beyond


def painted_parts(bar: str, signs: PartStyle, style: Style = PLAIN, *, fits: bool = True) -> str:
    """A bar of parts in their colours; what is asked for is red where it does not fit."""
    pieces = []
    for sign, run in groupby(bar):
        paint = _paint(sign, signs, fits=fits)
        cells = "".join(run)
        pieces.append(cells if paint is None else style.painted(cells, paint))
    return "".join(pieces)


def legend(
    items: Sequence[tuple[str, str]],
    width: int,
    signs: PartStyle,
    style: Style = PLAIN,
    *,
    fits: bool = True,
) -> list[str]:
    """The signs of a bar and their meanings: as many a line as fit, none broken.

    Args:
        items: The signs, each with its words.
        width: The characters of a line.
        signs: What the bar is drawn with.
        style: What to paint the signs with.
        fits: Whether there is room for what is asked for.
    """
    lines: list[list[tuple[str, str]]] = [[]]
    taken = 0
    for sign, words in items:
        needed = len(sign) + 1 + len(words)
        if lines[-1] and taken + len(_GAP) + needed > width:
            lines.append([])
            taken = 0
        taken += needed + (len(_GAP) if lines[-1] else 0)
        lines[-1].append((sign, words))
    return [
        _GAP.join(f"{painted_parts(sign, signs, style, fits=fits)} {words}" for sign, words in line)
        for line in lines
    ]


def _paint(sign: str, signs: PartStyle, *, fits: bool) -> Paint | None:
    if sign in signs.parts:
        return _PAINTS[signs.parts.index(sign) % len(_PAINTS)]
    if sign in {signs.wanted, signs.beyond}:
        return Paint.WANTED if fits else Paint.ERROR
    return None
