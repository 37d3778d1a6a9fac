"""The ordered kernel writes that put a policy in force, as data.

:func:`plan` compares what a policy asks for with what the kernel has now and keeps only writes that
change something, so the plan of a state in force is empty. It does not write, and it does not judge
whether the host can keep the promise (``admission``).

The order, which the kernel's rules and good manners to a running guest ask for:

1. Ancestors are raised, from the top down: a child's protection counts only up to its parent's.
2. The guest's limits are raised, swap before memory: v1 takes no memory limit above memory + swap
   (memory.rst, 8.1 of the v1 documentation), and room made in one file is there before the other
   shrinks.
3. Its protection is lowered, so that it never covers all that a smaller limit leaves.
4. Its limits are lowered, memory before swap: v1 takes no memory + swap below the memory limit, and
   on v2 what is pushed out still finds its swap.
5. Its protection is raised.
6. Ancestors are lowered, from the bottom up.
"""

from collections.abc import Mapping
from typing import Final

from xmlresource.cgroup.hierarchy import Place, Version
from xmlresource.cgroup.kernel_values import format_value, magnitude, rounded, swap_alone
from xmlresource.cgroup.writes import (
    CgroupState,
    Executor,
    NotEnforced,
    Plan,
    Problem,
    Rejection,
    SoftLimitFile,
    Write,
)
from xmlresource.model.policy import MemoryPolicy
from xmlresource.record import replace
from xmlresource.tunables import BY_NAME, MEMORY, Kind, Tunable
from xmlresource.units import Amount, Unlimited, format_amount

_LIMIT: Final = BY_NAME["hard_limit"]
_GUARANTEE: Final = BY_NAME["min_guarantee"]
_TOTAL: Final = BY_NAME["swap_hard_limit"]
_SOFT: Final = BY_NAME["soft_limit"]
_PROTECTIONS: Final = frozenset({"memory.min", "memory.low"})
_WITHOUT_PROPERTY: Final = frozenset({"memory.swap.high"})
"""Files for which systemd has no property, and which it therefore leaves alone."""


class _Draft:
    """A plan in the making: the values of the guest's own cgroup files so far."""

    def __init__(self) -> None:
        self.targets: dict[str, tuple[Tunable, Amount, str]] = {}
        self.notes: list[NotEnforced] = []
        self.problems: list[Problem] = []

    def note(self, tunable: Tunable, reason: str) -> None:
        self.notes.append(NotEnforced(tunable.name, reason))

    def problem(self, tunable: Tunable | None, reason: str) -> None:
        self.problems.append(Problem(tunable.name if tunable else None, reason))


def plan(
    policy: MemoryPolicy,
    place: Place,
    current: CgroupState,
    *,
    ancestor_sums: Mapping[str, Amount] | None = None,
    ancestor_lows: Mapping[str, Amount] | None = None,
    soft_limit_file: SoftLimitFile = SoftLimitFile.LOW,
) -> Plan | Rejection:
    """The writes that put ``policy`` in force at ``place``; tunables that are unset stay as is.

    Args:
        policy: All that is declared for the guest, in whatever form: on v2 one tunable is
            subtracted from another.
        place: Where the guest's memory is accounted.
        current: What the kernel has there now, and in the ancestors.
        ancestor_sums: For each ancestor the bytes of protection it shall have: the sum of the
            promises below it and what the administrator gave it. Those not named stay as is, those
            not above this guest are passed over. v1 has no protection and takes no notice.
        ancestor_lows: The same for ``memory.low``, which soft limits become.
        soft_limit_file: What a soft limit becomes on v2.

    Returns:
        The plan, or why there can be none: the guest's cgroup has no memory controller, the
        tunables contradict each other, or what is in force and not to be changed contradicts them.
    """
    own = current.values.get(place.cgroup, {})
    draft = _Draft()
    limit_file = _file_of(_LIMIT, place, soft_limit_file)
    if limit_file not in own:
        draft.problem(
            None,
            f"{place.directory} has no {limit_file}: the guest is gone, "
            "or the memory controller is off there",
        )
        return Rejection(tuple(draft.problems))
    for tunable in MEMORY:
        amount = policy[tunable.name]
        if amount is not None:
            file = _file_of(tunable, place, soft_limit_file)
            _aim(draft, tunable, amount, file, (policy, place, current))
    _check(draft, place, own)
    if draft.problems:
        return Rejection(tuple(draft.problems))
    writes = _own_writes(draft, place, own)
    raising, lowering, missing = _ancestor_writes(
        place, current, ancestor_sums or {}, ancestor_lows or {}
    )
    _check_chain(draft, place, current, (*raising, *lowering))
    return Plan(place, (*raising, *writes, *lowering), (*draft.notes, *missing))


def plan_ancestors(
    place: Place,
    current: CgroupState,
    ancestor_sums: Mapping[str, Amount],
    ancestor_lows: Mapping[str, Amount] | None = None,
) -> Plan:
    """The writes for the ancestors alone: for a guest that goes or is gone.

    Arguments are those of :func:`plan`. An ancestor that is gone too needs nothing any more.
    """
    raising, lowering, _ = _ancestor_writes(place, current, ancestor_sums, ancestor_lows or {})
    return Plan(place, (*raising, *lowering))


def _file_of(tunable: Tunable, place: Place, soft_limit_file: SoftLimitFile) -> str | None:
    if place.controller.version is Version.V1:
        return tunable.v1_file
    return soft_limit_file.value if tunable is _SOFT else tunable.v2_file


def _aim(
    draft: _Draft,
    tunable: Tunable,
    amount: Amount,
    file: str | None,
    context: tuple[MemoryPolicy, Place, CgroupState],
) -> None:
    """Add what ``tunable`` wants of its file, or the reason why it gets nothing."""
    policy, place, current = context
    if file is None:
        draft.note(tunable, _no_file_on_v1(tunable))
    elif current.value(place.cgroup, file) is None:
        draft.note(tunable, _no_such_file(tunable, file, place))
    elif tunable is _GUARANTEE and isinstance(amount, Unlimited):
        draft.problem(tunable, "a guarantee is a size, it can't be unlimited")
    else:
        value = rounded(amount, tunable.kind, current.page_size)
        reason = f"{tunable.name} is {format_amount(amount)}"
        if value != amount:
            reason += f", {format_amount(value)} in whole pages"
        if file == SoftLimitFile.LOW.value and value is Unlimited.UNLIMITED:
            # No soft limit is the kernel's default there; "max" would protect all of the guest.
            draft.targets[file] = (tunable, 0, reason)
        elif tunable.v2_minus and place.controller.version is Version.V2:
            _aim_at_swap(draft, tunable, (file, value, reason), policy, current.page_size)
        else:
            draft.targets[file] = (tunable, value, reason)


def _aim_at_swap(
    draft: _Draft,
    tunable: Tunable,
    target: tuple[str, Amount, str],
    policy: MemoryPolicy,
    page_size: int,
) -> None:
    """v1 counts memory and swap together, v2 swap alone: take the memory off."""
    file, total, reason = target
    minus = next((name for name in tunable.v2_minus if policy[name] is not None), None)
    memory = None if minus is None else policy[minus]
    if memory is not None:
        memory = rounded(memory, Kind.LIMIT, page_size)
    if tunable.advisory and minus != tunable.v2_minus[0] and total is not Unlimited.UNLIMITED:
        # Without a soft limit nothing relates the two (tunables.RELATIONS).
        if memory is None or isinstance(memory, Unlimited):
            draft.note(
                tunable,
                "cgroup v2 knows swap alone, and there is no "
                f"{' or '.join(tunable.v2_minus)} of a size to take off",
            )
            return
        memory = min(memory, total)
    try:
        swap = swap_alone(total, memory)
    except ValueError as error:
        draft.problem(tunable, str(error))
        return
    if minus is not None and swap is not Unlimited.UNLIMITED:
        reason += f", less {minus} for swap alone"
    draft.targets[file] = (tunable, swap, reason)


def _no_file_on_v1(tunable: Tunable) -> str:
    if tunable.kind is Kind.GUARANTEE:
        return "cgroup v1 can't protect memory; it is kept as a promise when guests are admitted"
    return "cgroup v1 has nothing like it"


def _no_such_file(tunable: Tunable, file: str, place: Place) -> str:
    if place.controller.version is Version.V1:
        return f"there is no {file}: the kernel does not account swap (see swapaccount=)"
    if tunable.v2_minus:
        return (
            f"there is no {file}: the kernel is older than {tunable.v2_since} "
            "or does not account swap (see swapaccount=)"
        )
    return f"there is no {file}: the kernel is older than {tunable.v2_since}"


def _check(draft: _Draft, place: Place, own: Mapping[str, Amount]) -> None:
    """Hold the values there will be, of now and of the plan, against the kernel's relations."""

    def final(file: str) -> Amount | None:
        target = draft.targets.get(file)
        return own.get(file) if target is None else target[1]

    if place.controller.version is Version.V1:
        _check_v1(draft, final(str(_LIMIT.v1_file)), final(str(_TOTAL.v1_file)))
        return
    limit, guarantee = final(str(_LIMIT.v2_file)), final(str(_GUARANTEE.v2_file))
    changes = not draft.targets.keys().isdisjoint({_LIMIT.v2_file, _GUARANTEE.v2_file})
    # The kernel takes any pair. With equal ones nothing can be reclaimed, page cache included,
    # and the guest is killed for lack of memory.
    if changes and guarantee and limit is not None and magnitude(guarantee) >= magnitude(limit):
        draft.problem(
            _GUARANTEE,
            f"{format_amount(guarantee)} protected is not less than the limit of "
            f"{format_amount(limit)}: the kernel would find nothing to reclaim and kill the guest",
        )


def _check_v1(draft: _Draft, limit: Amount | None, total: Amount | None) -> None:
    changed = [file for file in (_LIMIT.v1_file, _TOTAL.v1_file) if file in draft.targets]
    if limit is None or total is None or not changed or magnitude(limit) <= magnitude(total):
        return
    if len(changed) > 1:
        reason = f"{format_amount(total)} is less than {_LIMIT.name}, {format_amount(limit)}"
        draft.problem(_TOTAL, reason)
    elif changed[0] == _LIMIT.v1_file:
        reason = (
            f"{format_amount(limit)} is more than memory and swap together may take, "
            f"{format_amount(total)}: declare {_TOTAL.name} too"
        )
        draft.problem(_LIMIT, reason)
    else:
        reason = (
            f"{format_amount(total)} is less than memory alone may take, "
            f"{format_amount(limit)}: declare {_LIMIT.name} too"
        )
        draft.problem(_TOTAL, reason)


def _own_writes(draft: _Draft, place: Place, own: Mapping[str, Amount]) -> list[Write]:
    changes = {file: target for file, target in draft.targets.items() if target[1] != own[file]}
    bound = {str(_LIMIT.v1_file), str(_TOTAL.v1_file)}
    writes = [
        _write(place, place.cgroup, file, (value, own[file]), tunable, reason)
        for file, (tunable, value, reason) in changes.items()
    ]
    writes.sort(key=_rank)
    if bound <= changes.keys():
        first = next(index for index, write in enumerate(writes) if write.file in bound)
        reason = f"{writes[first].reason}; first, as memory alone may never exceed memory and swap"
        writes[first] = replace(writes[first], reason=reason)
    return writes


def _rank(write: Write) -> tuple[int, bool]:
    """Steps 2 to 5 of the module's description."""
    protects = write.file in _PROTECTIONS
    counts_swap = bool(BY_NAME[write.tunable].v2_minus)
    if write.raises:
        return (4, False) if protects else (1, not counts_swap)
    return (2, False) if protects else (3, counts_swap)


def _write(
    place: Place,
    cgroup: str,
    file: str,
    change: tuple[Amount, Amount],
    tunable: Tunable,
    reason: str,
) -> Write:
    value, before = change
    version = place.controller.version
    by_systemd = version is Version.V2 and file not in _WITHOUT_PROPERTY and place.is_unit(cgroup)
    return Write(
        cgroup=cgroup,
        directory=place.controller.directory(cgroup),
        file=file,
        value=value,
        before=before,
        text=format_value(value, version),
        undo_text=format_value(before, version),
        tunable=tunable.name,
        reason=reason,
        executor=Executor.SYSTEMD if by_systemd else Executor.FILE,
        must_hold=not tunable.advisory,
    )


def _ancestor_writes(
    place: Place, current: CgroupState, sums: Mapping[str, Amount], lows: Mapping[str, Amount]
) -> tuple[list[Write], list[Write], list[NotEnforced]]:
    """The writes that raise, those that lower, each in order, and what can't be enforced."""
    if place.controller.version is Version.V1:
        return [], [], []
    changes: list[Write] = []
    missing: list[NotEnforced] = []
    for cgroup in place.ancestors:
        for tunable, wanted in ((_SOFT, lows), (_GUARANTEE, sums)):
            if cgroup in wanted:
                found = _ancestor_write(place, cgroup, tunable, wanted[cgroup], current)
                if isinstance(found, NotEnforced):
                    missing.append(found)
                elif found is not None:
                    changes.append(found)
    raising = [write for write in reversed(changes) if write.raises]
    lowering = [write for write in changes if not write.raises]
    return raising, lowering, missing


def _ancestor_write(
    place: Place, cgroup: str, tunable: Tunable, wanted: Amount, current: CgroupState
) -> Write | NotEnforced | None:
    """The write that gives one ancestor its sum; ``None`` where it has it."""
    file = str(tunable.v2_file)
    before = current.value(cgroup, file)
    if before is None:
        reason = f"{cgroup} has no {file}, so nothing below it is protected"
        return NotEnforced(tunable.name, reason)
    value = rounded(wanted, Kind.GUARANTEE, current.page_size)
    if value == before:
        return None
    reason = f"protection counts only as far as every cgroup above has it; {cgroup} holds "
    reason += "the sum of what is promised below it"
    return _write(place, cgroup, file, (value, before), tunable, reason)


def _check_chain(
    draft: _Draft, place: Place, current: CgroupState, writes: tuple[Write, ...]
) -> None:
    """Say where an ancestor has less protection than the guest, for then the guest has no more."""
    target = draft.targets.get(str(_GUARANTEE.v2_file))
    if target is None:
        return
    guarantee = target[1]
    planned = {write.cgroup: write.value for write in writes}
    for cgroup in place.ancestors:
        value = planned.get(cgroup, current.value(cgroup, str(_GUARANTEE.v2_file)))
        if value is not None and magnitude(value) < magnitude(guarantee):
            draft.note(
                _GUARANTEE,
                f"{cgroup} above protects {format_amount(value)}, so no more counts below it",
            )
