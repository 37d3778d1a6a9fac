"""Children that may come in any order, judged together when their parent has ended.

Read child by child, an interleave of n optional elements has up to 2**n states, and each new
selection or order of children needs new ones. But the names of its branches are disjoint (§7.4), so
what a child may hold depends on no sibling in another branch. Where those in its own branch can
only leave it less to hold, one state can stand for all, and whether these children could come like
this is asked once, of each branch for itself.
"""

from __future__ import annotations

from xmlresource.relaxng.core.analysis import element_names, elements_named
from xmlresource.relaxng.core.automaton import Invalid
from xmlresource.relaxng.core.derivatives import by_start_tag, marks
from xmlresource.relaxng.core.derivatives import contents as contents_of
from xmlresource.relaxng.core.interleave import model

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from xmlresource.relaxng.core.automaton import Automaton, AutomatonState, Opening
    from xmlresource.relaxng.core.interleave import Model
    from xmlresource.relaxng.core.patterns import Pattern

    #: Of the contents that an element of some name may have, those that one has.
    Contents: TypeAlias = tuple[Pattern, ...]
    #: A child, as far as its siblings are concerned: its name and its contents.
    Child: TypeAlias = tuple[str, Contents]


def any_order(automaton: Automaton, pattern: Pattern) -> AnyOrder | None:
    """Return what reads the children of such an interleave; None for any other pattern."""
    taken = model(pattern)
    if taken is None:
        return None
    if not all(map(_is_open_to_all, taken.branches)):
        return None
    return AnyOrder(automaton, taken)


def _is_open_to_all(branch: Pattern) -> bool:
    """Tell whether whatever a child in it may hold, it may hold as the first one, too."""
    for name in element_names(branch):
        first = {element for element, _ in by_start_tag(branch, name)}
        late = set(elements_named(branch, name)) - first
        if late and not {each.content for each in late} <= {each.content for each in first}:
            return False
    return True


class AnyOrder:
    """Takes the place of a state: of all that the interleave can be in.

    Attributes:
        pattern: what is left as far as the parent wants to know: nothing, if `allows` agrees.
        back: leads from the end of a child back to here.
    """

    __slots__ = (
        "_automaton", "_contents", "_model", "_next", "_required", "back", "pattern",
    )  # fmt: skip

    #: There is never text in it, nor is it read factored.
    special = False
    model = None
    texts = None

    def __init__(self, automaton: Automaton, taken: Model) -> None:
        self._automaton = automaton
        self._model = taken
        self._required = {n for n, branch in enumerate(taken.branches) if not branch.nullable}
        self._contents: dict[str, Contents] = {}
        self._next: dict[tuple[Pattern, str, Contents], Pattern] = {}
        self.pattern = taken.branches[0].pool.empty
        self.back = Back(self)

    def __getitem__(self, name: str) -> tuple[Back, Opening, AutomatonState]:
        """Return the step of a start tag, as a `AutomatonState` does."""
        number = self._model.branch_of.get(name)
        if number is None:
            raise Invalid
        _, opening, state = self._automaton.state(self._model.branches[number])[name]
        return self.back, opening, state

    def outcome(self, name: str, final: Pattern) -> Contents:
        """Return by which contents a child is valid, of what is left of it at its end."""
        contents = self._contents.get(name)
        if contents is None:
            opened = by_start_tag(self._model.branches[self._model.branch_of[name]], name)
            contents = self._contents[name] = tuple(contents_of(opened))
        if len(contents) > 1:
            contents = tuple([contents[mark] for mark in sorted(marks(final))])
        elif not final.nullable:
            contents = ()
        if not contents:
            raise Invalid
        return contents

    def allows(self, children: Sequence[Child]) -> bool:
        """Tell whether these children, each valid for itself, may come in this order."""
        branches, branch_of, known = self._model.branches, self._model.branch_of, self._next
        left: dict[int, Pattern] = {}
        for name, contents in children:
            number = branch_of[name]
            step = left.get(number, branches[number]), name, contents
            after = known.get(step)
            if after is None:
                self._automaton.allowance.charge(len(name))
                after = known[step] = self._after(*step)
            left[number] = after
        return self._required <= left.keys() and all(part.nullable for part in left.values())

    def _after(self, branch: Pattern, name: str, contents: Contents) -> Pattern:
        """Return what is left of a branch after a child that is valid by these contents."""
        opened = by_start_tag(branch, name)
        return branch.pool.choice([rest for element, rest in opened if element.content in contents])


class Back:
    """Leads from the end of a child back to its parent, as a `Table` does."""

    __slots__ = ("parent",)

    def __init__(self, parent: AnyOrder) -> None:
        self.parent = parent

    def __getitem__(self, _: object) -> AnyOrder:
        return self.parent
