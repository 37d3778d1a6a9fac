"""The protection that a cgroup really has, below ancestors and beside siblings.

The kernel's ``effective_protection()`` (mm/memcontrol.c, since 5.7), for ``memory.min`` as for
``memory.low``. Protection is what is set, as far as it is used; siblings that have more together
than their parent share what it has, in proportion to that; and with the mount option
``memory_recursiveprot`` what they leave of it goes to those that use more than is set for them.

It is worked out anew at every reclaim, so it moves with what is used: :func:`settled` follows it to
where nothing more can be taken. :func:`dependable` is what remains in the worst case.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from xmlresource.cgroup.kernel_values import magnitude
from xmlresource.record import record
from xmlresource.units import Amount

_STEP: Final = 0.01  # the part of what is unprotected that one round of reclaim takes
ROUNDS: Final = 10_000


@record
class Child:
    """A cgroup below a parent, with its protection and its charge."""

    setting: float
    usage: float


def effective(
    parent: float, parent_usage: float, children: Sequence[Child], *, recursive: bool = False
) -> tuple[float, ...]:
    """The effective protection of each of ``children``.

    Args:
        parent: What the parent itself is protected by.
        parent_usage: What is charged to the parent, with all below it.
        children: All of the parent's children.
        recursive: The hierarchy is mounted with ``memory_recursiveprot``.
    """
    claimed = sum(min(child.setting, child.usage) for child in children)
    spare = parent - claimed if recursive and parent_usage > claimed else 0.0
    share = parent / claimed if claimed > parent else 1.0
    found = []
    for child in children:
        claim = min(child.setting, child.usage)
        value = claim * share
        if spare > 0 and child.usage > claim:
            value += spare * (child.usage - claim) / (parent_usage - claimed)
        found.append(value)
    return tuple(found)


def settled(
    parent: float, children: Sequence[Child], *, recursive: bool = False
) -> tuple[float, ...]:
    """The bytes that each of ``children`` keeps when nothing unprotected is left to reclaim.

    Reclaim takes from each in proportion to what of it is unprotected, so what it leaves depends
    on where it began.
    """
    now = list(children)
    for _ in range(ROUNDS):
        usage = sum(child.usage for child in now)
        kept = effective(parent, usage, now, recursive=recursive)
        over = [max(0.0, child.usage - value) for child, value in zip(now, kept, strict=True)]
        if sum(over) <= usage * _STEP**2:
            break
        now = [
            Child(child.setting, child.usage - _STEP * rest)
            for child, rest in zip(now, over, strict=True)
        ]
    return tuple(child.usage for child in now)


def dependable(levels: Iterable[tuple[Amount, Iterable[Amount]]]) -> int | float:
    """The protection that a cgroup can count on, whatever all others use.

    Args:
        levels: From the top down, the cgroup itself last: what is set there, and what is set for
            each of its siblings. The root protects all that it is asked to.
    """
    above: int | float = float("inf")
    for setting, siblings in levels:
        own = magnitude(setting)
        claimed = own + sum(magnitude(each) for each in siblings)
        if claimed <= above:
            above = own
        elif claimed == float("inf"):
            # Each claims at most what it uses, which nobody knows: count on nothing of theirs.
            above = 0 if own != claimed else above
        else:
            above = int(own * above // claimed)
    return above
