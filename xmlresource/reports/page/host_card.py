"""The record of all that the page shows of a host. Sizes are in bytes."""

from enum import Enum
from typing import Final

from xmlresource.record import record
from xmlresource.reports.host.memory_parts import MemoryParts

CLAIMED: Final = "claimed"
"""The state of a guest that is to come."""

UP: Final = "up"
"""The state of a host of which there is nothing to be said."""


class Spare(Enum):
    """The answer to whether the other hosts could take a host's guests; a value is its style."""

    ENOUGH = "enough"
    LACKING = "lacking"
    UNKNOWN = "unknown"


@record
class SpareAnswer:
    """Whether the others could take a host's guests, were it lost (N+1).

    Attributes:
        spare: The answer.
        words: The same for people, in a few words.
    """

    spare: Spare = Spare.UNKNOWN
    words: str = "not known"


@record
class PoolCard:
    """Hugepages of one size.

    Attributes:
        page_size: The page's size.
        total: How many pages.
        free: How many of them are free.
    """

    page_size: int
    total: int
    free: int


@record
class NodeCard:
    """A NUMA node.

    Attributes:
        number: Its number.
        total: Its memory.
        available: What of it could be had now.
        pooled: What of it is in hugepage pools.
        promised: What is promised of this node alone.
        pools: Its pools.
    """

    number: int
    total: int
    available: int
    pooled: int = 0
    promised: int = 0
    pools: tuple[PoolCard, ...] = ()


@record
class GuestCard:
    """A guest with a promise, or with a claim."""

    name: str
    state: str
    promised: int
    used: int


@record
class RefusalCard:
    """A guest that was not started: when (in seconds since 1970), which, and why."""

    time: int
    guest: str
    reason: str


@record
class HostCard:
    """A host as the page shows it.

    Attributes:
        name: Its name, which may be anybody's.
        total: Its memory.
        promisable: The largest guarantee that it could give now.
        parts: Its memory, part by part.
        made: When this was found, in seconds since 1970; ``None`` where nothing was.
        state: What is to be known of the host itself: ``up`` for nothing, ``draining``.
        nodes: Its NUMA nodes.
        pools: Its hugepage pools.
        guests: Its guests with a promise or a claim.
        refusals: The refusals of the last day, the newest first.
        spare: Whether it may be lost.
    """

    name: str
    total: int
    promisable: int
    parts: MemoryParts
    made: int | None = None
    state: str = UP
    nodes: tuple[NodeCard, ...] = ()
    pools: tuple[PoolCard, ...] = ()
    guests: tuple[GuestCard, ...] = ()
    refusals: tuple[RefusalCard, ...] = ()
    spare: SpareAnswer = SpareAnswer()
