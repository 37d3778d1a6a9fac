"""Moves of guests as they go: a line for each end, and on a terminal what is under way."""

import sys
import threading
import time
from typing import Final

from xmlresource.live.drain.moving import EndedMove, GuestMove
from xmlresource.reports.fleet.drain_run import end_text, move_text

_CLEAR: Final = "\r\x1b[K"


class MoveLines:
    """Told of moves by several threads."""

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._begun: Final[dict[GuestMove, float]] = {}
        self._terminal: Final = sys.stdout.isatty()

    def __call__(self, move: GuestMove, ended: EndedMove | None) -> None:
        """Say that a move begins, or how it has ended."""
        with self._lock:
            if ended is None:
                self._begun[move] = time.monotonic()
                line = "" if self._terminal else f"{move_text(move)}  ...\n"
            else:
                seconds = time.monotonic() - self._begun.pop(move)
                line = f"{end_text(ended, seconds)}\n"
            sys.stdout.write(f"{_CLEAR}{line}{self._under_way()}" if self._terminal else line)
            sys.stdout.flush()

    def _under_way(self) -> str:
        return ", ".join(f"{move_text(each)} ..." for each in self._begun)[:78]
