"""A progress bar for long runs, on a terminal and nowhere else."""

import sys
from time import monotonic
from typing import Final, Self

_LONG: Final = 0.7
"""Seconds after which a run is long."""

_OFTEN: Final = 0.1
_WIDTH: Final = 30


class ProgressBar:
    """A bar on standard error; leave the context to wipe it."""

    def __init__(self) -> None:
        self._shown = False
        self._next = monotonic() + _LONG if sys.stderr.isatty() else float("inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __call__(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are done, when it is time to."""
        if self._next == float("inf") or monotonic() < self._next:
            return
        self._next = monotonic() + _OFTEN
        self._shown = True
        bar = "#" * (_WIDTH * done // max(total, 1))
        sys.stderr.write(f"\r[{bar:<{_WIDTH}}] {done} of {total} files")
        sys.stderr.flush()
