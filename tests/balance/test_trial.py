"""What was taken must be missing in the next report, else the report is not about this memory."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.balance.examples import GIB, MIB, SETTINGS, guest, statistics
from xmlresource.balance.observed import GuestObserved
from xmlresource.balance.trial import Trial, trial_of, verdict
from xmlresource.record import replace

HAD = 4 * GIB
USABLE = 2 * GIB
TRIAL = Trial(HAD, USABLE)
TAKEN = 400 * MIB
MOST = 10.0
SLACK = 400 * MIB // 5  # what a report may keep of the largest step, and stand


def after(usable: int | None, **more: Any) -> GuestObserved:
    """The guest after the balloon has come to rest."""
    said = replace(statistics(0, HAD - TAKEN, unused=None, **more), usable=usable)
    return guest(balloon=HAD - TAKEN, statistics=said)


def judged(seen: GuestObserved, most: float = MOST) -> bool | None:
    return verdict(TRIAL, seen, most, SETTINGS)


def test_what_a_trial_is_held_against() -> None:
    assert trial_of(guest(balloon=HAD, usable=USABLE)) == TRIAL
    assert trial_of(guest(statistics=None)) is None
    assert trial_of(guest(statistics=replace(statistics(0), usable=None))) is None
    assert trial_of(guest(balloon=None)) is None


@pytest.mark.parametrize(
    ("usable", "stands"),
    [
        (USABLE - TAKEN, True),
        (USABLE - TAKEN - GIB, True),  # its load rose
        (USABLE - TAKEN * 8 // 10, True),
        (USABLE - TAKEN * 8 // 10 + 1, False),
        (USABLE, False),
        (USABLE + GIB, False),
        (0, True),
    ],
)
def test_what_was_taken_is_missing(usable: int, stands: bool) -> None:
    assert judged(after(usable)) is stands


def test_who_waits_for_its_disk_had_nothing_to_spare() -> None:
    assert judged(after(USABLE - TAKEN, swap_in=1 << 20)) is False
    assert judged(after(USABLE - TAKEN, major_faults=200)) is False


@pytest.mark.parametrize(
    "seen",
    [
        guest(statistics=None),
        after(None),
        after(0, age=MOST + 0.1),
        after(0, age=-1),
    ],
)
def test_only_a_report_from_after_it_counts(seen: GuestObserved) -> None:
    assert judged(seen) is None
    assert judged(after(0, age=MOST)) is True


@pytest.mark.parametrize("balloon", [None, HAD, HAD + GIB])
def test_where_nothing_is_missing_any_more_nothing_is_tried(balloon: int | None) -> None:
    assert judged(guest(balloon=balloon, statistics=statistics(USABLE))) is None


LIES: dict[str, Callable[[int, int], int]] = {
    "a share of what it has": lambda _usable, balloon: balloon * 7 // 10,
    "always the same": lambda _usable, balloon: min(balloon, 2 * GIB),
    "more than there is": lambda usable, balloon: min(balloon, usable + GIB),
}


@given(
    lie=st.sampled_from(sorted(LIES)),
    needs=st.integers(0, 4 * 1024),
    steps=st.lists(st.integers(32, 400), min_size=40, max_size=40),
)
def test_no_lie_stands_until_the_guest_has_nothing(lie: str, needs: int, steps: list[int]) -> None:
    """Memory is taken as long as its word stands; the lie is found before much more is gone."""
    told, balloon, needed = LIES[lie], HAD, needs * MIB
    for step in steps:
        usable = told(max(0, balloon - needed), balloon)
        if usable < step * MIB:
            return  # by its own word it has no more
        trial = Trial(balloon, usable)
        had, balloon = balloon, balloon - step * MIB
        said = told(max(0, balloon - needed), balloon)
        seen = guest(balloon=balloon, statistics=statistics(said, balloon))
        if verdict(trial, seen, MOST, SETTINGS) is False:
            # Found out at the latest by the step that follows the one that took the last.
            assert had >= needed - SLACK or had == HAD
            return
    assert balloon >= needed - SLACK


@given(
    needs=st.integers(0, 3 * 1024),
    step=st.integers(4, 1024),
    more=st.integers(0, 512),
)
def test_the_word_of_an_honest_guest_stands_unless_its_load_falls(
    needs: int, step: int, more: int
) -> None:
    balloon = HAD - step * MIB
    before = max(0, HAD - needs * MIB)
    now = max(0, balloon - (needs + more) * MIB)
    seen = guest(balloon=balloon, statistics=statistics(now, balloon))
    stands = verdict(Trial(HAD, before), seen, MOST, SETTINGS)
    assert stands is (before - now >= step * MIB * 8 // 10)
    if before >= step * MIB:
        assert stands is True
