"""The starts that wait for room, in the order in which they came."""

from typing import Final

from xmlresource.record import record
from xmlresource.system.state.room_requests import RoomRequest

GRACE: Final = 2.0
"""Seconds for which the room of a start that was told "enough" is kept for it: by then its promise
stands in the ledger."""


@record
class _Start:
    descriptor: int
    size: int
    until: float


class WaitingStarts:
    """Who waits, for how much, and until when."""

    def __init__(self) -> None:
        self._waiting: list[_Start] = []
        self._answered: list[_Start] = []

    def __bool__(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def add(self, descriptor: int, request: RoomRequest, now: float) -> None:
        """Take in a start."""
        self._waiting.append(_Start(descriptor, request.size, now + request.seconds))

    def remove(self, descriptor: int) -> None:
        """Let go of a start that does not wait any more."""
        self._waiting = [each for each in self._waiting if each.descriptor != descriptor]

    def asked(self, now: float) -> int:
        """The room that there must be for all of them."""
        self._answered = [each for each in self._answered if each.until > now]
        return sum(each.size for each in (*self._answered, *self._waiting))

    def served(self, room: int, now: float) -> tuple[int, ...]:
        """Those for which there is room, first come, first served; they wait no longer.

        Args:
            room: What there is beside all promises.
            now: The time.

        Returns:
            Their descriptors.
        """
        left = room - self.asked(now) + sum(each.size for each in self._waiting)
        found = []
        for each in self._waiting:
            if each.size > left:
                break
            left -= each.size
            found.append(each)
        self._answered += [_Start(each.descriptor, each.size, now + GRACE) for each in found]
        self._waiting = self._waiting[len(found) :]
        return tuple(each.descriptor for each in found)

    def hopeless(self, room: int, sparable: int, now: float) -> tuple[int, ...]:
        """Those for which there can be no room whatever guests give; they wait no longer."""
        left = room + sparable - self.asked(now) + sum(each.size for each in self._waiting)
        found = []
        for each in self._waiting:
            if each.size > left or each.until <= now:
                found.append(each)
            else:
                left -= each.size
        self._waiting = [each for each in self._waiting if each not in found]
        return tuple(each.descriptor for each in found)
