"""Timing commands side by side: in turn, so that a machine that slows down slows all of them."""

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Contestant:
    """A command and what it took, in milliseconds, run by run.

    Attributes:
        name: What the table calls it.
        command: The words.
        stdin: What it reads.
        environment: Added to the environment.
        before: Run before each turn, outside of the measurement.
        may_fail: Whether another exit status than 0 is fine.
    """

    name: str
    command: Sequence[str | Path]
    stdin: bytes = b""
    environment: dict[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None
    may_fail: bool = False
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self) -> None:
        """One turn."""
        self.before()
        environment = {**os.environ, **self.environment}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        used, begun = _child_seconds(), time.perf_counter()
        done = subprocess.run(
            self.command, input=self.stdin, env=environment, capture_output=True, check=False
        )
        self.wall.append((time.perf_counter() - begun) * 1000)
        self.cpu.append((_child_seconds() - used) * 1000)
        self.heard(done.stdout)
        if done.returncode and not self.may_fail:
            raise RuntimeError(f"{self.name} exited {done.returncode}: {done.stderr.decode()}")

    def warm(self) -> None:
        """Forget what the first turn came to."""

    def heard(self, output: bytes) -> None:
        """Take note of what the command printed."""


def compare(title: str, contestants: Sequence[Contestant], turns: int) -> None:
    """Run all in turn and print their medians, and their ratio to the first."""
    for turn in range(turns + 1):
        for contestant in contestants:
            contestant.run()
        if turn == 0:  # warms the caches
            for contestant in contestants:
                contestant.wall.clear()
                contestant.cpu.clear()
                contestant.warm()
    print(f"\n{title} ({turns} turns; medians, and of the ratios turn by turn)")
    print(f"{'':<44} {'wall ms':>8} {'ratio':>6} {'cpu ms':>8} {'ratio':>6}")
    first = contestants[0]
    for each in contestants:
        wall, cpu = statistics.median(each.wall), statistics.median(each.cpu)
        ratios = (_ratio(each.wall, first.wall), _ratio(each.cpu, first.cpu))
        print(f"{each.name:<44} {wall:>8.1f} {ratios[0]:>6.2f} {cpu:>8.1f} {ratios[1]:>6.2f}")


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True) if b)


def _child_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
