"""Rounds on a host that anything may happen to: what holds in each of them, and that it settles."""

from itertools import pairwise
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.balance.simulation.movers import MIB, observed
from tests.balance.simulation.simulated_guest import Guest, Kind
from tests.balance.simulation.simulated_host import Host
from xmlresource.balance.balancing import decide
from xmlresource.balance.movement import Direction, Means, RoundDecision
from xmlresource.balance.observed import Observed
from xmlresource.balance.recent import Lately, noticed, remembered
from xmlresource.configuration.balance_settings import BalanceSettings, Mode
from xmlresource.record import replace

SETTINGS: Final = BalanceSettings(mode=Mode.BALLOON)
TOTAL: Final = 16384
RAM: Final = 4096
OVERHEAD: Final = 64
SETTLED: Final = 60
"""Rounds after which, under a steady load, nothing may go back and forth any more."""

shares = st.integers(5, 85)
kinds = st.sampled_from(Kind)


class Rounds(RuleBasedStateMachine):
    """A host with five guests; each rule changes one thing, and some rounds go by."""

    @initialize(
        loads=st.lists(shares, min_size=5, max_size=5),
        guarantees=st.lists(st.sampled_from([0, 1024, 2048]), min_size=5, max_size=5),
    )
    def begin(self, loads: list[int], guarantees: list[int]) -> None:
        self.loads = {f"guest{at}": RAM * share // 100 for at, share in enumerate(loads)}
        self.others = 400
        self.guests = [
            self._guest(name, guarantee)
            for name, guarantee in zip(self.loads, guarantees, strict=True)
        ]
        self.host = Host(TOTAL, TOTAL / 4, lambda _: self.others, self.guests)
        self.host.begin()
        self.lately = Lately(-10)
        self.now = 0
        self.deaf: set[str] = set()

    def _guest(self, name: str, guarantee: int) -> Guest:
        return Guest(
            name=name,
            kind=Kind.COOPERATING,
            maximum=RAM,
            overhead=OVERHEAD,
            guarantee=guarantee,
            soft=0,
            swap=RAM / 4,
            speed=500,
            working=lambda _: self.loads[name],
            cache=lambda _: RAM / 5,
        )

    def round(self) -> RoundDecision:
        for _ in range(2):
            self.now += 1
            self.host.live(self.now, 1)
        seen = self._seen()
        lately = noticed(self.lately, seen, SETTINGS)
        found = decide(seen, lately, SETTINGS)
        self.lately = remembered(lately, seen, found)
        self.check(seen, found)
        by_name = {guest.name: guest for guest in self.guests}
        for step in found.steps:
            by_name[step.name].ask(step.target / MIB)
        return found

    def _seen(self) -> Observed:
        seen = observed(self.host, self.now)
        return replace(
            seen,
            guests=tuple(replace(each, answers=each.name not in self.deaf) for each in seen.guests),
        )

    def check(self, seen: Observed, found: RoundDecision) -> None:
        """What holds in each round."""
        by_key = {each.key: each for each in seen.guests}
        for step in found.steps:
            each = by_key[step.key]
            assert each.name not in self.deaf
            assert step.means is Means.BALLOON
            assert step.target <= each.maximum
            if step.direction is Direction.TAKE:
                least = each.guarantee - OVERHEAD * MIB
                assert step.target >= least - MIB
                assert each.statistics is not None

    @rule(at=st.integers(0, 4), share=shares)
    def load(self, at: int, share: int) -> None:
        self.loads[f"guest{at}"] = RAM * share // 100

    @rule(size=st.integers(0, 4096))
    def hog(self, size: int) -> None:
        self.others = 400 + size

    @rule(at=st.integers(0, 4), kind=kinds)
    def turn(self, at: int, kind: Kind) -> None:
        self.guests[at].kind = kind

    @rule(at=st.integers(0, 4))
    def hang(self, at: int) -> None:
        self.deaf ^= {f"guest{at}"}

    @rule()
    def restart_the_service(self) -> None:
        self.lately = Lately(self.now)

    @rule(at=st.integers(0, 4), share=st.integers(30, 100))
    def jump(self, at: int, share: int) -> None:
        """Somebody else moves the balloon."""
        guest = self.guests[at]
        least = max(guest.needs / 0.98, guest.guarantee - OVERHEAD)
        guest.balloon = guest.target = max(min(RAM, least), RAM * share / 100)

    @rule(rounds=st.integers(1, 20))
    def go_on(self, rounds: int) -> None:
        for _ in range(rounds):
            self.round()

    @precondition(lambda self: not self.deaf)
    @rule()
    def settle(self) -> None:
        """Under a steady load nobody is taken from and given to in turn."""
        for guest in self.guests:
            guest.kind = Kind.COOPERATING
        for _ in range(SETTLED):
            self.round()
        if any(max(guest.gone, guest.restarts) > self.now - 2 * SETTLED for guest in self.guests):
            return  # something was killed and comes back: the load is not steady
        ways: dict[str, list[Direction]] = {}
        for _ in range(SETTLED):
            for step in self.round().steps:
                ways.setdefault(step.name, []).append(step.direction)
        for found in ways.values():
            turns = sum(one is not two for one, two in pairwise(found))
            assert turns <= 1, found

    @invariant()
    def nobody_has_more_than_its_ram(self) -> None:
        for guest in getattr(self, "guests", ()):
            assert guest.target <= RAM


TestRounds = Rounds.TestCase
TestRounds.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
