"""A demand, spread over guests: exact, in proportion, and never below a guarantee."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.reclaim.sharing import LEAST, Pool, Shortfall, Standing, give, proportional, spread

MIB = 1 << 20
GIB = 1 << 30

sizes = st.integers(0, 8 * GIB) | st.integers(0, 8192).map(lambda mebibytes: mebibytes * MIB)
standings = st.builds(Standing, charged=sizes, guarantee=sizes, soft=sizes, fixed=sizes)
groups = st.lists(standings, max_size=12)


@given(sizes, groups)
def test_the_shares_and_what_is_missing_are_the_demand(demand: int, guests: list[Standing]) -> None:
    found = spread(demand, guests)
    assert sum(found.shares) + found.missing == demand
    assert len(found.shares) == len(guests)
    assert found.missing >= 0


@given(sizes, groups)
def test_nobody_is_left_with_less_than_it_must_keep(demand: int, guests: list[Standing]) -> None:
    for guest, share in zip(guests, spread(demand, guests).shares, strict=True):
        assert share >= 0
        assert share == 0 or guest.charged - share >= max(guest.guarantee, guest.fixed)


@given(sizes, groups)
def test_something_is_missing_only_where_nobody_has_more(
    demand: int, guests: list[Standing]
) -> None:
    found = spread(demand, guests)
    if found.missing:
        assert list(found.shares) == [guest.above_guarantee for guest in guests]


@given(sizes, groups)
def test_soft_limits_hold_as_long_as_others_have_something_above_theirs(
    demand: int, guests: list[Standing]
) -> None:
    shares = spread(demand, guests).shares
    if any(share > guest.above_soft for guest, share in zip(guests, shares, strict=True)):
        assert all(share >= guest.above_soft for guest, share in zip(guests, shares, strict=True))


@given(sizes, st.lists(sizes, max_size=12))
def test_parts_are_in_proportion(demand: int, rooms: list[int]) -> None:
    parts, total = proportional(demand, rooms), sum(rooms)
    assert sum(parts) == min(demand, total)
    if demand >= total:
        assert list(parts) == rooms
        return
    for part, room in zip(parts, rooms, strict=True):
        assert 0 <= part <= room
        # Rounded down to whole MiB; one guest has what that leaves over.
        assert demand * room // total - part < LEAST
    over = [
        part - demand * room // total
        for part, room in zip(parts, rooms, strict=True)
        if part > demand * room // total
    ]
    assert sum(over) <= len(rooms) * LEAST


@given(sizes, groups)
def test_it_is_the_same_each_time_and_in_any_order_of_unequal_guests(
    demand: int, guests: list[Standing]
) -> None:
    found = spread(demand, guests)
    assert found == spread(demand, guests)
    first = {guest.above_soft for guest in guests}
    second = {guest.above_guarantee - guest.above_soft for guest in guests}
    if len(first) == len(second) == len(guests):
        turned = spread(demand, guests[::-1])
        assert sorted(turned.shares) == sorted(found.shares)


@pytest.mark.parametrize(
    ("demand", "guests", "shares", "missing"),
    [
        (GIB, [], [], GIB),
        (0, [Standing(GIB)], [0], 0),
        (3 * GIB, [Standing(4 * GIB), Standing(8 * GIB)], [GIB, 2 * GIB], 0),
        # Above 2 GiB of guarantee, or of soft limit, or of what the balloon can't give.
        (
            3 * GIB,
            [Standing(4 * GIB, 2 * GIB), Standing(3 * GIB, 0, 2 * GIB), Standing(GIB, fixed=GIB)],
            [2 * GIB, GIB, 0],
            0,
        ),
        # All above the soft limits, then of what is between them and the guarantees.
        (
            4 * GIB,
            [Standing(4 * GIB, GIB, 3 * GIB), Standing(4 * GIB, 3 * GIB), Standing(GIB, GIB)],
            [3 * GIB, GIB, 0],
            0,
        ),
        (8 * GIB, [Standing(4 * GIB, GIB, 3 * GIB), Standing(4 * GIB, 3 * GIB)],
         [3 * GIB, GIB], 4 * GIB),
        (10 * MIB, [Standing(GIB)] * 3, [4 * MIB, 3 * MIB, 3 * MIB], 0),
        (MIB, [Standing(GIB), Standing(2 * GIB)], [0, MIB], 0),
    ],
)  # fmt: skip
def test_examples(demand: int, guests: list[Standing], shares: list[int], missing: int) -> None:
    found = spread(demand, guests)
    assert (list(found.shares), found.missing) == (shares, missing)


# Giving back

lacks = st.builds(Shortfall, size=sizes, promised=sizes)


@st.composite
def returns(draw: st.DrawFn) -> tuple[list[Shortfall], list[Pool]]:
    """Guests, pots of some of them, and the host's, which is everybody's."""
    guests = draw(st.lists(lacks, max_size=8))
    everybody = tuple(range(len(guests)))
    some = st.sets(st.sampled_from(everybody)) if everybody else st.just(set[int]())
    members = some.map(lambda found: tuple(sorted(found)))
    rooms = sizes | st.integers(-GIB, 0)
    pots = draw(st.lists(st.builds(Pool, room=rooms, members=members), max_size=4))
    return guests, [*pots, Pool(draw(rooms), everybody)]


@given(returns())
def test_no_pot_gives_more_than_it_has_beside_promises(
    found: tuple[list[Shortfall], list[Pool]],
) -> None:
    guests, pots = found
    gets = give(guests, pots)
    for guest, size in zip(guests, gets, strict=True):
        assert guest.covered <= size <= guest.size
    for pot in pots:
        taken = sum(gets[index] - guests[index].covered for index in pot.members)
        assert taken <= max(0, pot.room)


@given(st.lists(lacks, max_size=8), sizes)
def test_nothing_is_left_while_somebody_lacks_something(guests: list[Shortfall], room: int) -> None:
    gets = give(guests, [Pool(room, tuple(range(len(guests))))])
    lacking = sum(guest.size - guest.covered for guest in guests)
    assert sum(gets) == sum(guest.covered for guest in guests) + min(room, lacking)


def test_a_narrow_pot_leaves_more_to_the_others() -> None:
    guests = [Shortfall(4 * GIB), Shortfall(4 * GIB, GIB), Shortfall(4 * GIB)]
    pots = [Pool(GIB, (0,)), Pool(6 * GIB, (0, 1, 2))]
    # Of 1, 3 and 4 GiB that they lack beside promises and could have, there are 6.
    assert give(guests, pots) == (768 * MIB, (1024 + 2304) * MIB, 3 * GIB)
