"""The figures of the overhead: three per item, whole bytes."""

from enum import Enum

from xmlresource.record import record


class Charged(Enum):
    """The account that an item is charged to."""

    QEMU = "qemu"  # the emulator's own memory, in the guest's cgroup
    KERNEL = "kernel"  # kernel memory accounted to the guest's cgroup
    HELPER = "helper"  # another process that libvirt puts into the guest's cgroup
    OUTSIDE = "outside"  # memory of the host that the guest's cgroup does not show

    @property
    def inside(self) -> bool:
        """Whether the guest's limits count it."""
        return self is not Charged.OUTSIDE


@record
class Cost:
    """The cost of an item, in bytes.

    Attributes:
        idle: Right after the start, before the guest does anything.
        expected: With an operating system that runs and has used its devices.
        worst: The most, everything busy at once.
    """

    idle: int = 0
    expected: int = 0
    worst: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.idle + other.idle, self.expected + other.expected, self.worst + other.worst
        )

    def times(self, number: int, per: int = 1, at_worst: int | None = None) -> "Cost":
        """The cost of ``number`` units where this is the cost of ``per``, rounded up.

        Args:
            number: How many units there are.
            per: Of how many units this is the cost.
            at_worst: How many there are at worst, where that differs.
        """
        most = number if at_worst is None else at_worst
        return Cost(
            -(-self.idle * number // per),
            -(-self.expected * number // per),
            -(-self.worst * most // per),
        )

    def at_most(self, most: int) -> "Cost":
        """No figure above ``most``."""
        return Cost(min(self.idle, most), min(self.expected, most), min(self.worst, most))


NOTHING = Cost()
