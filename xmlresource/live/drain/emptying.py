"""Empty hosts (``fleet drain --execute``): end what was begun before, then plan and move."""

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, Protocol

from xmlresource.fleet.fleet_state import FleetHost, HostState
from xmlresource.fleet.host_report import HostReport, PublishedGuest
from xmlresource.fleet.packing.best_packing import NO_SOLVER
from xmlresource.fleet.packing.exact_packing import Effort
from xmlresource.live.drain.moving import (
    EndedMove,
    GuestMove,
    Listener,
    MoveClaims,
    Mover,
    Moving,
)
from xmlresource.operations.fleet.claiming import UnknownHostError, Wish, claim_in
from xmlresource.operations.fleet.fleet_server import connect, rows_of
from xmlresource.operations.fleet.planning import FleetDrain, drain_of
from xmlresource.promises.promise import Key
from xmlresource.record import record, replace
from xmlresource.system.machine import Machine

MOVE_TTL: Final = 3600.0
"""Seconds that a claim for a move holds; by then the target's ledger has the guest."""


class DrainedFleet(MoveClaims, Protocol):
    """The fleet as somebody who empties hosts of it uses it."""

    def hosts(self) -> tuple[FleetHost, ...]:
        """All hosts, with what is claimed on them."""

    def set_state(self, host: str, state: HostState) -> None:
        """Say what use is made of a host."""


@record
class DrainRun:
    """What came of emptying hosts.

    Attributes:
        resumed: Moves that an earlier run had begun.
        drain: The plan for the others.
        ended: What came of its moves.
    """

    resumed: tuple[EndedMove, ...]
    drain: FleetDrain
    ended: tuple[EndedMove, ...]

    @property
    def moves(self) -> tuple[EndedMove, ...]:
        """All moves."""
        return (*self.resumed, *self.ended)

    @property
    def is_complete(self) -> bool:
        """Whether the hosts are empty after it."""
        return self.drain.plan.is_complete and all(each.result.is_fine for each in self.moves)


@record
class DrainWish:
    """What is wanted of a run.

    Attributes:
        hosts: The hosts that are to be emptied.
        effort: How much a solver may do.
        parallel: How many moves may be under way at once.
    """

    hosts: tuple[str, ...]
    effort: Effort
    parallel: int = 1


def empty_hosts(
    wish: DrainWish, fleet: DrainedFleet, mover: Mover, tell: Listener, stop: threading.Event
) -> DrainRun:
    """Empty hosts. They are marked as draining first, and stay so: they get no guests.

    Args:
        wish: What is wanted.
        fleet: The fleet.
        mover: Who moves guests.
        tell: Told of each move.
        stop: Set to have no further move begin.

    Raises:
        PlanningError: There is no such host, or it never published anything.
        FleetServerError: The server is away or refuses.
    """
    before = fleet.hosts()
    drain_of(before, wish.hosts, NO_SOLVER)  # are there such hosts?
    for each in before:
        if each.name in wish.hosts and each.state is HostState.UP:
            fleet.set_state(each.name, HostState.DRAINING)
    moving = Moving(mover, fleet, tell, stop, wish.parallel)
    resumed = moving.make(tuple(begun(before, wish.hosts)))
    done = {each.move.key for each in resumed}
    there = tuple(_without(each, done) for each in fleet.hosts())
    drain = drain_of(there, wish.hosts, wish.effort)
    planned = [
        GuestMove(
            each.seated.guest.key,
            each.seated.guest.held.promise.name,
            each.seated.host,
            each.target,
            each.seated.asks,
        )
        for each in drain.plan.moves
    ]
    return DrainRun(resumed, drain, moving.make(planned))


def reopen(
    hosts: Sequence[str],
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> None:
    """Let hosts get guests again that were emptied or taken out.

    Raises:
        UnknownHostError: There is no such host.
        FleetServerError: The server is away or refuses.
    """
    with connect(machine) as connection:
        rows = rows_of(connection)
        for host in hosts:
            if not rows.set_state(host, HostState.UP):
                raise UnknownHostError(f"the fleet knows no host {host!r}")


def begun(hosts: Iterable[FleetHost], drained: Collection[str]) -> Iterator[GuestMove]:
    """The moves away from hosts that a run has claimed room for and not ended."""
    for host in hosts:
        for claim in host.claims:
            promise, source = claim.promise, claim.source
            if claim.moving and source is not None and source in drained:
                yield GuestMove(promise.key, promise.name, source, host.name)


class ServerFleet:
    """The fleet on its server. Each question has a connection of its own: moves take long."""

    def __init__(self, machine: Machine) -> None:
        self._machine: Final = machine

    def hosts(self) -> tuple[FleetHost, ...]:
        """All hosts, with what is claimed on them."""
        with connect(self._machine) as connection:
            return rows_of(connection).hosts()

    def set_state(self, host: str, state: HostState) -> None:
        """Say what use is made of a host."""
        with connect(self._machine) as connection:
            rows_of(connection).set_state(host, state)

    def claim(self, move: GuestMove) -> str:
        """Claim room at the target; empty, or why there is none."""
        if move.asks is None:
            return ""
        wish = Wish(move.asks, move.target, MOVE_TTL, source=move.source, moving=True)
        with connect(self._machine) as connection:
            answer = claim_in(rows_of(connection), wish)
        if answer.host is not None:
            return ""
        return "; ".join(each.reason for each in answer.refusals) or "it has no room now"

    def release(self, key: Key) -> None:
        """Drop the claim of a guest."""
        driver, uuid = key
        with connect(self._machine) as connection:
            rows_of(connection).release(uuid, driver)


def _without(host: FleetHost, keys: Collection[Key]) -> FleetHost:
    """The host without guests of which a move has just ended, which its report may still have."""
    report = host.report
    if report is None:
        return host
    return replace(host, report=_report_without(report, keys))


def _report_without(report: HostReport, keys: Collection[Key]) -> HostReport:
    def kept(guests: Sequence[PublishedGuest]) -> tuple[PublishedGuest, ...]:
        return tuple(each for each in guests if each.key not in keys)

    return replace(report, guests=kept(report.guests), unpromised=kept(report.unpromised))
