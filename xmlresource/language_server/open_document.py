"""A document that is open in an editor: its text as it stands there, changed piece by piece."""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from xmlresource.language_server.positions import ColumnUnit, Positions
from xmlresource.record import record
from xmlresource.relaxng.completing.markup import MarkupTree

_DECLARED: Final = re.compile(rb"""<\?xml\s[^>]*?\b(encoding\s*=\s*["']([A-Za-z0-9._-]+)["'])""")
_LONGEST: Final = 1000


@record
class TextChange:
    """One change of a text: lines and columns up to others become ``text``.

    ``start`` and ``end`` are ``None`` where it is the whole text that changes.
    """

    text: str
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None


class OpenDocument:
    """One version of a document that is open.

    Attributes:
        path: Its path, or its address where it is no file.
        version: The editor's count.
        text: The text as UTF-8, which all offsets are into.
    """

    def __init__(
        self, path: str, version: int | None, text: bytes, unit: ColumnUnit = ColumnUnit.UTF_16
    ) -> None:
        self.path: Final = path
        self.version: Final = version
        self.text: Final = text
        self._unit: Final = unit

    @classmethod
    def from_editor(
        cls, path: str, version: int | None, text: str, unit: ColumnUnit = ColumnUnit.UTF_16
    ) -> "OpenDocument":
        """A document with the text that an editor sends, which may hold half a surrogate pair."""
        return cls(path, version, text.encode("utf-8", "replace"), unit)

    def changed(self, changes: Iterable[TextChange], version: int | None) -> "OpenDocument":
        """The document after changes, made one after the other."""
        document = self
        for change in changes:
            new = change.text.encode("utf-8", "replace")
            if change.start is not None and change.end is not None:
                start = document.positions.offset(*change.start)
                end = max(start, document.positions.offset(*change.end))
                new = document.text[:start] + new + document.text[end:]
            document = OpenDocument(self.path, version, new, self._unit)
        return document

    @cached_property
    def positions(self) -> Positions:
        """Where a byte stands."""
        return Positions(self.text, self._unit)

    @cached_property
    def markup(self) -> MarkupTree:
        """Its tags, however broken it is."""
        return MarkupTree(self.text)

    @property
    def data(self) -> bytes:
        """The bytes that its file would have: in the encoding that it declares."""
        declared = _DECLARED.match(self.text[:_LONGEST])
        if declared is None:
            return self.text
        try:
            return self.text.decode().encode(declared[2].decode())
        except UnicodeError:
            # The editor has read it as something else. What it shows is what is checked.
            start, end = declared.span(1)
            return self.text[:start] + b" " * (end - start) + self.text[end:]
        except LookupError:
            return self.text  # the reader says that there is no such encoding
