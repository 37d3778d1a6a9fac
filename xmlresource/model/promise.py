"""A guarantee given to a guest that starts or runs."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How far the guest has come."""

    STARTING = "starting"  # libvirt's `prepare` was answered, `started` not yet
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Process:
    """One run of a process: a pid alone is used again, a pid with its start time is not.

    ``start_time`` is field 22 of ``/proc/PID/stat``, in clock ticks since boot.
    """

    pid: int
    start_time: int


@dataclass(frozen=True, slots=True)
class Promise:
    """One entry of the ledger.

    Attributes:
        uuid: The guest's uuid, its key in the ledger.
        name: The guest's name, for people.
        driver: ``qemu`` or ``lxc``.
        size: The bytes promised.
        state: Starting or running.
        nodes: The NUMA nodes to which its memory is bound strictly; empty for none.
        process: The emulator's (LXC: the controller's) process, once it runs.
        cgroup: The guest's cgroup as the kernel names it, once it is known.
        partition: The cgroup or slice under which the guest was asked to run; ``None`` for
            libvirt's default.
    """

    uuid: str
    name: str
    driver: str
    size: int
    state: State
    nodes: frozenset[int] = frozenset()
    process: Process | None = None
    cgroup: str | None = None
    partition: str | None = None
