"""An open element whose content is an interleave read branch by branch (see `interleave`)."""

from __future__ import annotations

from xmlresource.relaxng.core.automaton import Invalid

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from xmlresource.relaxng.core.automaton import (
        Automaton,
        AutomatonState,
        Final,
        Opening,
        TransitionTable,
    )
    from xmlresource.relaxng.core.interleave import Model
    from xmlresource.relaxng.core.patterns import Pattern


class Factored:
    """Takes the place of the state of one open element, and is changed as its children end."""

    __slots__ = ("_branch_of", "_open", "_pool", "branches")

    #: There is never text in it, nor anything to be done on entering it again.
    special = False
    model = None

    def __init__(self, automaton: Automaton, taken: Model) -> None:
        self._branch_of = taken.branch_of
        self.branches = [automaton.state(branch) for branch in taken.branches]
        self._open = sum(not branch.nullable for branch in taken.branches)
        self._pool = taken.branches[0].pool

    def __getitem__(self, name: str) -> tuple[BranchTable, Opening, AutomatonState]:
        number = self._branch_of.get(name)
        if number is None:
            raise Invalid
        table, opening, state = self.branches[number][name]
        return BranchTable(self, number, table), opening, state

    def advance(self, number: int, state: AutomatonState) -> None:
        """Put a branch into its next state."""
        before = self.branches[number]
        self._open += before.pattern.nullable - state.pattern.nullable
        self.branches[number] = state

    @property
    def pattern(self) -> Pattern:
        """The rest, as far as the parent wants to know: nothing, or something."""
        return self._pool.not_allowed if self._open else self._pool.empty


class BranchTable:
    """Maps the final state of a child to the element it is in, having noted it in its branch."""

    __slots__ = ("_number", "_owner", "_table")

    def __init__(self, owner: Factored, number: int, table: TransitionTable) -> None:
        self._owner = owner
        self._number = number
        self._table = table

    def __getitem__(self, final: Final) -> Factored:
        self._owner.advance(self._number, self._table[final])
        return self._owner
