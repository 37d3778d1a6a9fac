"""What is remembered of the last rounds, and what of it leaves a guest alone."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.balance.examples import GIB, MIB, SETTINGS, guest, host, statistics
from xmlresource.balance.balancing import decide
from xmlresource.balance.movement import Cause, Direction, RoundDecision, Step
from xmlresource.balance.observed import GuestObserved, Observed
from xmlresource.balance.recent import GuestRecent, Lately, noticed, remembered
from xmlresource.configuration.balance_settings import Mode
from xmlresource.record import replace

SHORT = GIB
ENOUGH = 2 * GIB
KEY = ("qemu", "a")


@dataclass
class Story:
    """Rounds on a host with one guest, two seconds apart."""

    lately: Lately = field(default_factory=lambda: Lately(0))
    now: float = 100
    available: int = SHORT
    failed: tuple[tuple[str, str], ...] = ()

    def round(self, seen_guest: GuestObserved | None) -> RoundDecision:
        guests = () if seen_guest is None else (seen_guest,)
        seen = Observed(self.now, host(self.available), guests)
        lately = noticed(self.lately, seen, SETTINGS)
        found = decide(seen, lately, SETTINGS)
        self.lately = remembered(lately, seen, found, self.failed)
        self.now += 2
        return found

    @property
    def recent(self) -> GuestRecent:
        return self.lately.of(KEY)


def directions(found: RoundDecision) -> list[Direction]:
    return [step.direction for step in found.steps]


def test_a_guest_is_asked_once_until_its_balloon_is_there() -> None:
    story = Story()
    (step,) = story.round(guest()).steps
    assert step.direction is Direction.TAKE
    assert story.round(guest()).steps == ()
    half = guest(balloon=step.target + step.size // 2)
    assert story.round(half).steps == ()
    assert story.recent.asked is not None
    assert story.recent.asked.at == story.now - 2
    there = guest(balloon=step.target)
    found = story.round(there)
    # the report is from before it came to rest: nobody is told, nothing is taken on it
    assert (found.steps, found.left_alone) == ((), ())
    assert story.recent.asked.reached == 106
    found = story.round(after(step))
    assert directions(found) == [Direction.TAKE]
    assert found.steps[0].size == pytest.approx(2 * step.size, abs=2 * MIB)


def after(step: Step, missing: float = 1.0, **more: Any) -> GuestObserved:
    """The guest after a step, with so much of what was taken missing in its report."""
    usable = 2 * GIB - int(step.size * missing)
    said = statistics(usable, step.target, **more)
    return guest(balloon=step.target, statistics=said)


def rest(story: Story, seen: GuestObserved) -> RoundDecision:
    """Two rounds: the balloon comes to rest, and a report follows."""
    story.round(seen)
    return story.round(seen)


def test_whose_report_does_not_fall_is_left_alone_for_a_while() -> None:
    story = Story()
    (step,) = story.round(guest()).steps
    found = rest(story, after(step, 0.7))
    assert found.steps == ()
    (alone,) = found.left_alone
    assert alone.reason.cause is Cause.UNMOVED_STATISTICS
    assert (story.recent.proven, story.recent.failures) == (False, 1)
    story.now += SETTINGS.back_off - 4
    assert story.round(after(step, 0.7)).steps == ()
    (again,) = story.round(after(step, 0.7)).steps
    # as little as from one that was never tried
    assert (again.direction, again.size) == (Direction.TAKE, step.size)


def test_each_failed_trial_doubles_the_time_and_one_that_stands_ends_it() -> None:
    story = Story()
    seen, waits = guest(usable=3 * GIB), []
    for _ in range(3):
        while not (steps := story.round(seen).steps):
            story.now += 8
        waits.append(story.now)
        seen = guest(balloon=steps[0].target, usable=3 * GIB)
        rest(story, seen)
    assert waits[2] - waits[1] > 1.5 * (waits[1] - waits[0])
    assert story.recent.failures == 3
    while not (steps := story.round(seen).steps):
        story.now += 8
    left = seen.statistics
    assert left is not None
    assert left.usable is not None
    rest(story, guest(balloon=steps[0].target, usable=left.usable - steps[0].size))
    assert (story.recent.failed, story.recent.failures, story.recent.proven) == (None, 0, True)


def test_no_report_is_no_verdict() -> None:
    story = Story()
    (step,) = story.round(guest()).steps
    rest(story, guest(balloon=step.target, statistics=None))
    assert story.recent.trial is not None
    rest(story, after(step, age=20))
    assert (story.recent.trial is None, story.recent.proven) == (False, False)
    rest(story, after(step))
    assert story.recent.proven


def test_who_needs_memory_back_is_asked_for_little_again() -> None:
    story = Story()
    (step,) = story.round(guest()).steps
    story.round(after(step))
    story.available = 2 * GIB
    story.round(after(step))
    assert story.recent.proven
    hungry = guest(balloon=step.target, usable=100 * MIB)
    (given,) = story.round(hungry).steps
    assert given.direction is Direction.GIVE
    assert not story.recent.proven
    assert story.recent.trial is None


def test_who_only_gets_what_is_left_over_stays_proven() -> None:
    story = Story()
    (step,) = story.round(guest()).steps
    story.round(after(step))
    story.available = 8 * GIB
    story.now += SETTINGS.calm
    (given,) = story.round(after(step)).steps
    assert (given.direction, given.reason.cause) == (Direction.GIVE, Cause.HOST_HAS_ROOM)
    assert story.recent.proven


def test_a_service_that_begins_anew_has_tried_nobody() -> None:
    story = Story()
    (step,) = story.round(guest()).steps
    rest(story, after(step))
    assert story.recent.proven
    story.lately = Lately(story.now)
    story.now += 4
    (again,) = story.round(guest()).steps
    assert again.size == step.size


def test_a_balloon_that_went_further_than_asked_is_there() -> None:
    story = Story()
    (step,) = story.round(guest()).steps
    story.round(guest(balloon=step.target - GIB))
    assert story.recent.asked is not None
    assert story.recent.asked.reached == 102


def test_what_is_still_to_come_is_not_asked_of_others() -> None:
    story = Story()
    first = story.round(guest())
    (step,) = first.steps
    seen = Observed(story.now, host(SHORT), (guest(), guest("b")))
    lately = noticed(story.lately, seen, SETTINGS)
    (more,) = decide(seen, lately, SETTINGS).steps
    assert more.name == "b"
    assert more.size <= first.demand - step.size


def ignoring(story: Story, rounds: int = 6) -> RoundDecision:
    found = story.round(guest())
    for _ in range(rounds):
        found = story.round(guest())
    return found


def test_a_balloon_that_does_not_move_is_held_and_left_alone_for_a_while() -> None:
    story = Story()
    found = ignoring(story, 5)
    assert directions(found) == [Direction.HOLD]
    (held,) = found.steps
    assert (held.target, held.size) == (4 * GIB, 0)
    assert held.reason.cause is Cause.IGNORES
    found = story.round(guest())
    assert found.steps == ()
    (alone,) = found.left_alone
    assert alone.reason.cause is Cause.IGNORES
    story.now += SETTINGS.back_off
    assert directions(story.round(guest())) == [Direction.TAKE]


def test_it_is_left_alone_for_longer_each_time() -> None:
    story = Story()
    waits = []
    for _ in range(8):
        ignoring(story, 5)
        begun = story.now
        while not story.round(guest()).steps:
            pass
        waits.append(story.now - begun)
        story.lately = replace(
            story.lately, guests=(replace(story.recent, asked=None, ignored=story.now),)
        )
        story.now += 2000
    assert waits[0] < waits[1] < waits[2]
    assert max(waits) <= SETTINGS.back_off * 16 + 4


def test_a_hold_that_could_not_be_done_is_done_again() -> None:
    story = Story(failed=())
    ignoring(story, 4)
    story.failed = (KEY,)
    assert directions(story.round(guest())) == [Direction.HOLD]
    story.failed = ()
    assert directions(story.round(guest())) == [Direction.HOLD]
    assert story.round(guest()).steps == ()


def test_a_balloon_that_creeps_is_held_in_the_end() -> None:
    story = Story()
    (step,) = story.round(guest()).steps
    balloon, rounds = 4 * GIB, 0
    while True:
        balloon -= 2 * MIB
        rounds += 1
        found = story.round(guest(balloon=balloon))
        if found.steps:
            break
    assert balloon > step.target
    assert directions(found) == [Direction.HOLD]
    assert rounds == 6 * SETTINGS.patience / 2


def test_one_that_moved_at_last_is_trusted_again() -> None:
    story = Story()
    (step,) = story.round(guest()).steps
    for _ in range(4):
        story.round(guest())
    story.round(guest(balloon=step.target))
    assert (story.recent.ignored, story.recent.refusals) == (None, 0)


@pytest.mark.parametrize("silent", [{"answers": False}, {"balloon": None}])
def test_one_that_does_not_answer_is_not_judged(silent: dict[str, Any]) -> None:
    story = Story()
    story.round(guest())
    for _ in range(20):
        assert story.round(guest(**silent, statistics=None)).steps == ()
    assert story.recent.ignored is None


def test_a_step_that_failed_is_not_remembered() -> None:
    story = Story(failed=(KEY,))
    assert story.round(guest()).steps
    assert story.recent == GuestRecent(KEY)


def test_what_is_only_observed_is_not_remembered() -> None:
    story = Story()
    (step,) = story.round(guest(mode=Mode.OBSERVE)).steps
    assert step.observe
    assert story.recent == GuestRecent(KEY)


def test_a_guest_that_ended_is_forgotten() -> None:
    story = Story()
    story.round(guest())
    story.round(None)
    assert story.lately.guests == ()


def test_a_guest_that_was_pressed_was_not_asked() -> None:
    story = Story()
    silent = guest(balloon=None, charged=4 * GIB, statistics=None, mode=Mode.PRESS)
    (step,) = story.round(silent).steps
    assert step.target == 4 * GIB - step.size
    assert story.recent.asked is None
    assert story.recent.taken == 100


def test_who_was_given_something_is_not_taken_from_at_once() -> None:
    story = Story(available=8 * GIB)
    (step,) = story.round(guest(balloon=3 * GIB, usable=GIB)).steps
    assert step.direction is Direction.GIVE
    there = guest(balloon=step.target)
    story.available = 16 * GIB // 10 - MIB
    story.round(there)
    story.now += 10
    assert story.round(there).steps == ()
    story.available = SHORT // 2  # the host is about to swap
    assert directions(story.round(there)) == [Direction.TAKE]


def test_who_was_taken_from_is_not_given_back_at_once() -> None:
    story = Story()
    (step,) = story.round(guest()).steps
    there = guest(balloon=step.target)
    story.round(there)
    story.available = 8 * GIB
    assert story.round(there).steps == ()
    story.now += SETTINGS.calm
    assert directions(story.round(there)) == [Direction.GIVE]


def test_a_service_that_begins_trusts_no_report_from_before() -> None:
    story = Story(Lately(99.5))
    found = story.round(guest())
    assert found.steps == ()
    assert directions(story.round(guest())) == [Direction.TAKE]
