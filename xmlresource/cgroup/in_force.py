"""The tunables that a cgroup's files amount to: the planner's way, backwards."""

from collections.abc import Mapping

from xmlresource.cgroup.hierarchy import Place, Version
from xmlresource.cgroup.writes import State
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import BY_NAME, MEMORY
from xmlresource.units import UNLIMITED, Amount, Unlimited


def in_force(place: Place, state: State) -> MemoryPolicy:
    """What the kernel has for the guest at ``place``; unset is what it has no file for.

    On v2 a soft limit is what is in ``memory.low``, or, where nothing is, in ``memory.high``: one
    is ours, the other libvirt's. Of two limits of which one counts memory and the other swap, the
    sum is what both may take together.
    """
    own = state.values.get(place.cgroup, {})
    return _on_v1(own) if place.controller.version is Version.V1 else _on_v2(own)


def _on_v1(own: Mapping[str, Amount]) -> MemoryPolicy:
    amounts = {row.name: own.get(row.v1_file) for row in MEMORY if row.v1_file}
    return MemoryPolicy(**amounts, priority=None)


def _on_v2(own: Mapping[str, Amount]) -> MemoryPolicy:
    hard = own.get(BY_NAME["hard_limit"].v2_file)
    low, high = own.get("memory.low"), own.get("memory.high")
    soft = low or high
    memory = hard if isinstance(soft, Unlimited) else soft
    guarantee = own.get(BY_NAME["min_guarantee"].v2_file)
    return MemoryPolicy(
        hard_limit=hard,
        soft_limit=soft,
        min_guarantee=None if isinstance(guarantee, Unlimited) else guarantee,
        swap_hard_limit=_together(hard, own.get(BY_NAME["swap_hard_limit"].v2_file)),
        swap_soft_limit=_together(memory, own.get(BY_NAME["swap_soft_limit"].v2_file)),
    )


def _together(memory: Amount | None, swap: Amount | None) -> Amount | None:
    if memory is None or swap is None:
        return None
    if isinstance(memory, Unlimited) or isinstance(swap, Unlimited):
        return UNLIMITED
    return memory + swap
