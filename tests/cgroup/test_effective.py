"""Effective protection, by the kernel's own vectors and by what was measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.cgroup import effective as effective_module
from xmlresource.cgroup.effective import Child, dependable, effective, settled
from xmlresource.units import UNLIMITED

CHILDREN = st.lists(st.builds(Child, st.integers(0, 2**40), st.integers(0, 2**40)), max_size=8)
# tools/testing/selftests/cgroup/test_memcontrol.c, test_memcg_protection(): below A and B with
# 50M each, in MiB.
KERNELS = [Child(75, 50), Child(25, 50), Child(0, 50), Child(500, 0)]


def test_the_kernels_vector() -> None:
    assert settled(50, KERNELS) == pytest.approx((29, 21, 0, 0), rel=0.1, abs=0.5)


def test_the_first_round_shares_in_proportion() -> None:
    assert effective(50, 150, KERNELS) == pytest.approx((100 / 3, 50 / 3, 0, 0))


@pytest.mark.parametrize("recursive", [False, True])
def test_below_nothing_there_is_nothing(recursive: bool) -> None:
    """Measured with a guest of 400 MiB: 112 MiB were left."""
    assert effective(0, 415, [Child(400, 415)], recursive=recursive) == (0,)


def test_with_the_sum_above_it_holds() -> None:
    """Measured: 415 and 416 MiB before; the guarded guest kept all of it, its twin 117 MiB."""
    assert effective(400, 831, [Child(400, 415), Child(0, 416)]) == (400, 0)


def test_what_nobody_claims_flows_down() -> None:
    children = [Child(10, 20), Child(0, 30)]
    assert effective(50, 50, children, recursive=True) == (20, 30)
    assert effective(50, 50, children) == (10, 0)


@given(st.integers(0, 2**40), CHILDREN, st.booleans())
def test_children_never_have_more_than_their_parent(
    parent: int,
    children: list[Child],
    recursive: bool,
) -> None:
    usage = sum(child.usage for child in children)
    found = effective(parent, usage, children, recursive=recursive)
    assert sum(found) <= parent * (1 + 1e-9)
    assert all(value >= 0 for value in found)


@given(st.integers(0, 2**40), CHILDREN.filter(len))
def test_what_can_be_counted_on_is_there_when_all_is_used(
    parent: int, children: list[Child]
) -> None:
    first, *others = (Child(child.setting, child.setting) for child in children)
    found = effective(parent, sum(each.usage for each in (first, *others)), [first, *others])
    levels = [(parent, []), (int(first.setting), [int(each.setting) for each in others])]
    assert dependable(levels) == pytest.approx(found[0], abs=1)


def test_unlimited_settings() -> None:
    assert dependable([(UNLIMITED, []), (7, [5])]) == 7
    assert dependable([(10, []), (UNLIMITED, [])]) == 10
    assert dependable([(10, []), (5, [UNLIMITED])]) == 0
    assert dependable([]) == float("inf")


def test_it_ends_before_it_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effective_module, "ROUNDS", 1)
    (left,) = effective_module.settled(0, [Child(0, 100)])
    assert 0 < left < 100
