"""One round: who gives, who gets, and what holds whatever is observed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.balance.examples import GIB, MIB, NOW, PROVEN, SETTINGS, decided, guest, host, statistics
from xmlresource.balance.balancing import decide
from xmlresource.balance.host_need import marks
from xmlresource.balance.movement import Cause, Direction, Means, RoundDecision, Step
from xmlresource.balance.observed import (
    BalloonStatistics,
    GuestObserved,
    HostObserved,
    Observed,
)
from xmlresource.balance.recent import GuestRecent, Lately
from xmlresource.balance.standing import GIVE_FACTOR, LEAST_STEP, distrust, step_of
from xmlresource.configuration.balance_settings import Mode

SHORT = 1400 * MIB
ROOM = 8 * GIB


def moves(found: RoundDecision) -> list[tuple[str, Direction, int]]:
    return [(step.name, step.direction, step.size // MIB) for step in found.steps]


def only(found: RoundDecision) -> Step:
    (step,) = found.steps
    return step


def test_a_host_with_neither_lack_nor_room_does_nothing() -> None:
    found = decided(host(2 * GIB), guest())
    assert found == RoundDecision()


def test_a_host_without_guests_is_told_what_is_missing() -> None:
    middle = marks(16 * GIB, SETTINGS).middle
    assert decided(host(0)) == RoundDecision(demand=middle, missing=middle)


def test_guests_give_in_proportion_to_what_they_can_spare() -> None:
    one, two = guest("a", usable=1024 * MIB), guest("b", usable=1228 * MIB)
    found = decided(host(1500 * MIB), one, two, lately=PROVEN)
    steps = {step.name: step.size for step in found.steps}
    assert steps["b"] / steps["a"] == pytest.approx((1228 - 819) / (1024 - 819), rel=0.05)


def test_what_is_above_soft_limits_goes_first() -> None:
    found = decided(host(SHORT), guest("a", soft=5 * GIB), guest("b"))
    assert [name for name, _, _ in moves(found)] == ["b"]
    both = decided(host(200 * MIB), guest("a", soft=5 * GIB), guest("b", usable=1200 * MIB))
    assert {name for name, _, _ in moves(both)} == {"a", "b"}


def test_a_guarantee_covers_the_overhead() -> None:
    seen = guest(guarantee=3900 * MIB)
    step = only(decided(host(0), seen))
    assert step.target + seen.overhead >= seen.guarantee
    assert decided(host(0), guest(guarantee=4196 * MIB)).steps == ()


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ({"statistics": None}, Cause.NO_STATISTICS),
        ({"statistics": statistics(2 * GIB, age=31)}, Cause.OLD_STATISTICS),
        ({"statistics": statistics(9 * GIB)}, Cause.WRONG_STATISTICS),
        ({"answers": False}, Cause.NO_ANSWER),
        ({"balloon": None, "charged": GIB}, Cause.NO_BALLOON),
    ],
)
def test_nothing_is_taken_on_a_guess(more: dict[str, Any], cause: Cause) -> None:
    found = decided(host(0), guest(**more))
    assert found.steps == ()
    (alone,) = found.left_alone
    assert (alone.key, alone.name, alone.reason.cause) == (("qemu", "a"), "a", cause)
    assert found.missing == found.demand > 0


def test_pressing_is_for_what_balloons_do_not_give() -> None:
    silent = guest(statistics=None, mode=Mode.PRESS)
    step = only(decided(host(SHORT), silent))
    assert (step.means, step.direction) == (Means.PRESS, Direction.TAKE)
    assert step.target == silent.charged - step.size
    # a balloon does
    both = decided(host(SHORT), silent, guest("b", usable=3 * GIB))
    assert [(step.name, step.means) for step in both.steps] == [("b", Means.BALLOON)]
    # it waits for memory itself, or starves
    assert decided(host(SHORT), guest(statistics=None, mode=Mode.PRESS, pressure=11.0)).steps == ()
    hungry = guest(usable=0, mode=Mode.PRESS, maximum=8 * GIB)
    assert all(step.direction is Direction.GIVE for step in decided(host(SHORT), hungry).steps)
    # not below what it must keep
    kept = guest(statistics=None, mode=Mode.PRESS, guarantee=silent.charged)
    assert decided(host(0), kept).steps == ()


def test_only_the_host_s_own_need_is_pressed_for() -> None:
    starving = guest("a", usable=0, maximum=8 * GIB)
    pressed = guest("b", statistics=None, mode=Mode.PRESS)
    found = decided(host(17 * GIB // 10), starving, pressed)
    assert {step.means for step in found.steps} <= {Means.BALLOON}


def test_a_guest_that_only_lacks_is_given_what_the_host_has() -> None:
    seen = guest(balloon=2 * GIB, usable=GIB)
    step = only(decided(host(ROOM), seen))
    assert (step.direction, step.size) == (Direction.GIVE, 409 * MIB)
    assert step.reason.cause is Cause.HOST_HAS_ROOM
    # not of what is promised
    assert decided(host(ROOM, promised=6 * GIB), seen).steps == ()
    # a guest that does not use what it has needs no more
    assert decided(host(ROOM), guest(balloon=2 * GIB, charged=GIB)).steps == ()
    # the last bit
    assert only(decided(host(ROOM), guest(balloon=4 * GIB - MIB))).target == 4 * GIB


def test_what_is_left_to_a_guest_is_not_given_to_others() -> None:
    lazy = guest("a", balloon=3 * GIB, charged=3 * GIB - 300 * MIB)
    other = guest("b", balloon=3 * GIB)
    found = decided(host(25 * GIB // 10 + 200 * MIB), lazy, other)
    assert sum(step.size for step in found.steps) <= 100 * MIB


def test_one_that_starves_gets_memory_before_others_keep_cache() -> None:
    starving = guest("a", balloon=GIB, usable=20 * MIB)
    rich = guest("b", usable=3 * GIB)
    found = decided(host(SHORT), starving, rich)
    assert [(name, way) for name, way, _ in moves(found)] == [
        ("a", Direction.GIVE),
        ("b", Direction.TAKE),
    ]
    (given, taken) = found.steps
    assert given.reason.cause is Cause.STARVES
    assert taken.reason.cause is Cause.HOST_SHORT
    # the host itself is not short
    found = decided(host(1700 * MIB), starving, rich)
    assert {step.reason.cause for step in found.steps} == {Cause.STARVES, Cause.OTHERS_STARVE}


def test_a_mild_need_waits_until_the_host_has_enough() -> None:
    mild = guest("a", balloon=GIB, usable=80 * MIB)
    rich = guest("b", usable=3 * GIB)
    found = decided(host(SHORT), mild, rich)
    assert [(name, way) for name, way, _ in moves(found)] == [("b", Direction.TAKE)]
    found = decided(host(2 * GIB), mild, rich)
    assert [(name, way) for name, way, _ in moves(found)] == [("a", Direction.GIVE)]


def test_nobody_gives_for_one_that_contradicts_itself() -> None:
    wrong = guest("a", balloon=2 * GIB, statistics=statistics(GIB, 2 * GIB, swap_in=1 << 30))
    found = decided(host(16 * GIB // 10), wrong, guest("b", usable=3 * GIB))
    assert found.steps == ()
    found = decided(host(3 * GIB), wrong, guest("b", usable=3 * GIB))
    assert only(found).name == "a"


def test_what_is_promised_comes_first_however_short_the_host_is() -> None:
    owed = guest(balloon=2 * GIB, charged=2 * GIB, guarantee=3 * GIB, usable=GIB)
    step = only(decided(host(0), owed))
    assert (step.direction, step.size) == (Direction.GIVE, GIB)
    assert step.reason.cause is Cause.PROMISED


def test_a_start_that_waits_is_made_room_for_in_larger_steps() -> None:
    found = decided(host(4 * GIB, wanted=GIB), guest(usable=3 * GIB), lately=PROVEN)
    step = only(found)
    assert step.reason.cause is Cause.ROOM_WANTED
    assert step.size == 819 * MIB
    assert found.soon


def test_of_who_has_not_been_tried_little_is_asked() -> None:
    seen = guest(usable=3 * GIB)
    tried = only(decided(host(SHORT), seen, lately=PROVEN))
    untried = only(decided(host(SHORT), seen))
    assert untried.size == pytest.approx(tried.size / 2, abs=MIB)
    assert only(decided(host(4 * GIB, wanted=GIB), seen)).size == 409 * MIB
    # but never too little to be a step
    small = guest(balloon=64 * MIB, usable=64 * MIB, maximum=64 * MIB, charged=300 * MIB)
    assert all(step.size >= LEAST_STEP for step in decided(host(0), small).steps)


def test_whose_word_did_not_stand_is_left_alone_and_nobody_gives_for_it() -> None:
    failing = GuestRecent(("qemu", "a"), failed=NOW - 1, failures=1)
    lately = Lately(0, (failing,))
    found = decided(host(SHORT), guest(usable=3 * GIB), lately=lately)
    assert found.steps == ()
    (alone,) = found.left_alone
    assert alone.reason.cause is Cause.UNMOVED_STATISTICS
    starving = guest(maximum=8 * GIB, statistics=statistics(500 * MIB, swap_in=1 << 20))
    giver = guest("b", usable=3 * GIB)
    below = marks(16 * GIB, SETTINGS).below
    assert decided(host(below), starving, giver, lately=lately).steps == ()
    (step,) = decided(host(below), starving, giver).steps
    assert (step.name, step.direction) == ("b", Direction.TAKE)
    # of what the host has it gets its share
    (step,) = decided(host(below + 2 * GIB), starving, giver, lately=lately).steps
    assert (step.name, step.direction) == ("a", Direction.GIVE)


def test_the_last_little_that_a_start_lacks_comes_from_one_guest() -> None:
    """A share of it would be less than a step for each."""
    several = [guest(name, usable=3 * GIB + number * MIB) for number, name in enumerate("abc")]
    step = only(decided(host(4 * GIB, wanted=2 * MIB), *several))
    assert (step.name, step.size) == ("c", LEAST_STEP)


def test_modes() -> None:
    found = decided(
        host(SHORT),
        guest("a", mode=Mode.OFF),
        guest("b", mode=Mode.OBSERVE),
        guest("c", mode=Mode.BALLOON),
    )
    assert [(step.name, step.observe) for step in found.steps] == [("c", False), ("b", True)]
    # what is really done does not count on who is only observed
    assert found.steps[0] == only(decided(host(SHORT), guest("c")))
    assert decided(host(SHORT), guest("a", mode=Mode.OFF)).steps == ()
    alone = decided(host(SHORT), guest("b", mode=Mode.OBSERVE, answers=False))
    assert [each.name for each in alone.left_alone] == ["b"]


# Whatever is observed

sizes = st.integers(0, 8 * GIB) | st.integers(0, 8192).map(lambda mebibytes: mebibytes * MIB)
pressures = st.none() | st.floats(0, 100)
reports = st.none() | st.builds(
    BalloonStatistics,
    age=st.floats(-5, 60),
    available=st.none() | sizes,
    usable=st.none() | sizes,
    unused=st.none() | sizes,
    swap_in=st.none() | st.floats(0, 1 << 24),
    major_faults=st.none() | st.floats(0, 1000),
)


@st.composite
def guests(draw: st.DrawFn) -> tuple[GuestObserved, ...]:
    found = []
    for at in range(draw(st.integers(0, 6))):
        maximum = draw(sizes)
        balloon = draw(st.none() | st.integers(0, maximum))
        has = balloon or 0
        honest = st.builds(statistics, st.integers(0, has), st.just(has))
        found.append(
            GuestObserved(
                key=("qemu", str(at)),
                name=str(at),
                maximum=maximum,
                charged=draw(sizes | st.integers(has, has + 300 * MIB)),
                balloon=balloon,
                guarantee=draw(st.just(0) | sizes),
                soft=draw(st.just(0) | sizes),
                hard=draw(st.none() | sizes),
                pressure=draw(pressures),
                statistics=draw(honest | reports),
                mode=draw(st.sampled_from(Mode)),
                answers=draw(st.sampled_from([True, True, True, False])),
            )
        )
    return tuple(found)


hosts = st.builds(
    HostObserved,
    total=st.just(16 * GIB),
    available=st.integers(0, 16 * GIB),
    promised=st.just(0) | sizes,
    wanted=st.just(0) | sizes,
    some=pressures,
    full=pressures,
    stalled=st.booleans(),
    swap_in=st.none() | st.floats(0, 1 << 24),
)


@given(hosts, guests())
def test_what_always_holds(facts: HostObserved, seen: tuple[GuestObserved, ...]) -> None:
    found = decide(Observed(NOW, facts, seen), Lately(0), SETTINGS)
    by_key = {each.key: each for each in seen}
    assert len({step.key for step in found.steps}) == len(found.steps)
    for step in found.steps:
        each = by_key[step.key]
        assert each.answers or step.means is Means.PRESS
        assert each.mode is not Mode.OFF
        assert step.observe is (each.mode is Mode.OBSERVE)
        if step.direction is Direction.GIVE:
            given_fits(step, each)
        elif step.means is Means.BALLOON:
            taken_fits(step, each)
        else:
            assert each.mode is Mode.PRESS
            assert step.target == each.charged - step.size >= each.guarantee


def given_fits(step: Step, each: GuestObserved) -> None:
    assert each.balloon is not None
    assert step.target == each.balloon + step.size <= each.maximum
    promised = max(0, each.guarantee - max(each.charged, each.balloon))
    assert step.size <= max(GIVE_FACTOR * step_of(each, SETTINGS), promised)


def taken_fits(step: Step, each: GuestObserved) -> None:
    assert each.balloon is not None
    assert step.target == each.balloon - step.size
    assert LEAST_STEP <= step.size <= step_of(each, SETTINGS, hurry=True)
    # of its guarantee nothing, whatever part of it is overhead
    freed = max(0, step.size - each.untouched)
    assert each.charged - freed >= each.guarantee or step.size <= each.untouched
    # not on a guess, and not until it has nothing left
    assert distrust(each, SETTINGS.stale, SETTINGS) is None
    assert each.statistics is not None
    assert each.statistics.usable is not None
    left = each.statistics.usable - step.size
    assert left >= step.target * SETTINGS.starving // 10_000


@given(hosts, guests())
def test_no_more_is_taken_than_is_needed(
    facts: HostObserved, seen: tuple[GuestObserved, ...]
) -> None:
    acting = tuple(each for each in seen if each.mode in {Mode.BALLOON, Mode.PRESS})
    found = decide(Observed(NOW, facts, acting), Lately(0), SETTINGS)
    untouched = {each.key: each.untouched for each in acting}
    freed = sum(
        step.size - (untouched[step.key] if step.means is Means.BALLOON else 0)
        for step in found.steps
        if step.direction is Direction.TAKE
    )
    assert freed <= found.demand
    assert 0 <= found.missing <= found.demand
    given_back = sum(step.size for step in found.steps if step.reason.cause is Cause.HOST_HAS_ROOM)
    if given_back:
        above = marks(16 * GIB, SETTINGS).above
        assert facts.available - given_back - facts.promised >= above


@given(hosts, guests(), st.integers(0, 16 * GIB), st.integers(0, 4 * GIB), pressures)
def test_more_pressure_never_takes_less(
    facts: HostObserved,
    seen: tuple[GuestObserved, ...],
    less: int,
    more_wanted: int,
    more: float | None,
) -> None:
    harder = HostObserved(
        total=facts.total,
        available=max(0, facts.available - less),
        promised=facts.promised,
        wanted=facts.wanted + more_wanted,
        some=max(facts.some or 0, more or 0),
        full=facts.full,
        stalled=facts.stalled,
        swap_in=facts.swap_in,
    )
    mild = decide(Observed(NOW, facts, seen), Lately(0), SETTINGS)
    hard = decide(Observed(NOW, harder, seen), Lately(0), SETTINGS)
    rounding = len(seen) * (LEAST_STEP + MIB)  # shares are whole MiB, and the least step is 4
    assert freed_by(hard, seen) >= freed_by(mild, seen) - rounding


def freed_by(found: RoundDecision, seen: tuple[GuestObserved, ...]) -> int:
    untouched = {each.key: each.untouched for each in seen}
    return sum(
        max(0, step.size - (untouched[step.key] if step.means is Means.BALLOON else 0))
        for step in found.steps
        if step.direction is Direction.TAKE
    )


@given(hosts, guests())
def test_the_order_of_guests_does_not_matter_to_what_holds(
    facts: HostObserved, seen: tuple[GuestObserved, ...]
) -> None:
    found = decide(Observed(NOW, facts, seen), Lately(0), SETTINGS)
    assert found == decide(Observed(NOW, facts, seen), Lately(0), SETTINGS)
    turned = decide(Observed(NOW, facts, seen[::-1]), Lately(0), SETTINGS)
    assert (turned.demand, turned.missing > 0) == (found.demand, found.missing > 0)
