"""Guests with balloons over a host of plain files, and libvirt's connection to them.

A guest takes what its balloon leaves it, and gives back as far as it does not need it; it reports
its statistics when the test lets time pass. Each can misbehave as real ones do.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

from .host import MIB, FakeHost
from .libvirt import FakeDomain, FakeLibvirtError

if TYPE_CHECKING:
    from collections.abc import Callable

KIB_A_MIB = 1024
OVERHEAD = 40  # MiB
NO_DOMAIN, NOT_RUNNING, INTERNAL = 42, 55, 1


class Clock:
    """One clock for all: seconds that only grow, and the time of day."""

    def __init__(self) -> None:
        self.monotonic = 1000.0
        self.of_day = 1_800_000_000

    def now(self) -> float:
        return self.monotonic

    def seconds_since_1970(self) -> int:
        return self.of_day

    def advance(self, seconds: int) -> None:
        self.monotonic += seconds
        self.of_day += seconds


class BalloonGuest(FakeDomain):
    """A guest that runs, all of whose RAM is charged. Sizes are in MiB.

    Attributes:
        used: What its programs need.
        stubborn: Its balloon stays where it is.
        silent: It reports nothing.
        lie: What it reports as usable, whatever is true.
        frozen: It reports what it did before, as one that hangs.
        hangs: Set until libvirt's calls about it return.
    """

    def __init__(
        self, host: FakeHost, clock: Clock, name: str, number: int, *, ram: int = 1024, used: int
    ) -> None:
        self.ram, self.used, self.clock = ram, used, clock
        self.stubborn = self.silent = self.frozen = False
        self.lie: int | None = None
        self.period = 0
        self.reported: dict[str, int] = {}
        self.swapped_in = 0
        self.hangs = threading.Event()
        self.hangs.set()
        self.in_call: Callable[[], None] = lambda: None
        super().__init__(host, name, 4242 + number, number=number)
        self.balloon = self.wanted = ram * KIB_A_MIB
        self.charge()
        self._show()

    def XMLDesc(self, flags: int) -> str:  # noqa: N802
        current = self.ram if self.balloon is None else self.balloon // KIB_A_MIB
        sizes = (
            f"<memory unit='MiB'>{self.ram}</memory>"
            f"<currentMemory unit='MiB'>{current}</currentMemory>"
        )
        return super().XMLDesc(flags).replace("<memory unit='MiB'>64</memory>", sizes)

    def charge(self) -> None:
        """All that it may have is charged to it."""
        charged = (self.balloon or 0) * 1024 + OVERHEAD * MIB
        self.host.write(f"{self.folder}/memory.usage_in_bytes", f"{charged}\n")

    def live(self) -> None:
        """Let its balloon move, and have it report."""
        if self.pid is None:
            return
        if not self.stubborn:
            least = (self.used + 4) * KIB_A_MIB
            self.balloon = max(self.wanted, least)
            self.charge()
            self._show()
        if self.period and not self.silent and not self.frozen:
            usable = max(0, (self.balloon or 0) // KIB_A_MIB - self.used)
            usable = usable if self.lie is None else self.lie
            self.reported = {
                "available": self.balloon or 0,
                "usable": usable * KIB_A_MIB,
                "unused": usable * KIB_A_MIB // 2,
                "swap_in": self.swapped_in,
                "major_fault": 0,
                "last_update": self.clock.of_day,
            }

    def end(self) -> None:
        """End it, as a crash would."""
        assert self.pid is not None
        self.host.end(self.pid)
        for kind in ("pid", "xml"):
            (self.host.root / f"run/libvirt/qemu/{self.name()}.{kind}").unlink()
        self.pid = None

    # What libvirt's object has

    def memoryStats(self) -> dict[str, int]:  # noqa: N802
        self._ask()
        return {"actual": self.balloon or 0, "rss": 1, "last_update": 0, **self.reported}

    def setMemoryFlags(self, kib: int, flags: int) -> int:  # noqa: N802
        self._ask()
        assert flags == 1
        self.calls.append(("setMemoryFlags", kib))
        self.wanted = kib
        return 0

    def setMemoryStatsPeriod(self, seconds: int, flags: int) -> int:  # noqa: N802
        self._ask()
        assert flags == 1
        self.calls.append(("setMemoryStatsPeriod", seconds))
        self.period = seconds
        return 0

    def asked(self) -> list[int]:
        """The sizes that its balloon was asked for, in MiB."""
        return [kib // KIB_A_MIB for name, kib in self.calls if name == "setMemoryFlags"]

    def _ask(self) -> None:
        self.in_call()
        self.hangs.wait(60)
        if self.pid is None:
            text = "Requested operation is not valid: domain is not running"
            raise FakeLibvirtError(text, NOT_RUNNING)


class Daemon:
    """libvirtd: it can end, and its clients' connections break then."""

    def __init__(self, *guests: BalloonGuest) -> None:
        self.guests = guests
        self.runs = True
        self.connections = 0

    def module(self) -> SimpleNamespace:
        """The module ``libvirt``."""
        return SimpleNamespace(
            libvirtError=FakeLibvirtError,
            open=self._open,
            registerErrorHandler=lambda _handler, _context: None,
        )

    def _open(self, _uri: str | None) -> SimpleNamespace:
        if not self.runs:
            raise FakeLibvirtError("Failed to connect socket: No such file or directory", 38)
        self.connections += 1
        mine = self.connections

        def stands() -> int:
            return int(self.runs and mine == self.connections)

        def look_up(uuid: str) -> BalloonGuest:
            if not stands():
                raise FakeLibvirtError("internal error: client socket is closed", INTERNAL)
            for guest in self.guests:
                if guest.UUIDString() == uuid and guest.pid is not None:
                    return guest
            raise FakeLibvirtError("Domain not found", NO_DOMAIN)

        return SimpleNamespace(
            lookupByUUIDString=look_up, isAlive=stands, close=lambda: 0, getType=lambda: "QEMU"
        )

    def restart(self) -> None:
        """Break all connections; new ones can be made."""
        self.connections += 1
