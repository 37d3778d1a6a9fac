"""The memory of the last rounds: what each guest was asked, and what came of it.

It keeps a guest from being asked twice for the same, and memory from going back and forth. It is
safe to lose: a service that begins anew trusts no statistics from before it began, and otherwise
decides from what it observes. A guest whose word has not stood a trial since is asked for little.
"""

from collections.abc import Collection

from xmlresource.balance.movement import Cause, Direction, Means, RoundDecision, Step
from xmlresource.balance.observed import GuestObserved, Key, Observed
from xmlresource.balance.trial import Trial, trial_of, verdict
from xmlresource.configuration.balance_settings import BalanceSettings
from xmlresource.record import record, replace

NOTICEABLE = 1 << 20
"""A balloon that moves less than that, does not."""

_SLOWEST = 6  # times the patience: a balloon that is still on its way then is held where it is


@record
class Asked:
    """What the balloon of a guest was asked for last.

    Attributes:
        at: When it was asked, or when the balloon last moved since.
        first: When it was asked.
        begun: The balloon at ``at``.
        target: The size it was asked for.
        reached: When it was first observed at that size; ``None`` before.
    """

    at: float
    first: float
    begun: int
    target: int
    reached: float | None = None

    def left(self, balloon: int) -> int:
        """The bytes that are still to come; negative where they are still to be given."""
        return balloon - self.target


@record
class GuestRecent:
    """What is remembered of one guest.

    Attributes:
        key: The guest.
        asked: Its last request, until it is held.
        taken: When memory was last taken from it.
        given: When memory was last given to it.
        ignored: When its balloon was found not to do as asked; ``None`` where it does.
        refusals: How often in a row that was so.
        trial: What its next report is held against.
        proven: Whether its word stood the last trial, and it needed nothing since.
        failed: When its word did not stand a trial; ``None`` where it did since.
        failures: How often in a row that was so.
    """

    key: Key
    asked: Asked | None = None
    taken: float | None = None
    given: float | None = None
    ignored: float | None = None
    refusals: int = 0
    trial: Trial | None = None
    proven: bool = False
    failed: float | None = None
    failures: int = 0


@record
class Lately:
    """What is remembered of the last rounds.

    Attributes:
        since: When the service began: what guests reported before is not trusted.
        guests: The guests that something is known of.
    """

    since: float = float("-inf")
    guests: tuple[GuestRecent, ...] = ()

    def of(self, key: Key) -> GuestRecent:
        """What is remembered of a guest, which may be nothing."""
        return next((each for each in self.guests if each.key == key), GuestRecent(key))


def noticed(lately: Lately, seen: Observed, settings: BalanceSettings) -> Lately:
    """Take in what balloons did and guests reported since; those that ended are forgotten.

    To be called with what is observed, before :func:`~xmlresource.balance.balancing.decide`.
    """
    return replace(
        lately,
        guests=tuple(
            _tried(_moved(lately.of(guest.key), guest, seen.at, settings), guest, seen.at, settings)
            for guest in seen.guests
        ),
    )


def remembered(
    lately: Lately, seen: Observed, decision: RoundDecision, failed: Collection[Key] = ()
) -> Lately:
    """Take in the steps that were carried out.

    Args:
        lately: What ``decide`` was given.
        seen: What ``decide`` was given.
        decision: What it said.
        failed: Guests whose step could not be done.
    """
    done = {
        step.key: step for step in decision.steps if not step.observe and step.key not in failed
    }
    guests = {guest.key: guest for guest in seen.guests}
    return replace(
        lately,
        guests=tuple(
            _stepped(each, done[each.key], guests[each.key], seen.at) if each.key in done else each
            for each in lately.guests
        ),
    )


def _moved(
    each: GuestRecent, guest: GuestObserved, now: float, settings: BalanceSettings
) -> GuestRecent:
    asked, balloon = each.asked, guest.balloon
    if asked is None or balloon is None or asked.reached is not None:
        return each
    if abs(asked.left(balloon)) < NOTICEABLE or _is_beyond(asked, balloon):
        return replace(each, asked=replace(asked, reached=now), ignored=None, refusals=0)
    if not guest.answers:
        return each
    if abs(balloon - asked.begun) >= NOTICEABLE:
        each = replace(each, asked=replace(asked, at=now, begun=balloon))
        if now - asked.first < settings.patience * _SLOWEST:
            return each
    elif now - asked.at < settings.patience:
        return each
    return replace(each, ignored=now if each.ignored is None else each.ignored)


def _tried(
    each: GuestRecent, guest: GuestObserved, now: float, settings: BalanceSettings
) -> GuestRecent:
    asked, trial = each.asked, each.trial
    if trial is None or asked is None or asked.reached is None:
        return each
    stands = verdict(trial, guest, now - asked.reached, settings)
    if stands is None:
        return each
    if stands:
        return replace(each, trial=None, proven=True, failed=None, failures=0)
    return replace(each, trial=None, proven=False, failed=now, failures=each.failures + 1)


def _is_beyond(asked: Asked, balloon: int) -> bool:
    """Whether the balloon went further than it was asked to: nothing is still to come."""
    return (asked.begun - asked.target) * asked.left(balloon) < 0


def _stepped(each: GuestRecent, step: Step, guest: GuestObserved, now: float) -> GuestRecent:
    balloon = guest.balloon
    if step.direction is Direction.HOLD:
        held = replace(each, asked=None, ignored=now, refusals=each.refusals + 1)
        return replace(held, trial=None, proven=False)
    taken = now if step.direction is Direction.TAKE else each.taken
    given = now if step.direction is Direction.GIVE else each.given
    if step.means is Means.PRESS or balloon is None:
        return replace(each, taken=taken, given=given)
    each = replace(each, taken=taken, given=given, ignored=None)
    asked = Asked(now, now, balloon, step.target)
    if step.direction is Direction.TAKE:
        return replace(each, asked=asked, trial=trial_of(guest))
    proven = each.proven and step.reason.cause is Cause.HOST_HAS_ROOM
    return replace(each, asked=asked, trial=None, proven=proven)
