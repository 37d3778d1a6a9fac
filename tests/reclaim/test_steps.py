"""The state machine that takes memory back, against guests of every kind."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.reclaim.steps import (
    MOST_ASKS,
    Ask,
    Cooperation,
    Goal,
    Observation,
    Press,
    Progress,
    Stop,
    Wait,
    balloon_for,
    begin,
    proceed,
)

MIB = 1 << 20


@dataclass
class Guest:
    """A guest and a kernel, as far as the machine can tell."""

    charged: int
    balloon: int | None
    gives: int = 0  # how far its balloon goes down, at most
    pace: int = 64 * MIB  # at a time
    reclaimable: int = 0
    stays: int = 0  # what of it stays charged all the same
    pressures: tuple[float | None, ...] = (None,)
    asked: int | None = None
    time: float = 0.0

    def look(self) -> Observation:
        pressure = self.pressures[int(self.time) % len(self.pressures)]
        return Observation(self.time, self.charged, self.balloon, pressure)

    def live(self, action: Ask | Wait | Press) -> bool:
        """Let a second pass; whether a step was refused."""
        self.time += 1
        if isinstance(action, Ask):
            self.asked = action.balloon
        taken = 0
        if isinstance(action, Press):
            taken = min(action.size, self.reclaimable)
            self.reclaimable -= taken
            self.charged -= taken
        if self.asked is not None and self.balloon is not None:
            given = min(self.pace, self.gives, self.balloon - self.asked)
            self.gives -= given
            self.balloon -= given
            kept = min(given, self.stays)
            self.stays -= kept
            self.charged = max(0, self.charged - given + kept)
        return isinstance(action, Press) and taken < action.size // 2


def run(goal: Goal, guest: Guest) -> tuple[Progress, Stop, list[Ask | Wait | Press]]:
    actions: list[Ask | Wait | Press] = []
    course, action = begin(goal, guest.look())
    while not isinstance(action, Stop):
        if isinstance(action, Press):
            assert goal.press
            assert 0 < action.size <= guest.charged - goal.target
        actions.append(action)
        refused = guest.live(action)
        course, action = proceed(goal, course, guest.look(), refused=refused)
    return course, action, actions


sizes = st.integers(0, 4096).map(lambda mebibytes: mebibytes * MIB)
guests = st.builds(
    Guest,
    charged=sizes,
    balloon=st.none() | sizes,
    gives=sizes,
    pace=sizes,
    reclaimable=sizes,
    stays=sizes,
    pressures=st.lists(st.none() | st.floats(0, 100), min_size=1, max_size=5).map(tuple),
)
goals = st.builds(Goal, target=sizes, timeout=st.integers(1, 60), press=st.booleans())


@given(goals, guests)
def test_it_ends_in_time_and_says_the_truth(goal: Goal, guest: Guest) -> None:
    _, stop, actions = run(goal, guest)
    assert guest.time <= goal.timeout
    assert stop.reached is (guest.charged <= goal.target)
    assert stop.reason
    asked = [action.balloon for action in actions if isinstance(action, Ask)]
    assert len(asked) <= MOST_ASKS
    assert asked == sorted(asked, reverse=True)


@given(goals, guests)
def test_it_never_presses_while_tasks_stall(goal: Goal, guest: Guest) -> None:
    before = guest.look()
    course, action = begin(goal, before)
    while not isinstance(action, Stop):
        if isinstance(action, Press):
            assert (before.pressure or 0) < 10
        refused = guest.live(action)
        before = guest.look()
        course, action = proceed(goal, course, before, refused=refused)


@given(sizes, sizes, sizes)
def test_what_the_emulator_needs_is_taken_off(target: int, charged: int, balloon: int) -> None:
    asked = balloon_for(Goal(target, 1), charged, balloon)
    assert MIB <= asked <= max(MIB, target)


def test_a_guest_that_gives() -> None:
    guest = Guest(charged=1100 * MIB, balloon=1024 * MIB, gives=1024 * MIB)
    course, stop, actions = run(Goal(600 * MIB, 60), guest)
    assert stop.reached
    assert course.cooperation is Cooperation.GIVES
    assert actions[0] == Ask(524 * MIB)


def test_a_guest_that_did_as_asked_is_asked_again_for_what_stays_charged() -> None:
    guest = Guest(charged=1100 * MIB, balloon=1024 * MIB, gives=1024 * MIB, stays=40 * MIB)
    # However long a guest may take that does nothing, this one has done what there was to do.
    course, stop, actions = run(Goal(600 * MIB, 60, patience=50), guest)
    asked = [action.balloon // MIB for action in actions if isinstance(action, Ask)]
    assert (stop.reached, course.cooperation) == (True, Cooperation.GIVES)
    assert asked == [524, 484]
    assert guest.time == 10  # a second after the last of the 500 MiB, at 64 a second, and one more


def test_the_last_little_is_asked_for_too() -> None:
    guest = Guest(charged=1100 * MIB, balloon=1024 * MIB, gives=1024 * MIB, stays=4096)
    _, stop, actions = run(Goal(600 * MIB, 60), guest)
    assert stop.reached
    asked = [action.balloon // MIB for action in actions if isinstance(action, Ask)]
    assert asked == [524, 523]


def test_an_emulator_that_goes_on_growing_is_outrun() -> None:
    guest = Guest(charged=1100 * MIB, balloon=1024 * MIB, gives=1024 * MIB)
    goal = Goal(600 * MIB, 60)
    course, action = begin(goal, guest.look())
    asked = []
    while not isinstance(action, Stop):
        assert not isinstance(action, Press)
        if isinstance(action, Ask):
            guest.charged += 4 * MIB + 12 * 1024  # of its own, each time that it is asked
            asked.append(action.balloon // MIB)
        guest.live(action)
        course, action = proceed(goal, course, guest.look())
    assert (action.reached, course.cooperation) == (True, Cooperation.GIVES)
    assert asked == [524, 519, 515, 511, 503, 487]


def test_a_guest_that_does_all_that_it_is_asked_is_not_asked_for_ever() -> None:
    guest = Guest(charged=1100 * MIB, balloon=1024 * MIB, gives=1024 * MIB, stays=1024 * MIB)
    course, stop, actions = run(Goal(600 * MIB, 60), guest)
    assert (stop.reached, course.cooperation) == (False, Cooperation.GIVES)
    assert "500 MiB too much" in stop.reason
    asked = [action.balloon // MIB for action in actions if isinstance(action, Ask)]
    assert asked == [524, 262]


def test_a_guest_that_gives_too_little() -> None:
    guest = Guest(charged=1100 * MIB, balloon=1024 * MIB, gives=100 * MIB)
    course, stop, _ = run(Goal(600 * MIB, 60), guest)
    assert (stop.reached, course.cooperation) == (False, Cooperation.STOPPED)
    assert "400 MiB too much" in stop.reason
    assert guest.time == 2 + 5


def test_a_balloon_that_stops_a_page_short_is_where_it_was_asked_to_be() -> None:
    guest = Guest(charged=1100 * MIB, balloon=1024 * MIB, gives=500 * MIB - 4096)
    _, _, actions = run(Goal(600 * MIB, 60), guest)
    asked = [action.balloon // MIB for action in actions if isinstance(action, Ask)]
    assert asked == [524, 523]


def test_a_guest_that_ignores_its_balloon_is_pressed_if_asked() -> None:
    guest = Guest(charged=1100 * MIB, balloon=1024 * MIB, reclaimable=700 * MIB)
    course, stop, _ = run(Goal(600 * MIB, 60, press=True), guest)
    assert (stop.reached, course.cooperation) == (True, Cooperation.IGNORES)
    guest = Guest(charged=1100 * MIB, balloon=1024 * MIB, reclaimable=700 * MIB)
    assert not run(Goal(600 * MIB, 60), guest)[1].reached
    assert guest.charged == 1100 * MIB


def test_it_presses_step_by_step() -> None:
    guest = Guest(charged=800 * MIB, balloon=None, reclaimable=400 * MIB)
    _, stop, actions = run(Goal(600 * MIB, 60, press=True), guest)
    assert stop.reached
    assert actions == [Press(size * MIB) for size in (64, 64, 64, 8)]


def test_steps_that_are_refused_are_halved() -> None:
    guest = Guest(charged=800 * MIB, balloon=None, reclaimable=20 * MIB)
    _, _, actions = run(Goal(600 * MIB, 60, press=True), guest)
    assert [action.size // MIB for action in actions if isinstance(action, Press)] == [
        *(64, 32, 16, 8, 4, 2, 1)
    ]


def test_a_guest_that_does_nothing_is_judged_after_five_seconds() -> None:
    guest = Guest(charged=1100 * MIB, balloon=1024 * MIB)
    course, stop, _ = run(Goal(600 * MIB, 60), guest)
    assert (stop.reached, course.cooperation) == (False, Cooperation.IGNORES)
    assert guest.time == 5


def test_pressing_ends_where_nothing_can_be_reclaimed() -> None:
    guest = Guest(charged=1100 * MIB, balloon=None, reclaimable=10 * MIB)
    course, stop, _ = run(Goal(600 * MIB, 60, press=True), guest)
    assert course.cooperation is Cooperation.NO_BALLOON
    assert "nothing more can be reclaimed" in stop.reason


def test_pressing_ends_where_tasks_stall() -> None:
    guest = Guest(charged=900 * MIB, balloon=None, reclaimable=900 * MIB, pressures=(80.0,))
    _, stop, actions = run(Goal(600 * MIB, 60, press=True), guest)
    assert stop == Stop(reached=False, reason="tasks wait for memory 80 % of the time")
    assert set(map(type, actions)) == {Wait}


def test_it_waits_for_tasks_that_stall_when_it_begins_to_press() -> None:
    pressures = (*[None] * 5, 80.0, *[None] * 54)
    guest = Guest(1100 * MIB, 1024 * MIB, reclaimable=700 * MIB, pressures=pressures)
    _, stop, actions = run(Goal(600 * MIB, 60, press=True), guest)
    assert stop.reached
    assert actions[5] == Wait()


def test_it_takes_no_longer_than_it_may() -> None:
    guest = Guest(charged=900 * MIB, balloon=800 * MIB, gives=800 * MIB, pace=2 * MIB)
    _, stop, _ = run(Goal(100 * MIB, 9), guest)
    assert stop == Stop(reached=False, reason="the 9 s are over")


def test_nothing_is_asked_of_a_guest_that_has_little() -> None:
    _, stop, actions = run(Goal(600 * MIB, 9), Guest(charged=500 * MIB, balloon=400 * MIB))
    assert (stop.reached, actions) == (True, [])


def test_a_balloon_that_is_small_already_is_left_alone() -> None:
    guest = Guest(charged=700 * MIB, balloon=MIB, reclaimable=700 * MIB)
    course, stop, _ = run(Goal(600 * MIB, 9, press=True), guest)
    assert (stop.reached, course.cooperation) == (True, Cooperation.UNKNOWN)


def test_memory_that_goes_away_by_itself_counts_as_movement() -> None:
    goal = Goal(100 * MIB, 60)
    course, _ = begin(goal, Observation(0, 300 * MIB, 200 * MIB))
    course, action = proceed(goal, course, Observation(6, 200 * MIB, 200 * MIB))
    assert (action, course.moved) == (Wait(), 6)


@pytest.mark.parametrize("member", Cooperation)
def test_each_verdict_is_a_sentence(member: Cooperation) -> None:
    assert member.value.startswith("it ")
