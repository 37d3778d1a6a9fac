"""How libxml2 reads children into the branches of interleaves, with names instead of nodes.

`child_order` tells what it does with them, and why.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from xmlresource.relaxng.core.names import contains
from xmlresource.relaxng.loading.grammar import EMPTY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xmlresource.relaxng.core.names import NameClass
    from xmlresource.relaxng.loading.grammar import Form, Grammar


class Stumble(NamedTuple):
    """Children that libxml2 does not find to belong together.

    Attributes:
        before: the number of the last child of a branch that it finds.
        extra: the child that it takes for one too many.
        after: the next child of the branch, which it does not find.
    """

    before: int
    extra: int
    after: int


class _State(NamedTuple):
    """The state of a reading.

    Attributes:
        at: the number of the child to be read next, or None.
        used: the attributes that have been read.
    """

    at: int | None
    used: frozenset[str]


class Relinking:
    """Reads the children of elements of one grammar.

    Attributes:
        grammar: the grammar.
    """

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self._branches: dict[tuple[int, str], int | None] = {}

    def read(
        self, content: Form, attributes: tuple[str, ...], children: tuple[str, ...]
    ) -> tuple[bool, Stumble | None]:
        """Return whether libxml2 reads all of an element, and where it stumbles first."""
        run = _Run(self, attributes, children)
        complete = (None, frozenset(attributes))
        first = 0 if children else None
        is_read = complete in run.read(content, [_State(first, frozenset())])
        return is_read, run.stumble

    def branch(self, form: Form, name: str) -> int | None:
        """Return the number of the branch of an interleave that has an element of that name."""
        key = id(form), name
        if key not in self._branches:
            having = [number for number, part in enumerate(form[1]) if self._has(part, name)]
            self._branches[key] = having[0] if having else None
        return self._branches[key]

    def _has(self, form: Form, name: str) -> bool:
        kind = form[0]
        if kind == "element":
            return contains(self.grammar.names(form), name)
        if kind == "oneOrMore":
            return self._has(form[1], name)
        return kind in ("choice", "group", "interleave") and any(
            self._has(part, name) for part in form[1]
        )


class _Run:
    """The reading of the attributes and children of one element."""

    def __init__(
        self, relinking: Relinking, attributes: tuple[str, ...], children: tuple[str, ...]
    ) -> None:
        self._relinking = relinking
        self._attributes = attributes
        self._names = children
        self._next: list[int | None] = [*range(1, len(self._names)), None]
        self._broken: Stumble | None = None
        self._cut_short: Stumble | None = None

    @property
    def stumble(self) -> Stumble | None:
        """The first chain that was broken; or else the first interleave that ended too early."""
        return self._broken or self._cut_short

    def read(self, form: Form, states: Sequence[_State]) -> list[_State]:
        """Return all states to which reading a form can lead."""
        return list(dict.fromkeys(end for state in states for end in self._read(form, state)))

    def _read(self, form: Form, state: _State) -> list[_State]:  # noqa: PLR0911  # a case per kind
        match form[0]:
            case "element":
                return self._element(self._relinking.grammar.names(form), state)
            case "attribute":
                return self._attribute(form[1], state)
            case "interleave":
                return self._interleave(form, state)
            case "choice":
                # What is optional is not there first.
                parts = sorted(form[1], key=lambda part: part is not EMPTY)
                return [end for part in parts for end in self._read(part, state)]
            case "group":
                states = [state]
                for part in form[1]:
                    states = self.read(part, states)
                return states
            case "oneOrMore":
                return self._repeated(form[1], state)
        return [state]

    def _element(self, names: NameClass, state: _State) -> list[_State]:
        if state.at is None or not contains(names, self._names[state.at]):
            return []
        return [_State(self._next[state.at], state.used)]

    def _attribute(self, names: NameClass, state: _State) -> list[_State]:
        left = [name for name in self._attributes if name not in state.used]
        return [
            _State(state.at, state.used | {name}) for name in left if contains(names, name)
        ][:1]  # fmt: skip

    def _repeated(self, form: Form, state: _State) -> list[_State]:
        new = self.read(form, [state])
        found = dict.fromkeys(new)
        while new:
            new = [end for end in self.read(form, new) if end not in found]
            found.update(dict.fromkeys(new))
        return list(found)

    def _interleave(self, form: Form, state: _State) -> list[_State]:
        chains, rest, last = self._sort(form, state.at)
        ends = self._read_branches(form, chains, _State(rest, state.used))
        self._relink(state.at, last)
        return ends

    def _read_branches(self, form: Form, chains: list[list[int]], state: _State) -> list[_State]:
        for part, chain in zip(form[1], chains, strict=True):
            used = self._chain(part, chain, state.used)
            if used is None:
                return []
            state = _State(state.at, used)
        return [state]

    def _chain(
        self, form: Form, chain: list[int], used: frozenset[str]
    ) -> frozenset[str] | None:  # fmt: skip
        """Read a branch; return the attributes that have been read by then, None if it fails."""
        following = None
        if chain:
            following, self._next[chain[-1]] = self._next[chain[-1]], None
            self._note_break(chain)
        ends = self.read(form, [_State(chain[0] if chain else None, used)])
        complete = [end.used for end in ends if end.at is None]
        if not complete:
            return None
        if chain:
            self._next[chain[-1]] = following
        return max(reversed(complete), key=len)  # it goes on from one state, the best

    def _sort(
        self, form: Form, start: int | None
    ) -> tuple[list[list[int]], int | None, int | None]:  # fmt: skip
        """Give each branch its chain. Return these, what comes after, and how far links change."""
        chains: list[list[int]] = [[] for _ in form[1]]
        current, last = start, None
        before: int | None = None
        while current is not None:
            branch = self._branch(form, current)
            if branch is None:
                self._note_end(form, before, current)
                break
            if chains[branch]:
                self._next[chains[branch][-1]] = current
            chains[branch].append(current)
            before, following = current, self._next[current]
            last = current if following is None else following
            current = following
        return chains, current, last

    def _branch(self, form: Form, child: int) -> int | None:
        return self._relinking.branch(form, self._names[child])

    def _relink(self, start: int | None, last: int | None) -> None:
        """Restore the order of the document, as far as an interleave has changed it."""
        while last is not None and last not in (start, 0):
            self._next[last - 1] = last
            last -= 1

    def _note_break(self, chain: list[int]) -> None:
        """Remember a chain that no longer leads from child to child, the first time."""
        for before, after in pairwise(chain):
            extra = self._next[before]
            if self._broken is None and extra is not None and extra != after:
                self._broken = Stumble(before, extra, after)

    def _note_end(self, form: Form, before: int | None, extra: int) -> None:
        """Remember an interleave that ends although children of it come later."""
        later = range(extra + 1, len(self._names))
        after = next((child for child in later if self._branch(form, child) is not None), None)
        if self._cut_short is None and before is not None and after is not None:
            self._cut_short = Stumble(before, extra, after)
