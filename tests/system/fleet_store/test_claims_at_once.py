"""Many who claim at once, and those who are killed meanwhile: nothing lost, nothing twice."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.system.fleet_store.fleets import (
    FORK,
    GIB,
    Fleet,
    at_once,
    guest,
    until,
    uuid,
    with_places,
)
from xmlresource.fleet.claim_attempt import offer_of
from xmlresource.operations.fleet.claiming import Wish, claim_in
from xmlresource.system.fleet_store.fleet_connection import FleetConnection, FleetServerError
from xmlresource.system.fleet_store.fleet_rows import FleetRows, NewClaim


@pytest.mark.parametrize("name", "abc")
def test_fifty_claimers_for_twenty_places(fleet: Fleet, name: str) -> None:
    fleet.publish(with_places(name, 20))
    answers = at_once(50, lambda number: fleet.claim(number).host)
    assert answers.count(name) == 20
    assert answers.count(None) == 30
    assert set(fleet.claimed()) == {uuid(n) for n, host in enumerate(answers) if host}


def test_fifty_claimers_for_twenty_places_on_four_hosts(fleet: Fleet) -> None:
    for name in "abcd":
        fleet.publish(with_places(name, 5))
    answers = at_once(50, lambda number: fleet.claim(number).host)
    assert [answers.count(name) for name in "abcd"] == [5, 5, 5, 5]
    assert answers.count(None) == 30


def test_who_claims_the_same_guest_gets_the_same_host(fleet: Fleet) -> None:
    for name in "abcd":
        fleet.publish(with_places(name, 1))
    answers = at_once(12, lambda _: fleet.claim(1).host)
    assert len(set(answers)) == 1
    assert fleet.claimed() == {uuid(1): answers[0]}
    assert fleet.booked() == 1


def test_a_claimer_killed_before_its_commit_leaves_nothing(fleet: Fleet) -> None:
    fleet.publish(with_places("a", 1))
    reached = FORK.Event()

    def die() -> None:
        with fleet.rows() as rows, rows.locked("a", wait=True) as host:
            assert host is not None
            offer = offer_of(host, guest(1))
            assert offer.promise is not None
            assert rows.write(NewClaim("a", offer.promise, 60))
            reached.set()
            time.sleep(60)

    worker = FORK.Process(target=die)
    worker.start()
    assert reached.wait(30)
    os.kill(worker.pid or 0, signal.SIGKILL)
    worker.join()
    assert fleet.claim(2).host == "a"
    assert set(fleet.claimed()) == {uuid(2)}


def test_a_claimer_that_hangs_keeps_others_waiting_for_a_bounded_time(fleet: Fleet) -> None:
    fleet.publish(with_places("a", 1))
    fleet.publish(with_places("b", 1))
    reached = FORK.Event()

    def hang() -> None:
        with fleet.rows() as rows, rows.locked("a", wait=True):
            reached.set()
            time.sleep(60)

    worker = FORK.Process(target=hang)
    worker.start()
    try:
        assert reached.wait(30)
        assert fleet.claim(1).host == "b"  # whoever may go elsewhere does not wait at all
        before = time.monotonic()
        with pytest.raises(FleetServerError, match="busy"):
            fleet.claim(2, "a")
        assert time.monotonic() - before < 10
        # The server ends the session that holds the row and does nothing.
        until(lambda: can_lock(fleet, "a"))
        assert fleet.claim(2, "a").host == "a"
    finally:
        worker.kill()
        worker.join()


def can_lock(fleet: Fleet, name: str) -> bool:
    with fleet.rows() as rows, rows.locked(name, wait=False) as host:
        return host is not None


def claims_until_killed(told: int, first: int) -> None:
    """Claim guest after guest, and write down each that was acknowledged."""
    number = first
    while True:
        try:
            with FleetConnection.open() as connection:
                rows = FleetRows(connection)
                while True:
                    number += 1
                    if claim_in(rows, Wish(guest(number))).host is not None:
                        os.write(told, b"%s\n" % uuid(number).encode())
        except FleetServerError:
            time.sleep(0.05)


def check_books(fleet: Fleet, acknowledged: Path) -> int:
    """All that was acknowledged is booked, and no host has more than its places."""
    claimed = fleet.claimed()
    told = acknowledged.read_text().split()
    assert len(told) == len(set(told))
    assert set(told) <= set(claimed)
    for host in fleet.hosts().values():
        assert host.report is not None
        room = host.report.facts.memory.total - host.report.reserve
        assert sum(each.promise.committed for each in host.claims) <= room
    return len(told)


def test_claimers_killed_at_any_moment(fleet: Fleet, tmp_path: Path) -> None:
    for name in "abcd":
        fleet.publish(with_places(name, 100))
    chance = random.Random(7)  # noqa: S311 -- no secret
    told = os.open(tmp_path / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for round_number in range(12):
        first = 1000 * round_number
        workers = [
            FORK.Process(target=claims_until_killed, args=(told, first + 100_000 * each))
            for each in range(1, 5)
        ]
        for worker in workers:
            worker.start()
        time.sleep(chance.uniform(0.05, 0.6))
        for worker in workers:
            worker.kill()
            worker.join()
    os.close(told)
    acknowledged = check_books(fleet, tmp_path / "told")
    assert acknowledged > 10
    # At most one claim of each that was killed was booked and could not be told.
    assert fleet.booked() - acknowledged <= 12 * 4


def test_a_server_that_dies_under_load(fleet: Fleet, tmp_path: Path) -> None:
    for name in "abcd":
        fleet.publish(with_places(name, 500))
    told = os.open(tmp_path / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    workers = [
        FORK.Process(target=claims_until_killed, args=(told, 100_000 * each))
        for each in range(1, 5)
    ]
    for worker in workers:
        worker.start()
    try:
        for _ in range(3):
            size = (tmp_path / "told").stat().st_size
            until(lambda: (tmp_path / "told").stat().st_size > size + 400)  # noqa: B023
            fleet.database.cluster.stop("immediate")
            fleet.database.cluster.start()
    finally:
        for worker in workers:
            worker.kill()
            worker.join()
    os.close(told)
    assert check_books(fleet, tmp_path / "told") > 30


def test_a_server_that_answers_no_more(fleet: Fleet) -> None:
    fleet.publish(with_places("a", 1))
    with FleetConnection.open(patience=1.5) as connection:
        pids = fleet.database.cluster.pids
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            before = time.monotonic()
            with pytest.raises(FleetServerError, match="can't be reached"):
                claim_in(FleetRows(connection), Wish(guest(1)))
            assert time.monotonic() - before < 5
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
    assert fleet.claimed() == {}


def test_sizes_of_all_claims_count(fleet: Fleet) -> None:
    fleet.publish(with_places("a", 2))
    with fleet.rows() as rows:
        assert claim_in(rows, Wish(guest(1, 5 * GIB))).host == "a"
        assert claim_in(rows, Wish(guest(2, 4 * GIB))).host is None
        assert claim_in(rows, Wish(guest(3, 3 * GIB))).host == "a"
