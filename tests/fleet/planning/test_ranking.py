"""Which host comes first, and why the others don't fit."""

import pytest

from xmlresource.fleet.fleet_admission import FleetGuest, guest_published
from xmlresource.fleet.host_order import RankingGoal
from xmlresource.fleet.planning.fleet_vectors import Fleet
from xmlresource.fleet.planning.ranking import RankedHosts, place_together, why_not
from xmlresource.fleet.simulated_hosts import GIB, guest, host
from xmlresource.promises.promise import Promise, PromiseState

SPREAD, PACK = RankingGoal.SPREAD, RankingGoal.PACK


def asking(number: int, size: int, **more: int) -> FleetGuest:
    return guest_published(guest(number, size, **more))


def chosen(ranked: tuple[RankedHosts, ...]) -> list[str | None]:
    return [None if each.chosen is None else each.chosen.host for each in ranked]


FLEET = Fleet(
    (
        host("full", 16 * GIB, [guest(1, 11 * GIB)]),
        host("small", 32 * GIB),
        host("large", 256 * GIB, [guest(2, 128 * GIB)]),
    )
)


def test_spread_leaves_most_room_in_percent_and_pack_least_in_bytes() -> None:
    (spread,) = place_together([asking(9, 4 * GIB)], FLEET, SPREAD)
    assert [each.host for each in spread.fitting] == ["small", "large"]
    (pack,) = place_together([asking(9, 4 * GIB)], FLEET, PACK)
    assert [each.host for each in pack.fitting] == ["small", "large"]
    (spread,) = place_together([asking(9, 20 * GIB)], FLEET, SPREAD)
    assert [each.host for each in spread.fitting] == ["large", "small"]


def test_hosts_of_equal_room_come_by_name() -> None:
    fleet = Fleet((host("b", 32 * GIB), host("a", 32 * GIB)))
    for goal in RankingGoal:
        assert chosen(place_together([asking(9, GIB)], fleet, goal)) == ["a"]


def test_the_others_are_counted_by_the_rule_that_leaves_least() -> None:
    hosts = (host("a", 32 * GIB), host("b", 32 * GIB), host("c", 32 * GIB, pages=4096))
    (found,) = place_together([asking(9, 24 * GIB, hugepages=2 * GIB)], Fleet(hosts), SPREAD)
    assert found.chosen is None
    assert found.refusing == (("hugepages, pages of 2 MiB", 2), ("commitment", 1))


def test_what_is_unavailable_is_not_asked() -> None:
    fleet = Fleet(FLEET.reports, {"small": "stale", "large": "stale"})
    (found,) = place_together([asking(9, 2 * GIB)], fleet, SPREAD)
    assert not found.fitting
    assert found.refusing == (("commitment", 1),)


def test_claims_take_room() -> None:
    claim = Promise("u", "coming", "qemu", 26 * GIB, PromiseState.STARTING)
    fleet = Fleet(FLEET.reports, claims={"small": (claim,)})
    (found,) = place_together([asking(9, 4 * GIB)], fleet, SPREAD)
    assert [each.host for each in found.fitting] == ["large"]


def test_several_guests_count_for_each_other() -> None:
    fleet = Fleet((host("a", 32 * GIB), host("b", 32 * GIB)))
    guests = [asking(number, 14 * GIB) for number in range(5)]
    found = place_together(guests, fleet, SPREAD)
    assert chosen(found[:4]) == ["a", "b", "a", "b"]
    assert chosen(found[4:]) == [None]
    assert found[4].refusing == (("commitment", 2),)


def test_guests_are_packed_where_spreading_leaves_one_out() -> None:
    fleet = Fleet((host("a", 20 * GIB), host("b", 28 * GIB)))
    guests = [asking(1, 12 * GIB), asking(2, 12 * GIB), asking(3, 16 * GIB)]
    assert chosen(place_together(guests, fleet, PACK)) == ["b", "b", "a"]
    assert chosen(place_together(guests, fleet, SPREAD)) == ["b", "b", "a"]
    assert chosen(place_together(guests[1:], fleet, SPREAD)) == ["a", "b"]


def test_cpu_time_refuses_in_its_own_words() -> None:
    without = host("a", 32 * GIB)
    (found,) = place_together([asking(9, GIB, cpu=1_000)], Fleet((without,)), SPREAD)
    ((reason, number),) = found.refusing
    assert reason.startswith("CPU time, ")
    assert number == 1


def test_nobody_refuses_who_admits() -> None:
    (found,) = place_together([asking(9, GIB)], FLEET, SPREAD)
    assert why_not(found.fitting[0].decision) == ""


def test_a_partition_that_there_cannot_be_is_an_error() -> None:
    wrong = guest_published(guest(1, GIB, partition="no/slash"))
    with pytest.raises(ValueError, match="partition"):
        place_together([wrong], FLEET, SPREAD)
