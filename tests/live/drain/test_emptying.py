"""Hosts are emptied, whatever fails or crashes: no guest twice, no claim left over."""

import contextlib
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.migrations import CrashError, MovableFleet
from xmlresource.fleet.fleet_state import HostState
from xmlresource.fleet.host_report import PublishedGuest
from xmlresource.fleet.packing.exact_packing import Effort
from xmlresource.fleet.simulated_hosts import GIB, guest, host
from xmlresource.live.drain import moving
from xmlresource.live.drain.emptying import DrainRun, DrainWish, empty_hosts
from xmlresource.live.drain.moving import EndedMove, GuestMove, MoveResult
from xmlresource.operations.fleet.planning import PlanningError
from xmlresource.record import replace

NO_EFFORT = Effort(0)


class Told:
    """What was told, in order."""

    def __init__(self, stop_after: int = 1000) -> None:
        self.begun: list[GuestMove] = []
        self.ended: list[EndedMove] = []
        self.stop = threading.Event()
        self._stop_after = stop_after

    def __call__(self, move: GuestMove, ended: EndedMove | None) -> None:
        if ended is not None:
            self.ended.append(ended)
            return
        self.begun.append(move)
        if len(self.begun) == self._stop_after:
            self.stop.set()


def run(fleet: MovableFleet, *hosts: str, parallel: int = 1, told: Told | None = None) -> DrainRun:
    told = told or Told()
    wish = DrainWish(hosts, NO_EFFORT, parallel)
    return empty_hosts(wish, fleet, fleet, told, told.stop)


def three(*sizes: int, **more: object) -> MovableFleet:
    there = [replace(guest(n, size * GIB), **more) for n, size in enumerate(sizes, 1)]
    return MovableFleet((host("a", 64 * GIB, there), host("b", 64 * GIB), host("c", 64 * GIB)))


def results(found: Sequence[EndedMove]) -> list[MoveResult]:
    return [each.result for each in found]


def test_all_guests_go_each_claimed_until_its_new_host_tells_of_it() -> None:
    fleet = three(8, 4, 2)
    found = run(fleet, "a")
    assert found.is_complete
    assert results(found.moves) == [MoveResult.MOVED] * 3
    assert not fleet.on["a"]
    assert sorted(fleet.claims) == fleet.everybody()
    fleet.publish()
    assert not fleet.claims
    assert fleet.claimed_first
    assert fleet.states == {"a": HostState.DRAINING, "b": HostState.UP, "c": HostState.UP}
    assert fleet.most_under_way == 1


def test_several_go_at_once_but_not_more_than_asked_for() -> None:
    fleet = three(*[2] * 12)
    assert run(fleet, "a", parallel=3).is_complete
    assert 1 < fleet.most_under_way <= 3


def test_a_guest_that_fails_keeps_no_other_one_and_its_claim_is_released() -> None:
    fleet = three(8, 4, 2)
    ((stubborn, _), *_) = sorted(fleet.on["a"].items())
    fleet.stubborn.add(stubborn)
    found = run(fleet, "a")
    assert not found.is_complete
    (failed,) = [each for each in found.moves if each.result is MoveResult.FAILED]
    assert (failed.move.key, failed.reason) == (stubborn, "the target's hook refuses it")
    assert list(fleet.on["a"]) == [stubborn]
    assert sorted([*fleet.claims, stubborn]) == fleet.everybody()


def test_a_guest_that_has_ended_meanwhile_is_fine() -> None:
    fleet = three(8, 4)
    fleet.on["a"].pop(fleet.everybody()[0])
    found = run(fleet, "a")
    assert sorted(results(found.moves), key=str) == [MoveResult.GONE, MoveResult.MOVED]
    assert found.is_complete
    assert sorted(fleet.claims) == fleet.everybody()


def test_what_cant_be_moved_stays_and_is_told() -> None:
    fleet = three(8, fixed_by=("hostdev pci",))
    found = run(fleet, "a")
    assert not found.is_complete
    assert not found.moves
    assert len(found.drain.plan.fixed) == 1


def test_a_target_that_others_have_filled_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = three(8)
    monkeypatch.setattr(fleet, "claim", lambda _: "it has no room")
    found = run(fleet, "a")
    assert [(each.result, each.reason) for each in found.moves] == [
        (MoveResult.REFUSED, "it has no room")
    ]
    assert list(fleet.on["a"]) == fleet.everybody()


def test_who_is_to_stop_finishes_the_move_under_way_and_goes_on_later() -> None:
    fleet = three(8, 4, 2)
    found = run(fleet, "a", told=Told(stop_after=2))
    assert sorted(results(found.moves), key=str) == [
        MoveResult.LEFT,
        MoveResult.MOVED,
        MoveResult.MOVED,
    ]
    assert not found.is_complete
    assert len(fleet.claims) == 2
    fleet.publish()
    assert not fleet.claims
    assert run(fleet, "a").is_complete
    assert not fleet.on["a"]


def test_room_that_is_made_is_waited_for() -> None:
    full: list[PublishedGuest] = [guest(number, 8 * GIB) for number in (2, 3)]
    fleet = MovableFleet(
        (host("a", 64 * GIB, [guest(1, 20 * GIB)]), host("b", 32 * GIB, full), host("c", 20 * GIB))
    )
    asked = []

    class Waiting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            asked.append(timeout)
            fleet.publish()
            return False

    told = Told()
    told.stop = Waiting()
    assert run(fleet, "a", parallel=2, told=told).is_complete
    assert asked
    assert fleet.most_under_way == 1
    assert not fleet.on["a"]


def test_a_host_that_there_is_not_changes_nothing() -> None:
    fleet = three(8)
    with pytest.raises(PlanningError, match="nobody"):
        run(fleet, "nobody", "a")
    assert set(fleet.states.values()) == {HostState.UP}


sizes = st.lists(st.sampled_from([2, 4, 8, 16, 24]), max_size=5)


@given(
    st.tuples(sizes, sizes, sizes, sizes),
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=4),
    st.sets(st.integers(1, 8), max_size=2),
    st.booleans(),
    st.integers(1, 3),
)
def test_crashes_at_any_point_lose_nothing_and_leave_nothing(
    there: tuple[list[int], ...],
    crashes: list[tuple[int, bool]],
    stubborn: set[int],
    published: bool,
    parallel: int,
) -> None:
    number, reports = 0, []
    for name, of_host in zip("abcd", there, strict=True):
        guests = []
        for size in of_host:
            number += 1
            guests.append(guest(number, size * GIB))
        reports.append(host(name, 96 * GIB, guests))
    fleet = MovableFleet(tuple(reports))
    before = fleet.everybody()
    fleet.stubborn = {key for key in before if int(key[1][-12:], 16) in stubborn}
    for crash in crashes:
        fleet.calls, fleet.crash_at = 0, crash
        with contextlib.suppress(CrashError):
            run(fleet, "a", "b", parallel=parallel)
        assert fleet.everybody() == before
        if published:
            fleet.publish()
    fleet.crash_at = None
    fleet.publish()
    found = run(fleet, "a", "b", parallel=parallel)
    assert fleet.everybody() == before
    fleet.publish()
    assert not fleet.claims
    assert fleet.claimed_first
    left = {*fleet.on["a"], *fleet.on["b"]}
    homeless = {each.seated.guest.key for each in found.drain.plan.homeless}
    refused = {each.move.key for each in found.moves if not each.result.is_fine}
    assert left == homeless | refused
    assert found.is_complete == (not left)


def test_patience_is_for_hosts_that_publish() -> None:
    assert moving._TRIES * moving._BETWEEN_TRIES >= 30  # noqa: SLF001 -- the timer's interval
