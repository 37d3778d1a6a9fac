"""Calls of libvirt's API that may never return, made so that nobody waits for them for ever.

libvirt answers nothing about a guest whose QEMU hangs, and a thread that waits for it can't be
ended. Each call is made by a thread of its own kind: one at a time is asked, and one that does not
answer in time is left behind until it does. Nothing more is asked about that guest meanwhile.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

from xmlresource.errors import XmlresourceError

MOST_HANGING: Final = 3
"""Calls that may hang before nothing is asked at all: libvirtd serves five of a client at once
(``max_client_requests``), and as many of all clients as it has workers."""

_Result = TypeVar("_Result")


class NoAnswerError(XmlresourceError):
    """libvirt did not answer in time, or has not answered yet what was asked before."""


class _Call:
    """One call, its result, and whether it is over."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function: Final = function
        self._over: Final = threading.Event()
        self._result: Any = None
        self._error: BaseException | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has returned."""
        return self._over.is_set()

    def make(self) -> None:
        """Make it, in whatever thread this is."""
        try:
            self._result = self._function()
        except BaseException as error:  # noqa: BLE001 -- raised again where it is waited for
            self._error = error
        finally:
            self._over.set()

    def wait(self, seconds: float) -> bool:
        """Whether it was over within that time."""
        return self._over.wait(seconds)

    def result(self) -> Any:
        """What it returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result


class PatientCaller:
    """Makes calls one after the other, and goes on where one hangs."""

    def __init__(self, most_hanging: int = MOST_HANGING) -> None:
        self._most_hanging: Final = most_hanging
        self._hanging: Final[dict[str, _Call]] = {}
        self._calls: queue.SimpleQueue[_Call | None] | None = None

    @property
    def hanging(self) -> frozenset[str]:
        """What calls are about that have not returned."""
        for about in [each for each, call in self._hanging.items() if call.is_over]:
            del self._hanging[about]
        return frozenset(self._hanging)

    def call(self, about: str, function: Callable[[], _Result], seconds: float) -> _Result:
        """The result of ``function``, if it comes in time.

        Args:
            about: Whom it asks about; while a call about it hangs, no other is made.
            function: The call.
            seconds: How long to wait for it.

        Raises:
            NoAnswerError: It did not come in time, or may not be made now. What the call raises
                comes as it is.
        """
        hanging = self.hanging
        if about in hanging:
            raise NoAnswerError("libvirt has not answered yet what was asked before")
        if len(hanging) >= self._most_hanging:
            raise NoAnswerError(f"libvirt leaves {len(hanging)} calls without an answer")
        call = _Call(function)
        self._hand_over(call)
        if not call.wait(seconds):
            self._hanging[about] = call
            self._leave_behind()
            raise NoAnswerError(f"libvirt did not answer within {seconds:g} s")
        result: _Result = call.result()
        return result

    def close(self) -> None:
        """Let the thread end; those that hang end when their calls do."""
        if self._calls is not None:
            self._calls.put(None)
            self._calls = None

    def _hand_over(self, call: _Call) -> None:
        if self._calls is None:
            self._calls = queue.SimpleQueue()
            # A daemon: a process must be able to end although a call hangs.
            threading.Thread(target=_work, args=(self._calls,), daemon=True).start()
        self._calls.put(call)

    def _leave_behind(self) -> None:
        """Have the next call made by another thread; this one ends after its own."""
        self.close()


def _work(calls: "queue.SimpleQueue[_Call | None]") -> None:
    while (call := calls.get()) is not None:
        call.make()
