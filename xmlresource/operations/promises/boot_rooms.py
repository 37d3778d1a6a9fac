"""The guests that are still to start and will fit, one after the other.

Each is decided about as any start, besides those before it. Most ask for nothing but memory,
wherever it is: of them each rule asks for one sum, so the room that each rule leaves is reckoned
once and taken off guest by guest.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final, TypeAlias

from xmlresource.admission.demand import Demand
from xmlresource.admission.reckoning import Reckoning, Rule
from xmlresource.model.domain import Domain
from xmlresource.operations.host import Host
from xmlresource.operations.promises.admission_check import (
    Taken,
    host_for,
    reckon_besides,
)
from xmlresource.promises.promise import Key, Promise

_Key: TypeAlias = tuple[Rule, str, Rule | None]


class Waiting:
    """A guest that is still to start.

    Attributes:
        name: Its name.
        key: Its driver and its uuid.
        priority: Its priority.
        plain: What it will be promised, where it asks for nothing but memory, wherever it is;
            ``None`` where it asks for more.
        needed: What must be there for it, hugepages apart.
    """

    def __init__(
        self, name: str, key: Key, priority: int, needed: int, plain: Promise | None
    ) -> None:
        self.name: Final = name
        self.key: Final = key
        self.priority: Final = priority
        self.needed: Final = needed
        self.plain: Final = plain

    def _made(self) -> tuple[Demand, Domain]:
        raise NotImplementedError

    @cached_property
    def both(self) -> tuple[Demand, Domain]:
        """The guest's demand, and the part of its definition that says where it will be."""
        return self._made()

    @property
    def demand(self) -> Demand:
        """The guest's demand."""
        return self.both[0]

    @property
    def domain(self) -> Domain:
        """The part of the definition that says where the guest will be."""
        return self.both[1]


def fitting(host: Host, waiting: Iterable[Waiting], others: Taken) -> tuple[Promise, ...]:
    """Find the promises of guests that wait: each that fits with those before it.

    Args:
        host: The host.
        waiting: The guests, those first that come first.
        others: What is spoken for already.

    Raises:
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    rooms = _Rooms(host, others.merged())
    for each in waiting:
        if rooms.has_room_for(each):
            promise = each.plain
            if promise is None:
                promise = each.demand.as_promise(each.domain.partition, rooms.default_hugepage)
            rooms.take(promise)
    return tuple(rooms.taken)


class _Rooms:
    """The room that each rule leaves, for guests of each partition."""

    def __init__(self, host: Host, others: Taken) -> None:
        self._host: Final = host
        self._others: Final = others
        self.taken: Final[list[Promise]] = []
        self._left: dict[_Key, int] = {}
        self._keys: dict[str | None, tuple[_Key, ...]] = {}
        self._budgets: Final = {each.path: each for each in host.configuration.partitions}

    @cached_property
    def default_hugepage(self) -> int | None:
        """The host's default size of hugepages."""
        return host_for(self._host.machine, Demand(name="", uuid="", guarantee=0)).default_hugepage

    def has_room_for(self, waiting: Waiting) -> bool:
        """Whether a guest fits with those that were taken off before it."""
        promise = waiting.plain
        if promise is None:
            asked = (self._host, *waiting.both)
            return reckon_besides(*asked, self._others.and_to(tuple(self.taken)).merged()).admitted
        return all(
            (promise.committed if key[2] is Rule.COMMITMENT else promise.needed) <= self._left[key]
            for key in self._keys_of(promise.partition)
        )

    def take(self, promise: Promise) -> None:
        """Take off what a guest will be promised."""
        self.taken.append(promise)
        for key in self._left:
            self._left[key] -= self._share(promise, key)

    def _share(self, promise: Promise, key: _Key) -> int:
        rule, subject, part = key
        if rule is Rule.PARTITIONS and not self._budgets[subject].covers(promise.partition):
            return 0
        if rule is Rule.ANCESTORS and not promise.is_below(subject):
            return 0
        return promise.committed if part is Rule.COMMITMENT else promise.needed

    def _keys_of(self, partition: str | None) -> tuple[_Key, ...]:
        found = self._keys.get(partition)
        if found is None:
            rooms = self._rooms_in(partition)
            for key, room in rooms.items():
                if key not in self._left:
                    self._left[key] = room - sum(self._share(each, key) for each in self.taken)
            found = self._keys[partition] = tuple(rooms)
        return found

    def _rooms_in(self, partition: str | None) -> Mapping[_Key, int]:
        """The room that the rules leave while no guest that waits has started."""
        # Not without a uuid: merged promises have none, and nobody's own promise counts.
        nobody = Demand(name="", uuid="nobody", guarantee=0)
        asked = (self._host, nobody, Domain(partition=partition))
        decision = reckon_besides(*asked, self._others)
        return {_key(each): each.room for each in decision.reckonings}


def _key(reckoning: Reckoning) -> _Key:
    return reckoning.rule, reckoning.subject, reckoning.part
