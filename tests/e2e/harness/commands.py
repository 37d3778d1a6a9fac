"""Run programs and wait for conditions; knows nothing of libvirt."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")

# Software emulation on a busy machine is slow and uneven: generous, and never asserted on.
PATIENCE = 120.0

PLAIN_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
}


@dataclass(frozen=True)
class Result:
    """What a program left: its exit status and what it wrote."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.status == 0

    def __str__(self) -> str:
        return f"{' '.join(self.argv)}: exit status {self.status}\n{self.stdout}{self.stderr}"


class CommandFailedError(Exception):
    """A program that had to succeed did not."""


class NeverHappenedError(Exception):
    """A condition was not met within the time that any machine should need."""


def run(
    argv: Sequence[str | Path],
    *,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = PATIENCE,
) -> Result:
    """Run a program to its end, in the root folder and a plain environment."""
    words = tuple(str(word) for word in argv)
    done = subprocess.run(  # noqa: S603 - the tests choose what they run
        words,
        input="" if stdin is None else stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd="/",
        env=PLAIN_ENVIRONMENT if environment is None else environment,
    )
    return Result(words, done.returncode, done.stdout, done.stderr)


def must(result: Result) -> Result:
    """The same result, if the program succeeded."""
    if not result.ok:
        raise CommandFailedError(str(result))
    return result


def wait_for(what: str, condition: Callable[[], T], *, timeout: float = PATIENCE) -> T:
    """Wait until the condition is true; its value, or an error that says what never came."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            message = f"waited {timeout:.0f} s in vain: {what}"
            raise NeverHappenedError(message)
        time.sleep(0.02)
    return value


@dataclass(frozen=True)
class Process:
    """A process that can't be mistaken for a later one with the same id."""

    pid: int
    started: int  # clock ticks since boot, field 22 of /proc/PID/stat

    @classmethod
    def of(cls, pid: int) -> Process:
        started = _start_time(pid)
        if started is None:
            message = f"process {pid} is gone"
            raise ProcessLookupError(message)
        return cls(pid, started)

    def alive(self) -> bool:
        return _start_time(self.pid) == self.started

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens if the process has ended."""
        if self.alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def wait_gone(self) -> None:
        wait_for(f"process {self.pid} ends", lambda: not self.alive())


def _start_time(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()
    # A zombie is over, whether or not somebody has reaped it.
    return None if state in {"Z", "X"} else int(fields[18])
