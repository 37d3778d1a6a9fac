"""Relations between the tunables of a running guest: asked for against in force."""

from collections.abc import Iterable, Iterator

from xmlresource.model.policy import MemoryPolicy
from xmlresource.record import replace
from xmlresource.tunables import BY_NAME, RELATIONS
from xmlresource.units import Amount, Unlimited, format_amount


def effective(in_force: MemoryPolicy, declared: MemoryPolicy) -> MemoryPolicy:
    """The policy that holds: the kernel's values, or the definition's where the kernel has none.

    A kernel that takes an advisory value and forgets it (the v1 soft limit on recent ones) reads
    "unlimited"; then, too, what is declared is what is meant.
    """
    amounts: dict[str, Amount] = {}
    for name, amount in in_force.items():
        forgotten = BY_NAME[name].advisory and isinstance(amount, Unlimited)
        if not forgotten:
            amounts[name] = amount
    return replace(declared, **amounts)


def contradictions(policy: MemoryPolicy, changed: Iterable[str]) -> Iterator[str]:
    """The relations that a change would break; those that it does not touch are left out."""
    names = frozenset(changed)
    for relation in RELATIONS:
        lower, upper = policy[relation.lower], policy[relation.upper]
        if names.isdisjoint({relation.lower, relation.upper}):
            continue
        if isinstance(lower, int) and isinstance(upper, int) and lower > upper:
            yield (
                f"{relation.code} {relation.lower} ({_told(policy, relation.lower, names)}) is "
                f"above {relation.upper} ({_told(policy, relation.upper, names)})"
            )
    total, limit = policy.swap_hard_limit, policy.hard_limit
    if isinstance(total, int) and not isinstance(limit, int) and "swap_hard_limit" in names:
        yield "XR304 swap_hard_limit is set, and hard_limit is not"


def _told(policy: MemoryPolicy, name: str, changed: frozenset[str]) -> str:
    amount = policy[name]
    size = "unset" if amount is None else format_amount(amount)
    return size if name in changed else f"{size}, in force"
