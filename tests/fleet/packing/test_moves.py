"""Moves in an order in which no host is ever too full, replayed step by step."""

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.fleet.packing.first_fit import less
from xmlresource.fleet.packing.moves import Move, OrderedMoves, in_order
from xmlresource.fleet.packing.packing_problem import Vector

HOSTS = ("a", "b", "c", "d")

rooms = st.fixed_dictionaries(
    {host: st.tuples(st.integers(0, 6), st.integers(0, 6)) for host in HOSTS}
)
pairs = st.permutations(HOSTS).map(lambda hosts: hosts[:2])
plans = st.lists(st.tuples(pairs, st.tuples(st.integers(0, 4), st.integers(0, 4))), max_size=8).map(
    lambda found: [
        Move(number, source, target, demand)
        for number, ((source, target), demand) in enumerate(found)
    ]
)


def replay(moves: OrderedMoves, before: dict[str, Vector]) -> dict[str, Vector]:
    """What is left in the end; while a guest moves, both hosts hold it."""
    left = dict(before)
    for move in moves.moves:
        left[move.target] = less(left[move.target], move.demand)
        assert min(left[move.target]) >= 0
        left[move.source] = less(left[move.source], move.demand, -1)
    return left


@given(plans, rooms, st.sampled_from([(), HOSTS]))
def test_no_host_is_ever_too_full(
    moves: list[Move], before: dict[str, Vector], spares: tuple[str, ...]
) -> None:
    ordered = in_order(moves, before, spares)
    replay(ordered, before)
    where = {move.guest: move.source for move in moves}
    for move in ordered.moves:
        assert where[move.guest] == move.source
        where[move.guest] = move.target
    stuck = {move.guest for move in ordered.stuck}
    for move in moves:
        assert (where[move.guest] == move.target) == (move.guest not in stuck)
    for move in ordered.stuck:
        assert where[move.guest] == move.source


def test_moves_stay_in_their_order_where_that_does() -> None:
    moves = [Move(number, "a", "b", (1,)) for number in range(3)]
    assert in_order(moves, {"a": (0,), "b": (3,)}) == OrderedMoves(tuple(moves))


def test_a_move_waits_until_its_target_has_room() -> None:
    out, coming = Move(1, "b", "c", (2,)), Move(0, "a", "b", (2,))
    ordered = in_order([coming, out], {"a": (0,), "b": (0,), "c": (2,)})
    assert ordered == OrderedMoves((out, coming))


def test_one_move_may_make_room_for_several() -> None:
    large = Move(0, "b", "c", (4,))
    small = [Move(number, "a", "b", (2,)) for number in (1, 2)]
    ordered = in_order([*small, large], {"a": (0,), "b": (0,), "c": (4,)})
    assert ordered == OrderedMoves((large, *small))


def test_guests_that_change_places_need_a_spare_host() -> None:
    moves = [Move(0, "a", "b", (3,)), Move(1, "b", "a", (2,))]
    before = {"a": (0,), "b": (1,), "c": (2,)}
    assert in_order(moves, before) == OrderedMoves((), (moves[0], moves[1]))
    ordered = in_order(moves, before, ["a", "b", "c"])
    assert ordered.moves == (Move(1, "b", "c", (2,)), moves[0], Move(1, "c", "a", (2,)))


def test_a_spare_that_is_too_small_does_not_help() -> None:
    moves = [Move(0, "a", "b", (3,)), Move(1, "b", "a", (3,))]
    ordered = in_order(moves, {"a": (0,), "b": (0,), "c": (2,)}, ["c"])
    assert not ordered.moves
    assert len(ordered.stuck) == 2
