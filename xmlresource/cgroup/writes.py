"""The parts of a plan: writes, notes, and the problems that keep one from being made."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from xmlresource.cgroup.hierarchy import Place
from xmlresource.cgroup.kernel_values import magnitude
from xmlresource.record import record
from xmlresource.units import Amount, Unlimited, format_amount


class SoftLimitFile(Enum):
    """The v2 file to which a soft limit is written."""

    LOW = "memory.low"  # acts only while the host is short of memory, as v1's soft limit
    HIGH = "memory.high"  # libvirt's choice: throttles the guest always


class Executor(Enum):
    """The one that carries a write out: a file, or systemd."""

    FILE = "file"
    SYSTEMD = "systemd"  # the value is a unit's property; systemd resets what is written by file


class FileUnit(Enum):
    """What one of a kernel file's amount is."""

    BYTES = "bytes"
    MICROSECONDS = "µs"  # of CPU time, in each of the kernel's periods
    WEIGHT = "weight"  # in proportion to the weights beside it
    BYTES_PER_SECOND = "bytes/s"
    OPERATIONS_PER_SECOND = "operations/s"

    def describe(self, amount: Amount) -> str:
        """An amount in words, exact: ``4 GiB``, ``50000 µs``, ``unlimited``."""
        if self is FileUnit.BYTES or isinstance(amount, Unlimited):
            return format_amount(amount)
        if self is FileUnit.BYTES_PER_SECOND:
            return f"{format_amount(amount)}/s"
        return str(amount) if self is FileUnit.WEIGHT else f"{amount} {self.value}"


@record
class CgroupState:
    """The values that the kernel has now.

    Attributes:
        page_size: The kernel's page, in bytes.
        values: By cgroup, then by file; what does not exist is absent.
    """

    page_size: int
    values: Mapping[str, Mapping[str, Amount]]

    def value(self, cgroup: str, file: str) -> Amount | None:
        """The value of a file, ``None`` where it does not exist."""
        return self.values.get(cgroup, {}).get(file)


@record
class Write:
    """One value for one kernel file.

    Attributes:
        cgroup: Whose file, as the kernel names cgroups.
        directory: The folder of that cgroup on this machine.
        file: The file in it.
        value: What it shall hold, rounded as the kernel rounds: exactly what it reads afterwards.
        before: What it holds now.
        text: ``value`` as it is written.
        undo_text: ``before`` as it is written.
        tunable: Whom it serves.
        reason: Why this value, why here in the order; without full stop.
        executor: Who carries it out.
        must_hold: The plan fails where the kernel does not take it; otherwise that is a warning.
        entry: Which of the file's values, where it has one for each device: ``254:0 rbps``. Empty
            for a file of one value.
        unit: What ``value`` and ``before`` are amounts of.
    """

    cgroup: str
    directory: str
    file: str
    value: Amount
    before: Amount
    text: str
    undo_text: str
    tunable: str
    reason: str
    executor: Executor = Executor.FILE
    must_hold: bool = True
    entry: str = ""
    unit: FileUnit = FileUnit.BYTES

    @property
    def label(self) -> str:
        """The file, and which of its values: ``io.max 254:0 rbps``."""
        return f"{self.file} {self.entry}" if self.entry else self.file

    @property
    def path(self) -> str:
        """The file's path on this machine."""
        return f"{self.directory}/{self.file}"

    @property
    def raises(self) -> bool:
        """The value grows."""
        return magnitude(self.value) > magnitude(self.before)

    def describe(self) -> str:
        """The write in words."""
        verb = "raise" if self.raises else "lower"
        by = ", by systemd" if self.executor is Executor.SYSTEMD else ""
        return (
            f"{verb} {self.label} of {self.cgroup} from {self.unit.describe(self.before)} "
            f"to {self.unit.describe(self.value)}{by}: {self.reason}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The write as JSON has it: amounts are numbers or ``"unlimited"``, ``text`` is written."""
        return {
            "cgroup": self.cgroup,
            "path": self.path,
            "value": as_json(self.value),
            "before": as_json(self.before),
            "text": self.text,
            "tunable": self.tunable,
            "reason": self.reason,
            "executor": self.executor.value,
            "must_hold": self.must_hold,
            "entry": self.entry or None,
            "unit": self.unit.value,
        }


@record
class NotEnforced:
    """A tunable, or a part of it, that this kernel can't enforce; ``reason`` says why."""

    tunable: str
    reason: str

    def describe(self) -> str:
        """The note in words."""
        return f"{self.tunable} is not enforced: {self.reason}"


@record
class LibvirtWrite:
    """One kernel write that libvirt makes at a guest's start, for a limit in ``<memtune>``.

    Attributes:
        tunable: The limit.
        file: The file in the guest's cgroup.
        value: What libvirt makes of it.
    """

    tunable: str
    file: str
    value: Amount

    def describe(self) -> str:
        """The write in words."""
        return (
            f"libvirt writes {self.file} at the start: {format_amount(self.value)} "
            f"({self.tunable} in <memtune>)"
        )


@record
class Plan:
    """The writes for one guest, in order.

    Attributes:
        place: Where its memory is accounted.
        writes: The writes that change something; carry them out in this order.
        not_enforced: What of the policy they do not cover.
        by_libvirt: What libvirt writes besides.
    """

    place: Place
    writes: tuple[Write, ...] = ()
    not_enforced: tuple[NotEnforced, ...] = ()
    by_libvirt: tuple[LibvirtWrite, ...] = ()

    def describe(self) -> str:
        """The plan in words, a line for each write and note."""
        version = self.place.controller.version.value
        head = f"{self.place.cgroup} (cgroup {version}): "
        head += f"{len(self.writes)} to write" if self.writes else "nothing to write"
        steps = [f"{number}. {write.describe()}" for number, write in enumerate(self.writes, 1)]
        notes = [f"note: {note.describe()}" for note in self.not_enforced]
        others = [write.describe() for write in self.by_libvirt]
        return "\n".join([head, *steps, *notes, *others])

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON has it.

        ``{"controller": "v1"|"v2", "cgroup", "directory", "layout", "writes": [Write…],
        "not_enforced": [{"tunable", "reason"}…], "by_libvirt": [{"tunable", "file", "value"}…]}``
        """
        return {
            "controller": self.place.controller.version.value,
            "cgroup": self.place.cgroup,
            "directory": self.place.directory,
            "layout": self.place.layout.value,
            "writes": [write.to_dict() for write in self.writes],
            "not_enforced": [
                {"tunable": note.tunable, "reason": note.reason} for note in self.not_enforced
            ],
            "by_libvirt": [
                {"tunable": write.tunable, "file": write.file, "value": as_json(write.value)}
                for write in self.by_libvirt
            ],
        }


@record
class Problem:
    """A reason why a policy can't be put in force; ``tunable`` is ``None`` for all of it."""

    tunable: str | None
    reason: str

    def describe(self) -> str:
        """The problem in words."""
        return self.reason if self.tunable is None else f"{self.tunable}: {self.reason}"


@record
class Rejection:
    """There is no plan, for these reasons."""

    problems: tuple[Problem, ...]

    def describe(self) -> str:
        """The problems, a line each."""
        return "\n".join(problem.describe() for problem in self.problems)


def as_json(amount: Amount) -> int | str:
    """An amount as JSON has it: a number or ``"unlimited"``."""
    return amount.value if isinstance(amount, Unlimited) else amount
