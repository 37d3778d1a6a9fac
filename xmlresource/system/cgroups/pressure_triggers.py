"""The kernel's PSI triggers: told of stalls for memory without looking (accounting/psi.rst).

A trigger is a line that is written to a pressure file; the kernel reports POLLPRI on that
descriptor whenever tasks stalled for so long within a window. It lives as long as the descriptor.
"""

import contextlib
import math
import os
import select
from collections.abc import Collection
from typing import Final

from xmlresource.system.machine import Machine

HOST: Final = "/proc/pressure/memory"
IN_CGROUP: Final = "memory.pressure"  # v2 alone has it

_STALL, _WINDOW = 200_000, 2_000_000
"""Microseconds in which some task stalled, and the window that they are counted in.

Without CAP_SYS_RESOURCE, as in a container, a window must be a multiple of 2 s.
"""

# psi_write() puts a NUL in place of the last byte, whichever it is.
_LINE: Final = f"some {_STALL} {_WINDOW}\0".encode("ascii")
_OPEN: Final = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
_READY: Final = select.POLLIN | select.POLLPRI
_ERRORS: Final = select.POLLERR | select.POLLNVAL
_MILLISECONDS: Final = 1000


def open_trigger(machine: Machine, path: str) -> int | None:
    """A descriptor on which the kernel tells of stalls; ``None`` where it does not.

    PSI can be compiled out or switched off (``psi=0``), a kernel can refuse triggers, and the
    cgroup can be gone.

    Args:
        machine: The machine.
        path: The pressure file.
    """
    try:
        descriptor = os.open(machine.path(path), _OPEN)
    except OSError:
        return None
    try:
        os.write(descriptor, _LINE)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


class Sleeper:
    """A process that sleeps until a descriptor has something to tell, or a time is over."""

    def __init__(self) -> None:
        self._poll: Final = select.poll()
        self._watched: Final[set[int]] = set()

    def watch(self, descriptor: int) -> None:
        """Wake up when it has something to read, or tells of a stall."""
        self._poll.register(descriptor, _READY)
        self._watched.add(descriptor)

    def is_watching(self, descriptor: int) -> bool:
        """Whether it wakes up for it."""
        return descriptor in self._watched

    def unwatch(self, descriptor: int) -> None:
        """Wake up for it no longer."""
        if descriptor in self._watched:
            self._watched.remove(descriptor)
            self._poll.unregister(descriptor)

    def forget(self, descriptor: int) -> None:
        """Wake up for it no longer, and close it."""
        if descriptor in self._watched:
            self.unwatch(descriptor)
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def sleep(self, seconds: float) -> dict[int, bool]:
        """The descriptors that have something to tell; none where the time is over.

        Args:
            seconds: The longest time.

        Returns:
            Of each descriptor, whether it reports an error. The kernel does so when the cgroup of a
            trigger is removed, and again at once if it is not forgotten.
        """
        # Rounded up: who wakes up too early would only go to sleep again.
        told = self._poll.poll(max(0, math.ceil(seconds * _MILLISECONDS)))
        return {descriptor: bool(events & _ERRORS) for descriptor, events in told}

    def close(self) -> None:
        """Close all that is watched."""
        for descriptor in tuple(self._watched):
            self.forget(descriptor)


class Triggers:
    """The triggers of a host and of cgroups, as far as the kernel takes them."""

    def __init__(self, machine: Machine, sleeper: Sleeper) -> None:
        self._machine: Final = machine
        self._sleeper: Final = sleeper
        self._open: dict[str, int] = {}
        self._add(HOST)

    @property
    def host_is_watched(self) -> bool:
        """Whether the kernel tells of stalls on the host."""
        return self._sleeper.is_watching(self._open.get(HOST, -1))

    def includes(self, descriptor: int) -> bool:
        """Whether a descriptor is that of a trigger."""
        return descriptor in self._open.values()

    def drop(self, descriptor: int) -> None:
        """Have no more to do with a trigger, as one whose cgroup is gone."""
        self._open = {path: each for path, each in self._open.items() if each != descriptor}
        self._sleeper.forget(descriptor)

    def watch(self, paths: Collection[str]) -> None:
        """Have triggers in these pressure files and no others, beside the host's."""
        for path in [each for each in self._open if each not in paths and each != HOST]:
            self._sleeper.forget(self._open.pop(path))
        for path in paths:
            if not self._sleeper.is_watching(self._open.get(path, -1)):
                self._add(path)

    def _add(self, path: str) -> None:
        self._open.pop(path, None)
        descriptor = open_trigger(self._machine, path)
        if descriptor is not None:
            self._open[path] = descriptor
            self._sleeper.watch(descriptor)
