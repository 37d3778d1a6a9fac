"""The kernel writes that put a guest's IO policy in force.

Limits go into the guest's own cgroup, weights where they compete with those of other guests
(``cpu_plan``). A share counts on disks for which iocost is enabled or that bfq serves. A percentage
is promised there, and its weight follows from all promises together. What a disk can do at all
nobody guesses here.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from xmlresource.cgroup.cpu_and_io.controls import Control, Draft, PlanPart, TargetValue
from xmlresource.cgroup.cpu_and_io.throttled_devices import (
    BlockDevice,
    ThrottledDevice,
    Unthrottled,
)
from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.cgroup.kernel_values import entry_of
from xmlresource.cgroup.writes import FileUnit, NotEnforced, Problem
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.tunables import Quantity, Tunable
from xmlresource.tunables.families import TUNABLES
from xmlresource.units import UNLIMITED, Amount, Unlimited

SHARE: Final = "io_share"
SOFT: Final = "io_bandwidth_soft_limit"
PERCENTAGE: Final = "io_bandwidth_percentage"

WEIGHT: Final = "io.weight"
BFQ_WEIGHT: Final = "io.bfq.weight"
V1_BFQ_WEIGHT: Final = "blkio.bfq.weight"
V1_WEIGHT: Final = "blkio.weight"

_LARGEST_BFQ_WEIGHT: Final = 1000
_LEAST_V1_WEIGHT, _USUAL_V1_WEIGHT = 10, 500  # cfq's, before Linux 5.0
_USUAL_WEIGHT: Final = 100
_MOST_OPERATIONS: Final = 2**32 - 1
"""The kernel holds operations in 32 bits, and takes all ones for "no limit"."""

_NO_THROTTLING: Final = "the kernel lacks CONFIG_BLK_DEV_THROTTLING"
_NO_WEIGHT: Final = "the kernel has no iocost, and bfq is not loaded"
_NO_SOFT_LIMIT: Final = "the kernel caps bandwidth always or never, not only while others wait"
_NEITHER: Final = "neither is iocost enabled for it (io.cost.qos) nor does bfq serve it"


_KEYS: Final = {"io_bandwidth_hard_limit": "bps", "iops_hard_limit": "iops"}
"""The keys of hard limits in ``io.max``, after ``r`` for reading or ``w`` for writing."""
_UNITS: Final = {
    Quantity.BYTES_PER_SECOND: FileUnit.BYTES_PER_SECOND,
    Quantity.OPERATIONS_PER_SECOND: FileUnit.OPERATIONS_PER_SECOND,
}
THROTTLES: Final = tuple(row for row in TUNABLES if row.name in _KEYS)
"""The tunables that limit a device."""


def plan_io(
    policy: IoPolicy,
    control: Control | NoPlace,
    devices: Sequence[ThrottledDevice | Unthrottled],
    disks: Iterable[ThrottledDevice] = (),
) -> PlanPart:
    """The writes that put ``policy`` in force; what is unset stays as it is.

    Args:
        policy: What is declared.
        control: The io controller (v1: blkio), as the kernel has it for the guest.
        devices: Where each of the policy's devices is limited, in its order.
        disks: Where all disks of the guest are, as far as they are on block devices: a share counts
            on each.
    """
    if isinstance(control, NoPlace):
        return _without_controller(policy, control.reason)
    draft = Draft(control)
    for device_policy, device in zip(policy.devices, devices, strict=True):
        if isinstance(device, Unthrottled):
            _refuse(draft, device_policy, device.reason)
        else:
            _throttle(draft, device_policy, device)
            _note_percentage(draft, device_policy, device)
    _say_twice_limited(draft)
    if policy.share is not None:
        _share(draft, policy.share, disks)
    return draft.part()


def subject(policy: DevicePolicy) -> str:
    """The device as the policy names it."""
    return policy.path or f"disk '{policy.target}'"


def limits(policy: DevicePolicy) -> list[tuple[Tunable, Amount]]:
    """The hard limits that a device policy declares."""
    found: list[tuple[Tunable, Amount | None]] = [
        (row, getattr(policy, row.field)) for row in THROTTLES
    ]
    return [(row, amount) for row, amount in found if amount is not None]


def _without_controller(policy: IoPolicy, reason: str) -> PlanPart:
    """What a host without the controller makes of a policy."""
    problems, notes = [], []
    for device in policy.devices:
        firm = [row.key for row, amount in limits(device) if amount is not UNLIMITED]
        problems += [Problem(name, f"{subject(device)}: {reason}") for name in firm]
        notes += [NotEnforced(name, f"{subject(device)}: {reason}") for name in _loose(device)]
    if policy.share is not None:
        notes.append(NotEnforced(SHARE, reason))
    return PlanPart((), tuple(notes), tuple(problems))


def _loose(policy: DevicePolicy) -> list[str]:
    """The tunables of a device policy that a guest can be started without."""
    loose = ((SOFT, policy.bandwidth_soft_limit), (PERCENTAGE, policy.bandwidth_percentage))
    return [name for name, value in loose if value is not None and value is not UNLIMITED]


def _refuse(draft: Draft, policy: DevicePolicy, reason: str) -> None:
    """Say of each tunable that it has no device: firm ones keep the guest from starting."""
    for row, amount in limits(policy):
        if not isinstance(amount, Unlimited):
            draft.problem(row.key, reason)
    for name in _loose(policy):
        draft.note(name, reason)


def _throttle(draft: Draft, policy: DevicePolicy, device: ThrottledDevice) -> None:
    control = draft.control
    own = control.place.cgroup
    if isinstance(policy.bandwidth_soft_limit, int):
        draft.note(SOFT, f"{subject(policy)}: {_NO_SOFT_LIMIT}")
    for row, amount in limits(policy):
        is_v1 = control.version is Version.V1
        file = str(row.v1_file if is_v1 else row.v2_file)
        unit = _UNITS[row.quantity]
        value = amount
        if unit is FileUnit.OPERATIONS_PER_SECOND and _is_too_many(amount):
            value = UNLIMITED
        if control.text(own, file) is None:
            if value is not UNLIMITED:
                reason = control.why_missing(own, file, _NO_THROTTLING)
                draft.problem(row.key, f"{subject(policy)}: {reason}")
            continue
        entry = device.number if is_v1 else f"{device.number} {_key(row)}"
        before = control.value(own, file, entry)
        reason = f"{row.key} of {subject(policy)}, on {device.name}, is "
        reason += unit.describe(amount)
        target = TargetValue(
            own,
            file,
            value,
            _throttle_text(entry, value, is_v1=is_v1),
            _throttle_text(entry, UNLIMITED if before is None else before, is_v1=is_v1),
            row.key,
            reason,
            unit,
            entry,
        )
        draft.set(target)
        if is_v1 and device.is_buffered and row.attribute == "write":
            draft.note(
                row.key,
                f"{subject(policy)}: cgroup v1 does not see what is written through the host's "
                "page cache; cache='none' in the disk's <driver> avoids it",
            )


def _key(row: Tunable) -> str:
    """A limit's key in ``io.max``: ``rbps``."""
    return f"{(row.attribute or ' ')[0]}{_KEYS[row.name]}"


def _is_too_many(amount: Amount) -> bool:
    return isinstance(amount, int) and amount >= _MOST_OPERATIONS


def _throttle_text(entry: str, value: Amount, *, is_v1: bool) -> str:
    """A limit as it is written: 0 takes one of v1 away."""
    if is_v1:
        return f"{entry} {0 if isinstance(value, Unlimited) else value}"
    return f"{entry}={'max' if isinstance(value, Unlimited) else value}"


def _say_twice_limited(draft: Draft) -> None:
    """Refuse two limits of one kind on one device: the kernel counts by device, not by image."""
    seen: dict[tuple[str, str], Amount] = {}
    for write in draft.writes:
        value = seen.setdefault((write.file, write.entry), write.value)
        if value != write.value:
            draft.problem(
                write.tunable,
                f"two limits for one block device ({write.entry}): "
                f"{write.unit.describe(value)} and {write.unit.describe(write.value)}; declare "
                "one, which counts for all disks on it, or use <iotune> in each <disk>",
            )
    unique = {(write.file, write.entry): write for write in reversed(draft.writes)}
    draft.writes[:] = reversed(unique.values())


def _note_percentage(draft: Draft, policy: DevicePolicy, device: ThrottledDevice) -> None:
    """Say on which of the disks that serve a device nobody is weighed.

    On the others the weight is not among the writes of the guest's plan: it follows from all
    promises together.
    """
    if policy.bandwidth_percentage is None:
        return
    for leaf in device.leaves:
        if not _is_weighed(draft.control, leaf):
            draft.note(PERCENTAGE, f"{subject(policy)}, on {leaf.name}: {_NEITHER}")


def _is_weighed(control: Control, leaf: BlockDevice) -> bool:
    """Whether guests are weighed on a disk."""
    return leaf.scheduler == "bfq" or (leaf.iocost and control.version is Version.V2)


def _share(draft: Draft, share: int, disks: Iterable[ThrottledDevice]) -> None:
    control = draft.control
    at = control.competing
    by_systemd = control.version is Version.V2 and control.place.is_unit(at)
    known = (V1_BFQ_WEIGHT, V1_WEIGHT) if control.version is Version.V1 else (WEIGHT, BFQ_WEIGHT)
    files = [file for file in known if control.text(at, file) is not None]
    if not files:
        draft.note(SHARE, control.why_missing(at, known[0], _NO_WEIGHT))
        return
    # systemd's one property is for both files; the second it converts from the first.
    for file in files[:1] if by_systemd else files:
        _set_share(draft, share, file, by_systemd=by_systemd)
    leaves = {leaf.number: leaf for disk in disks for leaf in disk.leaves}
    for leaf in leaves.values():
        if not leaf.iocost and leaf.scheduler != "bfq":
            draft.note(SHARE, f"it has no effect on {leaf.name}: {_NEITHER}")


def _set_share(draft: Draft, share: int, file: str, *, by_systemd: bool) -> None:
    at = draft.control.competing
    text = draft.control.text(at, file) or ""
    entry = "default" if text.startswith("default ") else ""
    before = entry_of(text, entry).strip()
    words = f"{entry} " if entry else ""
    value = share
    if file == V1_WEIGHT:
        value = share * _USUAL_V1_WEIGHT // _USUAL_WEIGHT
        value = min(max(value, _LEAST_V1_WEIGHT), _LARGEST_BFQ_WEIGHT)
    elif file != WEIGHT:
        value = min(share, _LARGEST_BFQ_WEIGHT)
    reason = f"{SHARE} is {share}"
    if value != share:
        reason += f", of which {file} can hold {value}"
    written, undo = f"{words}{value}", f"{words}{before}"
    target = TargetValue(at, file, value, written, undo, SHARE, reason, FileUnit.WEIGHT, entry)
    draft.set(target, by_systemd=by_systemd)
