"""On what terms a host promises memory, besides the host reserve. Sizes are in bytes."""

from xmlresource.model.promise import Held
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
        path = DEFAULT_PARTITION if partition is None else partition
        return path == self.path or path.startswith(self.path.rstrip("/") + "/")


@record
class Terms:
    """What the administrator settled about promises, and what follows from it on this host.

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
        """What the commit ratio adds to ``there``, or takes from it where it is below 1."""
        return there * self.commit_ratio // WHOLE - there
