"""The means that a terminal offers: its width, signs for bars, colours."""

from typing import Final

from xmlresource.record import record
from xmlresource.reports.layout.bars import (
    ASCII,
    BLOCKS,
    PART_ASCII,
    PART_BLOCKS,
    BarStyle,
    PartStyle,
)
from xmlresource.reports.layout.style import Style

_NARROW: Final = 80


@record
class Canvas:
    """A terminal that reports are drawn on.

    Attributes:
        width: The characters of a line.
        style: Whether there are colours.
        has_blocks: Whether it shows block characters.
    """

    width: int = _NARROW
    style: Style = Style(_NARROW)
    has_blocks: bool = True

    @property
    def bars(self) -> BarStyle:
        """The signs of a bar with one part."""
        return BLOCKS if self.has_blocks else ASCII

    @property
    def parts(self) -> PartStyle:
        """The signs of a bar with several parts."""
        return PART_BLOCKS if self.has_blocks else PART_ASCII
