"""The facts that a decision on moving memory stands on: a host and its running guests.

All of it is read from the machine in each round; nothing here is remembered. Sizes are in bytes,
times in seconds, pressure is the percentage of the last ten seconds. ``None`` is "not known", and
what is not known is never a reason to take memory.
"""

from typing import TypeAlias

from xmlresource.configuration.balance_settings import Mode
from xmlresource.record import record

Key: TypeAlias = tuple[str, str]
"""Whose guest it is: driver and uuid, as in ``promises.promise``."""


@record
class HostObserved:
    """A host at one moment.

    Attributes:
        total: MemTotal.
        available: MemAvailable.
        promised: Memory that is promised and not charged yet, of guests that run, start, or come
            after a boot: it is available, and not for giving away.
        wanted: Memory that must come free for a guest that waits to start: what the physical rule
            of admission found missing; 0 where nobody waits.
        some: Pressure stall information of the host: some task waited for memory.
        full: All tasks did.
        stalled: A pressure trigger has fired since the round before.
        swap_in: Bytes a second that the host reads back from swap.
    """

    total: int
    available: int
    promised: int = 0
    wanted: int = 0
    some: float | None = None
    full: float | None = None
    stalled: bool = False
    swap_in: float | None = None


@record
class BalloonStatistics:
    """The memory statistics that the balloon driver of a guest reports, in libvirt's words.

    The guest writes them: they may be old, or lies.

    Attributes:
        age: Seconds since the guest reported them (now less ``last_update``).
        available: All memory that the guest's system sees (its MemTotal).
        usable: What it could use without swapping (its MemAvailable).
        unused: What it uses for nothing at all (its MemFree).
        swap_in: Bytes a second that it reads from its own swap, between its last two reports.
        major_faults: Page faults a second that had to wait for a disk, likewise.
    """

    age: float
    available: int | None = None
    usable: int | None = None
    unused: int | None = None
    swap_in: float | None = None
    major_faults: float | None = None


@record
class GuestObserved:
    """A running guest at one moment.

    Attributes:
        key: The guest.
        name: Its name, for people.
        maximum: The RAM that it may have: ``<currentMemory>`` of the persistent definition, else
            all its RAM.
        charged: What is charged to its cgroup.
        balloon: The RAM that its balloon leaves it now; ``None`` where it has no balloon or can't
            be asked.
        guarantee: What it must keep, of RAM and overhead together: its promise, or what it
            declares if that is more.
        soft: What it should keep if others have something to give; 0 where nothing is said.
        hard: Its hard limit; ``None`` for none. More RAM is no help to a guest at its limit.
        pressure: Pressure stall information of its cgroup: some task waited for memory.
        statistics: What its balloon driver reports; ``None`` where it reports nothing.
        partition: ``<resource><partition>``; ``None`` for libvirt's default.
        mode: What may be done to it, of the host's, its partition's and its own setting.
        answers: Whether libvirt could ask QEMU about it in time.
    """

    key: Key
    name: str
    maximum: int
    charged: int
    balloon: int | None = None
    guarantee: int = 0
    soft: int = 0
    hard: int | None = None
    pressure: float | None = None
    statistics: BalloonStatistics | None = None
    partition: str | None = None
    mode: Mode = Mode.BALLOON
    answers: bool = True

    @property
    def overhead(self) -> int:
        """What is charged to the guest beside its RAM: a balloon can't give it."""
        return max(0, self.charged - (self.balloon or 0))

    @property
    def untouched(self) -> int:
        """The RAM that the guest may have and has not taken: a balloon frees nothing by it."""
        return max(0, (self.balloon or 0) - self.charged)

    @property
    def lack(self) -> int:
        """The RAM that the guest lacks of what it may have; 0 where it has no balloon."""
        return 0 if self.balloon is None else max(0, self.maximum - self.balloon)


@record
class Observed:
    """A host with its guests, at one moment.

    Attributes:
        at: When, by a clock that only goes forward.
        host: The host.
        guests: The guests that run.
    """

    at: float
    host: HostObserved
    guests: tuple[GuestObserved, ...] = ()
