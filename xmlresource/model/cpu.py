"""The CPU time that one guest may use and must get."""

from xmlresource.record import record
from xmlresource.units import Amount

WHOLE_CPU = 1000
"""One CPU, in the thousandths that amounts of CPU time are held in."""

WHOLE_PERCENT = 1000
"""One percent, in the thousandths that percentages are held in."""


@record
class CpuPolicy:
    """The CPU time that one guest, with its emulator, may use and must get.

    ``None`` is "not said". A CPU here is what the kernel schedules on: a hyperthread where there
    are such.

    Attributes:
        hard_limit: The most it may use, in thousandths of a CPU; may be ``UNLIMITED``.
        soft_limit: What it may use while others wait, in thousandths of a CPU; may be
            ``UNLIMITED``.
        share: Its weight beside other guests, 1 to 10,000; 100 is usual.
        percentage: What it is guaranteed, in thousandths of a percent of the host's CPUs.
        min_guarantee: What it is guaranteed, in thousandths of a CPU. Of this and ``percentage``
            a policy says one: they are two spellings of one guarantee.
    """

    hard_limit: Amount | None = None
    soft_limit: Amount | None = None
    share: int | None = None
    percentage: int | None = None
    min_guarantee: int | None = None

    def __bool__(self) -> bool:
        return self != CpuPolicy()

    @property
    def is_guaranteed(self) -> bool:
        """Whether CPU time is guaranteed."""
        return bool(self.min_guarantee or self.percentage)

    def guarantee_of(self, cpus: int) -> int:
        """The guarantee in thousandths of a CPU, rounded up, on a host that has so many CPUs."""
        if self.min_guarantee is not None:
            return self.min_guarantee
        return -(-(self.percentage or 0) * cpus * WHOLE_CPU // (100 * WHOLE_PERCENT))
