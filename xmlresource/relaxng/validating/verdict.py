"""The first pass: is a document valid? Yes or no, and as fast as can be."""

from __future__ import annotations

from xml.parsers import expat

from xmlresource.relaxng.core.automaton import Invalid
from xmlresource.relaxng.validating.factored import Factored
from xmlresource.relaxng.xsd.blanks import BLANKS, is_blank

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from xmlresource.relaxng.core.automaton import Automaton
    from xmlresource.relaxng.limits import Limits
    from xmlresource.relaxng.validating.outline import Outline


def is_valid(
    automaton: Automaton,
    data: bytes,
    limits: Limits,
    names: dict[str, Any],
    outline: Outline | None = None,
) -> bool:
    """Tell whether a document is well-formed, within the limits and valid.

    Args:
        automaton: the schema's automaton, which grows by what it meets.
        data: the document.
        limits: bounds.
        names: where expat keeps names from one document to the next.
        outline: takes down what the document element is like, if that is wanted.
    """
    if len(data) > limits.max_bytes:
        return False
    run = _Run(automaton, outline)
    # Every open element has a "<" of its own, in any encoding that expat reads.
    if data.count(b"<") > limits.max_depth:
        run.limit_depth(limits.max_depth)
    try:
        return run.read(data, names)
    except (Invalid, expat.ExpatError):
        return False
    except (LookupError, ValueError):  # an encoding that Python does not know, or not for expat
        return False


class _Run:
    """The reading of one document."""

    def __init__(self, automaton: Automaton, outline: Outline | None) -> None:
        self._automaton = automaton
        self._outline = outline
        self._tables: list[Any] = []
        self._push: Callable[[Any], None] = self._tables.append

    def limit_depth(self, limit: int) -> None:
        """Refuse more open elements than that. Costs time, so it is only for large documents."""
        tables = self._tables

        def push(table: object) -> None:
            if len(tables) >= limit:
                raise Invalid
            tables.append(table)

        self._push = push

    def read(  # noqa: C901  # two handlers, which it is counted with
        self, data: bytes, names: dict[str, Any]
    ) -> bool:
        """Read the document.

        The handlers are closures over local variables, and test as little as possible: they are
        where the time goes. ``state`` and the tables are Any, for an element may be a `State` or
        a `Factored`.
        """
        tables, push = self._tables, self._push
        pop = tables.pop
        text: list[str] = []
        state: Any = self._automaton.start

        def start(name: str, attributes: list[str]) -> None:
            nonlocal state
            if state.special:
                state = state.texts["".join(text)]
                text.clear()
            table, opening, state = state[name]
            if attributes:
                state = opening[tuple(attributes)]
            push(table)
            if state.special:
                if text:
                    _check_blank(text)
                if state.model is not None:
                    state = Factored(state.automaton, state.model)

        def end(_: str) -> None:
            nonlocal state
            if state.special:
                state = state.texts["".join(text)]
                text.clear()
            state = pop()[state]
            if state.special:
                if text:
                    _check_blank(text)
                if state.model is not None:
                    state = Factored(state.automaton, state.model)

        parser = expat.ParserCreate(None, " ", names)
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        # Text is not looked at when it comes. No handler for comments, lest they split it.
        parser.CharacterDataHandler = text.append
        parser.StartDoctypeDeclHandler = _refuse
        if self._outline is not None:
            self._outline.attach(parser, tables)
        parser.Parse(data, True)  # noqa: FBT003  # expat takes no keywords
        return state.pattern.nullable and is_blank("".join(text))


def _check_blank(text: list[str]) -> None:
    """Refuse text where only blanks may be: what was put off until the buffer is needed."""
    if "".join(text).strip(BLANKS):
        raise Invalid
    text.clear()


def _refuse(*_: object) -> None:
    raise Invalid
