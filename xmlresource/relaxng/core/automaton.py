"""The automaton that reads documents: states are patterns, built when a document first needs them.

A state stands for what may still come inside *one* open element. A start tag leads to a step:

* ``table``: maps the final state of the child to the next state of its parent,
* ``opening``: maps the tuple of the child's attributes to its state after the start tag,
* ``state``: that state for a child without attributes.

So one lookup is made per start tag, one per tuple of attributes and one per end tag. All three are
dicts whose ``__missing__`` computes the entry; an impossible step raises `Invalid`, so that no
result has to be checked. A state does not know what follows its element (that is the table's
business), hence all parents share the states of a child and there are few.

Where a name opens several declarations with different contents, the child's state is the choice of
the contents, each with a mark, and the table tells by the marks that are left which rests of the
parent go on.

What an earlier process has learnt (`knowledge`) is looked up before anything is derived.
"""

from __future__ import annotations

from xmlresource.relaxng.core.allowance import Allowance
from xmlresource.relaxng.core.derivatives import (
    after_child,
    attribute_places,
    attribute_values,
    by_attribute,
    by_start_tag,
    by_whole_text,
    close,
    close_parts,
    contents,
    marked,
    matches,
)
from xmlresource.relaxng.core.interleave import model
from xmlresource.relaxng.core.patterns import TEXT, Pattern
from xmlresource.relaxng.xsd.blanks import has_blanks_around, is_blank

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from typing import Protocol, TypeAlias

    from xmlresource.relaxng.core.derivatives import Opened
    from xmlresource.relaxng.core.interleave import Model
    from xmlresource.relaxng.core.knowledge import KnownStep
    from xmlresource.relaxng.core.recollection import Recollection

    Step: TypeAlias = "tuple[TransitionTable, Opening, AutomatonState]"

    class Final(Protocol):
        """The rest of a child's pattern at its end tag: an `AutomatonState`, or its like."""

        @property
        def pattern(self) -> Pattern:
            """The pattern of all that is still to come."""


# A longer value is not worth remembering.
_LONG = 200


class Invalid(Exception):  # noqa: N818  # not an error: the verdict on a document
    """The document is not valid."""


class AutomatonState(dict[str, "Step"]):
    """A state: what may still come in an open element; maps a child's name to its step.

    Attributes:
        pattern: the content that is still to come.
        special: whether reading it takes more than its entries: there may be text, or it is to be
            read factored.
        model: how to read it factored, or None.
        texts: maps the text before a tag to the state after it; None where it is not special.
    """

    __slots__ = ("_known", "automaton", "model", "pattern", "special", "texts")

    # States are unique, and keys of tables.
    __hash__ = object.__hash__  # type: ignore[assignment]  # dict has none, which is its type

    def __init__(
        self, automaton: Automaton, pattern: Pattern, known: dict[str, KnownStep]
    ) -> None:  # fmt: skip
        super().__init__()
        self.automaton = automaton
        self.pattern = pattern
        self._known = known
        self.model: Model | None = model(pattern) if automaton.factored else None
        self.special = pattern.has_text or self.model is not None
        self.texts = Texts(self) if self.special else None

    def __eq__(self, other: object) -> bool:
        return self is other

    def __missing__(self, name: str) -> Step:
        automaton, known = self.automaton, self._known.get(name)
        step = automaton.known_step_of(known) if known else None
        step = step or automaton.step(by_start_tag(self.pattern, name))
        if step is None:
            raise Invalid
        automaton.allowance.charge(len(name))
        self[name] = step
        return step


class Texts(dict[str, AutomatonState]):
    """Maps the text before a tag to the state after it."""

    __slots__ = ("state",)

    def __init__(self, state: AutomatonState) -> None:
        super().__init__()
        self.state = state

    def __missing__(self, text: str) -> AutomatonState:
        automaton, pattern = self.state.automaton, self.state.pattern
        state = automaton.state(by_whole_text(pattern, text))
        if pattern.kind != TEXT and not is_blank(text) and has_blanks_around(text):
            automaton.untrimmed += 1
        elif len(text) < _LONG:
            automaton.allowance.remember(self, len(text))
            self[text] = state
        return state


class Opening(dict[tuple[str, ...], AutomatonState]):
    """Maps the attributes of a start tag (name, value, name, value, ...) to the state after it.

    An attribute can be in one part only of a group or interleave, so the parts are read each for
    itself: what an attribute leaves does not depend on those in other parts, so there are few
    patterns on the way. What is left as a whole is made once, from what is left of the parts.

    Attributes:
        pattern: what is read.
        places: in which of the parts an attribute is, by its name; None where it can be in any.
        parts: those that have attributes; else the pattern itself.
        closed: the states by what is left of the parts.
    """

    __slots__ = ("_known", "automaton", "closed", "parts", "pattern", "places")

    def __init__(self, automaton: Automaton, pattern: Pattern) -> None:
        super().__init__()
        self.automaton = automaton
        self.pattern = pattern
        self.closed: dict[tuple[Pattern, ...], AutomatonState] = {}
        known = automaton.recollection.opening(pattern)
        if known is not None:
            self.places, parts, self._known = known
            self.parts = list(map(automaton.recollection.pattern, parts))
            return
        self._known = {}
        self.places, self.parts = attribute_places(pattern)

    def __missing__(self, attributes: tuple[str, ...]) -> AutomatonState:
        automaton = self.automaton
        untrimmed = automaton.untrimmed
        # Sorted, because n attributes in random order would otherwise leave 2**n patterns behind.
        state = self.after(sorted(zip(attributes[::2], attributes[1::2], strict=True)))
        size = sum(map(len, attributes))
        if size < _LONG and untrimmed == automaton.untrimmed:
            automaton.allowance.remember(self, size)
            self[attributes] = state
        return state

    def after(self, attributes: list[tuple[str, str]]) -> AutomatonState:
        """Return the state after attributes, which are sorted; not remembered here."""
        automaton, places = self.automaton, self.places
        if len(attributes) > automaton.max_attributes:
            raise Invalid
        left, place = self.parts.copy(), 0
        for name, value in attributes:
            if places is not None:
                if name not in places:
                    raise Invalid
                place = places[name]
            part = left[place]
            step = part.steps.get(name)
            if step is None:
                step = automaton.attribute_step(part, name)
            part = left[place] = step[value] if isinstance(step, Values) else step
            if part is part.pool.not_allowed:
                raise Invalid
        return self._closed(tuple(left))

    def _closed(self, left: tuple[Pattern, ...]) -> AutomatonState:
        """Return the state after the start tag, of what is left of the parts."""
        state = self.closed.get(left)
        if state is None:
            automaton = self.automaton
            automaton.allowance.charge(0)
            closed = automaton.recollection.of_parts(self._known, left)
            if closed is None:
                automaton.derived += 1
                is_whole = self.places is None
                closed = close(left[0]) if is_whole else close_parts(self.pattern, left)
            state = self.closed[left] = automaton.state(closed)
        return state


class Values(dict[str, Pattern]):
    """Maps the value of an attribute to what is left of the pattern that it was read in.

    Few values mean anything different: what is left depends only on which of the patterns for the
    value accept it, the *signature*.
    """

    __slots__ = ("_known", "automaton", "name", "pattern", "signatures", "tests")

    def __init__(self, automaton: Automaton, pattern: Pattern, name: str) -> None:
        super().__init__()
        self.automaton = automaton
        self.pattern = pattern
        self.name = name
        known = automaton.recollection.attribute(pattern, name)
        self._known: dict[tuple[bool, ...], int] = {}
        if isinstance(known, tuple):
            numbers, self._known = known
            self.tests = list(map(automaton.recollection.pattern, numbers))
        else:
            self.tests = attribute_values(pattern, name)
        self.signatures: dict[tuple[bool, ...], Pattern] = {}

    def __missing__(self, value: str) -> Pattern:
        signature = tuple([matches(test, value) for test in self.tests])
        left = self.signatures.get(signature)
        if left is None:
            left = self.signatures[signature] = self._left(signature)
        if has_blanks_around(value):
            self.automaton.untrimmed += 1
        elif len(value) < _LONG:
            self.automaton.allowance.remember(self, len(value))
            self[value] = left
        return left

    def _left(self, signature: tuple[bool, ...]) -> Pattern:
        known = self._known.get(signature)
        if known is not None:
            return self.automaton.recollection.pattern(known)
        self.automaton.derived += 1
        verdicts = dict(zip(self.tests, signature, strict=True))
        return by_attribute(self.pattern, self.name, verdicts)


class TransitionTable(dict["Final", AutomatonState]):
    """Maps the final state of a child to the next state of its parent."""

    __slots__ = ("automaton", "rests")

    def __init__(self, automaton: Automaton, rests: tuple[Pattern, ...]) -> None:
        super().__init__()
        self.automaton = automaton
        self.rests = rests

    def __missing__(self, final: Final) -> AutomatonState:
        left = after_child(self.rests, final.pattern)
        if left is left.pool.not_allowed:
            raise Invalid
        state = self.automaton.state(left)
        if isinstance(final, AutomatonState):  # anything else lives for one element only
            self.automaton.allowance.charge(0)
            self[final] = state
        return state


class Automaton:
    """The states of one schema. All that grows with the documents read is in here.

    When it has grown too large, everything is dropped and built anew by what comes: the states of
    documents that are being read stay usable, they are only no longer shared. From then on large
    interleaves are read factored, as it is their children's random orders that make many states.
    """

    def __init__(
        self, recollection: Recollection, start: Pattern, max_memory: int, max_attributes: int
    ) -> None:
        self.max_attributes = max_attributes
        self.factored = False
        #: Counts what was read with blanks around it. It is not remembered, so that all is counted.
        self.untrimmed = 0
        #: Counts what had to be derived, because nobody knew it.
        self.derived = 0
        self.recollection = recollection
        pool = self._pool = recollection.pool
        self._start = start
        self.allowance = Allowance(pool, max_memory, self._reset)
        self.states: dict[Pattern, AutomatonState] = {}
        self.openings: dict[Pattern, Opening] = {}
        self.attribute_steps: dict[Pattern, dict[str, Values | Pattern]] = {}
        self._tables: dict[tuple[Pattern, ...], TransitionTable] = {}

    @property
    def start(self) -> AutomatonState:
        """The state before the document element."""
        return self.state(self._start)

    def state(self, pattern: Pattern) -> AutomatonState:
        """Return the state of a pattern."""
        state = self.states.get(pattern)
        if state is None:
            steps: dict[str, KnownStep] = {}
            known = self.recollection.state(pattern)
            if known is not None:
                pattern.nullable, pattern.has_text, steps = known
            state = self.states[pattern] = AutomatonState(self, pattern, steps)
        return state

    def known_step(self, pattern: Pattern, name: str) -> Step | None:
        """Return the step that a start tag leads to, if a document has taken it before."""
        state = self.states.get(pattern)
        return None if state is None else state.get(name)

    def known_step_of(self, known: KnownStep) -> Step:
        """Return a step that an earlier process has taken."""
        rests, opening, child = known
        recalled = self.recollection.pattern
        table = self._table(tuple([recalled(rest) for rest in rests]))
        return table, self.opening(recalled(opening)), self.state(recalled(child))

    def counts(self) -> tuple[int, int, int]:
        """Count the states, patterns and values that are remembered."""
        return len(self.states), self._pool.count, self.allowance.values()

    def _reset(self) -> None:
        self.factored = True
        for state in self.states.values():
            state.clear()
            if state.texts is not None:
                state.texts.clear()
        for opening in self.openings.values():
            opening.clear()
            opening.closed.clear()
        for table in self._tables.values():
            table.clear()
        for memory in (self.states, self.openings, self.attribute_steps, self._tables):
            memory.clear()
        self._pool.drop()

    def step(self, opened: Opened) -> Step | None:
        """Return the step of a start tag that opens these elements; None if there are none."""
        rests: dict[Pattern, list[Pattern]] = {}
        for element, rest in opened:
            rests.setdefault(element.content, []).append(rest)
        if not rests:
            return None
        self.derived += 1
        pool = self._pool
        found = contents(opened)
        child = marked(found)
        table = self._table(tuple([pool.choice(rests[content]) for content in found]))
        return table, self.opening(child), self.state(close(child))

    def _table(self, rests: tuple[Pattern, ...]) -> TransitionTable:
        table = self._tables.get(rests)
        if table is None:
            table = self._tables[rests] = TransitionTable(self, rests)
        return table

    def opening(self, pattern: Pattern) -> Opening:
        """Return the opening of an element with that content."""
        opening = self.openings.get(pattern)
        if opening is None:
            opening = self.openings[pattern] = Opening(self, pattern)
        return opening

    def after_attribute(self, pattern: Pattern, name: str, value: str) -> Pattern:
        """Return what is left after an attribute."""
        step = pattern.steps.get(name)
        if step is None:
            step = self.attribute_step(pattern, name)
        return step[value] if isinstance(step, Values) else step

    def attribute_step(self, pattern: Pattern, name: str) -> Values | Pattern:
        """Return what is left after an attribute: of any value, or by the value."""
        self.allowance.charge(len(name))
        step = pattern.steps[name] = self._attribute_step(pattern, name)
        self.attribute_steps[pattern] = pattern.steps
        return step

    def _attribute_step(self, pattern: Pattern, name: str) -> Values | Pattern:
        known = self.recollection.attribute(pattern, name)
        if isinstance(known, int):
            return self.recollection.pattern(known)
        values = Values(self, pattern, name)
        if known is None and all(test.kind == TEXT for test in values.tests):
            self.derived += 1
            return by_attribute(pattern, name, dict.fromkeys(values.tests, True))
        return values
