"""What a guest can spare, what it needs, and when nothing is taken on its word."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.balance.examples import GIB, MIB, SETTINGS, guest, statistics
from xmlresource.balance.movement import Cause
from xmlresource.balance.observed import BalloonStatistics
from xmlresource.balance.recent import GuestRecent
from xmlresource.balance.standing import distrust, need, spare, step_of, unavailable

MOST = 30.0


def doubted(said: BalloonStatistics | None) -> Cause | None:
    found = distrust(guest(statistics=said), MOST, SETTINGS)
    return None if found is None else found.cause


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (statistics(2 * GIB), None),
        (statistics(0), None),
        (statistics(4 * GIB), None),
        (statistics(2 * GIB, available=None, unused=None), None),
        (None, Cause.NO_STATISTICS),
        (BalloonStatistics(1, 4 * GIB, None, GIB), Cause.NO_STATISTICS),
        (statistics(2 * GIB, age=30), None),
        (statistics(2 * GIB, age=30.1), Cause.OLD_STATISTICS),
        (statistics(2 * GIB, age=-1), Cause.WRONG_STATISTICS),
        (statistics(-1), Cause.WRONG_STATISTICS),
        (statistics(2 * GIB, available=GIB), Cause.WRONG_STATISTICS),
        (statistics(5 * GIB, available=8 * GIB), Cause.WRONG_STATISTICS),
        (statistics(GIB, unused=5 * GIB), Cause.WRONG_STATISTICS),
        # much is usable, and it waits for its disk
        (statistics(2 * GIB, swap_in=1 << 20), Cause.WRONG_STATISTICS),
        (statistics(2 * GIB, major_faults=200), Cause.WRONG_STATISTICS),
        (statistics(300 * MIB, swap_in=1 << 20), None),
    ],
)
def test_who_is_not_trusted(said: BalloonStatistics | None, cause: Cause | None) -> None:
    assert doubted(said) is cause


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ({}, None),
        ({"answers": False}, Cause.NO_ANSWER),
        ({"answers": False, "balloon": None}, Cause.NO_ANSWER),
        ({"balloon": None}, Cause.NO_BALLOON),
    ],
)
def test_who_cannot_be_asked(more: dict[str, Any], cause: Cause | None) -> None:
    found = unavailable(guest(**more), GuestRecent(("qemu", "a")), 0, SETTINGS)
    assert (None if found is None else found.cause) is cause


def test_a_guest_keeps_its_share() -> None:
    # 20 % of what is left
    assert spare(guest(usable=2 * GIB), SETTINGS) == (2 * GIB - 4 * GIB // 5) * 10 // 8
    assert spare(guest(usable=4 * GIB // 5), SETTINGS) == 0
    assert spare(guest(usable=0), SETTINGS) == 0
    assert spare(guest(usable=4 * GIB // 5), SETTINGS, critical=True) > 0
    # what it has not touched frees nothing
    lazy = guest(usable=3 * GIB, charged=2 * GIB)
    assert spare(lazy, SETTINGS) == spare(guest(usable=3 * GIB), SETTINGS) - 2 * GIB


def test_a_small_guest_keeps_what_a_larger_one_would() -> None:
    small = guest(balloon=64 * MIB, usable=50 * MIB)
    assert spare(small, SETTINGS) == 0


@given(st.integers(0, 64 * GIB), st.integers(0, 64 * GIB), st.booleans())
def test_what_is_left_is_enough(balloon: int, usable: int, critical: bool) -> None:
    usable = min(usable, balloon)
    size = spare(guest(balloon=balloon, usable=usable), SETTINGS, critical=critical)
    assert size >= 0
    if size:
        assert usable - size >= (balloon - size) * SETTINGS.starving // 10_000
        # so it is not one that starves
        left = guest(balloon=balloon - size, usable=usable - size, maximum=64 * GIB)
        assert need(left, SETTINGS, trusted=True) is None


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ({"usable": 409 * MIB, "balloon": 4 * GIB, "maximum": 8 * GIB}, Cause.STARVES),
        ({"usable": 410 * MIB, "balloon": 4 * GIB, "maximum": 8 * GIB}, None),
        ({"statistics": statistics(500 * MIB, swap_in=1 << 20)}, Cause.SWAPS),
        ({"statistics": statistics(500 * MIB, major_faults=201)}, Cause.FAULTS),
        ({"usable": 500 * MIB, "pressure": 10.0}, Cause.STALLS),
        ({"usable": 2 * GIB, "pressure": 99.0}, None),
        ({"usable": 0, "maximum": 4 * GIB}, None),  # it has all that it may have
        ({"usable": 0, "hard": 4 * GIB + 101 * MIB}, None),  # more is no help
        ({"usable": 0, "hard": 5 * GIB}, Cause.STARVES),
    ],
)
def test_who_needs_memory(more: dict[str, Any], cause: Cause | None) -> None:
    seen = guest(**({"maximum": 8 * GIB} | more))
    found = need(seen, SETTINGS, trusted=True)
    assert (None if found is None else found.reason.cause) is cause


@pytest.mark.parametrize(
    ("said", "pressure", "cause"),
    [
        (None, 0.0, None),
        (None, 10.0, Cause.STALLS),
        (statistics(0, age=31), 0.0, None),
        (statistics(0, age=31, swap_in=1 << 30), 0.0, None),
        (statistics(0, age=-1, swap_in=1 << 30), 0.0, None),
        (statistics(2 * GIB, swap_in=1 << 30), 0.0, Cause.SWAPS),
    ],
)
def test_what_is_not_trusted_shows_need_only_by_what_is_seen(
    said: BalloonStatistics | None, pressure: float, cause: Cause | None
) -> None:
    seen = guest(maximum=8 * GIB, statistics=said, pressure=pressure)
    found = need(seen, SETTINGS, trusted=False)
    assert (None if found is None else found.reason.cause) is cause
    if found is not None:
        assert (found.size, found.severe) == (step_of(seen, SETTINGS), False)


def test_how_much_is_needed() -> None:
    def size(**more: Any) -> int:
        found = need(guest(maximum=8 * GIB, **more), SETTINGS, trusted=True)
        assert found is not None
        return found.size

    # until 15 % of what it has then is usable
    fed = size(usable=400 * MIB)
    assert (400 * MIB + fed) / (4 * GIB + fed) == pytest.approx(0.15, abs=0.001)
    assert size(usable=500 * MIB, pressure=50.0) == step_of(guest(maximum=8 * GIB), SETTINGS)
    assert size(usable=0, hard=4 * GIB + 200 * MIB) == 100 * MIB
    starving = guest(balloon=GIB, usable=0, maximum=1200 * MIB)
    found = need(starving, SETTINGS, trusted=True)
    assert found is not None
    assert found.severe
    assert found.size == 176 * MIB
    mild = need(guest(usable=300 * MIB, maximum=8 * GIB), SETTINGS, trusted=True)
    assert mild is not None
    assert not mild.severe


def test_steps_are_bounded() -> None:
    assert step_of(guest(), SETTINGS) == 4 * GIB // 10
    assert step_of(guest(), SETTINGS, hurry=True) == 4 * GIB // 10 * 2
    assert step_of(guest(maximum=64 * MIB), SETTINGS) == 16 * MIB
