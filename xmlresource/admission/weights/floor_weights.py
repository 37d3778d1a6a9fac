"""The weights of cgroups by which guests keep what they are promised: CPU time, part of a disk.

A weight is a share, not an amount: a busy cgroup gets C·w/Σw of the C that its parent gets, and Σw
is about all children that are busy (cgroup-v2.rst, "Weights"). Least it gets when all are.
So what is promised is taken off first, and the rest is shared as it was before: a child with the
weight ``own``, below which p is promised, gets the weight ``own + k·p``. From k = Σown / (C - Σp)
on it has p whoever else is busy, and its old share of C - Σp besides.

A larger k keeps the promise, too, also beside children that come later and ask nobody. So k is a
power of two with room to spare, and others' weights seldom change when a guest starts or ends.

Amounts are thousandths: of a CPU, or of a percent of what a disk can do.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from xmlresource.record import field, record

_SPARE_NUMERATOR: Final = 5
_SPARE_DENOMINATOR: Final = 4
_FINEST: Final = 1 << 20
"""k is a whole number of so many parts of a weight for each thousandth."""


@record
class WeightRange:
    """The weights that the kernel takes.

    Attributes:
        file: The file that has them.
        usual: The weight of a cgroup for which nobody set one.
        least: The least.
        most: The most.
    """

    file: str
    usual: int
    least: int
    most: int

    def from_share(self, share: int) -> int:
        """The weight of a share of 1 to 10,000, of which 100 is usual: in proportion."""
        return min(max(share * self.usual // SHARES.usual, self.least), self.most)


SHARES: Final = WeightRange("cpu.weight", usual=100, least=1, most=10_000)
"""cgroup v2, cpu.weight; and what a policy calls a share."""

V1_SHARES: Final = WeightRange("cpu.shares", usual=1024, least=2, most=262_144)
"""cgroup v1, cpu.shares (MIN_SHARES and MAX_SHARES in kernel/sched/sched.h)."""

IOCOST: Final = WeightRange("io.weight", usual=100, least=1, most=10_000)
"""cgroup v2, iocost (CGROUP_WEIGHT_MIN and its kin in include/linux/cgroup.h)."""

BFQ: Final = WeightRange("io.bfq.weight", usual=100, least=1, most=1000)
"""cgroup v2, the scheduler bfq (BFQ_MIN_WEIGHT and its kin in block/bfq-iosched.h)."""

V1_BFQ: Final = WeightRange("blkio.bfq.weight_device", usual=100, least=1, most=1000)
"""cgroup v1, bfq; this is the file that has weights by disk."""


@record
class Neighbour:
    """A cgroup below which nothing is promised, beside one that has promises."""

    name: str
    weight: int


@record
class PromisedGroup:
    """A cgroup below which something is promised, or a guest that is promised some of it.

    Attributes:
        path: The cgroup.
        own: The weight that it would have without promises.
        guarantee: What the guest is promised; of a folder 0.
        below: The cgroups in it that have promises, each of more than nothing.
        neighbours: The others in it.
        cap: The most that all in it can have; ``None`` for no limit.
    """

    path: str
    own: int
    guarantee: int = 0
    below: "tuple[PromisedGroup, ...]" = ()
    neighbours: tuple[Neighbour, ...] = ()
    cap: int | None = None

    @property
    def promised(self) -> int:
        """All that is promised in it."""
        return self.guarantee + sum(each.promised for each in self.below)


@record
class TooLittle:
    """A folder in which no weights keep what is promised.

    Attributes:
        path: The folder.
        time: What it has for sure.
        promised: What is promised in it.
        neighbours: The cgroups without a promise whose weights take the rest, heaviest first.
    """

    path: str
    time: int
    promised: int
    neighbours: tuple[Neighbour, ...]


@record
class FloorWeights:
    """Weights for all cgroups below which something is promised, by path.

    Attributes:
        values: The weights; the largest that there are where they are too little.
        too_little: The first folder in which they do not keep what is promised.
    """

    values: Mapping[str, int] = field(default_factory=dict)
    too_little: TooLittle | None = None


def floor_weights(time: int, root: PromisedGroup, weights: WeightRange) -> FloorWeights:
    """The weights that keep all promises below ``root``.

    Args:
        time: What ``root`` has for sure.
        root: The folder at the top, whose own weight counts for nothing.
        weights: Those that there are.
    """
    values: dict[str, int] = {}
    first: TooLittle | None = None
    for found in _levels(time, root, weights):
        if isinstance(found, TooLittle):
            first = first or found
        else:
            values.update(found)
    return FloorWeights(values, first)


def _levels(
    time: int, folder: PromisedGroup, weights: WeightRange
) -> Iterator[Mapping[str, int] | TooLittle]:
    """What to set in a folder and all below it, folder by folder from the top."""
    time = time if folder.cap is None else min(time, folder.cap)
    beside = sum(each.weight for each in folder.neighbours)
    added = _added(time, folder.below, beside, weights)
    if added is None:
        heaviest = sorted(folder.neighbours, key=lambda each: (-each.weight, each.name))
        yield TooLittle(folder.path, time, folder.promised, tuple(heaviest))
        added = [weights.most - each.own for each in folder.below]
    values = {each.path: each.own + more for each, more in zip(folder.below, added, strict=True)}
    yield values
    total = beside + sum(values.values())
    for each in folder.below:
        if each.below:
            yield from _levels(time * values[each.path] // total, each, weights)


def _added(
    time: int, raised: tuple[PromisedGroup, ...], beside: int, weights: WeightRange
) -> list[int] | None:
    """What each of ``raised`` gets beyond its own weight; ``None`` where nothing is enough."""
    promised = sum(each.promised for each in raised)
    if len(raised) == 1 and not beside and promised <= time:
        return [0]  # alone, it has all there is
    if promised >= time:
        return None
    total = beside + sum(each.own for each in raised)
    needed = -(-total * _FINEST // (time - promised))
    most = min((weights.most - each.own) * _FINEST // each.promised for each in raised)
    wanted = _power_of_two(-(-needed * _SPARE_NUMERATOR // _SPARE_DENOMINATOR))
    added = _by(min(wanted, most), raised)
    return added if _is_kept(time, raised, beside, added) else None


def _by(factor: int, raised: tuple[PromisedGroup, ...]) -> list[int]:
    return [-(-factor * each.promised // _FINEST) for each in raised]


def _is_kept(time: int, raised: tuple[PromisedGroup, ...], beside: int, added: list[int]) -> bool:
    """Whether each has what is promised below it when all are busy."""
    values = [each.own + more for each, more in zip(raised, added, strict=True)]
    total = beside + sum(values)
    return all(
        time * value >= each.promised * total for each, value in zip(raised, values, strict=True)
    )


def _power_of_two(number: int) -> int:
    """The least that is not below ``number``."""
    return 1 << (number - 1).bit_length()
