"""Policies."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from xmlresource.model.policy import MemoryPolicy
from xmlresource.strategies.sizes import amounts, sizes
from xmlresource.tunables import MEMORY, Kind
from xmlresource.units import UNLIMITED, Amount


def policies(*, consistent: bool = True) -> SearchStrategy[MemoryPolicy]:
    """Policies that a guest may declare, from nothing to all tunables.

    Args:
        consistent: Only what the rules accept; else also limits that contradict each other.
    """
    return _consistent() if consistent else _any()


def _any() -> SearchStrategy[MemoryPolicy]:
    fields = {
        tunable.name: st.one_of(
            st.none(), amounts() if tunable.kind is Kind.LIMIT else sizes()
        )
        for tunable in MEMORY
    }  # fmt: skip
    return st.fixed_dictionaries(fields).map(
        lambda drawn: MemoryPolicy(**drawn, priority=None, balance=None)
    )


@st.composite
def _consistent(draw: st.DrawFn) -> MemoryPolicy:
    """Five sizes in order: guarantee < soft < hard and swap soft, in either order < swap hard."""
    lowest, second, third, fourth, highest = sorted(
        draw(st.lists(sizes(), min_size=5, max_size=5, unique=True))
    )
    hard, swap_soft = draw(st.permutations((third, fourth)))
    drawn: dict[str, Amount | None] = {
        "hard_limit": hard,
        "soft_limit": second,
        "min_guarantee": lowest,
        "swap_hard_limit": highest,
        "swap_soft_limit": swap_soft,
    }
    for name in drawn:
        fate = draw(st.sampled_from(("keep", "keep", "unset", "unlimited")))
        if fate == "unset" or (fate == "unlimited" and name == "min_guarantee"):
            drawn[name] = None
        elif fate == "unlimited":
            drawn[name] = UNLIMITED
    if not isinstance(drawn["hard_limit"], int) and isinstance(drawn["swap_hard_limit"], int):
        drawn["swap_hard_limit"] = None  # it needs a hard limit to be above
    return MemoryPolicy(**drawn, priority=None, balance=None)
