"""A fleet whose guests can be moved: the server's claims, and hosts that refuse by their ledgers.

Any call may be the last one of a run: it crashes before or after what it does.
"""

import threading
import time

from xmlresource.fleet.claim_attempt import offer_of
from xmlresource.fleet.fleet_state import Claim, FleetHost, HostState
from xmlresource.fleet.host_report import HostReport, PublishedGuest
from xmlresource.live.drain.moving import GuestGoneError, GuestMove, MoveError
from xmlresource.promises.promise import Key
from xmlresource.record import replace


class CrashError(BaseException):
    """The run ends here, as by kill -9."""


class MovableFleet:
    """Hosts, guests, claims."""

    def __init__(self, reports: tuple[HostReport, ...]) -> None:
        self._empty = {
            each.name: replace(
                each,
                guests=(),
                facts=replace(each.facts, memory=replace(each.facts.memory, available=_free(each))),
            )
            for each in reports
        }
        self.on: dict[str, dict[Key, PublishedGuest]] = {
            each.name: {guest.key: guest for guest in each.guests} for each in reports
        }
        self.states = {each.name: HostState.UP for each in reports}
        self.claims: dict[Key, Claim] = {}
        self.stubborn: set[Key] = set()
        self.claimed_first = True
        self.most_under_way = 0
        self.crash_at: tuple[int, bool] | None = None
        self.calls = 0
        self._under_way: set[Key] = set()
        self._lock = threading.Lock()
        self._shown: dict[str, HostReport] = {}
        self.publish()

    def publish(self) -> None:
        """All hosts tell who is there now; nothing is claimed for these any more."""
        for name in self._empty:
            self._shown[name] = self.report(name)
        there = {(name, key) for name, guests in self.on.items() for key in guests}
        self.claims = {
            key: each for key, each in self.claims.items() if (each.host, key) not in there
        }

    def report(self, name: str) -> HostReport:
        empty, guests = self._empty[name], tuple(self.on[name].values())
        memory = empty.facts.memory
        used = sum(each.held.charged for each in guests)
        facts = replace(empty.facts, memory=replace(memory, available=memory.available - used))
        return replace(empty, facts=facts, guests=guests)

    def hosts(self) -> tuple[FleetHost, ...]:
        self._call()
        return tuple(self._host(name) for name in sorted(self._empty))

    def set_state(self, host: str, state: HostState) -> None:
        self._call(lambda: self.states.update({host: state}))

    def claim(self, move: GuestMove) -> str:
        assert move.asks is not None
        host = self._host(move.target)
        others = tuple(each for each in host.claims if each.promise.key != move.key)
        offer = offer_of(replace(host, claims=others), move.asks)
        if offer.promise is None:
            self._call()
            return "no room" if offer.refusal is None else offer.refusal.reason
        claim = Claim(move.target, offer.promise, 60, move.source, moving=True)
        self._call(lambda: self.claims.update({move.key: claim}))
        return ""

    def release(self, key: Key) -> None:
        self._call(lambda: self.claims.pop(key, None))

    def move(self, key: Key, source: str, target: str) -> None:
        with self._lock:
            assert key not in self._under_way, "moved twice at once"
            self._under_way.add(key)
            self.most_under_way = max(self.most_under_way, len(self._under_way))
            claim = self.claims.get(key)
            self.claimed_first &= claim is not None and claim.host == target
        try:
            time.sleep(0.001)
            if key not in self.on.get(source, {}):
                self._call()
                raise GuestGoneError(f"it does not run on {source}")
            if key in self.stubborn:
                self._call()
                raise MoveError("the target's hook refuses it")
            self._call(lambda: self._carry(key, source, target))
        finally:
            with self._lock:
                self._under_way.remove(key)

    def everybody(self) -> list[Key]:
        return sorted(key for guests in self.on.values() for key in guests)

    def _carry(self, key: Key, source: str, target: str) -> None:
        self.on[target][key] = self.on[source].pop(key)

    def _host(self, name: str) -> FleetHost:
        claims = tuple(each for each in self.claims.values() if each.host == name)
        return FleetHost(name, self._shown[name], self.states[name], 1.0, claims)

    def _call(self, effect: object = None) -> None:
        with self._lock:
            number = self.calls
            self.calls += 1
            crash = self.crash_at is not None and self.crash_at[0] == number
            if crash and self.crash_at is not None and not self.crash_at[1]:
                raise CrashError
            if callable(effect):
                effect()
            if crash:
                raise CrashError


def _free(report: HostReport) -> int:
    return report.facts.memory.available + sum(each.held.charged for each in report.guests)
