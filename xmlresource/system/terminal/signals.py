"""The signals that end a process from outside, for as long as something has to be put back."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Final, TypeAlias

ENDINGS: Final = (signal.SIGTERM, signal.SIGHUP)
"""Told to end, and the terminal or connection gone."""

Handler: TypeAlias = Callable[[int, FrameType | None], Any]


@contextlib.contextmanager
def ended_by(handler: Handler) -> Iterator[None]:
    """Have ``handler`` called for these signals; they do what they did before, afterwards.

    For the main thread alone, which is where Python lets signals be handled.
    """
    # Who is told to ignore a signal (nohup) goes on doing so.
    heard = [each for each in ENDINGS if signal.getsignal(each) != signal.SIG_IGN]
    before = {each: signal.signal(each, handler) for each in heard}
    try:
        yield
    finally:
        for each, handler_before in before.items():
            signal.signal(each, handler_before)


@contextlib.contextmanager
def asked_to_stop() -> Iterator[threading.Event]:
    """An event that is set by these signals and by Ctrl-C, which do nothing else.

    For the main thread alone, as :func:`ended_by`.
    """
    stop = threading.Event()

    def hear(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = signal.signal(signal.SIGINT, hear)
    try:
        with ended_by(hear):
            yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def interruptible() -> contextlib.AbstractContextManager[None]:
    """Have these signals do what Ctrl-C does: raise :class:`KeyboardInterrupt`."""
    return ended_by(signal.default_int_handler)
