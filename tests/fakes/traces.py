"""The orders in which libvirt really calls a hook: ``fixtures/hook-traces``, read.

How they came about, and what a file has, is told in ``tests/e2e/harness/traces.py``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "fixtures" / "hook-traces"
USUAL = 40
"""The guarantee, in MiB, of most guests in the traces; those of others are more, or less."""


@dataclass(frozen=True)
class TracedCall:
    """One call of the hook.

    Attributes:
        operation: ``prepare`` and so on.
        uuid: 1 for the guest's first uuid, 2 for that of another guest of its name.
        mib: The guarantee in the XML on standard input.
        has_process: Whether libvirt's run folder shows a pid file of the guest.
    """

    operation: str
    uuid: int
    mib: int
    has_process: bool


@dataclass(frozen=True)
class TracedStep:
    """One thing that is done, and what libvirt calls for it.

    Attributes:
        what: What is done, for people.
        failed: Whether the command said that it failed.
        daemon: ``killed`` or ``stopped`` where libvirt's daemon ends with it, ``started`` where
            it begins; empty for nothing of that.
        runs: Whether the guest's process is there afterwards.
        calls: The calls.
    """

    what: str
    failed: bool
    daemon: str
    runs: bool
    calls: tuple[TracedCall, ...]


@dataclass(frozen=True)
class Trace:
    """One way that a guest took."""

    name: str
    driver: str
    steps: tuple[TracedStep, ...]


def traces() -> Iterator[Trace]:
    """All of them, by name."""
    for path in sorted(FOLDER.glob("*.json")):
        read = json.loads(path.read_text())
        steps = tuple(
            TracedStep(
                step["do"],
                step.get("ok") is False,
                step.get("daemon", ""),
                step["runs"],
                tuple(
                    TracedCall(each["operation"], each["uuid"], each["mib"], "pid" in each["files"])
                    for each in step["calls"]
                ),
            )
            for step in read["steps"]
        )
        yield Trace(path.stem, read["driver"], steps)


TRACES = tuple(traces())
