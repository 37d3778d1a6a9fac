"""The kernel writes that put a guest's CPU policy in force.

A cap goes into the guest's own cgroup. A weight goes where it competes with those of other guests:
in a scope of systemd-machined that is the scope, whose only child libvirt's folder is.

A cap is a quota of time in each period. The period is kept as it is: 100 ms, unless
``<global_period>`` of ``<cputune>`` says otherwise. So there is one value to write, which the
kernel takes or does not, on v1 too, where quota and period are two files.
"""

from typing import Final

from xmlresource.cgroup.cpu_and_io.controls import Control, Draft, PlanPart, TargetValue
from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.cgroup.writes import FileUnit, NotEnforced, Problem
from xmlresource.model.cpu import WHOLE_CPU, CpuPolicy
from xmlresource.units import UNLIMITED, Amount, Unlimited

HARD: Final = "cpu_hard_limit"
SOFT: Final = "cpu_soft_limit"
SHARE: Final = "cpu_share"

MAX: Final = "cpu.max"
WEIGHT: Final = "cpu.weight"
QUOTA: Final = "cpu.cfs_quota_us"
PERIOD: Final = "cpu.cfs_period_us"
SHARES: Final = "cpu.shares"

SHORTEST_QUOTA: Final = 1000
"""The least quota that the kernel takes, in microseconds (min_cfs_quota_period)."""

_FEWEST_SHARES, _MOST_SHARES = 2, 262_144
_USUAL_SHARES, _USUAL_WEIGHT = 1024, 100
_NO_BANDWIDTH: Final = "the kernel lacks CONFIG_CFS_BANDWIDTH"
_NO_WEIGHT: Final = "the kernel is older than 4.15, or the guest is gone"
_NO_SOFT_LIMIT: Final = "the kernel caps CPU time always or never, not only while others wait"


def plan_cpu(policy: CpuPolicy, control: Control | NoPlace) -> PlanPart:
    """The writes that put ``policy`` in force; what is unset stays as it is.

    The weight of a guest that is guaranteed CPU time is not among them, even where it declares a
    share: it follows from all promises together, each guest's share included.

    Args:
        policy: What is declared.
        control: The cpu controller, as the kernel has it for the guest.
    """
    if isinstance(control, NoPlace):
        return _without_controller(policy, control.reason)
    draft = Draft(control)
    if policy.hard_limit is not None:
        _cap(draft, policy.hard_limit)
    if isinstance(policy.soft_limit, int):
        draft.note(SOFT, _NO_SOFT_LIMIT)
    if policy.share is not None and not policy.is_guaranteed:
        _weigh(draft, policy.share)
    return draft.part()


def shares_of(weight: int) -> int:
    """The shares of v1 for a weight of v2.

    Linear, as systemd converts: it alone keeps the ratios between guests.
    """
    shares = weight * _USUAL_SHARES // _USUAL_WEIGHT
    return min(max(shares, _FEWEST_SHARES), _MOST_SHARES)


def quota_of(limit: int, period: int) -> int:
    """The quota in each ``period``, both in microseconds, for thousandths of a CPU."""
    return max(limit * period // WHOLE_CPU, SHORTEST_QUOTA)


def cpus(limit: Amount) -> str:
    """Thousandths of a CPU in words: ``2.5 CPUs``."""
    if isinstance(limit, Unlimited):
        return limit.value
    return f"{limit / WHOLE_CPU:g} CPU{'' if limit == WHOLE_CPU else 's'}"


def _without_controller(policy: CpuPolicy, reason: str) -> PlanPart:
    """What a host without the controller makes of a policy."""
    problems = (Problem(HARD, reason),) if isinstance(policy.hard_limit, int) else ()
    notes = []
    if isinstance(policy.soft_limit, int):
        notes.append(NotEnforced(SOFT, _NO_SOFT_LIMIT))
    if policy.share is not None:
        notes.append(NotEnforced(SHARE, reason))
    return PlanPart((), tuple(notes), problems)


def _cap(draft: Draft, limit: Amount) -> None:
    control = draft.control
    own = control.place.cgroup
    version = control.version
    file = QUOTA if version is Version.V1 else MAX
    period_text = control.text(own, PERIOD if version is Version.V1 else MAX)
    before = control.text(own, file)
    if before is None or period_text is None:
        if not isinstance(limit, Unlimited):
            draft.problem(HARD, control.why_missing(own, file, _NO_BANDWIDTH))
        return
    period = int(period_text.split()[-1])
    value, reason = _quota(limit, period)
    if version is Version.V1 and not isinstance(value, Unlimited):
        above = _tighter_above(control, value, period)
        if above is not None:
            draft.problem(HARD, above)
            return
    if version is Version.V2:
        word = "max" if isinstance(value, Unlimited) else str(value)
        text, undo = f"{word} {period}", before.strip()
    else:
        text, undo = "-1" if isinstance(value, Unlimited) else str(value), before.strip()
    draft.set(TargetValue(own, file, value, text, undo, HARD, reason, FileUnit.MICROSECONDS))


def _quota(limit: Amount, period: int) -> tuple[Amount, str]:
    """The quota for a limit, and why it is that."""
    reason = f"{HARD} is {cpus(limit)}"
    if isinstance(limit, Unlimited):
        return UNLIMITED, reason
    quota = quota_of(limit, period)
    reason += f", in each {period} µs"
    if quota * WHOLE_CPU > limit * period:
        reason += f", and no quota can be shorter than {SHORTEST_QUOTA} µs"
    return quota, reason


def _tighter_above(control: Control, quota: int, period: int) -> str | None:
    """Why v1 refuses a quota: it takes none above that of a cgroup above (__cfs_schedulable)."""
    for cgroup in control.place.ancestors:
        cap, of = control.value(cgroup, QUOTA), control.value(cgroup, PERIOD)
        if isinstance(cap, int) and isinstance(of, int) and quota * of > cap * period:
            limit = cpus(cap * WHOLE_CPU // of)
            return f"{cgroup} above may use {limit}, and cgroup v1 takes no larger cap below it"
    return None


def _weigh(draft: Draft, share: int) -> None:
    control = draft.control
    is_v1 = control.version is Version.V1
    file = SHARES if is_v1 else WEIGHT
    at = control.competing
    before = control.text(at, file)
    if before is None:
        draft.note(SHARE, control.why_missing(at, file, _NO_WEIGHT))
        return
    value = shares_of(share) if is_v1 else share
    reason = f"{SHARE} is {share}"
    if is_v1:
        reason += f", as shares of v1 {value}"
    undo = before.strip()
    draft.set(
        TargetValue(at, file, value, str(value), undo, SHARE, reason, FileUnit.WEIGHT),
        by_systemd=not is_v1 and control.place.is_unit(at),
    )
