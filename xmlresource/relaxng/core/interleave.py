"""Interleaves that can be read factored: branch by branch, instead of as a product.

An interleave of n optional elements has 2**n states, and children in random order visit many. But
the element names of the branches are disjoint (§7.4), so that a name tells its branch, and the
state of the whole is the tuple of the branches' own states, of which there are few.
"""

from __future__ import annotations

from xmlresource.relaxng.core.analysis import nodes
from xmlresource.relaxng.core.names import WILDCARD, members
from xmlresource.relaxng.core.patterns import ELEMENT, INTERLEAVE, Pattern

# Below that many branches there are too few states to be worth the slower reading.
_MIN_BRANCHES = 6


class Model:
    """An interleave taken apart.

    Attributes:
        branches: its branches.
        branch_of: the number of the branch that an element's name belongs to.
    """

    __slots__ = ("branch_of", "branches")

    def __init__(self, branches: tuple[Pattern, ...], branch_of: dict[str, int]) -> None:
        self.branches = branches
        self.branch_of = branch_of


def model(pattern: Pattern) -> Model | None:
    """Take an interleave apart; None for what is none, or has text, attributes or wildcards."""
    if pattern.kind != INTERLEAVE or len(pattern.parts) < _MIN_BRANCHES:
        return None
    if pattern.has_text or pattern.attributes:
        return None
    branch_of: dict[str, int] = {}
    for number, branch in enumerate(pattern.parts):
        for element in nodes(branch, ELEMENT):
            for name in members(element.names):
                if name == WILDCARD or branch_of.setdefault(name, number) != number:
                    return None
    return Model(pattern.parts, branch_of)
