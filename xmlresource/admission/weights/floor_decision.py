"""A decision on something that weights divide, and the rule that there are such weights."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from xmlresource.admission.notation import Notation
from xmlresource.admission.reckoning import Line, Reckoning, Rule, worst_first
from xmlresource.admission.weights.floor_weights import (
    PromisedGroup,
    TooLittle,
    WeightRange,
    floor_weights,
)
from xmlresource.printable import printable
from xmlresource.promises.promise import Key, Promise
from xmlresource.record import record

_LARGEST_SHOWN: Final = 5
_NEIGHBOURS_SHOWN: Final = 3


class FloorDemand(Protocol):
    """Something of which a guest asks for a part, and how much."""

    @property
    def name(self) -> str:
        """The guest's name."""

    @property
    def key(self) -> Key:
        """Whose it is."""

    @property
    def guarantee(self) -> int:
        """The part that it must get."""


Demanded = TypeVar("Demanded", bound=FloorDemand)


@record
class WeightTree:
    """The cgroups of a controller as far as promises reach, with one guest more.

    Attributes:
        weights: The weights that the kernel takes.
        with_guest: The tree, from the root, with a guarantee of so much for the guest.
    """

    weights: WeightRange
    with_guest: Callable[[int], PromisedGroup]


@record
class FloorDecision(Generic[Demanded]):
    """Whether a guest can be guaranteed what it asks for, and why.

    Attributes:
        demand: What it asks for.
        notation: How amounts of that are written, and what of a promise is about it.
        reckonings: The rules in their order.
        promisable: The largest guarantee that all of them would admit; 0 where there is none.
        largest: The promises of others, largest first, no more than a message needs.
        promises: How many promises of others there are.
        own: What the guest itself is promised already.
        obstacle: Why this host keeps no guarantee at all; empty where it can.
    """

    demand: Demanded
    notation: Notation
    reckonings: tuple[Reckoning, ...] = ()
    promisable: int = 0
    largest: tuple[Promise, ...] = ()
    promises: int = 0
    own: int = 0
    obstacle: str = ""

    @property
    def held_back(self) -> None:
        """Nothing is: priorities are about memory."""

    @property
    def admitted(self) -> bool:
        """Whether the guest may start: all rules hold, or it asks for nothing."""
        if not self.demand.guarantee:
            return True
        return not self.obstacle and all(each.admitted for each in self.reckonings)

    @property
    def failed(self) -> tuple[Reckoning, ...]:
        """The rules that do not hold, the one that leaves least first; empty where admitted."""
        return () if self.admitted else worst_first(self.reckonings)


def decided(
    demand: Demanded,
    notation: Notation,
    promises: Sequence[Promise],
    reckonings: Sequence[Reckoning],
) -> FloorDecision[Demanded]:
    """The decision that follows from the rules.

    Args:
        demand: What is asked for.
        notation: How amounts of it are written.
        promises: Those given so far; the guest's own counts as its own.
        reckonings: What the rules say.
    """
    about = [each for each in promises if notation.promised(each)]
    others = [each for each in about if each.key != demand.key]
    others.sort(key=lambda each: (-notation.promised(each), each.name))
    return FloorDecision(
        demand=demand,
        notation=notation,
        reckonings=tuple(reckonings),
        promisable=promisable(reckonings),
        largest=tuple(others[:_LARGEST_SHOWN]),
        promises=len(others),
        own=sum(notation.promised(each) for each in about if each.key == demand.key),
    )


def by_weights(
    guarantee: int,
    tree: WeightTree,
    time: Callable[[int], int],
    most: int,
    place: Callable[[str], str] = str,
) -> Reckoning:
    """There are weights that keep all promises and this one.

    Args:
        guarantee: What the guest asks for.
        tree: The weights.
        time: How much there is to divide, with a guarantee of so much for the guest.
        most: The largest guarantee that is worth asking about.
        place: How a folder in which there are none is told.
    """

    def lacks(guarantee: int) -> TooLittle | None:
        found = floor_weights(time(guarantee), tree.with_guest(guarantee), tree.weights)
        return found.too_little

    failed = lacks(most)
    kept = most if failed is None else _largest(lambda guarantee: lacks(guarantee) is None, most)
    path = "" if failed is None else failed.path
    label = f"kept by {tree.weights.file}"
    if failed is not None and failed.neighbours:
        label += f" beside {_listed(failed)}"
    return reckoning(Rule.WEIGHTS, place(path), [Line(label, kept)], guarantee)


def reckoning(rule: Rule, subject: str, lines: Sequence[Line], guarantee: int) -> Reckoning:
    """A rule that asks for the guarantee itself."""
    room = max(0, sum(line.size for line in lines))
    return Reckoning(rule, subject, None, tuple(lines), guarantee, room)


def promisable(reckonings: Iterable[Reckoning]) -> int:
    """The largest guarantee that all of these admit."""
    return min((each.promisable or 0 for each in reckonings), default=0)


def _largest(holds: Callable[[int], bool], most: int) -> int:
    """The largest guarantee below ``most`` that holds; 0 where none does."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _listed(found: TooLittle) -> str:
    shown = ", ".join(
        f"{printable(each.name)} {each.weight}" for each in found.neighbours[:_NEIGHBOURS_SHOWN]
    )
    more = len(found.neighbours) - _NEIGHBOURS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
