"""Room is made by moving others aside; what is left is never negative, and nobody moves in vain."""

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.fleet.packing.first_fit import less
from xmlresource.fleet.packing.making_room import MOST_ASIDE, MadeRoom, make_room
from xmlresource.fleet.packing.packing_problem import HostRoom, Vector

demands = st.tuples(st.just(1), st.integers(0, 6), st.integers(0, 6))
rooms = st.tuples(st.just(99), st.integers(-1, 5), st.integers(0, 5))
hosts = st.lists(st.tuples(rooms, st.lists(demands, max_size=4)), min_size=1, max_size=5)


def asked(
    found: list[tuple[Vector, list[Vector]]],
) -> tuple[list[HostRoom], dict[str, list[tuple[int, Vector]]]]:
    there = [HostRoom(f"h{place}", room) for place, (room, _) in enumerate(found)]
    aside = {
        f"h{place}": [(100 * (place + 1) + number, each) for number, each in enumerate(guests)]
        for place, (_, guests) in enumerate(found)
    }
    return there, aside


@given(hosts, st.lists(demands, max_size=3))
def test_what_is_left_is_what_the_moves_leave(
    found: list[tuple[Vector, list[Vector]]], homeless: list[Vector]
) -> None:
    there, aside = asked(found)
    made = make_room(list(enumerate(homeless)), there, aside)
    left = {each.host: each.room for each in there}
    where = {number: (host, demand) for host, each in aside.items() for number, demand in each}
    for number, target in made.aside.items():
        source, demand = where[number]
        assert source != target
        left[source] = less(left[source], demand, -1)
        left[target] = less(left[target], demand)
    for number, target in made.placed.items():
        left[target] = less(left[target], homeless[number])
    for each in there:
        for amount, before in zip(left[each.host], each.room, strict=True):
            assert amount >= min(0, before)
    if not made.placed:
        assert not made.aside


def test_the_smallest_guests_that_do_move_aside() -> None:
    there, aside = asked([((9, 1), [(1, 5), (1, 2), (1, 3)]), ((9, 3), [])])
    assert make_room([(0, (1, 4))], there, aside) == MadeRoom({102: "h1"}, {0: "h0"})


def test_nobody_moves_aside_where_there_is_room() -> None:
    there, aside = asked([((9, 1), [(1, 5)]), ((9, 5), [])])
    assert make_room([(0, (1, 4))], there, aside) == MadeRoom({}, {0: "h1"})


def test_several_guests_move_aside_for_one() -> None:
    there, aside = asked([((9, 0), [(1, 2), (1, 2), (1, 2)]), ((9, 3), []), ((9, 3), [])])
    made = make_room([(0, (1, 4))], there, aside)
    assert made.placed == {0: "h0"}
    assert sorted(made.aside.values()) == ["h1", "h2"]


def test_nobody_moves_where_that_would_not_do() -> None:
    there, aside = asked([((9, 0), [(1, 4)]), ((9, 3), [])])
    assert make_room([(0, (1, 4))], there, aside) == MadeRoom({}, {})


def test_a_second_choice_is_taken_where_the_first_has_nowhere_to_go() -> None:
    """The least would move from h0, but nobody has three in one piece besides."""
    there, aside = asked(
        [((9, 2), [(1, 3)]), ((9, 1), [(1, 2), (1, 2)]), ((9, 2), []), ((9, 2), [])]
    )
    made = make_room([(0, (1, 5))], there, aside)
    assert made.placed == {0: "h1"}
    assert made.aside == {201: "h0", 200: "h2"}


def test_not_more_than_so_many_move_for_one() -> None:
    many = [(1, 1)] * (MOST_ASIDE + 1)
    there, aside = asked([((99, 0), many), ((99, 20), [])])
    wanted = MOST_ASIDE + 1
    assert not make_room([(0, (1, wanted))], [there[0]], aside).placed
    assert make_room([(0, (1, 21))], there, aside) == MadeRoom({}, {})


def test_who_has_moved_aside_does_not_move_again() -> None:
    there, aside = asked([((9, 0), [(1, 4)]), ((9, 4), [])])
    made = make_room([(0, (1, 4)), (1, (1, 4))], there, aside)
    assert len(made.placed) == 1
