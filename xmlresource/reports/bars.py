"""Bars of characters: how much of a whole is used, and where a mark is."""

from typing import Final

from xmlresource.record import record

_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


@record
class Style:
    """What a bar is made of.

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


BLOCKS: Final = Style("█", "·", "│", _EIGHTHS)
ASCII: Final = Style("#", ".", "|", " ")


def bar(width: int, whole: int, used: int, mark: int = 0, style: Style = BLOCKS) -> str:
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
