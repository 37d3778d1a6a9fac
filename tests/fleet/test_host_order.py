"""One order of hosts, whoever asks."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.reports import GIB, promise, uuid
from xmlresource.admission.demand import Demand
from xmlresource.fleet.fleet_state import OfferedRoom
from xmlresource.fleet.host_order import RankingGoal, RoomyHost, beside, in_order

SPREAD, PACK = RankingGoal.SPREAD, RankingGoal.PACK


def asking(size: int, number: int = 9, **more: int) -> Demand:
    return Demand(f"guest{number}", uuid(number), size, ram=size, ordinary=size, **more)


def roomy(name: str, commitment: int, physical: int, total: int = 100) -> RoomyHost:
    return RoomyHost(name, OfferedRoom(commitment * GIB, physical * GIB), total * GIB)


def names(hosts: tuple[RoomyHost, ...]) -> str:
    return "".join(each.host for each in hosts)


def test_spread_goes_by_percent_and_pack_by_bytes() -> None:
    hosts = (roomy("a", 50, 60, 512), roomy("b", 40, 30, 64), roomy("c", 99, 45, 256))
    assert names(in_order(hosts, asking(8 * GIB), SPREAD)) == "bca"
    assert names(in_order(hosts, asking(8 * GIB), PACK)) == "bca"
    hosts = (roomy("a", 20, 60, 512), roomy("b", 40, 30, 64))
    assert names(in_order(hosts, asking(8 * GIB), SPREAD)) == "ba"
    assert names(in_order(hosts, asking(8 * GIB), PACK)) == "ab"


def test_what_is_pinned_or_taken_at_once_is_room_too() -> None:
    host = roomy("a", 50, 40)
    assert host.left(asking(8 * GIB)) == 32 * GIB
    assert host.left(asking(8 * GIB, pinned=20 * GIB)) == 30 * GIB
    assert host.left(asking(8 * GIB, at_once=16 * GIB)) == 24 * GIB


def test_a_host_without_memory_is_no_division_by_nothing() -> None:
    assert names(in_order((roomy("a", 0, 0, 0), roomy("b", 1, 1, 1)), asking(0), SPREAD)) == "ba"


def test_claims_of_others_take_room_and_the_guests_own_does_not() -> None:
    room = OfferedRoom(20 * GIB, 30 * GIB)
    claims = (promise(1, 4 * GIB), promise(9, 8 * GIB))
    assert beside(room, claims, asking(GIB)) == OfferedRoom(16 * GIB, 26 * GIB)


rooms = st.integers(-3, 5)
hosts = st.lists(
    st.builds(roomy, st.sampled_from("abcdefgh"), rooms, rooms, st.integers(0, 4)),
    unique_by=lambda each: each.host,
    max_size=6,
)


@given(hosts, st.integers(0, 3), st.sampled_from(RankingGoal), st.randoms(use_true_random=False))
def test_the_order_depends_on_the_hosts_alone_and_puts_the_full_last(
    hosts: list[RoomyHost], size: int, goal: RankingGoal, chance: Random
) -> None:
    demand = asking(size * GIB)
    found = in_order(hosts, demand, goal)
    assert sorted(found, key=lambda each: each.host) == sorted(hosts, key=lambda each: each.host)
    mixed = list(hosts)
    chance.shuffle(mixed)
    assert in_order(mixed, demand, goal) == found
    full = [each.left(demand) < 0 for each in found]
    assert full == sorted(full)
    without_first = tuple(each for each in found if each not in hosts[:1])
    assert in_order(hosts[1:], demand, goal) == without_first
