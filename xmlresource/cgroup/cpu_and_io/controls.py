"""What the kernel has in the files of one controller, and what shall be written to them."""

from collections.abc import Mapping

from xmlresource.cgroup.hierarchy import Layout, Place, Version
from xmlresource.cgroup.kernel_values import entry_of, parse_value
from xmlresource.cgroup.writes import (
    Executor,
    FileUnit,
    NotEnforced,
    Plan,
    Problem,
    Rejection,
    Write,
)
from xmlresource.record import record, replace
from xmlresource.units import Amount


@record
class Control:
    """One controller of a guest: its cgroup, and the files that exist.

    Attributes:
        place: The guest's cgroup in the hierarchy of the controller.
        texts: By cgroup, then by file, what the kernel's files read: of the guest's cgroup and
            those above it. What does not exist is absent.
    """

    place: Place
    texts: Mapping[str, Mapping[str, str]]

    @property
    def version(self) -> Version:
        """The interface of the controller's hierarchy."""
        return self.place.controller.version

    @property
    def competing(self) -> str:
        """The cgroup whose weight counts beside those of other guests.

        libvirt's own folder in a scope of systemd-machined is alone there, so the scope's counts.
        """
        nested = self.place.layout is Layout.SCOPE_NESTED
        return self.place.ancestors[0] if nested else self.place.cgroup

    def text(self, cgroup: str, file: str) -> str | None:
        """What a file reads; ``None`` where it does not exist."""
        return self.texts.get(cgroup, {}).get(file)

    def why_missing(self, cgroup: str, file: str, otherwise: str) -> str:
        """Why a file does not exist.

        Args:
            cgroup: Where it is missed.
            file: The file.
            otherwise: The reason where the controller is there: v2 has its files where the cgroup
                above enables it.
        """
        controller = file.partition(".")[0]
        available = self.text(cgroup, "cgroup.controllers") or ""
        if self.version is Version.V2 and controller not in available.split():
            above = cgroup.rpartition("/")[0] or "/"
            otherwise = f"the {controller} controller is not enabled in {above} "
            otherwise += "(cgroup.subtree_control)"
        return f"{cgroup} has no {file}: {otherwise}"

    def value(self, cgroup: str, file: str, entry: str = "") -> Amount | None:
        """One value of a file; ``None`` where the file does not exist.

        Raises:
            ValueError: The file holds what no kernel writes.
        """
        text = self.text(cgroup, file)
        return None if text is None else parse_value(entry_of(text, entry), 1)


@record
class TargetValue:
    """A value that a file shall have.

    Attributes:
        cgroup: Whose file.
        file: The file.
        value: The value, as the file reads it afterwards.
        text: The value as it is written.
        undo_text: What is written to have the value of now back.
        tunable: Whom it serves.
        reason: Why.
        unit: What the value is an amount of.
        entry: Which of the file's values.
    """

    cgroup: str
    file: str
    value: Amount
    text: str
    undo_text: str
    tunable: str
    reason: str
    unit: FileUnit
    entry: str = ""


class Draft:
    """Writes for one controller in the making.

    Args:
        control: The controller, as the kernel has it.
    """

    def __init__(self, control: Control) -> None:
        self.control = control
        self.writes: list[Write] = []
        self.notes: list[NotEnforced] = []
        self.problems: list[Problem] = []

    def note(self, tunable: str, reason: str) -> None:
        """Say what can't be enforced here."""
        self.notes.append(NotEnforced(tunable, reason))

    def problem(self, tunable: str, reason: str) -> None:
        """Say why the guest can't have what it declares firmly."""
        self.problems.append(Problem(tunable, reason))

    def set(self, target: TargetValue, *, by_systemd: bool = False) -> None:
        """Have a file at a value, unless it has it.

        Args:
            target: The value.
            by_systemd: systemd has a property for it, which it would put back over the file.
        """
        control = self.control
        before = control.value(target.cgroup, target.file, target.entry)
        if before is None or before == target.value:
            return
        self.writes.append(
            Write(
                cgroup=target.cgroup,
                directory=control.place.controller.directory(target.cgroup),
                file=target.file,
                value=target.value,
                before=before,
                text=target.text,
                undo_text=target.undo_text,
                tunable=target.tunable,
                reason=target.reason,
                executor=Executor.SYSTEMD if by_systemd else Executor.FILE,
                entry=target.entry,
                unit=target.unit,
            )
        )

    def part(self) -> "PlanPart":
        """What there is so far."""
        return PlanPart(tuple(self.writes), tuple(self.notes), tuple(self.problems))


@record
class PlanPart:
    """What of a plan is for some of a guest's controllers.

    Attributes:
        writes: The writes that change something, in order.
        not_enforced: What can't be enforced on this host.
        problems: Why there can be no plan.
    """

    writes: tuple[Write, ...] = ()
    not_enforced: tuple[NotEnforced, ...] = ()
    problems: tuple[Problem, ...] = ()


def joined(plan: Plan | Rejection, part: PlanPart) -> Plan | Rejection:
    """A guest's plan with what is for other controllers: all of it is one, or there is none."""
    problems = (*(plan.problems if isinstance(plan, Rejection) else ()), *part.problems)
    if problems or isinstance(plan, Rejection):
        return Rejection(problems)
    return replace(
        plan,
        writes=(*plan.writes, *part.writes),
        not_enforced=(*plan.not_enforced, *part.not_enforced),
    )
