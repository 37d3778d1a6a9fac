"""The tunables that a cgroup's files amount to: the planner's way, backwards."""

from collections.abc import Mapping
from typing import Final

from xmlresource.cgroup.hierarchy import Place, Version
from xmlresource.cgroup.writes import CgroupState
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import MEMORY
from xmlresource.units import UNLIMITED, Amount, Unlimited

_V2_FILES: Final = {row.name: row.v2_file for row in MEMORY if row.v2_file}


def current_policy(place: Place, state: CgroupState) -> MemoryPolicy:
    """The policy that is in force at ``place``; a tunable without a file is unset.

    On v2 a soft limit is what is in ``memory.low``, or, where nothing is, in ``memory.high``: one
    is ours, the other libvirt's. Of two limits of which one counts memory and the other swap, the
    sum is what both may take together.
    """
    own = state.values.get(place.cgroup, {})
    return _on_v1(own) if place.controller.version is Version.V1 else _on_v2(own)


def _on_v1(own: Mapping[str, Amount]) -> MemoryPolicy:
    amounts = {row.name: own.get(row.v1_file) for row in MEMORY if row.v1_file}
    return MemoryPolicy(**amounts, priority=None, balance=None)


def _on_v2(own: Mapping[str, Amount]) -> MemoryPolicy:
    hard = own.get(_V2_FILES["hard_limit"])
    low, high = own.get("memory.low"), own.get("memory.high")
    soft = low or high
    memory = hard if isinstance(soft, Unlimited) else soft
    guarantee = own.get(_V2_FILES["min_guarantee"])
    return MemoryPolicy(
        hard_limit=hard,
        soft_limit=soft,
        min_guarantee=None if isinstance(guarantee, Unlimited) else guarantee,
        swap_hard_limit=_together(hard, own.get(_V2_FILES["swap_hard_limit"])),
        swap_soft_limit=_together(memory, own.get(_V2_FILES["swap_soft_limit"])),
    )


def _together(memory: Amount | None, swap: Amount | None) -> Amount | None:
    if memory is None or swap is None:
        return None
    if isinstance(memory, Unlimited) or isinstance(swap, Unlimited):
        return UNLIMITED
    return memory + swap
