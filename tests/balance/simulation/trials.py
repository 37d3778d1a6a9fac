"""Runs of simulated hosts, and what is counted of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from tests.balance.simulation.movers import Mover
from tests.balance.simulation.scenarios import CHANGE, DURATION, LAST_CHANGE, draw
from tests.balance.simulation.simulated_guest import Guest, Kind
from tests.balance.simulation.simulated_host import Host

_NOTICEABLE: Final = 1.0  # MiB
SETTLED: Final = LAST_CHANGE + 60
"""When what goes back and forth does so by itself."""
_LEAST: Final = 0.02
_BACK_AND_FORTH: Final = 2


@dataclass(slots=True)
class Tally:
    """What is counted of runs.

    Attributes:
        hosts: Of how many hosts.
        cut: Guests whose balloon was asked for less than their guarantee leaves.
        beyond: Guests that were asked to take more than their RAM.
        killed: Processes killed by the kernels of guests that had less than their RAM.
        liars: The same in guests that said that they had enough.
        struck: In how many guests of both kinds that happened: in one it may each second.
        host_killed: Guests killed by the kernels of hosts.
        swapped: GiB that hosts swapped out.
        stalled: Seconds in which guests waited for the host's swap.
        starved: Seconds in which guests swapped by themselves that had less than their RAM.
        short: Seconds in which hosts had less than 2 % available, or guests waited for its swap.
        reliefs: Of each host of which that was so after the load changed, the seconds until it was
            so for the last time.
        steady: Hosts whose load did not change any more after a time.
        swinging: Guests of these that were taken from and given to in turn all the same.
        reversals: How often.
        steps: Requests to balloons.
    """

    hosts: int = 0
    guests: int = 0
    cut: int = 0
    beyond: int = 0
    killed: int = 0
    liars: int = 0
    struck: int = 0
    host_killed: int = 0
    swapped: float = 0
    stalled: int = 0
    starved: int = 0
    short: int = 0
    reliefs: list[int] = field(default_factory=list)
    steady: int = 0
    swinging: int = 0
    reversals: int = 0
    steps: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """The tally of both."""
        return Tally(*(getattr(self, each) + getattr(other, each) for each in self.__slots__))


def run(seeds: Iterable[int], mover: Callable[[], Mover], odd: float = 0.35) -> Tally:
    """Run a host of each seed."""
    tally = Tally()
    for seed in seeds:
        _one(draw(seed, odd=odd), mover(), tally)
    return tally


def _one(host: Host, mover: Mover, tally: Tally) -> None:
    host.begin()
    watches = [_Watch(guest) for guest in host.guests]
    need: list[bool] = []
    for now in range(1, DURATION):
        host.live(now, 1)
        mover.act(host, now)
        for watch in watches:
            watch.look(now)
        need.append(host.available < _LEAST * host.total or host.swap_in > 1)
        tally.stalled += sum(guest.stalled > 1 for guest in host.guests)
        tally.starved += sum(guest.starves for guest in host.guests)
    tally.hosts += 1
    tally.guests += len(watches)
    tally.swapped += host.swapped_out / 1024
    tally.host_killed += host.killed
    steady = _is_steady(host)
    tally.steady += steady
    for watch in watches:
        watch.count(tally, steady=steady)
    tally.short += sum(need)
    after = need[CHANGE:]
    if any(after):
        tally.reliefs.append(len(after) - after[::-1].index(True))  # until it was so the last time


def _is_steady(host: Host) -> bool:
    """Whether nothing changed after :data:`SETTLED`."""
    if any(max(guest.restarts, guest.gone) > SETTLED for guest in host.guests):
        return False
    times = range(SETTLED, DURATION, 10)
    loads = [[guest.working(now) for guest in host.guests] + [host.others(now)] for now in times]
    return all(load == loads[0] for load in loads)


class _Watch:
    """What one guest goes through."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._target = guest.target
        self._moves: list[tuple[int, bool]] = []
        self._killed = 0
        self._deaths = 0
        self.cut = self.beyond = False

    def look(self, now: int) -> None:
        guest = self._guest
        if abs(guest.target - self._target) >= _NOTICEABLE:
            self._moves.append((now, guest.target > self._target))
            self._target = guest.target
        has = min(guest.balloon, guest.target) + guest.overhead
        least = min(guest.guarantee, guest.maximum + guest.overhead)
        self.cut |= has < least - _NOTICEABLE
        self.beyond |= guest.target > guest.maximum + _NOTICEABLE
        if guest.killed > self._killed:
            self._deaths += guest.balloon < guest.maximum - _NOTICEABLE
            self._killed = guest.killed

    def count(self, tally: Tally, *, steady: bool) -> None:
        tally.cut += self.cut
        tally.beyond += self.beyond
        tally.struck += self._deaths > 0
        if self._guest.kind is Kind.BOASTING:
            tally.liars += self._deaths
        else:
            tally.killed += self._deaths
        tally.steps += len(self._moves)
        if not steady:
            return
        ways = [way for now, way in self._moves if now >= SETTLED]
        turns = sum(one is not two for one, two in pairwise(ways))
        tally.reversals += turns
        tally.swinging += turns >= _BACK_AND_FORTH


def percentile(values: Sequence[int], share: float) -> float:
    """The value that ``share`` of all don't exceed; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0
