"""The machine's cgroups: read what is in force, carry a plan out.

Carrying out is all or nothing. Each value is one write(2) (the kernel parses every write by itself)
and is read back, for the kernel may take a value and not keep it: systemd swallows errors, and the
v1 soft limit is inert on recent stable kernels. What must hold and does not, ends the plan; then
what was written is put back in reverse order, which passes through the same states as the way there
and so breaks none of the kernel's rules about order.
"""

import errno
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from xmlresource.cgroup.hierarchy import Place, Version
from xmlresource.cgroup.kernel_values import entry_of, parse_value
from xmlresource.cgroup.report import Applied, Failure, Report, Warned, explain
from xmlresource.cgroup.writes import CgroupState, Executor, Plan, SoftLimitFile, Write
from xmlresource.system.cgroups.charges import read_file
from xmlresource.system.cgroups.places import PAGE_SIZE
from xmlresource.system.machine import Machine
from xmlresource.tunables import MEMORY
from xmlresource.units import Amount

SystemdWriter = Callable[[Write, Amount], None]
"""Sets a unit's value for a write: the amount is the write's ``value``, or ``before`` to undo it.

It returns when the value is in the kernel's file, and raises ``OSError`` where it can't be set.
"""

_V1_FILES: Final = frozenset(row.v1_file for row in MEMORY if row.v1_file is not None)
_V2_FILES: Final = frozenset(row.v2_file for row in MEMORY if row.v2_file is not None) | {
    choice.value for choice in SoftLimitFile
}


def read_state(machine: Machine, place: Place, page_size: int = PAGE_SIZE) -> CgroupState:
    """The values that the kernel has now, of the guest's own cgroup and all ancestors.

    Raises:
        OSError: A file exists and can't be read.
        ValueError: A file holds what no kernel writes.
    """
    files = _V1_FILES if place.controller.version is Version.V1 else _V2_FILES
    values: dict[str, Mapping[str, Amount]] = {}
    for cgroup in (place.cgroup, *place.ancestors):
        directory = place.controller.directory(cgroup)
        read = {file: _read(machine, f"{directory}/{file}", page_size) for file in sorted(files)}
        values[cgroup] = {file: value for file, value in read.items() if value is not None}
    return CgroupState(page_size, values)


def _read(machine: Machine, path: str, page_size: int) -> Amount | None:
    text = read_file(machine, path)
    return None if text is None else parse_value(text, page_size)


def apply(
    machine: Machine,
    plan: Plan,
    *,
    systemd: SystemdWriter | None = None,
    page_size: int = PAGE_SIZE,
) -> Report:
    """Carry ``plan`` out, all of it or nothing, and report; it raises nothing of the kernel's.

    Args:
        machine: Where.
        plan: What.
        systemd: Sets the values of systemd's units. Without it they are written by file, and the
            report warns that systemd will reset them.
        page_size: The kernel's page.
    """
    kernel = _Kernel(machine, systemd, page_size)
    applied: list[Applied] = []
    warnings: list[Warned] = []
    for index, write in enumerate(plan.writes):
        outcome = kernel.carry_out(write)
        if isinstance(outcome, Failure):
            changed = [done.write for done in applied]
            if kernel.is_changed(write):
                changed.append(write)
            undone, undo_failed = kernel.undo(changed)
            return Report(
                plan=plan,
                applied=tuple(applied),
                failed=outcome,
                not_attempted=plan.writes[index + 1 :],
                undone=undone,
                undo_failed=undo_failed,
                warnings=tuple(warnings),
            )
        applied.append(outcome)
        warnings += kernel.warnings(outcome)
    return Report(plan=plan, applied=tuple(applied), warnings=tuple(warnings))


class _Kernel:
    """Single writes, each with its readback."""

    def __init__(self, machine: Machine, systemd: SystemdWriter | None, page_size: int) -> None:
        self._machine = machine
        self._systemd = systemd
        self._page_size = page_size

    def carry_out(self, write: Write) -> Applied | Failure:
        try:
            self._set(write, write.value)
            read = self._get(write)
        except (OSError, ValueError) as error:
            return _failure(write, error)
        if read != write.value and write.must_hold:
            return Failure(write, _not_taken(write, write.value, read))
        return Applied(write, read)

    def warnings(self, done: Applied) -> list[Warned]:
        warnings = []
        if done.read != done.write.value:
            reason = _not_taken(done.write, done.write.value, done.read)
            warnings.append(Warned(done.write, reason))
        if done.write.executor is Executor.SYSTEMD and self._systemd is None:
            reason = "written by file; systemd resets it at the next daemon-reload"
            warnings.append(Warned(done.write, reason))
        return warnings

    def is_changed(self, write: Write) -> bool:
        """Whether a write that failed left something all the same; in doubt yes."""
        try:
            return self._get(write) != write.before
        except OSError as error:
            return error.errno not in {errno.ENOENT, errno.ENODEV}
        except ValueError:
            return True

    def undo(self, changed: Sequence[Write]) -> tuple[tuple[Write, ...], tuple[Failure, ...]]:
        """Put the values of ``changed`` back, the last first; go on where one can't be."""
        undone, failed = [], []
        for write in reversed(changed):
            try:
                self._set(write, write.before, undo=True)
                read = self._get(write)
            except (OSError, ValueError) as error:
                failed.append(_failure(write, error))
                continue
            if read == write.before:
                undone.append(write)
            else:
                failed.append(Failure(write, _not_taken(write, write.before, read)))
        return tuple(undone), tuple(failed)

    def _set(self, write: Write, amount: Amount, *, undo: bool = False) -> None:
        if write.executor is Executor.SYSTEMD and self._systemd is not None:
            self._systemd(write, amount)
        else:
            self._machine.write_value(write.path, write.undo_text if undo else write.text)

    def _get(self, write: Write) -> Amount:
        text = self._machine.read_text(write.path)
        return parse_value(entry_of(text, write.entry), self._page_size)


def _failure(write: Write, error: OSError | ValueError) -> Failure:
    if isinstance(error, OSError):
        return Failure(write, explain(error, write.file), error.errno)
    return Failure(write, f"the file reads what no kernel writes: {error}")


def _not_taken(write: Write, wanted: Amount, read: Amount) -> str:
    return (
        f"the kernel did not take it: {write.unit.describe(wanted)} was written, "
        f"the file reads {write.unit.describe(read)}"
    )
