"""Hypothesis's entry point, called at its import; it costs little until a policy is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from xmlresource.model.policy import MemoryPolicy


def register() -> None:
    """Let ``st.from_type(MemoryPolicy)`` draw policies that make sense."""
    from hypothesis import strategies as st  # noqa: PLC0415 -- only Hypothesis calls this

    from xmlresource.model.policy import MemoryPolicy  # noqa: PLC0415

    st.register_type_strategy(MemoryPolicy, _policies)


def _policies(_type: type[MemoryPolicy]) -> SearchStrategy[MemoryPolicy]:
    from xmlresource.strategies.policies import policies  # noqa: PLC0415

    return policies()
