"""The rules by which part of a disk is guaranteed. Thousandths of a percent.

What a disk can do nobody knows in bytes; by weights a guest can still have its part of that,
however much it is. So the rules are about percentages alone, and each disk is decided on by itself.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from xmlresource.admission.notation import Notation
from xmlresource.admission.reckoning import Line, Reckoning, Rule
from xmlresource.admission.weights.floor_decision import (
    FloorDecision,
    WeightTree,
    by_weights,
    decided,
    promisable,
    reckoning,
)
from xmlresource.admission.weights.floor_weights import WeightRange
from xmlresource.formats.quantities import decimal
from xmlresource.model.cpu import WHOLE_PERCENT
from xmlresource.printable import printable
from xmlresource.promises.promise import Key, Promise
from xmlresource.record import record

WHOLE_DISK: Final = 100 * WHOLE_PERCENT
"""All that a disk can do."""


@record
class WeighedDisk:
    """A disk of the host on which cgroups are weighed.

    Attributes:
        number: Its ``MAJ:MIN``.
        name: Its name, such as ``sda``.
        weights: The weights that whoever serves it takes.
    """

    number: str
    name: str
    weights: WeightRange


@record
class DiskDemand:
    """The part of a disk that a guest asks for.

    Attributes:
        name: Its name; from outside, escape it before showing it.
        uuid: Its uuid.
        driver: The driver of libvirt that runs it.
        disk: The disk.
        guarantee: The part that it must get while it wants it.
        share: Its own share beside others, 1 to 10,000.
    """

    name: str
    uuid: str
    driver: str
    disk: WeighedDisk
    guarantee: int
    share: int = 100

    @property
    def key(self) -> Key:
        """Whose it is."""
        return self.driver, self.uuid


DiskDecision: TypeAlias = FloorDecision[DiskDemand]
"""Whether part of a disk can be guaranteed to a guest, and why."""


def percent_text(part: int) -> str:
    """``60 %``, ``0.5 %``."""
    return f"{number_of_percent(part)} %"


def number_of_percent(part: int) -> str:
    """``60``, ``-0.5``."""
    return f"-{decimal(-part)}" if part < 0 else decimal(part)


def notation_for(disk: WeighedDisk) -> Notation:
    """How parts of a disk are written."""
    return Notation(
        short=percent_text,
        exact=percent_text,
        term=percent_text,
        plain=number_of_percent,
        cell=lambda part: f"{part / WHOLE_PERCENT:,.3f}",
        promised=lambda promise: promise.part_of(disk.number),
        suffix="_millipercent",
        whole=f" of {printable(disk.name)}",
    )


def decide_disk(
    demand: DiskDemand, promises: Sequence[Promise], tree: WeightTree | None = None
) -> DiskDecision:
    """Whether the part of the disk can be promised.

    Args:
        demand: What the guest asks for.
        promises: Those given so far. One to the same guest is left out: a start replaces it.
        tree: The weights above and beside it; ``None`` where nothing is known of them.
    """
    reckonings = [commitment(demand, promises)]
    if tree is not None:
        most = max(promisable(reckonings), demand.guarantee)
        name = demand.disk.name
        reckonings.append(
            by_weights(
                demand.guarantee,
                tree,
                lambda _: WHOLE_DISK,
                most,
                lambda path: f"{name} in {path}" if path else name,
            )
        )
    return decided(demand, notation_for(demand.disk), promises, reckonings)


def commitment(demand: DiskDemand, promises: Sequence[Promise]) -> Reckoning:
    """Σ promises of the disk + the part ≤ 100 %."""
    disk = demand.disk
    others = sum(each.part_of(disk.number) for each in promises if each.key != demand.key)
    lines = [Line("all of it", WHOLE_DISK), Line("promised", -others)]
    return reckoning(Rule.COMMITMENT, disk.name, lines, demand.guarantee)
