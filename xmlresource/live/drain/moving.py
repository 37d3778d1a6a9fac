"""Make the moves of a plan: each is claimed at its target, and made.

The claim of a guest that has moved ends as any other does: when its new host has told of it. Until
then nobody else may have that room. Whoever crashes leaves claims that name the guest, where it is
and where it goes; from them alone the next run goes on.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from enum import Enum
from typing import Final, Protocol

from xmlresource.errors import XmlresourceError
from xmlresource.fleet.fleet_admission import FleetGuest
from xmlresource.promises.promise import Key
from xmlresource.record import record

_LOOKS: Final = 0.2
"""Seconds between looks at whether to stop."""

_TRIES: Final = 12
_BETWEEN_TRIES: Final = 5.0
"""Seconds: a host publishes soon after a guest has left, and then has the room."""


class GuestGoneError(XmlresourceError):
    """A guest that does not run on the host that it is to leave: it has ended, or has left."""


class MoveError(XmlresourceError):
    """A guest that could not be moved; it runs where it ran."""


class MoveResult(Enum):
    """What came of a move; a value is its word in JSON."""

    MOVED = "moved"
    GONE = "gone"  # the guest ran there no more
    REFUSED = "refused"  # there is no room for it at the target now
    FAILED = "failed"
    LEFT = "left"  # not begun, because the run was to stop

    @property
    def is_fine(self) -> bool:
        """Whether the guest is away from where it was."""
        return self in {MoveResult.MOVED, MoveResult.GONE}


@record
class GuestMove:
    """A move that is to be made.

    Attributes:
        key: Whose: the guest's driver and uuid.
        name: Its name.
        source: The host that it leaves.
        target: The host that it goes to.
        asks: What it asks the target for; ``None`` where that is claimed already.
    """

    key: Key
    name: str
    source: str
    target: str
    asks: FleetGuest | None = None


@record
class EndedMove:
    """What came of a move.

    Attributes:
        move: The move.
        result: What came of it.
        reason: Why it was not made; empty where it was.
    """

    move: GuestMove
    result: MoveResult
    reason: str = ""


class Mover(Protocol):
    """Who moves guests that run."""

    def move(self, key: Key, source: str, target: str) -> None:
        """Move a guest; where a move of it is under way, wait for its end first.

        Raises:
            GuestGoneError: It does not run at the source.
            MoveError: It could not be moved.
        """


class MoveClaims(Protocol):
    """Who claims room for moves."""

    def claim(self, move: GuestMove) -> str:
        """Claim room at the target; empty, or why there is none."""

    def release(self, key: Key) -> None:
        """Drop the claim of a guest."""


Listener = Callable[[GuestMove, EndedMove | None], None]
"""Told of each move as it begins, and with its end."""


class Moving:
    """A run of moves.

    Attributes:
        stop: Set to have no further move begin; those under way are finished.
    """

    def __init__(
        self,
        mover: Mover,
        claims: MoveClaims,
        tell: Listener,
        stop: threading.Event,
        parallel: int = 1,
    ) -> None:
        self.stop: Final = stop
        self._mover: Final = mover
        self._claims: Final = claims
        self._tell: Final = tell
        self._parallel: Final = parallel
        self._left: Final[set[str]] = set()

    def make(self, moves: Sequence[GuestMove]) -> tuple[EndedMove, ...]:
        """Make moves in their order; one that fails does not keep the others.

        Raises:
            FleetServerError: The server is away or refuses; moves under way were finished.
        """
        waiting, ended = list(moves), []
        flying: set[Future[EndedMove]] = set()
        targets_of: dict[Future[EndedMove], GuestMove] = {}
        error: BaseException | None = None
        with ThreadPoolExecutor(self._parallel) as pool:
            while flying or (waiting and error is None and not self.stop.is_set()):
                going = error is None and not self.stop.is_set()
                while going and waiting and self._may_begin(waiting[0], flying, targets_of):
                    move = waiting.pop(0)
                    future = pool.submit(self._one, move)
                    targets_of[future] = move
                    flying.add(future)
                over, flying = wait(flying, _LOOKS, FIRST_COMPLETED)
                for future in over:
                    failure = future.exception()
                    if failure is not None:
                        error = error or failure
                    else:
                        ended.append(future.result())
        if error is not None:
            raise error
        return (*ended, *(EndedMove(each, MoveResult.LEFT, "not begun") for each in waiting))

    def _may_begin(
        self,
        move: GuestMove,
        flying: set["Future[EndedMove]"],
        moves: dict["Future[EndedMove]", GuestMove],
    ) -> bool:
        """Whether nobody is under way who makes room for it."""
        makes_room = any(moves[each].source == move.target for each in flying)
        return len(flying) < self._parallel and not makes_room

    def _one(self, move: GuestMove) -> EndedMove:
        self._tell(move, None)
        ended = self._made(move)
        if ended.result.is_fine:
            self._left.add(move.source)
        self._tell(move, ended)
        return ended

    def _made(self, move: GuestMove) -> EndedMove:
        if move.asks is not None:
            reason = self._claimed(move)
            if reason:
                return EndedMove(move, MoveResult.REFUSED, reason)
        try:
            self._mover.move(move.key, move.source, move.target)
        except GuestGoneError as error:
            ended = EndedMove(move, MoveResult.GONE, str(error))
        except MoveError as error:
            ended = EndedMove(move, MoveResult.FAILED, str(error))
        else:
            return EndedMove(move, MoveResult.MOVED)
        self._claims.release(move.key)
        return ended

    def _claimed(self, move: GuestMove) -> str:
        """Claim, with patience where a guest has just left that host; why not, or nothing."""
        reason = self._claims.claim(move)
        tries = 1
        while reason and move.target in self._left and tries < _TRIES:
            if self.stop.wait(_BETWEEN_TRIES):
                break
            tries += 1
            reason = self._claims.claim(move)
        return reason
