"""On what terms a host promises memory, besides the host reserve. Sizes are in bytes."""

from xmlresource.promises.promise import Held
from xmlresource.record import record

DEFAULT_PARTITION = "/machine"
"""Where libvirt puts a guest that names no partition."""

WHOLE = 10_000
"""A commit ratio of 1."""


@record
class PartitionBudget:
    """The most that may be promised to guests of a partition and of those below it together."""

    path: str
    size: int

    def covers(self, partition: str | None) -> bool:
        """Whether guests of ``partition`` (``None``: libvirt's default) count against it."""
        return is_in_partition(partition, self.path)


def is_in_partition(partition: str | None, path: str) -> bool:
    """Whether a guest's ``partition`` (``None``: libvirt's default) is ``path`` or below it."""
    inner = DEFAULT_PARTITION if partition is None else partition
    return inner == path or inner.startswith(path.rstrip("/") + "/")


@record
class Terms:
    """The administrator's terms for promises, and what follows from them on this host.

    Attributes:
        commit_ratio: How much of what there is may be promised, in ten-thousandths.
        budgets: Those of the partitions that the guest will be in.
        unpromised: Guests that run without a promise and count as if they had one; none where the
            administrator does not want that.
    """

    commit_ratio: int = WHOLE
    budgets: tuple[PartitionBudget, ...] = ()
    unpromised: tuple[Held, ...] = ()

    def gain(self, there: int) -> int:
        """The bytes that the commit ratio adds to ``there``, or takes away where it is below 1."""
        return there * self.commit_ratio // WHOLE - there
