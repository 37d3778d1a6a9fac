"""Room that is held back for guests of higher priority which are still to start.

After a boot libvirt starts its guests in an order of its own. A guest that would fit now is refused
where, with the guests that come before it in priority, it no longer would: then whoever starts
first, those are promised their memory that come first. Which of them fit together is asked rule by
rule as for any start (``decide``); what they would take is one more line in each.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from xmlresource.admission.reckoning import Decision, HeldBack, Line, Reckoning, Rule
from xmlresource.promises.promise import Key, Promise
from xmlresource.record import replace


class Prioritized(Protocol):
    """A guest that is still to start."""

    @property
    def priority(self) -> int:
        """Its priority."""

    @property
    def name(self) -> str:
        """The name of the guest."""

    @property
    def key(self) -> Key:
        """The driver and the uuid of the guest."""


_Guest = TypeVar("_Guest", bound=Prioritized)


def first_come(waiting: Iterable[_Guest]) -> list[_Guest]:
    """The guests by priority, highest first.

    Equal ones, which don't wait for each other, by name, so that every start finds the same order.
    """
    return sorted(waiting, key=lambda each: (-each.priority, each.name, each.key))


def with_room_held_back(
    decision: Decision, besides: Decision, promises: tuple[Promise, ...], seconds: int
) -> Decision:
    """The decision with the room taken off that is held back.

    Args:
        decision: About the guest, as if nobody else were to start. Where that refuses it, that is
            what it is told.
        besides: The same with ``promises`` given already.
        promises: What the guests of higher priority will be promised.
        seconds: For how long.
    """
    pairs = zip(decision.reckonings, besides.reckonings, strict=True)
    yielding = tuple(_yielding(one, two) for one, two in pairs if one.room != two.room)
    if not decision.admitted or not yielding:
        return decision
    return replace(
        decision,
        reckonings=(*decision.reckonings, *yielding),
        promisable=besides.promisable,
        held_back=HeldBack(promises, seconds),
    )


def _yielding(now: Reckoning, then: Reckoning) -> Reckoning:
    return Reckoning(
        rule=Rule.PRIORITY,
        subject=now.title,
        part=None,
        lines=(*now.lines, Line("held back", then.room - now.room)),
        asked=now.asked,
        promisable=then.promisable,
    )
