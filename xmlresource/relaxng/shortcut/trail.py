"""A shortcut past expat, on the trails of the documents before.

A document is cut at each ``<``. A piece that has been seen in the same place leads to the same
place again, so most pieces of most documents cost one lookup of their bytes and are never parsed.
What is new is taken apart (`pieces`) and followed through the automaton, once.

All that a document's reading can depend on at the beginning of a piece is a *node*: the state of
the open element, what namespaces mean there, and whether there was text. In the document element a
node also knows the child before it, so that the nodes passed there tell the order of its children;
where that may be any, one state stands for all, and the order is judged in the end (`any_order`).
From a node a piece leads to ``(mark, node)``:

* mark 0: an empty element, a comment: to that node,
* mark above 0: a start tag: to that node, and the mark is kept until the end tag,
* mark below 0: an end tag: the mark that was kept and this one lead to the node.

Marks and nodes are numbers, and what leads to them plain lists and dicts: the quickest there are.
"""

from __future__ import annotations

from _thread import allocate_lock

from xmlresource.relaxng.core.automaton import Invalid
from xmlresource.relaxng.shortcut import pieces
from xmlresource.relaxng.shortcut.any_order import Back, any_order
from xmlresource.relaxng.shortcut.pieces import Unsure
from xmlresource.relaxng.xsd.blanks import is_blank

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import TypeAlias

    from xmlresource.relaxng.core.automaton import Automaton, AutomatonState, TransitionTable
    from xmlresource.relaxng.shortcut.any_order import AnyOrder, Child
    from xmlresource.relaxng.shortcut.pieces import Namespaces
    from xmlresource.relaxng.validating.outline import Outline

    #: The state, what prefixes mean, whether the text before may go on after a comment, how deep it
    #: is, and in the document element the child that has just ended.
    Node: TypeAlias = tuple[AutomatonState | AnyOrder, Namespaces, bool, int, Child | None]
    #: The table, the name as it is written, what prefixes mean outside, how deep that is, the names
    #: that an outline needs (the element's, and of the document element the attributes' too), and
    #: of a document element with children in any order what judges these.
    Opened: TypeAlias = tuple[
        TransitionTable | Back, str, Namespaces, int, tuple[str, ...], AnyOrder | None
    ]
    #: A mark and a node.
    Taken: TypeAlias = tuple[int, int]

# What a remembered piece costs besides its own bytes, roughly.
_ENTRY_COST = 300
# The characters of the shortest start tag that is not its own end: <a>.
_LEAST_TAG = 3
# The node before the document, where an XML declaration may be.
_FIRST = 0
# How deep a node is: before the document element, directly in it, or deeper.
_OUTSIDE, _IN_ROOT, _DEEPER = range(3)


class Trail:
    """The ways that documents have taken through an automaton.

    Several threads may use it, and it grows with what they meet.

    Attributes:
        is_over: whether it remembers no more, because it is full or the automaton has begun anew.
    """

    def __init__(self, automaton: Automaton, max_memory: int) -> None:
        self.is_over = False
        self._automaton = automaton
        self._left = max_memory
        # A large document is read to its end, though nothing more of it is remembered.
        self._least = -4 * max_memory
        self._lock = allocate_lock()
        self._rows: list[dict[bytes, Taken]] = [{}]
        self._shared: dict[Hashable, dict[bytes, Taken]] = {}
        #: By a start tag's mark, the nodes by the end tag's.
        self._after: list[dict[int, int]] = [{}]
        # What nodes, marks of start tags and (negated) marks of end tags are, and their numbers.
        self._nodes: list[Node] = [(automaton.start, (), False, _OUTSIDE, None)]
        self._opened: list[Opened] = []
        self._ended: list[tuple[AutomatonState | AnyOrder, str, str]] = []
        #: What may be: the mark of a document element, and the nodes passed in it.
        self._orders: set[tuple[int, ...]] = set()
        #: What judges the children of document elements, by the states that these begin with.
        self._any_orders: dict[AutomatonState, AnyOrder | None] = {}
        self._numbers: dict[Hashable, int] = {}

    def leads_through(
        self, data: bytes, max_depth: int, outline: Outline | None = None
    ) -> bool | None:  # fmt: skip
        """Tell whether a document is well-formed and valid; None where this cannot be told here.

        Args:
            data: the document.
            max_depth: how many elements may be open at the same time.
            outline: takes down what the document element is like, if that is wanted.
        """
        kept: list[int] = []
        keep: Callable[[int], None] = kept.append
        if len(data) > _LEAST_TAG * max_depth and data.count(b"<") >= max_depth:
            keep = _bounded(kept, max_depth)
        in_root: list[int] = []
        try:
            opened, node = self._follow(data, kept, keep, in_root)
        except Invalid:
            return False
        except (Unsure, IndexError):  # or an end tag too many
            return None
        if kept or not self._nodes[node][0].pattern.nullable:
            return False
        if not opened:
            return True
        *_, names, content = self._opened[opened - 1]
        if outline is not None:
            outline.take(names, [name for name, _ in self._children(in_root)])
        return content is None or self._may_be(opened, content, in_root)

    def counts(self) -> tuple[int, int, int]:
        """Count the nodes, pieces and orders that are remembered."""
        rows = {id(row): row for row in self._rows}
        return len(self._nodes), sum(map(len, rows.values())), len(self._orders)

    def _children(self, in_root: list[int]) -> list[Child]:
        nodes = self._nodes
        return [child for number in in_root if (child := nodes[number][-1])]

    def _may_be(self, opened: int, content: AnyOrder, in_root: list[int]) -> bool:
        """Tell whether the children of the document element may come as they do."""
        passed = opened, *in_root
        if passed in self._orders:
            return True
        if not content.allows(self._children(in_root)):
            return False
        self._spend(8 * len(passed))
        if not self.is_over:
            self._orders.add(passed)
        return True

    def _follow(
        self, data: bytes, kept: list[int], keep: Callable[[int], None], in_root: list[int]
    ) -> tuple[int, int]:
        """Follow all pieces, with the marks of open elements kept and the nodes in the root noted.

        Returns:
            the mark of the element that has ended last (0 if none has), and the last node.
        """
        rows, after, pop = self._rows, self._after, kept.pop
        opened, node = 0, _FIRST
        for part in pieces.cut(data):
            for piece in part:
                try:
                    mark, node = rows[node][piece]
                except KeyError:
                    mark, node = self._take(node, piece)
                if mark > 0:
                    keep(mark)
                    continue
                if mark:
                    opened = pop()
                    try:
                        node = after[opened][mark]
                    except KeyError:
                        node = self._take_end(opened, mark)
                if len(kept) == 1:
                    in_root.append(node)
        return opened, node

    def _take(self, node: int, piece: bytes) -> Taken:
        """Follow a piece that has not come from this node yet."""
        if self._left < self._least:
            raise Unsure
        untrimmed = self._automaton.untrimmed
        taken = self._taken(node, pieces.decoded(piece))
        self._spend(len(piece))  # also for what is not remembered: work has an end
        if untrimmed == self._automaton.untrimmed and not self.is_over:
            self._rows[node][piece] = taken
        return taken

    def _taken(self, node: int, piece: str) -> Taken:
        state, namespaces, had_text, depth, _ = self._nodes[node]
        sign = piece[:1]
        if sign == "/":
            name, text = pieces.end(piece)
            return -self._mark_of_end(state, name, text), node
        if sign == "!":
            if had_text:  # to be joined to the text after it
                raise Unsure
            return 0, self._node(state, pieces.comment(piece), namespaces, depth)
        if sign == "?":
            if node != _FIRST or not pieces.is_declaration(piece):
                raise Unsure
            return 0, self._node(state, "", namespaces, depth)
        return self._started(state, pieces.Start(piece, namespaces), namespaces, depth)

    def _started(
        self, state: AutomatonState | AnyOrder, tag: pieces.Start, outer: Namespaces, depth: int
    ) -> Taken:  # fmt: skip
        table, opening, child = state[tag.name]
        if tag.attributes:
            child = opening.after(sorted(tag.attributes.items()))
        if tag.is_empty:
            final = _after_text(child, "")
            ended = _ended(table, final, tag.name) if depth == _IN_ROOT else None
            return 0, self._node(table[final], tag.text, outer, depth, ended)
        names: tuple[str, ...] = ()
        content = None
        if depth == _IN_ROOT:
            names = (tag.name,)
        elif depth == _OUTSIDE:
            names = (tag.name, *sorted(tag.attributes))
            content = self._any_order(child)
        node = self._node(content or child, tag.text, tag.namespaces, min(depth + 1, _DEEPER))
        return self._mark_of_start((table, tag.raw, outer, depth, names, content)), node

    def _any_order(self, state: AutomatonState) -> AnyOrder | None:
        if state not in self._any_orders:
            self._any_orders[state] = any_order(self._automaton, state.pattern)
        return self._any_orders[state]

    def _take_end(self, opened: int, mark: int) -> int:
        """Follow an end tag that has not come there yet."""
        table, opening_name, namespaces, depth, names, _ = self._opened[opened - 1]
        child, name, text = self._ended[-mark - 1]
        if name != opening_name:
            raise Unsure
        untrimmed = self._automaton.untrimmed
        ended = _ended(table, child, names[0]) if depth == _IN_ROOT else None
        node = self._node(table[child], text, namespaces, depth, ended)
        self._spend(0)
        if untrimmed == self._automaton.untrimmed and not self.is_over:
            self._after[opened][mark] = node
        return node

    def _node(
        self,
        before: AutomatonState | AnyOrder,
        text: str,
        namespaces: Namespaces,
        depth: int,
        ended: Child | None = None,
    ) -> int:
        """Return the node that text leads to, up to the next tag, after an element or none."""
        state = _after_text(before, text)
        if state.model is not None:  # to be read branch by branch, which this cannot
            raise Unsure
        key = state, namespaces, before.special, depth, ended
        with self._lock:
            number = self._numbers.get(key)
            if number is None:
                self._left -= _ENTRY_COST
                number = self._numbers[key] = len(self._nodes)
                self._nodes.append(key)
                # What comes next does not depend on the child before.
                self._rows.append(self._shared.setdefault(key[:-1], {}))
        return number

    def _mark_of_start(self, opened: Opened) -> int:
        key = id(opened[0]), *opened[1:]  # a table is not hashable, and stays in the list
        with self._lock:
            mark = self._numbers.get(key)
            if mark is None:
                self._left -= _ENTRY_COST
                self._opened.append(opened)
                self._after.append({})
                mark = self._numbers[key] = len(self._opened)
        return mark

    def _mark_of_end(self, state: AutomatonState | AnyOrder, name: str, text: str) -> int:
        key = state, name, text
        with self._lock:
            mark = self._numbers.get(key)
            if mark is None:
                self._left -= _ENTRY_COST
                self._ended.append(key)
                mark = self._numbers[key] = len(self._ended)
        return mark

    def _spend(self, size: int) -> None:
        """Account for an entry of that size."""
        self._left -= size + _ENTRY_COST
        if self._left < 0 or self._automaton.factored:
            self.is_over = True


def _ended(table: TransitionTable | Back, final: AutomatonState | AnyOrder, name: str) -> Child:
    """Return what siblings ask of a child."""
    if isinstance(table, Back):
        return name, table.parent.outcome(name, final.pattern)
    return name, ()


def _after_text(state: AutomatonState | AnyOrder, text: str) -> AutomatonState | AnyOrder:
    """Return the state after the text up to the next tag."""
    if state.texts is not None and state.model is None:
        return state.texts[text]
    if not is_blank(text):
        raise Invalid
    return state


def _bounded(kept: list[int], max_depth: int) -> Callable[[int], None]:
    """Return what keeps marks, but leaves documents to others that may be too deep."""

    def keep(mark: int) -> None:
        kept.append(mark)
        if len(kept) >= max_depth:
            raise Unsure

    return keep
