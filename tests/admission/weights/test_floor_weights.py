"""The weights are held against a scheduler that shares CPU time as the kernel's does."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xmlresource.admission.weights.floor_weights import (
    SHARES,
    V1_SHARES,
    Neighbour,
    PromisedGroup,
    WeightRange,
    floor_weights,
)

TOP = "/"
Busy = frozenset[str]


def leaves(folder: PromisedGroup) -> Iterator[str]:
    """Everybody who can be busy: guests, neighbours."""
    yield from (f"{folder.path}|{each.name}" for each in folder.neighbours)
    for each in folder.below:
        if each.guarantee:
            yield each.path
        else:
            yield from leaves(each)


def shared_out(
    time: Fraction, folder: PromisedGroup, weights: Mapping[str, int], busy: Busy
) -> dict[str, Fraction]:
    """The CPU time of each busy guest: at each level in proportion to the weights of the busy."""
    if folder.cap is not None:
        time = min(time, Fraction(folder.cap))
    active = [each for each in folder.below if busy.intersection({each.path, *leaves(each)})]
    total = sum(weights[each.path] for each in active)
    total += sum(each.weight for each in folder.neighbours if f"{folder.path}|{each.name}" in busy)
    found: dict[str, Fraction] = {}
    for each in active:
        part = time * weights[each.path] / total
        if each.guarantee:
            found[each.path] = part
        else:
            found |= shared_out(part, each, weights, busy)
    return found


def guarantees(folder: PromisedGroup) -> dict[str, int]:
    found = {}
    for each in folder.below:
        found |= {each.path: each.guarantee} if each.guarantee else guarantees(each)
    return found


NEIGHBOURS = st.lists(st.integers(1, 500), max_size=4).map(
    lambda weights: tuple(Neighbour(f"n{at}", weight) for at, weight in enumerate(weights))
)


@st.composite
def folders(draw: st.DrawFn, path: str, depth: int) -> PromisedGroup:
    below = []
    for at in range(draw(st.integers(1, 3))):
        own = draw(st.integers(2, 500))
        if depth and draw(st.booleans()):
            inner = draw(folders(f"{path}/f{at}", depth - 1))
            below.append(PromisedGroup(inner.path, own, 0, inner.below, inner.neighbours))
        else:
            below.append(PromisedGroup(f"{path}/g{at}", own, draw(st.integers(1, 3000))))
    return PromisedGroup(path, 100, 0, tuple(below), draw(NEIGHBOURS))


@given(folders("", 2), st.integers(1, 64), st.sampled_from([SHARES, V1_SHARES]), st.data())
def test_every_floor_holds_whoever_is_busy(
    tree: PromisedGroup, cpus: int, weights: WeightRange, data: st.DataObject
) -> None:
    found = floor_weights(cpus * 1000, tree, weights)
    assume(found.too_little is None)
    everybody = sorted(leaves(tree))
    busy = frozenset(data.draw(st.sets(st.sampled_from(everybody), min_size=1), label="busy"))
    for who in (busy, frozenset(everybody)):
        times = shared_out(Fraction(cpus * 1000), tree, found.values, who)
        for path, guarantee in guarantees(tree).items():
            if path in who:
                assert times[path] >= guarantee
    assert all(weights.least <= each <= weights.most for each in found.values.values())


@given(folders("", 2), st.integers(16, 64), st.sampled_from([SHARES, V1_SHARES]))
def test_a_guest_gets_its_share_of_the_rest_too(
    tree: PromisedGroup, cpus: int, weights: WeightRange
) -> None:
    """Nobody has less than before of what is left when all promises are taken off."""
    flat = PromisedGroup(
        "", 100, 0, tuple(each for each in tree.below if each.guarantee), tree.neighbours
    )
    time = cpus * 1000
    assume(flat.below)
    found = floor_weights(time, flat, weights)
    assert found.too_little is None
    own = sum(each.own for each in flat.below) + sum(each.weight for each in flat.neighbours)
    total = sum(found.values.values()) + sum(each.weight for each in flat.neighbours)
    for each in flat.below:
        rest = Fraction((time - flat.promised) * each.own, own)
        share = Fraction(time * found.values[each.path], total)
        if len(flat.below) == 1:
            assert share >= each.guarantee + rest
        assert share >= each.guarantee


def one(guarantee: int, *neighbours: int, own: int = 100, cap: int | None = None) -> PromisedGroup:
    beside = tuple(Neighbour(f"n{at}", weight) for at, weight in enumerate(neighbours))
    return PromisedGroup(
        "/machine", 100, 0, (PromisedGroup("/machine/g", own, guarantee),), beside, cap
    )


def test_a_guest_that_is_alone_needs_no_more() -> None:
    assert floor_weights(2000, one(2000), SHARES).values == {"/machine/g": 100}


def test_more_than_there_is_is_too_little() -> None:
    found = floor_weights(1000, one(1001), SHARES)
    assert found.too_little is not None
    assert (found.too_little.time, found.too_little.promised) == (1000, 1001)
    assert found.values == {"/machine/g": 10_000}


def test_all_of_it_is_too_little_beside_others() -> None:
    found = floor_weights(1000, one(1000, 50, 200, 200), SHARES)
    assert found.too_little is not None
    assert [each.name for each in found.too_little.neighbours] == ["n1", "n2", "n0"]


def test_a_limit_is_all_there_is() -> None:
    assert floor_weights(8000, one(500, 100, cap=1000), SHARES).too_little is None
    assert floor_weights(8000, one(500, 100, cap=500), SHARES).too_little is not None


def test_the_weights_of_others_can_be_too_many() -> None:
    """10,000 of 10,000 + 100 times 9,900 is a hundredth of four CPUs."""
    assert floor_weights(4000, one(41, *[9900] * 100), SHARES).too_little is not None
    assert floor_weights(4000, one(30, *[9900] * 100), SHARES).too_little is None


def test_the_spare_room_is_given_up_where_there_is_none() -> None:
    """A power of two would be beyond what the kernel takes; what is needed is not."""
    found = floor_weights(2000, one(1900, 500), SHARES)
    assert found.too_little is None
    assert found.values == {"/machine/g": 10_000}


def test_small_changes_leave_others_as_they_are() -> None:
    few, more = (floor_weights(8000, one(1000, *[100] * number), SHARES) for number in (8, 9))
    assert few.values == more.values


def test_the_rest_is_looked_at_where_one_folder_has_too_little() -> None:
    full = PromisedGroup("/a", 100, 0, (PromisedGroup("/a/g", 100, 500),), (Neighbour("n", 1),), 10)
    fine = PromisedGroup("/b", 100, 0, (PromisedGroup("/b/g", 100, 500),))
    found = floor_weights(4000, PromisedGroup(TOP, 100, 0, (full, fine)), SHARES)
    assert found.too_little is not None
    assert found.too_little.path == "/a"
    assert found.values.keys() == {"/a", "/b", "/a/g", "/b/g"}


@pytest.mark.parametrize(
    ("share", "weights", "expected"),
    [(100, SHARES, 100), (100, V1_SHARES, 1024), (1, V1_SHARES, 10), (10_000, V1_SHARES, 102_400)],
)
def test_from_share(share: int, weights: WeightRange, expected: int) -> None:
    assert weights.from_share(share) == expected
