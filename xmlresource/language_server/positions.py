"""Places in a document: bytes of its UTF-8 here, lines and columns in an editor's units there."""

import re
from bisect import bisect_right
from enum import Enum
from typing import Final

# Of LSP, "Text Documents": these and no other characters end a line.
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")


class ColumnUnit(Enum):
    """The unit of columns that an editor and the server agree on."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    UTF_32 = "utf-32"


class Positions:
    """Places in one text.

    Args:
        text: The text as UTF-8.
        unit: The unit of columns.
    """

    def __init__(self, text: bytes, unit: ColumnUnit = ColumnUnit.UTF_16) -> None:
        self._text: Final = text
        self._unit: Final = unit
        self._starts: Final = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a byte, both from 0."""
        offset = min(max(offset, 0), len(self._text))
        line = bisect_right(self._starts, offset) - 1
        return line, self._columns(self._text[self._starts[line] : offset])

    def offset(self, line: int, column: int) -> int:
        """The byte at a line and a column; past its end a line has no columns, nor a text lines."""
        if line >= len(self._starts):
            return len(self._text)
        start = self._starts[line]
        following = self._starts[line + 1] if line + 1 < len(self._starts) else len(self._text)
        content = self._text[start:following].rstrip(b"\r\n")
        if content.isascii() or self._unit is ColumnUnit.UTF_8:
            return start + min(column, len(content))
        text = content.decode("utf-8", "replace")
        if self._unit is ColumnUnit.UTF_16:
            # In the middle of a pair is before it.
            text = text.encode("utf-16-le")[: 2 * column].decode("utf-16-le", "ignore")
        else:
            text = text[:column]
        return start + len(text.encode())

    def _columns(self, before: bytes) -> int:
        if before.isascii() or self._unit is ColumnUnit.UTF_8:
            return len(before)
        text = before.decode("utf-8", "replace")
        return len(text.encode("utf-16-le")) // 2 if self._unit is ColumnUnit.UTF_16 else len(text)
