"""Starts that wait: first come, first served, and nobody's room twice."""

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.live.balance.waiting_starts import GRACE, WaitingStarts
from xmlresource.system.state.room_requests import RoomRequest


def waiting(*sizes: int, seconds: float = 10) -> WaitingStarts:
    made = WaitingStarts()
    for descriptor, size in enumerate(sizes):
        made.add(descriptor, RoomRequest(size, seconds), 0)
    return made


def test_the_first_is_served_first() -> None:
    starts = waiting(30, 20, 10)
    assert starts.asked(0) == 60
    assert starts.served(29, 0) == ()
    assert starts.served(50, 0) == (0, 1)
    assert starts.asked(0) == 60  # their promises are not in the ledger yet
    assert starts.served(59, 0) == ()
    assert starts.served(60, 0) == (2,)
    assert not starts


def test_room_is_kept_until_a_promise_stands_in_the_ledger() -> None:
    starts = waiting(30, 20)
    assert starts.served(30, 0) == (0,)
    assert starts.served(30, GRACE / 2) == ()
    assert starts.served(30, GRACE) == (1,)


def test_what_can_never_be_is_told() -> None:
    starts = waiting(100, 20)
    assert starts.hopeless(10, 50, 0) == (0,)
    assert starts.served(20, 0) == (1,)


def test_who_has_waited_long_enough_is_told() -> None:
    starts = waiting(30, seconds=5)
    assert starts.hopeless(0, 100, 4.9) == ()
    assert starts.hopeless(0, 100, 5) == (0,)


def test_who_goes_waits_no_longer() -> None:
    starts = waiting(30, 20)
    starts.remove(0)
    starts.remove(7)
    assert starts.asked(0) == 20


@given(st.lists(st.integers(1, 100)), st.lists(st.integers(0, 300)))
def test_never_more_is_served_than_there_is(sizes: list[int], rooms: list[int]) -> None:
    starts = waiting(*sizes)
    served: list[int] = []
    for room in rooms:  # at one time: nothing that was served is in a ledger
        served += starts.served(room, 0)
        assert sum(sizes[each] for each in served) <= max([*rooms, 0])
    assert served == list(range(len(served)))
