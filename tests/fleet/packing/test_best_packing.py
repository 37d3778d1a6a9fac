"""Packing: first fit, the bound, the solver. Small problems are compared with all there are."""

import itertools
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.fleet.packing import exact_packing
from xmlresource.fleet.packing.best_packing import pack
from xmlresource.fleet.packing.exact_packing import Effort, any_packing, fewest_hosts
from xmlresource.fleet.packing.first_fit import first_fit_decreasing, less
from xmlresource.fleet.packing.host_bound import least_hosts
from xmlresource.fleet.packing.packing_problem import (
    UNBOUNDED,
    GuestKind,
    HostRoom,
    Packing,
    PackingProblem,
    Proof,
    fits,
    hosts_of,
    how_many_fit,
    kinds_of,
)
from xmlresource.fleet.packing.room_tree import RoomTree

SOLVER = Effort(5)


def problem(guests: list[tuple[int, ...]], rooms: list[tuple[int, ...]]) -> PackingProblem:
    hosts = tuple(HostRoom(f"h{number}", room) for number, room in enumerate(rooms))
    return PackingProblem(kinds_of(guests), hosts)


amounts = st.integers(0, 6)
vectors = st.tuples(amounts, amounts)
problems = st.builds(
    problem,
    st.lists(vectors, min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(-2, 9), st.integers(-2, 9) | st.just(UNBOUNDED)), max_size=4),
)


def check(asked: PackingProblem, packing: Packing) -> None:
    """Every guest is in one place or none, and no host has more than it has room for."""
    placed = hosts_of(asked, packing)
    assert len(placed) == sum(seat.count for seat in packing.seats)
    left = {host.host: host.room for host in asked.hosts}
    for kind in asked.kinds:
        for number in kind.guests:
            if number in placed:
                assert fits(kind.demand, left[placed[number]])
                left[placed[number]] = less(left[placed[number]], kind.demand)
    unplaced = dict(packing.unplaced)
    for number, kind in enumerate(asked.kinds):
        homeless = [guest for guest in kind.guests if guest not in placed]
        assert unplaced.get(number, 0) == len(homeless)


def fewest_by_trying(asked: PackingProblem) -> int | None:
    """The least number of hosts for all guests, by trying every packing."""
    guests = [kind.demand for kind in asked.kinds for _ in kind.guests]
    best = None
    for choice in itertools.product(range(len(asked.hosts)), repeat=len(guests)):
        left = [host.room for host in asked.hosts]
        for demand, host in zip(guests, choice, strict=True):
            if not fits(demand, left[host]):
                break
            left[host] = less(left[host], demand)
        else:
            best = min(best or 99, len(set(choice)))
    return best


def check_proof(asked: PackingProblem, packing: Packing) -> None:
    """What is said of the packing is true."""
    best = fewest_by_trying(asked)
    match packing.proof:
        case Proof.OPTIMAL:
            assert packing.hosts_used == packing.bound == best
        case Proof.FEASIBLE:
            assert best is not None
            assert packing.bound <= best <= packing.hosts_used
        case Proof.IMPOSSIBLE:
            assert best is None
            assert packing.unplaced
        case Proof.UNKNOWN:
            assert packing.unplaced


@given(problems)
def test_first_fit_says_the_truth(asked: PackingProblem) -> None:
    packing = pack(asked)
    check(asked, packing)
    check_proof(asked, packing)
    assert not packing.solved


@given(problems)
def test_the_solver_says_the_truth_and_always_knows(asked: PackingProblem) -> None:
    packing = pack(asked, SOLVER)
    check(asked, packing)
    check_proof(asked, packing)
    assert packing.proof in {Proof.OPTIMAL, Proof.IMPOSSIBLE}


@given(problems)
def test_the_bound_is_never_above_the_best(asked: PackingProblem) -> None:
    bound, best = least_hosts(asked), fewest_by_trying(asked)
    if bound is None:
        assert best is None
    elif best is not None:
        assert bound <= best


@given(
    st.lists(vectors, min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 20), vectors), max_size=20),
    vectors,
    st.integers(0, 25),
)
def test_the_tree_finds_what_a_look_at_each_host_finds(
    rooms: list[tuple[int, int]],
    changes: list[tuple[int, tuple[int, int]]],
    demand: tuple[int, int],
    begin: int,
) -> None:
    tree = RoomTree(rooms)
    for place, room in changes:
        if place < len(rooms):
            rooms[place] = room
            tree.set_room(place, room)
    expected = (place for place, room in enumerate(rooms) if place >= begin and fits(demand, room))
    assert tree.first(demand, begin) == next(expected, None)
    assert [tree.room(place) for place in range(len(rooms))] == rooms


def test_a_tree_without_hosts_finds_none() -> None:
    assert RoomTree([]).first(()) is None


def test_large_guests_need_hosts_of_their_own() -> None:
    assert least_hosts(problem([(2,)] * 4, [(3,)] * 6)) == 4
    assert least_hosts(problem([(2,)] * 4, [(3,)] * 3)) is None


def test_nobody_needs_no_host() -> None:
    assert pack(problem([], [(1,)])) == Packing((), (), 0, Proof.OPTIMAL)
    assert least_hosts(PackingProblem((), ())) == 0


def test_a_guest_that_fits_nowhere_does_not_keep_others_out() -> None:
    packing = pack(problem([(9,), (2,), (3,)], [(5,), (1,)]))
    assert packing.proof is Proof.IMPOSSIBLE
    assert packing.unplaced == ((0, 1),)
    assert packing.hosts_used == 1


def test_a_guest_that_takes_nothing_fits_without_end() -> None:
    assert how_many_fit((0, 0), (-1, 0)) == UNBOUNDED
    assert how_many_fit((2, 0), (-3, 0)) == 0
    assert how_many_fit((2, 1), (9, 3)) == 3


def test_the_largest_guests_come_first() -> None:
    packing = first_fit_decreasing(problem([(2,), (6,), (4,)], [(6,), (6,)]))
    assert not packing.unplaced
    assert packing.hosts_used == 2


#: First fit puts 4 + 4 together and has no place for the last one; 4 + 3 + 3 twice would do.
TIGHT = problem([(4,), (4,), (3,), (3,), (3,), (3,)], [(10,), (10,)])
#: First fit needs three hosts.
LOOSE = problem([(4,), (4,), (3,), (3,), (3,), (3,)], [(10,), (10,), (10,)])


def test_the_solver_finds_places_where_first_fit_finds_none() -> None:
    assert pack(TIGHT).proof is Proof.UNKNOWN
    packing = pack(TIGHT, SOLVER)
    check(TIGHT, packing)
    assert (packing.proof, packing.hosts_used, packing.unplaced) == (Proof.OPTIMAL, 2, ())


def test_the_solver_finds_fewer_hosts() -> None:
    loose = pack(LOOSE)
    assert (loose.proof, loose.hosts_used, loose.bound) == (Proof.FEASIBLE, 3, 2)
    packing = pack(LOOSE, SOLVER)
    check(LOOSE, packing)
    assert (packing.proof, packing.hosts_used) == (Proof.OPTIMAL, 2)
    assert packing.solved


def test_the_solver_proves_that_there_is_no_place() -> None:
    asked = problem([(5,), (5,), (5,), (4,), (4,), (4,)], [(9,), (9,), (8,), (2,)])
    assert least_hosts(asked) is not None
    packing = pack(asked, SOLVER)
    assert (packing.proof, packing.solved) == (Proof.IMPOSSIBLE, True)
    assert any_packing(asked, SOLVER).is_final


def test_a_solver_without_time_changes_nothing() -> None:
    nothing = Effort(1e-9)
    tight, loose = pack(TIGHT, nothing), pack(LOOSE, nothing)
    assert (tight.proof, tight.solved) == (Proof.UNKNOWN, True)
    assert (loose.hosts_used, loose.bound, loose.solved) == (3, 2, True)
    answer = fewest_hosts(LOOSE, 2, (), nothing)
    assert answer.seats is None
    assert not answer.is_final


def test_without_a_solver_the_gap_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    assert not exact_packing.solver_is_there()
    assert pack(TIGHT, SOLVER).proof is Proof.UNKNOWN
    loose = pack(LOOSE, SOLVER)
    assert (loose.proof, loose.solved) == (Proof.FEASIBLE, False)


def test_the_same_question_has_the_same_answer() -> None:
    assert pack(LOOSE, SOLVER) == pack(LOOSE, SOLVER)


def test_kinds_count_interchangeable_guests() -> None:
    assert kinds_of([(1,), (2,), (1,)]) == (GuestKind((1,), (0, 2)), GuestKind((2,), (1,)))


def test_what_nobody_takes_and_what_has_no_end_bind_nobody() -> None:
    asked = problem([(2, 3, 0), (3, 3, 0)], [(3, UNBOUNDED, 0), (2, UNBOUNDED, 0)])
    found = any_packing(asked, SOLVER)
    assert found.seats is not None
    assert {(seat.kind, seat.host, seat.count) for seat in found.seats} == {
        (number, 0 if kind.demand[0] == 3 else 1, 1) for number, kind in enumerate(asked.kinds)
    }
