"""The document element and its children by name: what the order of children is judged by."""

from __future__ import annotations

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    #: The name of an element, those of its attributes, and those of its children in order.
    Opened: TypeAlias = tuple[str, tuple[str, ...], tuple[str, ...]]


class Outline:
    """Takes down the names: from an expat parser, at the cost of a call per end tag, or at once."""

    __slots__ = ("_attributes", "_children", "_name")

    def __init__(self) -> None:
        self._name = ""
        self._attributes: tuple[str, ...] = ()
        self._children: list[str] = []

    def attach(self, parser: Any, tables: list[Any]) -> None:
        """Listen to a parser, whose handlers keep a table for each open element."""
        start, end = parser.StartElementHandler, parser.EndElementHandler
        note = self._children.append

        def start_first(name: str, attributes: list[str]) -> None:
            self._name, self._attributes = name, tuple(sorted(attributes[::2]))
            parser.StartElementHandler = start
            start(name, attributes)

        def end_any(name: str) -> None:
            end(name)
            if len(tables) == 1:
                note(name)

        parser.StartElementHandler = start_first
        parser.EndElementHandler = end_any

    def take(self, names: tuple[str, ...], children: list[str]) -> None:
        """Take down the names of the element, of its attributes, sorted, and of its children."""
        self._name, self._attributes, self._children = names[0], names[1:], children

    def opened(self) -> Opened:
        """Return what was taken down."""
        return self._name, self._attributes, tuple(self._children)
