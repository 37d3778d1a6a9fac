import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.reserve import (
    GIB,
    MIB,
    host_reserve,
    reserve_not_in_use,
    reserve_of_part,
)
from xmlresource.model.host import ReserveSetting


@pytest.mark.parametrize(
    ("total", "reserve"),
    [
        (1 * GIB, 256 * MIB),
        (20 * GIB, GIB),
        (80 * GIB, 4 * GIB),
        (1024 * GIB, 4 * GIB),
    ],
)
def test_default(total: int, reserve: int) -> None:
    assert host_reserve(total) == reserve


def test_what_is_configured_has_no_bounds() -> None:
    assert host_reserve(GIB, ReserveSetting(size=20 * GIB)) == 20 * GIB
    assert host_reserve(1000 * GIB, ReserveSetting(size=0)) == 0
    assert host_reserve(1000 * GIB, ReserveSetting(basis_points=50)) == 5 * GIB
    assert host_reserve(GIB, ReserveSetting()) == 0


def test_share_of_a_part_is_rounded_up() -> None:
    assert reserve_of_part(10, 1, 3) == 4
    assert reserve_of_part(10, 3, 3) == 10
    assert reserve_of_part(10, 1, 0) == 10


def test_the_host_uses_what_nobody_else_has() -> None:
    # 100 in all, 60 available, 10 in pools, 25 charged to guests: 5 are the host's.
    assert reserve_not_in_use(20, 100, 60, 10, 25) == 15
    assert reserve_not_in_use(4, 100, 60, 10, 25) == 0
    # Page cache of guests is charged and available: the host's use can't be negative.
    assert reserve_not_in_use(20, 100, 90, 0, 50) == 20


SIZES = st.integers(0, 1 << 40)


@given(SIZES, SIZES, SIZES, SIZES, SIZES)
def test_it_lies_between_nothing_and_all(
    reserve: int, total: int, available: int, pools: int, charged: int
) -> None:
    assert 0 <= reserve_not_in_use(reserve, total, available, pools, charged) <= reserve
