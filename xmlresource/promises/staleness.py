"""The promises that outlived their guests: a pure function over facts about what runs.

A guest's end is told by a hook, which may never have come (the daemon was killed, the hook
failed), so each promise also carries what shows its end.
"""

from collections.abc import Mapping
from typing import Final

from xmlresource.promises.promise import Key, Process, Promise, PromiseState
from xmlresource.record import field, record

LONGEST_START: Final = 600
"""Seconds from ``prepare`` to QEMU's process, at most: other hooks and libvirt's own preparations
run in between, with no time limit of their own."""

UNSEEN_START: Final = 10
"""Seconds for which a promise waits for the first sign that libvirt starts the guest. If the start
is slower than that, ``started`` asks again."""

SHORT_NAME: Final = 20
"""Characters of a guest's name in the folder that libvirt makes for it
(``VIR_DOMAIN_SHORT_NAME_MAX``)."""


@record
class Alive:
    """The guests and processes that run on the host now.

    Attributes:
        boot_id: The host's boot.
        now: Seconds since boot.
        start_times: Of each process that was asked about and runs, by pid, its start time.
        guests: Those that libvirt's run folder shows with a live process, or of which it does not
            tell.
        starting: The short names of the guests for which libvirt has a folder, which it makes when
            it prepares a start and removes before ``stopped``; ``None`` where that can't be told.
    """

    boot_id: str
    now: int
    start_times: Mapping[int, int] = field(default_factory=dict)
    guests: frozenset[Key] = frozenset()
    starting: frozenset[str] | None = None


def processes_of(promise: Promise) -> tuple[int, ...]:
    """The pids to look up for :func:`why_stale`."""
    return tuple(each.pid for each in (promise.process, promise.caller) if each is not None)


def is_overdue(promise: Promise, now: int) -> bool:
    """Whether the guest should show by now: what libvirt has of it decides (``Alive.starting``)."""
    if promise.state is PromiseState.RUNNING or promise.since is None:
        return False
    return now - promise.since > UNSEEN_START


def why_stale(promise: Promise, boot_id: str, alive: Alive) -> str | None:
    """The reason why a promise is void, in a few words; ``None`` while it stands.

    When in doubt it stands: a promise too many refuses a guest, one too few breaks a guarantee.

    Args:
        promise: The promise.
        boot_id: The boot under which it was written.
        alive: What runs now.
    """
    if boot_id != alive.boot_id:
        return "the host was rebooted"
    if promise.key in alive.guests:
        return None
    if promise.state is PromiseState.RUNNING:
        return None if _runs(promise.process, alive) else "its guest is gone"
    if promise.caller is not None and not _runs(promise.caller, alive):
        return "its start ended with the libvirt daemon"
    longest = _longest_start(promise, alive)
    if promise.since is not None and alive.now - promise.since > longest:
        return f"its start did not come about within {longest} s"
    return None


def _longest_start(promise: Promise, alive: Alive) -> int:
    """For how many seconds a start without a process is waited for."""
    if promise.driver != "qemu":
        return UNSEEN_START  # libvirt makes no folder, and has next to nothing to prepare
    if alive.starting is None or promise.name[:SHORT_NAME] in alive.starting:
        return LONGEST_START
    return UNSEEN_START


def _runs(process: Process | None, alive: Alive) -> bool:
    return process is not None and alive.start_times.get(process.pid) == process.start_time
