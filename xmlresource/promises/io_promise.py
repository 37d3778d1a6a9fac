"""Parts of disks given to a guest that starts or runs: a module that few guests load."""

from xmlresource.record import record, replace


@record
class DiskPart:
    """A part of what one disk of the host can do.

    Attributes:
        disk: Its ``MAJ:MIN``.
        part: How much, in thousandths of a percent.
    """

    disk: str
    part: int


@record
class IoPromise:
    """The parts of disks that a guest is promised.

    Attributes:
        disks: The parts, of each disk one.
        share: The guest's own share beside others, 1 to 10,000; 100 is usual.
        cgroup: The guest's cgroup in the hierarchy of the io controller, once it is known.
    """

    disks: tuple[DiskPart, ...]
    share: int = 100
    cgroup: str | None = None

    def part_of(self, disk: str) -> int:
        """The part of one disk; 0 for none."""
        return sum(each.part for each in self.disks if each.disk == disk)

    def at_least(self, other: "IoPromise | None") -> "IoPromise":
        """This promise, with as much of each disk as another one has."""
        if other is None:
            return self
        numbers = dict.fromkeys(each.disk for each in (*self.disks, *other.disks))
        parts = ((disk, max(self.part_of(disk), other.part_of(disk))) for disk in numbers)
        return replace(self, disks=tuple(DiskPart(disk, part) for disk, part in parts))
