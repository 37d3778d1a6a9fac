"""A farm of guests with balloons, one clock, and the balancing of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.balloons import BalloonGuest, Clock, Daemon
from tests.fakes.host import GIB, MIB, FakeHost, guarantee
from xmlresource.live.balance import balancer as balancer_module
from xmlresource.live.balance import guest_watch
from xmlresource.live.balance.balancer import Balancer, RoundResult
from xmlresource.live.balance.balloons import Balloons
from xmlresource.live.balance.once_told import OnceTold
from xmlresource.operations.host import open_host
from xmlresource.system import log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xmlresource.model.events import Event
    from xmlresource.system.state.state_folder import StateFolder

SETTINGS = """
host_reserve = "0"
[balance]
mode = "balloon"
interval = 2
take_below = "1GiB"
give_above = "1536MiB"
step = "25%"
calm = 5
"""
TOTAL = 8 * GIB
OTHERS = 300  # MiB that the host itself uses


@dataclass
class Farm:
    """A host, its guests, and rounds of balancing."""

    host: FakeHost
    clock: Clock
    guests: dict[str, BalloonGuest]
    daemon: Daemon
    balloons: Balloons
    balancer: Balancer
    told: list[Event]
    hog: int = 0
    events: list[str] = field(default_factory=list)

    def available(self) -> int:
        """What is left of the host's memory, in MiB."""
        used = sum(each.balloon or 0 for each in self.guests.values() if each.pid) // 1024
        return TOTAL // MIB - OTHERS - self.hog - used

    def leave(self, mebibytes: int) -> None:
        """Have a hog outside of all guests take all but so much."""
        self.hog += self.available() - mebibytes
        self.pass_time(0)

    def pass_time(self, seconds: int) -> None:
        self.clock.advance(seconds)
        for guest in self.guests.values():
            guest.live()
        self.host.memory(TOTAL, self.available() * MIB)

    def round(self, **options: Any) -> RoundResult:
        """Look once."""
        return self.balancer.round(open_host(self.host.machine), **options)

    def rounds(self, number: int, **options: Any) -> RoundResult:
        """Look again and again, with time between."""
        for _ in range(number):
            result = self.round(**options)
            self.pass_time(2)
        return result

    def balancer_state(self) -> StateFolder:
        """Where the history is."""
        return open_host(self.host.machine).state

    def ram(self) -> dict[str, int]:
        """What balloons leave, in MiB."""
        return {name: (each.balloon or 0) // 1024 for name, each in self.guests.items()}

    def said(self, text: str) -> int:
        """How often something was told."""
        return sum(text in each.message for each in self.told)


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    """Three guests with 2 GiB each on a host of 8 GiB; the first needs it, the others don't."""
    host, clock = FakeHost(tmp_path / "host"), Clock()
    host.write("/etc/xmlresource.toml", SETTINGS)
    guests = {
        name: BalloonGuest(host, clock, name, number, ram=2048, used=used)
        for number, (name, used) in enumerate((("busy", 1900), ("idle", 200), ("lazy", 300)), 1)
    }
    for guest in guests.values():
        guest.declare(guarantee(256).replace("xr:", ""))
    daemon = Daemon(*guests.values())
    monkeypatch.setitem(sys.modules, "libvirt", daemon.module())
    monkeypatch.setattr(balancer_module, "now", clock.now)
    monkeypatch.setattr(guest_watch, "seconds_since_1970", clock.seconds_since_1970)
    told: list[Event] = []

    def tell(event: Event, *, already_shown: bool = False) -> None:
        del already_shown
        told.append(event)

    monkeypatch.setattr(log, "tell", tell)
    balloons = Balloons(deadline=0.2)
    made = Farm(
        host,
        clock,
        guests,
        daemon,
        balloons,
        Balancer(host.machine, balloons, OnceTold(host.machine)),
        told,
    )
    made.balancer.begin()
    made.pass_time(1)
    yield made
    for guest in guests.values():
        guest.hangs.set()
    balloons.close()
