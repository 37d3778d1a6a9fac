"""Room on CPUs is held against all sets of CPUs, one by one (Hall's theorem)."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.weights.cpu.placement import CpuSet, Placement

CPUS = st.integers(1, 5).map(lambda number: frozenset(range(number)))
SETS = st.none() | st.frozensets(st.integers(0, 6), min_size=1)
DEMANDS = st.lists(st.tuples(SETS, st.integers(0, 1500)), max_size=5)


def placed(cpus: CpuSet, each: int, demands: list[tuple[CpuSet | None, int]]) -> Placement:
    placement = Placement(cpus, each)
    for where, amount in demands:
        placement.add(where, amount)
    return placement


def subsets(cpus: CpuSet) -> list[CpuSet]:
    return [
        frozenset(some)
        for size in range(1, len(cpus) + 1)
        for some in combinations(sorted(cpus), size)
    ]


def known(cpus: CpuSet, where: CpuSet | None) -> CpuSet:
    return (cpus if where is None else cpus & where) or cpus


def has_room(cpus: CpuSet, each: int, demands: list[tuple[CpuSet | None, int]]) -> bool:
    return all(
        sum(amount for where, amount in demands if known(cpus, where) <= some) <= each * len(some)
        for some in subsets(cpus)
    )


@given(CPUS, DEMANDS, SETS)
def test_there_is_room_as_hall_says(
    cpus: CpuSet, demands: list[tuple[CpuSet | None, int]], own: CpuSet | None
) -> None:
    placement = placed(cpus, 1000, demands)
    fits = has_room(cpus, 1000, demands)
    assert placement.fits(1000) is fits
    assert (placement.placed() == sum(amount for _, amount in demands)) is fits
    if not fits:
        return
    found = placement.bottleneck(own)
    assert has_room(cpus, 1000, [*demands, (own, found.room)])
    assert not has_room(cpus, 1000, [*demands, (own, found.room + 1)])
    # What it names is why: those that are bound there leave so much, and no more.
    assert known(cpus, own) <= found.cpus
    assert 1000 * len(found.cpus) - placement.bound_within(found.cpus) == found.room


@given(CPUS, DEMANDS, SETS)
def test_where_there_is_none_the_reason_is_told(
    cpus: CpuSet, demands: list[tuple[CpuSet | None, int]], own: CpuSet | None
) -> None:
    placement = placed(cpus, 1000, demands)
    found = placement.bottleneck(own)
    assert 1000 * len(found.cpus) - placement.bound_within(found.cpus) <= found.room


@given(CPUS, DEMANDS)
def test_the_least_that_is_needed(cpus: CpuSet, demands: list[tuple[CpuSet | None, int]]) -> None:
    placement = placed(cpus, 1000, demands)
    least = placement.least_needed()
    if placement.fits(1000):
        assert placement.fits(least)
        assert least == 0 or not placement.fits(least - 1)
    else:
        assert least == 1000


def test_others_give_way() -> None:
    """A guest that can be anywhere moves away from the only CPU of one that can't."""
    placement = placed(frozenset({0, 1, 2}), 1000, [(None, 1000), (frozenset({0, 1}), 1000)])
    assert placement.bottleneck(frozenset({0})).room == 1000
    assert placement.bottleneck(frozenset({0})).cpus == {0}
