"""Places of an edited document, told as places of the document before the edit.

Whoever is told that an edit would make a fault has the old document before the eyes, and no other.
"""

from difflib import SequenceMatcher
from typing import Final, TypeVar

from xmlresource.document.parsed_document import ParsedDocument
from xmlresource.document.source import Source
from xmlresource.document.tree import parse


class EditedSource(Source):
    """The text after an edit, with the lines and columns of the text before it."""

    __slots__ = ("_before", "_matches")

    def __init__(self, data: bytes, before: Source) -> None:
        super().__init__(data, before.name)
        self._before: Final = before
        old, new = (text.splitlines(keepends=True) for text in (before.text, self.text))
        self._matches: Final = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of the byte in the document before the edit.

        Of what was not there, the line after which it comes, or which it takes the place of.
        """
        line, column = super().position(offset)
        kind, start, end, first, last = next(
            match for match in self._matches if line <= match[4] or match is self._matches[-1]
        )
        if kind == "equal" or end - start == last - first:
            return start + line - first, column
        return self._beginning(min(start + 1, end) or 1)

    def _beginning(self, number: int) -> tuple[int, int]:
        """The offset at which the text of a line begins."""
        line = self._before.line(number)
        return number, len(line) - len(line.lstrip()) + 1


AnyDocument = TypeVar("AnyDocument", bound=ParsedDocument)


def with_places_before(edited: AnyDocument, before: ParsedDocument) -> AnyDocument:
    """The edited document, whose places are those of the document before the edit."""
    source = EditedSource(edited.to_bytes(), before.source)
    return type(edited)(source, parse(source))
