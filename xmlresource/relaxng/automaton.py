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
"""

from __future__ import annotations

from xmlresource.relaxng.datatypes import has_blanks_around, is_blank
from xmlresource.relaxng.derivatives import (
    attribute_places,
    attribute_values,
    by_attribute,
    by_start_tag,
    by_whole_text,
    close,
    marks,
    matches,
)
from xmlresource.relaxng.interleave import model
from xmlresource.relaxng.patterns import NOT_ALLOWED, TEXT, Pattern

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from typing import Protocol, TypeAlias

    from xmlresource.relaxng.derivatives import Opened
    from xmlresource.relaxng.interleave import Model
    from xmlresource.relaxng.patterns import Pool

    Step: TypeAlias = "tuple[Table, Opening, State]"

    class Final(Protocol):
        """What is left of a child at its end tag: a `State`, or what else knows its pattern."""

        @property
        def pattern(self) -> Pattern:
            """What is still to come."""


# What a remembered thing costs, roughly, in bytes (measured on libvirt's domains).
_PATTERN_COST = 1600
_ENTRY_COST = 400
# How the memory is shared; the rest is for trails.
_SHARE_OF_STATES = 0.5
_SHARE_OF_VALUES = 0.25
# A longer value is not worth remembering.
_LONG = 200


class Invalid(Exception):  # noqa: N818  # not an error: the verdict on a document
    """The document is not valid."""


class State(dict[str, "Step"]):
    """What may still come in an open element; maps the name of a child to its step.

    Attributes:
        pattern: the content that is still to come.
        special: whether reading it takes more than its entries: there may be text, or it is to be
            read factored.
        model: how to read it factored, or None.
        texts: maps the text before a tag to the state after it; None where it is not special.
    """

    __slots__ = ("automaton", "model", "pattern", "special", "texts")

    # States are unique, and keys of tables.
    __hash__ = object.__hash__  # type: ignore[assignment]  # dict has none, which is its type

    def __init__(self, automaton: Automaton, pattern: Pattern) -> None:
        super().__init__()
        self.automaton = automaton
        self.pattern = pattern
        self.model = automaton.model_of(pattern)
        self.special = pattern.has_text or self.model is not None
        self.texts = Texts(self) if self.special else None

    def __eq__(self, other: object) -> bool:
        return self is other

    def __missing__(self, name: str) -> Step:
        step = self.automaton.step(by_start_tag(self.pattern, name))
        if step is None:
            raise Invalid
        self.automaton.charge(len(name))
        self[name] = step
        return step


class Texts(dict[str, State]):
    """Maps the text before a tag to the state after it."""

    __slots__ = ("state",)

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state

    def __missing__(self, text: str) -> State:
        automaton, pattern = self.state.automaton, self.state.pattern
        state = automaton.state(by_whole_text(pattern, text))
        if pattern.kind != TEXT and not is_blank(text) and has_blanks_around(text):
            automaton.untrimmed += 1
        elif len(text) < _LONG:
            automaton.remember(self, len(text))
            self[text] = state
        return state


class Opening(dict[tuple[str, ...], State]):
    """Maps the attributes of a start tag (name, value, name, value, ...) to the state after it.

    An attribute can be in one part only of a group or interleave, so the parts are read each for
    itself: what an attribute leaves does not depend on those in other parts, so there are few
    patterns on the way. What is left as a whole is made once, from what is left of the parts.
    """

    __slots__ = ("automaton", "closed", "parts", "pattern", "places")

    def __init__(self, automaton: Automaton, pattern: Pattern) -> None:
        super().__init__()
        self.automaton = automaton
        self.pattern = pattern
        self.closed: dict[tuple[Pattern, ...], State] = {}
        self.places = attribute_places(pattern)
        self.parts = [pattern] if self.places is None else list(pattern.parts)

    def __missing__(self, attributes: tuple[str, ...]) -> State:
        automaton = self.automaton
        untrimmed = automaton.untrimmed
        # Sorted, because n attributes in random order would otherwise leave 2**n patterns behind.
        state = self.after(sorted(zip(attributes[::2], attributes[1::2], strict=True)))
        size = sum(map(len, attributes))
        if size < _LONG and untrimmed == automaton.untrimmed:
            automaton.remember(self, size)
            self[attributes] = state
        return state

    def after(self, attributes: list[tuple[str, str]]) -> State:
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
            part = left[place] = automaton.after_attribute(left[place], name, value)
            if part.kind == NOT_ALLOWED:
                raise Invalid
        return self._closed(tuple(left))

    def _closed(self, left: tuple[Pattern, ...]) -> State:
        """Return the state after the start tag, of what is left of the parts."""
        state = self.closed.get(left)
        if state is None:
            whole = self.pattern
            parts = [close(part) for part in left]
            single = self.places is None
            closed = parts[0] if single else whole.pool.composite(whole.kind, parts)
            self.automaton.charge(0)
            state = self.closed[left] = self.automaton.state(closed)
        return state


class Values(dict[str, Pattern]):
    """Maps the value of an attribute to what is left of the pattern that it was read in.

    Few values mean anything different: what is left depends only on which of the patterns for the
    value accept it, the *signature*.
    """

    __slots__ = ("automaton", "name", "pattern", "signatures", "tests")

    def __init__(self, automaton: Automaton, pattern: Pattern, name: str) -> None:
        super().__init__()
        self.automaton = automaton
        self.pattern = pattern
        self.name = name
        self.tests = attribute_values(pattern, name)
        self.signatures: dict[tuple[bool, ...], Pattern] = {}

    def __missing__(self, value: str) -> Pattern:
        signature = tuple([matches(test, value) for test in self.tests])
        left = self.signatures.get(signature)
        if left is None:
            verdicts = dict(zip(self.tests, signature, strict=True))
            left = by_attribute(self.pattern, self.name, verdicts)
            self.signatures[signature] = left
        if has_blanks_around(value):
            self.automaton.untrimmed += 1
        elif len(value) < _LONG:
            self.automaton.remember(self, len(value))
            self[value] = left
        return left


class Table(dict["Final", State]):
    """Maps the final state of a child to the next state of its parent."""

    __slots__ = ("automaton", "rests")

    def __init__(self, automaton: Automaton, rests: tuple[Pattern, ...]) -> None:
        super().__init__()
        self.automaton = automaton
        self.rests = rests

    def __missing__(self, final: Final) -> State:
        left = self._left(final.pattern)
        if left.kind == NOT_ALLOWED:
            raise Invalid
        state = self.automaton.state(left)
        if isinstance(final, State):  # anything else lives for one element only
            self.automaton.charge(0)
            self[final] = state
        return state

    def _left(self, final: Pattern) -> Pattern:
        pool = final.pool
        if len(self.rests) == 1:
            return self.rests[0] if final.nullable else pool.not_allowed
        return pool.choice([self.rests[mark] for mark in marks(final)])


class Automaton:
    """The states of one schema. All that grows with the documents read is in here.

    When it has grown too large, everything is dropped and built anew by what comes: the states of
    documents that are being read stay usable, they are only no longer shared. From then on large
    interleaves are read factored, as it is their children's random orders that make many states.
    """

    def __init__(self, pool: Pool, start: Pattern, max_memory: int, max_attributes: int) -> None:
        self.max_attributes = max_attributes
        self.factored = False
        #: Counts what was read with blanks around it. Such values are not remembered, so that each
        #: is counted, and who compares the count before and after knows of those in between.
        self.untrimmed = 0
        self._pool = pool
        self._start = start
        self._max_memory = max_memory
        self._spent = 0
        self._spent_on_values = 0
        self._values: dict[int, Texts | Opening | Values] = {}
        self._seen_patterns = pool.count
        self._states: dict[Pattern, State] = {}
        self._openings: dict[Pattern, Opening] = {}
        self._tables: dict[tuple[Pattern, ...], Table] = {}
        self._models: dict[Pattern, Model | None] = {}

    @property
    def start(self) -> State:
        """The state before the document element."""
        return self.state(self._start)

    def state(self, pattern: Pattern) -> State:
        """Return the state of a pattern."""
        state = self._states.get(pattern)
        if state is None:
            state = self._states[pattern] = State(self, pattern)
        return state

    def remember(self, where: Texts | Opening | Values, size: int) -> None:
        """Account for a value (or several of an element) that is remembered somewhere.

        Values are without end, and make no states: when they are too many they alone are dropped.
        """
        self._spent_on_values += size + _ENTRY_COST
        if self._spent_on_values > self._max_memory * _SHARE_OF_VALUES:
            for memory in list(self._values.values()):
                memory.clear()
            self._values.clear()
            self._spent_on_values = 0
        self._values[id(where)] = where
        self._charge_patterns()

    def known_step(self, pattern: Pattern, name: str) -> Step | None:
        """Return the step that a start tag leads to, if a document has taken it before."""
        state = self._states.get(pattern)
        return None if state is None else state.get(name)

    def charge(self, size: int) -> None:
        """Account for a step that is remembered."""
        self._spent += size + _ENTRY_COST
        self._charge_patterns()

    def _charge_patterns(self) -> None:
        """Account for the patterns made meanwhile, and begin anew when there is too much."""
        count = self._pool.count
        if count != self._seen_patterns:
            self._spent += _PATTERN_COST * (count - self._seen_patterns)
            self._seen_patterns = count
        if self._spent > self._max_memory * _SHARE_OF_STATES:
            self._reset()

    def _reset(self) -> None:
        self.factored = True
        self._spent = self._spent_on_values = 0
        self._values.clear()
        for memory in (self._states, self._openings, self._tables, self._models):
            for entry in memory.values():
                if isinstance(entry, dict):
                    entry.clear()
                if isinstance(entry, State) and entry.texts is not None:
                    entry.texts.clear()
                if isinstance(entry, Opening):
                    entry.closed.clear()
            memory.clear()
        self._pool.drop()

    def model_of(self, pattern: Pattern) -> Model | None:
        """Return how to read the pattern factored; None where that is not to be done."""
        if not self.factored:
            return None
        if pattern not in self._models:
            self._models[pattern] = model(pattern)
        return self._models[pattern]

    def step(self, opened: Opened) -> Step | None:
        """Return the step of a start tag that opens these elements; None if there are none."""
        rests: dict[Pattern, list[Pattern]] = {}
        for element, rest in opened:
            rests.setdefault(element.content, []).append(rest)
        if not rests:
            return None
        pool = self._pool
        contents = sorted(rests, key=lambda content: content.number)
        if len(contents) == 1:
            child = contents[0]
        else:
            child = pool.choice([pool.after(content, i) for i, content in enumerate(contents)])
        table = self._table(tuple([pool.choice(rests[content]) for content in contents]))
        return table, self.opening(child), self.state(close(child))

    def _table(self, rests: tuple[Pattern, ...]) -> Table:
        table = self._tables.get(rests)
        if table is None:
            table = self._tables[rests] = Table(self, rests)
        return table

    def opening(self, pattern: Pattern) -> Opening:
        """Return the opening of an element with that content."""
        opening = self._openings.get(pattern)
        if opening is None:
            opening = self._openings[pattern] = Opening(self, pattern)
        return opening

    def after_attribute(self, pattern: Pattern, name: str, value: str) -> Pattern:
        """Return what is left after an attribute."""
        step = pattern.steps.get(name)
        if step is None:
            self.charge(len(name))
            step = pattern.steps[name] = self._attribute_step(pattern, name)
        if isinstance(step, Values):
            return step[value]
        assert isinstance(step, Pattern)  # noqa: S101  # tells the type checker what is in steps
        return step

    def _attribute_step(self, pattern: Pattern, name: str) -> Values | Pattern:
        tests = attribute_values(pattern, name)
        if all(test.kind == TEXT for test in tests):
            return by_attribute(pattern, name, dict.fromkeys(tests, True))
        return Values(self, pattern, name)
