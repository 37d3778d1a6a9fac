"""Where libxml2, and so libvirt, refuses children for their order though the schema allows any.

libxml2 reads an interleave by sorting the children into its branches: each branch gets a chain of
its own, made by pointing the ``next`` of a child at the next one of the same branch. The branches
are then read one after the other. At the end of an interleave the pointers are set right again, by
walking backwards over what lies between its first and its last child
(`xmlRelaxNGValidateInterleave` in ``relaxng.c``, the same in 2.9.14 and 2.14.6). Where the
interleave is itself a branch of another one, that undoes the chains which the outer one has made
for branches still to be read: they now run into children of other branches, and these are "extra
elements". An interleave that is read more than once, for an optional attribute before it, undoes
its own chains.

This module does the same with names instead of nodes. What the children hold is not looked at: the
document is known to be valid.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from xmlresource.relaxng.grammar import EMPTY
from xmlresource.relaxng.names import contains

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xmlresource.relaxng.grammar import Form, Grammar
    from xmlresource.relaxng.names import NameClass
    from xmlresource.relaxng.outline import Opened


# Of a repository's documents, most have their children in one of few orders.
_MAX_KNOWN = 1000
# An element with more children is not looked at: that would take too long.
_MAX_CHILDREN = 2000


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
    """How far reading has got.

    Attributes:
        at: the number of the child to be read next, or None.
        used: the attributes that have been read.
    """

    at: int | None
    used: frozenset[str]


class Relinking:
    """Tells for document elements whether libxml2 takes their children in the order they are in.

    What it has found out it remembers, up to a bound.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._branches: dict[tuple[int, str], int | None] = {}
        self._paths: dict[int, dict[str, tuple[int, ...]]] = {}
        self._known: dict[Opened, Stumble | None] = {}

    def stumble(self, element: Opened) -> Stumble | None:
        """Return where libxml2 stumbles over the children of a valid document element."""
        if len(element[2]) > _MAX_CHILDREN:
            return None
        try:
            return self._known[element]
        except KeyError:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            found = self._known[element] = self._find(element)
            return found

    def _find(self, element: Opened) -> Stumble | None:
        name, attributes, children = element
        found = None
        for content in self._contents(self._grammar.start, name):
            if self._is_in_order(content, children):
                return None
            run = _Run(self, attributes, children)
            complete = (None, frozenset(attributes))
            first = 0 if children else None
            if complete in run.read(content, [_State(first, frozenset())]):
                return None
            found = found or run.stumble
        return found

    def _contents(self, form: Form, name: str) -> Iterator[Form]:
        """Return what the document elements of that name may hold."""
        if form[0] == "choice":
            for part in form[1]:
                yield from self._contents(part, name)
        elif form[0] == "element" and contains(self.names(form), name):
            yield self._grammar.elements[form[1]][1]

    def _is_in_order(self, content: Form, children: tuple[str, ...]) -> bool:
        """Tell whether the children of each branch stand together, so that no link changes."""
        if id(content) not in self._paths:
            self._paths[id(content)] = {}
            self._find_paths(content, (), self._paths[id(content)])
        paths = self._paths[id(content)]
        left: set[tuple[int, ...]] = set()
        before: tuple[int, ...] = ()
        for child in children:
            path = paths.get(child)
            if path is None:
                return False
            for depth in range(1, len(path) + 1):
                if path[:depth] != before[:depth]:
                    left.add(before[:depth])
                    if path[:depth] in left:
                        return False
            before = path
        return True

    def _find_paths(
        self, form: Form, path: tuple[int, ...], found: dict[str, tuple[int, ...]]
    ) -> None:  # fmt: skip
        """Find the branches in which an element is, by its name: of the outermost interleave first.

        Of an element that is in several places, the innermost counts.
        """
        kind = form[0]
        if kind == "element":
            names = self.names(form)
            if isinstance(names, str):
                found[names] = max(path, found.get(names, ()), key=len)
        elif kind == "oneOrMore":
            self._find_paths(form[1], path, found)
        elif kind in ("choice", "group", "interleave"):
            for number, part in enumerate(form[1]):
                inner = (*path, number) if kind == "interleave" else path
                self._find_paths(part, inner, found)

    def names(self, form: Form) -> NameClass:
        """Return the name class of an element."""
        names: NameClass = self._grammar.elements[form[1]][0]
        return names

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
            return contains(self.names(form), name)
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
                return self._element(self._relinking.names(form), state)
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
