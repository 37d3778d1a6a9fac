"""What moves memory on a simulated host: nothing, this project's decisions, or MOM's rules.

MOM's are those that oVirt shipped (vdsm, ``mom.d/02-balloon.policy``) with its constants, its
intervals (``doc/mom-balloon.conf``: samples every 5 seconds, ten of them averaged, decided every
10), and what it calls free: of the host MemFree, buffers and cache, of a guest what it uses for
nothing at all.
"""

from collections import deque
from typing import Final, Protocol

from tests.balance.simulation.simulated_guest import Guest
from tests.balance.simulation.simulated_host import Host
from xmlresource.balance.balancing import decide
from xmlresource.balance.movement import Direction, Means, RoundDecision
from xmlresource.balance.observed import (
    BalloonStatistics,
    GuestObserved,
    HostObserved,
    Observed,
)
from xmlresource.balance.recent import Lately, noticed, remembered
from xmlresource.configuration.balance_settings import BalanceSettings, Mode

MIB: Final = 1 << 20


class Mover(Protocol):
    """Something that moves memory."""

    def act(self, host: Host, now: float) -> None:
        """Look at a host, and ask its guests; called every second."""


class Nothing:
    """No service at all."""

    def act(self, host: Host, now: float) -> None:
        """Do nothing."""


class Ours:
    """The decisions of this project, a round every two seconds.

    Attributes:
        decisions: The decisions so far, each with what it was made from.
    """

    def __init__(self, settings: BalanceSettings, mode: Mode = Mode.BALLOON) -> None:
        self._settings = settings
        self._mode = mode
        self._lately = Lately(-10)
        self.decisions: deque[tuple[Observed, RoundDecision]] = deque(maxlen=1)

    def act(self, host: Host, now: float) -> None:
        """Decide, and ask."""
        if now % self._settings.interval:
            return
        seen = observed(host, now, self._mode)
        lately = noticed(self._lately, seen, self._settings)
        decision = decide(seen, lately, self._settings)
        self._lately = remembered(lately, seen, decision)
        self.decisions.append((seen, decision))
        by_name = {guest.name: guest for guest in host.guests}
        for step in decision.steps:
            if step.means is Means.BALLOON:
                by_name[step.name].ask(step.target / MIB)
            else:
                guest = by_name[step.name]
                guest.swapped += min(step.size / MIB, guest.touched - guest.swapped)
                assert step.direction is Direction.TAKE


def observed(host: Host, now: float, mode: Mode = Mode.BALLOON) -> Observed:
    """What a service would find on the host."""
    facts = HostObserved(
        total=int(host.total * MIB),
        available=int(host.available * MIB),
        promised=int(host.promised * MIB),
        wanted=int(host.wanted(now) * MIB),
        some=host.some,
        full=0,
        swap_in=host.swap_in * MIB,
    )
    return Observed(now, facts, tuple(_guest(each, now, mode) for each in host.guests))


def _guest(guest: Guest, now: float, mode: Mode) -> GuestObserved:
    report = guest.report
    statistics = (
        None
        if report is None
        else BalloonStatistics(
            age=now - report.at,
            available=int(guest.balloon * MIB),
            usable=int(report.usable * MIB),
            unused=int(report.unused * MIB),
            swap_in=report.swap_in * MIB,
            major_faults=report.faults,
        )
    )
    return GuestObserved(
        key=("qemu", guest.name),
        name=guest.name,
        maximum=int(guest.maximum * MIB),
        charged=int(guest.charged * MIB),
        balloon=int(guest.balloon * MIB),
        guarantee=int(guest.guarantee * MIB),
        soft=int(guest.soft * MIB),
        pressure=guest.stalled,
        statistics=statistics,
        mode=mode,
    )


class Mom:
    """MOM's published rules.

    libvirt's QEMU driver refuses ``<min_guarantee>`` in ``<memtune>``, where MOM looks for the
    least size of a balloon, so that is 0; ``guarantees`` is what they would do if it told them.
    """

    PRESSURE: Final = 0.20
    CRITICAL: Final = 0.05
    GUEST_FREE: Final = 0.20
    MOST_CHANGE: Final = 0.05
    LEAST_CHANGE: Final = 0.0025
    SAMPLED: Final = 5
    DECIDED: Final = 10
    SAMPLES: Final = 10

    def __init__(self, *, guarantees: bool = False) -> None:
        self._guarantees = guarantees
        self._host: deque[float] = deque(maxlen=self.SAMPLES)
        self._guests: dict[str, deque[tuple[float, float]]] = {}

    def act(self, host: Host, now: float) -> None:
        """Sample, and every other time decide."""
        if now % self.SAMPLED:
            return
        self._host.append(host.available)
        for guest in host.guests:
            if guest.report is not None:
                samples = self._guests.setdefault(guest.name, deque(maxlen=self.SAMPLES))
                samples.append((guest.balloon, guest.report.unused))
        if now % self.DECIDED:
            return
        free = sum(self._host) / len(self._host) / host.total
        for guest in host.guests:
            if guest.name in self._guests:
                self._decide(guest, free)

    def _decide(self, guest: Guest, free: float) -> None:
        samples = self._guests[guest.name]
        used = sum(balloon - unused for balloon, unused in samples) / len(samples)
        wanted = free - 0.05 if free <= self.CRITICAL else self.GUEST_FREE * free / self.PRESSURE
        floor = guest.guarantee - guest.overhead if self._guarantees else 0.0
        least = max(floor, used + wanted * guest.balloon)
        if free < self.PRESSURE:
            size = max(guest.balloon * (1 - self.MOST_CHANGE), least)
            if size <= guest.balloon and self._is_enough(guest, size):
                guest.ask(size)
        elif guest.balloon < guest.maximum:
            size = min(guest.maximum, max(guest.balloon * (1 + self.MOST_CHANGE), least))
            if self._is_enough(guest, size):
                guest.ask(size)

    def _is_enough(self, guest: Guest, size: float) -> bool:
        return abs(size - guest.balloon) > self.LEAST_CHANGE * guest.balloon
