"""CPU time given to a guest that starts or runs: a module that few guests load."""

from xmlresource.record import record


@record
class CpuPromise:
    """The CPU time that a guest is promised.

    Attributes:
        time: How much, in thousandths of a CPU.
        cpus: The CPUs that it is bound to; ``None`` for any.
        share: The guest's own share beside others, 1 to 10,000; 100 is usual.
        cgroup: The guest's cgroup in the hierarchy of the CPU controller, once it is known.
    """

    time: int
    cpus: frozenset[int] | None = None
    share: int = 100
    cgroup: str | None = None
