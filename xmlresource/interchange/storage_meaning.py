"""What a source's disks mean as tunables: one share for the guest, limits for single devices."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor
from typing import Final

from xmlresource.interchange.allocation import Allocation, SourceValue, Unit
from xmlresource.interchange.memory_meaning import idle, lost
from xmlresource.interchange.outcomes import Fate, ValueOutcome
from xmlresource.interchange.processor_meaning import share_outcome
from xmlresource.printable import printable

_KINDS: Final = {Unit.BYTE_PER_SECOND: "bandwidth", Unit.OPERATION_PER_SECOND: "iops"}
_TUNABLES: Final = {"bandwidth": "io_bandwidth_hard_limit", "iops": "iops_hard_limit"}
_IOTUNE: Final = {"bandwidth": "total_bytes_sec", "iops": "total_iops_sec"}


def storage_outcomes(disks: Sequence[Allocation]) -> Iterator[ValueOutcome]:
    """What became of each value."""
    weights: dict[str, Fraction | None] = {disk.device: None for disk in disks if disk.device}
    weights |= {disk.device: disk.weight.number for disk in disks if disk.weight is not None}
    are_alike = len(set(weights.values())) == 1
    for disk in disks:
        if disk.weight is not None:
            # A weight without a device is the whole guest's.
            yield _share(disk.weight, disk, is_one=are_alike or not disk.device)
        if disk.limit is not None:
            yield _limit(disk.limit, disk)


def _share(weight: SourceValue, disk: Allocation, *, is_one: bool) -> ValueOutcome:
    found = share_outcome(weight, disk.usual_weight, "io_share")
    if found.fate is Fate.DROPPED or is_one:
        return found
    return lost(weight, "the guest has one io_share, and its disks differ")


def _limit(limit: SourceValue, disk: Allocation) -> ValueOutcome:
    number, kind = limit.number, _KINDS.get(limit.unit)
    if number is None or not number:
        return idle(limit, "unlimited is what holds anyway")
    if kind is None:
        return lost(limit, f"it is in {limit.unit.value}, which depends on the device")
    if not disk.direction:
        return lost(
            limit,
            f"it counts reading and writing together: <iotune><{_IOTUNE[kind]}> does so",
        )
    target = f"{_TUNABLES[kind]}.{disk.direction}"
    reason = (
        f"which of the guest's disks is the source's '{printable(disk.device)}' can't be told; of "
        f"disk vda it would be vda.{target}"
    )
    return ValueOutcome(
        *(limit.name, limit.written, limit.line, Fate.DROPPED, reason, target, floor(number)),
        is_loss=True,
    )
