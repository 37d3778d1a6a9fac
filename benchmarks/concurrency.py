"""Many guests that start at once: real processes of the hook, on a host of plain files.

No guest may be promised what another one has, none may lose its promise, and none may wait longer
than the time-out. ``python benchmarks concurrency`` starts 1,000, some at a time.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fakes.host import MIB, FakeHost, domain, guarantee, uuid
from xmlresource.promises.ledger import decode

ROOT: Final = Path(__file__).parents[1]
STARTS: Final = 1000
AT_ONCE: Final = 16
EACH: Final = 10
"""The guarantee of each guest, in MiB."""

REFUSED: Final = 3
TIME_OUT: Final = 30
MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- a folder of our own in it; /run is in memory, too

_HOOK: Final = """\
import sys; sys.path.insert(0, sys.argv.pop(1)); root = sys.argv.pop(1)
from xmlresource import hook
from xmlresource.system.machine import Machine
from xmlresource.system import log
log._write = lambda *_, **__: None
def answer(name, operation, document, caller):
    from xmlresource.operations.guests.hook_events import answer
    return answer(name, operation, document, caller, Machine(root))
hook.answer_for_policy = answer
raise SystemExit(hook.main())
"""


@dataclass(frozen=True)
class Answer:
    """How one start ended."""

    number: int
    status: int
    seconds: float
    text: str


@dataclass(frozen=True)
class Outcome:
    """How all of them ended.

    Attributes:
        answers: One per start.
        seconds: From the first to the last.
        promised: The uuids in the ledger.
        fitting: How many guests there is room for.
    """

    answers: tuple[Answer, ...]
    seconds: float
    promised: frozenset[str]
    fitting: int

    @property
    def violations(self) -> Iterator[str]:
        """What must not be."""
        admitted = {uuid(each.number) for each in self.answers if each.status == 0}
        if admitted - self.promised:
            yield f"{len(admitted - self.promised)} promises were lost"
        if self.promised - admitted:
            yield f"{len(self.promised - admitted)} promises to guests that were refused"
        if len(self.promised) != min(self.fitting, len(self.answers)):
            yield f"{len(self.promised)} were promised, {self.fitting} fit"
        for each in self.answers:
            if each.status not in {0, REFUSED}:
                yield f"guest {each.number}: {each.text}"


def start_all(folder: Path, starts: int, at_once: int) -> Outcome:
    """Start as many guests as twice fit."""
    host = FakeHost(folder)
    total = starts // 2 * EACH
    reserve = 256 * MIB
    host.memory(total * MIB + reserve, total * MIB + reserve)
    host.write("/etc/xmlresource.toml", 'host_reserve = "256MiB"\n')
    (folder / "etc/xmlresource.toml").chmod(0o644)
    begin = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        answers = tuple(pool.map(lambda number: _start(folder, number), range(1, starts + 1)))
    seconds = time.monotonic() - begin
    ledger = decode((folder / "run/xmlresource/ledger").read_bytes())
    return Outcome(answers, seconds, frozenset(each.uuid for each in ledger.all()), total // EACH)


def _start(folder: Path, number: int) -> Answer:
    command = [sys.executable, "-I", "-S", "-c", _HOOK, str(ROOT), str(folder)]
    begin = time.monotonic()
    done = subprocess.run(
        [*command, f"guest{number}", "prepare", "begin", "-"],
        input=domain(f"guest{number}", number, guarantee(EACH)),
        capture_output=True,
        check=False,
    )
    text = done.stderr.decode("utf-8", "replace")
    return Answer(number, done.returncode, time.monotonic() - begin, text)


def main() -> None:
    """Print what became of them."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="xmlresource-bench-", dir=memory) as folder:
        root = Path(folder) / "host"
        root.mkdir()
        outcome = start_all(root, STARTS, AT_ONCE)
    violations = list(outcome.violations)
    waits = sorted(each.seconds for each in outcome.answers)
    print(f"{STARTS} starts, {AT_ONCE} at a time, room for {outcome.fitting}")
    print(f"  promised            {len(outcome.promised)}")
    print(f"  violations          {len(violations)}")
    print(f"  starts per second   {STARTS / outcome.seconds:.0f}")
    print(f"  median              {waits[len(waits) // 2]:.3f} s")
    print(f"  longest             {waits[-1]:.3f} s (the time-out is {TIME_OUT} s)")
    for violation in violations[:10]:
        print(f"  {violation}")
    if violations or waits[-1] > TIME_OUT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
