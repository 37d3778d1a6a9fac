"""What is remembered of the last rounds, and what of it leaves a guest alone."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.balance.examples import GIB, MIB, SETTINGS, guest, host
from xmlresource.balance.balancing import decide
from xmlresource.balance.movement import Cause, Direction, RoundDecision
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
    found = story.round(there)
    assert directions(found) == [Direction.TAKE]


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
