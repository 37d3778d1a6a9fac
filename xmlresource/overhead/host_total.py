"""The overhead of several guests together: what a host that runs all of them needs."""

from collections.abc import Sequence

from xmlresource.overhead.costs import Cost
from xmlresource.overhead.estimate import Overhead
from xmlresource.record import record


@record
class Total:
    """The sum over guests. Sizes are in bytes.

    Attributes:
        guests: How many there are.
        ram: The most RAM that they can have, without hugepages.
        ram_at_start: The same when they start.
        hugepages: Their RAM that comes from hugepage pools.
        cost: What their cgroups are charged beyond RAM.
        outside: What the host pays besides.
        hard_limit: The sum of the recommended limits.
        min_guarantee: The sum of the recommended guarantees: what the host must be able to promise.
        without: Names of the guests that nothing can be recommended for; they add nothing to the
            two sums.
    """

    guests: int
    ram: int
    ram_at_start: int
    hugepages: int
    cost: Cost
    outside: Cost
    hard_limit: int
    min_guarantee: int
    without: tuple[str, ...] = ()


def total_of(overheads: Sequence[Overhead]) -> Total:
    """The sum over ``overheads``."""
    return Total(
        guests=len(overheads),
        ram=sum(each.ram for each in overheads),
        ram_at_start=sum(each.ram_at_start for each in overheads),
        hugepages=sum(each.hugepages for each in overheads),
        cost=sum((each.total for each in overheads), start=Cost()),
        outside=sum((each.outside for each in overheads), start=Cost()),
        hard_limit=sum(each.hard_limit or 0 for each in overheads),
        min_guarantee=sum(each.min_guarantee or 0 for each in overheads),
        without=tuple(each.name for each in overheads if each.hard_limit is None),
    )
