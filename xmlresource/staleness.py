"""Which promises outlived their guests: a pure function over facts about what runs.

A guest's end is told by a hook, which may never have come (the daemon was killed, the hook
failed), so each promise also carries what shows its end.
"""

from collections.abc import Mapping
from typing import Final

from xmlresource.model.promise import Process, Promise, State
from xmlresource.record import field, record

LONGEST_START: Final = 600
"""Seconds from ``prepare`` to QEMU's process, at most: other hooks and libvirt's own preparations
run in between, with no time limit of their own."""


@record
class Alive:
    """What runs on the host now.

    Attributes:
        boot_id: The host's boot.
        now: Seconds since boot.
        start_times: Of each process that was asked about and runs, by pid, its start time.
        guests: The uuids of the guests that libvirt's run folder shows with a live process.
    """

    boot_id: str
    now: int
    start_times: Mapping[int, int] = field(default_factory=dict)
    guests: frozenset[str] = frozenset()


def processes_of(promise: Promise) -> tuple[int, ...]:
    """The pids to look up for :func:`why_stale`."""
    return tuple(each.pid for each in (promise.process, promise.caller) if each is not None)


def why_stale(promise: Promise, boot_id: str, alive: Alive) -> str | None:
    """Why the promise is void, in a few words for a log; ``None`` while it stands.

    When in doubt it stands: a promise too many refuses a guest, one too few breaks a guarantee.

    Args:
        promise: The promise.
        boot_id: The boot under which it was written.
        alive: What runs now.
    """
    if boot_id != alive.boot_id:
        return "the host was rebooted"
    if promise.uuid in alive.guests:
        return None
    if promise.state is State.RUNNING:
        return None if _runs(promise.process, alive) else "its guest is gone"
    if promise.caller is not None and not _runs(promise.caller, alive):
        return "its start ended with the libvirt daemon"
    if promise.since is not None and alive.now - promise.since > LONGEST_START:
        return f"its start did not come about within {LONGEST_START} s"
    return None


def _runs(process: Process | None, alive: Alive) -> bool:
    return process is not None and alive.start_times.get(process.pid) == process.start_time
