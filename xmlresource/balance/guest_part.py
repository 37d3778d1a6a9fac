"""The part that one guest has in a round: what is known of it, and what follows from that."""

from typing import Final

from xmlresource.balance.movement import Cause, Reason
from xmlresource.balance.observed import GuestObserved
from xmlresource.balance.recent import GuestRecent, Lately
from xmlresource.balance.standing import Need, distrust, failed, need, unavailable
from xmlresource.configuration.balance_settings import BalanceSettings
from xmlresource.reclaim.sharing import Shortfall
from xmlresource.record import record

_FALSE: Final = frozenset({Cause.WRONG_STATISTICS, Cause.UNMOVED_STATISTICS})


@record
class GuestPart:
    """A guest in a round.

    Attributes:
        guest: The guest.
        recent: What is remembered of it.
        alone: Why it can't be asked.
        distrust: Why nothing may be taken on its word.
        waits: Whether its last request is still under way.
        need: What it needs at once.
        stale: How old a report may be.
    """

    guest: GuestObserved
    recent: GuestRecent
    alone: Reason | None
    distrust: Reason | None
    waits: bool
    need: Need | None
    stale: float

    @property
    def under_way(self) -> int:
        """What is still to come from the guest; negative where it is still to go to it."""
        asked, balloon = self.recent.asked, self.guest.balloon
        if asked is None or balloon is None or not self.waits or self.recent.ignored is not None:
            return 0
        return asked.left(balloon)

    @property
    def promised(self) -> int:
        """What is promised to the guest of which its balloon keeps it."""
        has = max(self.guest.charged, self.guest.balloon or 0)
        return min(self.guest.lack, max(0, self.guest.guarantee - has))

    @property
    def is_believed(self) -> bool:
        """Whether others have to give up something for it: not for who contradicts itself."""
        wrong = self.distrust is not None and self.distrust.cause in _FALSE
        return self.free and not wrong

    @property
    def free(self) -> bool:
        """Whether it can be asked for something now."""
        return self.alone is None and not self.waits

    @property
    def shortfall(self) -> Shortfall:
        """What the guest needs at once, and what of it is promised to it."""
        size = 0 if self.need is None else self.need.size
        return Shortfall(max(size, self.promised), self.promised)

    @property
    def reason(self) -> Reason:
        """Why the guest gets that."""
        if self.need is not None:
            return self.need.reason
        has = max(self.guest.charged, self.guest.balloon or 0)
        return Reason(Cause.PROMISED, (("guarantee", self.guest.guarantee), ("has", has)))

    @property
    def left_alone(self) -> Reason | None:
        """Why nothing is asked of the guest, if that is worth telling.

        That it has not reported again since its balloon came to rest is not.
        """
        said = self.guest.statistics
        is_old = self.distrust is not None and self.distrust.cause is Cause.OLD_STATISTICS
        if is_old and said is not None and said.age <= self.stale:
            return None
        return self.alone or self.distrust


def part_of(
    guest: GuestObserved, lately: Lately, now: float, settings: BalanceSettings
) -> GuestPart:
    """The part of a guest in a round."""
    recent = lately.of(guest.key)
    alone = unavailable(guest, recent, now, settings)
    asked = recent.asked
    reached = None if asked is None else asked.reached
    since = lately.since if reached is None else max(reached, lately.since)
    age = min(settings.stale, max(0.0, now - since))
    doubt = None if alone else distrust(guest, age, settings) or failed(recent, now, settings)
    waits = asked is not None and asked.reached is None
    needs = None if alone else need(guest, settings, trusted=doubt is None)
    return GuestPart(guest, recent, alone, doubt, waits, needs, settings.stale)
