"""Which host comes first for a guest: one order for those who ask and for those who claim.

It goes by the room that is left beside the guest by the two rules that concern each guest,
commitment and physical. Whether the guest fits at all is decided by all rules.
"""

from collections.abc import Iterable
from enum import Enum

from xmlresource.admission.demand import Demand
from xmlresource.fleet.fleet_state import OfferedRoom
from xmlresource.promises.promise import Promise
from xmlresource.record import record


class RankingGoal(Enum):
    """Which of the hosts that fit comes first; a value is the option's name."""

    SPREAD = "spread"  # the one with most room left, in percent of its memory
    PACK = "pack"  # the one with least room left


@record
class RoomyHost:
    """A host as far as its place in the order depends on it.

    Attributes:
        host: Its name.
        room: What it has left, claims taken off.
        total: Its memory.
    """

    host: str
    room: OfferedRoom
    total: int

    def left(self, demand: Demand) -> int:
        """What could still be promised beside a guest; below 0 where that is too much already."""
        return min(self.room.commitment - demand.committed, self.room.physical - demand.needed)


def beside(room: OfferedRoom, claims: Iterable[Promise], demand: Demand) -> OfferedRoom:
    """The room of a host that a guest finds beside what is claimed there for others."""
    others = [each for each in claims if each.key != demand.key]
    return OfferedRoom(
        room.commitment - sum(each.committed for each in others),
        room.physical - sum(each.needed for each in others),
    )


def in_order(
    hosts: Iterable[RoomyHost], demand: Demand, goal: RankingGoal
) -> tuple[RoomyHost, ...]:
    """The hosts, best first; those of equal room by name, those that have none left last."""

    def place(host: RoomyHost) -> tuple[bool, float, str]:
        left = host.left(demand)
        pack = goal is RankingGoal.PACK
        return left < 0, left if pack else -left / max(host.total, 1), host.host

    return tuple(sorted(hosts, key=place))
