"""What libvirt calls a hook for, step by step, as data that other tests play.

A trace is a file of ``fixtures/hook-traces``::

    {"way": …, "driver": "qemu", "source": "observed: …" | "read: …", "steps": [
      {"do": "virsh start", "ok": true, "runs": true, "calls": [
        {"operation": "prepare", "uuid": 1, "mib": 40, "files": []}, …]}, …]}

``runs`` tells whether the guest's process is there after the step, ``uuid`` is the first, the
second … that the guest of this name has, ``mib`` the guarantee in the XML on standard input,
``files`` what libvirt's run folder has of the guest while the hook runs. ``daemon`` (``killed``,
``stopped``, ``started``) stands at steps that end or start libvirt's daemon.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .commands import Process, Result, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from .guests import Guest
    from .hooks import Call, Recorder

FOLDER = Path(__file__).parents[3] / "fixtures" / "hook-traces"
WRITES = bool(os.environ.get("XMLRESOURCE_WRITE_TRACES"))
_QUIET = 0.3  # seconds without another call after which a step is over


def source() -> str:
    """Where an observed trace comes from."""
    version = run(["libvirtd", "--version"]).stdout.split()[-1]
    return f"observed: libvirt {version}"


@dataclass
class Trace:
    """One way that a guest took, as it is observed."""

    name: str
    way: str
    guest: Guest
    recorder: Recorder
    root: Path = Path("/")  # of the daemon
    steps: list[dict[str, Any]] = field(default_factory=list)
    uuids: list[str] = field(default_factory=list)
    seen: int = 0

    def do(
        self,
        what: str,
        act: Callable[[], Result | None],
        *,
        last: str | None = None,
        daemon: str | None = None,
    ) -> Result | None:
        """Do something, and take down what libvirt called for it.

        ``last`` is the call to wait for, where libvirt makes it after the command has ended.
        """
        result = act()
        deadline = time.monotonic() + 60
        before = -1
        while time.monotonic() < deadline:
            calls = self.recorder.calls(self.guest.name)[self.seen :]
            done = last is None or (calls and calls[-1].operation == last)
            if done and len(calls) == before:
                break
            before = len(calls)
            time.sleep(_QUIET)
        step: dict[str, Any] = {"do": what}
        if daemon is not None:
            step["daemon"] = daemon
        if result is not None:
            step["ok"] = result.ok
        step["runs"] = self._runs()
        step["calls"] = [self._call(call) for call in calls]
        self.seen += len(calls)
        self.steps.append(step)
        return result

    def _runs(self) -> bool:
        pid_file = self.root / str(self.guest.pid_file).lstrip("/")
        try:
            return Process.of(int(pid_file.read_text())).alive()
        except (FileNotFoundError, ProcessLookupError):
            return False

    def _call(self, call: Call) -> dict[str, Any]:
        uuid = re.search("<uuid>(.*)</uuid>", call.stdin)
        mib = re.search("<xr:memoryMinGuarantee unit=['\"]MiB['\"]>([0-9]+)<", call.stdin)
        assert uuid is not None
        if uuid[1] not in self.uuids:
            self.uuids.append(uuid[1])
        suffixes = ("pid", "xml")
        return {
            "operation": call.operation,
            "uuid": self.uuids.index(uuid[1]) + 1,
            "mib": None if mib is None else int(mib[1]),
            "files": [
                each for each in suffixes if f"{self.guest.name}.{each}" in call.runtime_files
            ],
        }

    def as_recorded(self) -> None:
        """Hold the trace to the one that is kept; or keep it, where that was asked for."""
        path = FOLDER / f"{self.name}.json"
        driver = self.guest.driver
        found = {"way": self.way, "driver": driver, "source": source(), "steps": self.steps}
        if WRITES:
            path.write_text(as_text(found))
            return
        known = json.loads(path.read_text())
        if found["steps"] != known["steps"]:
            pairs = (as_text(known | {"source": ""}), as_text(found | {"source": ""}))
            raise AssertionError("\n".join(unified_diff(*(each.splitlines() for each in pairs))))


def as_text(trace: dict[str, Any]) -> str:
    """The trace as its file has it: a line for each call."""
    steps = []
    for step in trace["steps"]:
        calls = ",\n".join(f"      {json.dumps(call)}" for call in step["calls"])
        head = json.dumps({key: value for key, value in step.items() if key != "calls"})
        body = f"[\n{calls}\n    ]" if calls else "[]"
        steps.append(f'    {head[:-1]}, "calls": {body}}}')
    head = json.dumps({key: value for key, value in trace.items() if key != "steps"})
    return f'{head[:-1]}, "steps": [\n' + ",\n".join(steps) + "\n]}\n"
