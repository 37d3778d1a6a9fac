"""The report on a plan: writes applied, failed, not attempted, undone, each with its reason."""

import errno
from typing import Any, Final

from xmlresource.cgroup.writes import Plan, Write, as_json
from xmlresource.record import record
from xmlresource.units import Amount

_WORDS: Final = {
    errno.EINVAL: "the kernel does not take this value",
    errno.ERANGE: "the value is outside of what the kernel takes",
    errno.EBUSY: "more is in use than can be reclaimed",
    errno.ENOENT: "there is no such file: the guest is gone, or this kernel lacks it",
    errno.ENODEV: "the cgroup was removed: the guest is gone",
    errno.EACCES: "permission denied: it takes root",
    errno.EPERM: "permission denied: it takes root",
    errno.EROFS: "the cgroup file system is mounted read-only here",
    errno.EINTR: "interrupted by a signal",
    errno.ENOMEM: "the kernel itself is out of memory",
}


_OF_CONTROLLER: Final = {
    ("memory", errno.EINVAL): "on v1: memory alone would exceed memory and swap together",
    ("cpu", errno.EINVAL): "on v1: a quota may be neither above that of a cgroup above nor below "
    "that of one inside; a weight can't be set while cpu.idle is 1",
    ("io", errno.ENODEV): "or the device is",
    ("blkio", errno.ENODEV): "or the device is",
}
"""What an error means besides, by the controller whose file it is."""


def explain(error: OSError, file: str = "") -> str:
    """The meaning of a kernel's ``error`` on ``file``, with its name."""
    number = error.errno
    if number is None:
        return str(error)
    name = errno.errorcode.get(number, str(number))
    text = _WORDS.get(number, error.strerror or "failed")
    more = _OF_CONTROLLER.get((file.partition(".")[0], number))
    if more is not None:
        text += f" ({more})"
    return f"{text} ({name})"


@record
class Applied:
    """A write that was carried out, and what the file read afterwards."""

    write: Write
    read: Amount


@record
class Failure:
    """A write, or its undoing, that did not come about; ``error`` is the errno's number, if any."""

    write: Write
    reason: str
    error: int | None = None


@record
class Warned:
    """A write that is in force in part, or may not last."""

    write: Write
    reason: str


@record
class Report:
    """The outcome of a plan, write by write.

    Attributes:
        plan: The plan.
        applied: What was written and reads back as it should (or warns), in order. After a failure
            these are the ones that had to be undone.
        failed: The write that ended it; ``None`` where all went well.
        not_attempted: The writes after it.
        undone: What was put back, in the order of undoing.
        undo_failed: What could not be put back.
        warnings: What is applied and not quite as it should be.
    """

    plan: Plan
    applied: tuple[Applied, ...] = ()
    failed: Failure | None = None
    not_attempted: tuple[Write, ...] = ()
    undone: tuple[Write, ...] = ()
    undo_failed: tuple[Failure, ...] = ()
    warnings: tuple[Warned, ...] = ()

    @property
    def ok(self) -> bool:
        """All writes are in force."""
        return self.failed is None

    def describe(self) -> str:
        """The report in words, a line each; what failed comes first."""
        lines = [self._headline()]
        if self.ok:
            lines += [f"applied: {_what(done.write)}" for done in self.applied]
        lines += [f"not attempted: {_what(write)}" for write in self.not_attempted]
        lines += [f"undone: {_back(write)}" for write in self.undone]
        lines += [f"NOT undone: {_back(bad.write)}: {bad.reason}" for bad in self.undo_failed]
        lines += [f"warning: {_what(bad.write)}: {bad.reason}" for bad in self.warnings]
        return "\n".join(lines)

    def _headline(self) -> str:
        if self.failed is not None:
            # It names its cgroup itself, and a first line has no room for the guest's, too.
            return f"could not set {_what(self.failed.write)}: {self.failed.reason}"
        cgroup = self.plan.place.cgroup
        if self.applied:
            return f"{cgroup}: {len(self.applied)} applied"
        return f"{cgroup}: nothing to apply"

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it.

        ``{"ok", "applied": [Write + {"read"}…], "failed": Write + {"error", "errno"} | null,
        "not_attempted": [Write…], "undone": [Write…], "undo_failed": [Write + {"error", "errno"}…],
        "warnings": [Write + {"warning"}…]}``; a Write is that of the plan's JSON.
        """
        return {
            "ok": self.ok,
            "applied": [
                {**done.write.to_dict(), "read": as_json(done.read)} for done in self.applied
            ],
            "failed": None if self.failed is None else _failure(self.failed),
            "not_attempted": [write.to_dict() for write in self.not_attempted],
            "undone": [write.to_dict() for write in self.undone],
            "undo_failed": [_failure(bad) for bad in self.undo_failed],
            "warnings": [{**bad.write.to_dict(), "warning": bad.reason} for bad in self.warnings],
        }


def _what(write: Write) -> str:
    value = write.unit.describe(write.value)
    return f"{write.label} of {write.cgroup} to {value} ({write.tunable})"


def _back(write: Write) -> str:
    return f"{write.label} of {write.cgroup} back to {write.unit.describe(write.before)}"


def _failure(failure: Failure) -> dict[str, Any]:
    return {**failure.write.to_dict(), "error": failure.reason, "errno": failure.error}
