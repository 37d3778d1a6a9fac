"""When a host needs memory, and how much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.balance.examples import GIB, MIB, SETTINGS, host
from xmlresource.balance.host_need import HostNeed, host_need, marks
from xmlresource.balance.movement import Cause
from xmlresource.balance.observed import HostObserved
from xmlresource.configuration.balance_settings import BalanceSettings
from xmlresource.model.host import ReserveSetting

LOW, HIGH = 16 * GIB // 10, 16 * GIB // 10 * 3 // 2


@pytest.mark.parametrize(
    ("total", "below", "above"),
    [
        (1 * GIB, 256 * MIB, 384 * MIB),
        (16 * GIB, LOW, HIGH),
        (1024 * GIB, 8 * GIB, 12 * GIB),
        (128 * MIB, 128 * MIB, 128 * MIB),
    ],
)
def test_the_default_marks(total: int, below: int, above: int) -> None:
    found = marks(total, SETTINGS)
    assert (found.below, found.above) == (below, above)
    assert found.last < found.critical < found.below <= found.middle <= found.above


@pytest.mark.parametrize(
    ("take", "give", "below", "above"),
    [
        (ReserveSetting(size=GIB), None, GIB, GIB * 3 // 2),
        (ReserveSetting(basis_points=500), ReserveSetting(size=4 * GIB), 16 * GIB // 20, 4 * GIB),
        (ReserveSetting(size=2 * GIB), ReserveSetting(size=GIB), 2 * GIB, 2 * GIB),
        (ReserveSetting(), ReserveSetting(basis_points=1000), 0, LOW),
    ],
)
def test_marks_that_are_set(
    take: ReserveSetting, give: ReserveSetting | None, below: int, above: int
) -> None:
    found = marks(16 * GIB, BalanceSettings(take_below=take, give_above=give))
    assert (found.below, found.above) == (below, above)


def need(available: int, **more: object) -> HostNeed:
    return host_need(host(available, **more), SETTINGS)


@pytest.mark.parametrize("available", [LOW, LOW + 1, HIGH, 16 * GIB])
def test_nothing_is_needed_from_the_lower_mark_on(available: int) -> None:
    assert need(available) == HostNeed()


def test_below_it_the_middle_of_the_band_is_aimed_at() -> None:
    found = need(LOW - MIB)
    assert found.size == (LOW + HIGH) // 2 - LOW + MIB
    assert found.reason is not None
    assert found.reason.cause is Cause.HOST_SHORT
    assert not found.critical
    assert need(LOW // 2 - 1).critical


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ({"some": 10.0}, Cause.HOST_STALLS),
        ({"full": 5.0}, Cause.HOST_STALLS),
        ({"stalled": True}, Cause.HOST_STALLS),
        ({"swap_in": 1 << 20}, Cause.HOST_SWAPS),
        ({"swap_in": 1 << 30, "some": 99.0}, Cause.HOST_SWAPS),
    ],
)
def test_pressure_asks_for_the_whole_band(more: dict[str, object], cause: Cause) -> None:
    found = need(LOW, **more)
    assert found.size == HIGH - LOW
    assert found.reason is not None
    assert found.reason.cause is cause
    assert need(HIGH, **more) == HostNeed()


@pytest.mark.parametrize("more", [{"some": 9.9}, {"full": 4.9}, {"swap_in": 1000}])
def test_a_little_pressure_is_none(more: dict[str, object]) -> None:
    assert need(LOW, **more) == HostNeed()


def test_a_guest_that_waits_for_room() -> None:
    found = need(8 * GIB, wanted=3 * GIB)
    assert (found.size, found.critical) == (3 * GIB, False)
    assert found.reason is not None
    assert found.reason.cause is Cause.ROOM_WANTED
    # the host needs more for itself
    short = need(LOW // 4, wanted=MIB)
    assert short.reason is not None
    assert short.reason.cause is Cause.HOST_SHORT


sizes = st.integers(0, 16 * GIB)
pressures = st.none() | st.floats(0, 100)


@given(sizes, sizes, pressures, pressures, st.booleans(), sizes)
def test_more_pressure_never_needs_less(
    available: int,
    less: int,
    some: float | None,
    more: float | None,
    stalled: bool,
    wanted: int,
) -> None:
    mild = HostObserved(16 * GIB, max(available, less), some=some, wanted=wanted)
    hard = HostObserved(
        16 * GIB,
        min(available, less),
        some=max(some or 0, more or 0),
        stalled=stalled,
        wanted=wanted + less,
    )
    assert host_need(hard, SETTINGS).size >= host_need(mild, SETTINGS).size
