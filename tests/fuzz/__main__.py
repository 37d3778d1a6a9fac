"""Fuzz all targets, one after the other: ``python -m tests.fuzz [TARGET…]``, or ``make fuzz``.

FUZZ_SECONDS is the time for all of them together (two hours), FUZZ_FOLDER where the corpora that
grow, what was found and a line for each run are kept (``.fuzz``). Ends with 1 where anything was
found, with 2 where there is no atheris.
"""

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from hashlib import sha1
from pathlib import Path
from typing import Final

from tests.fuzz import dictionary, targets

ROOT: Final = Path(__file__).parents[2]
CRASHES: Final = Path(__file__).parent / "crashes"
TWO_HOURS: Final = 2 * 60 * 60
LONGEST_INPUT: Final = 16 << 10
LONGEST_RUN: Final = 60  # seconds for one input: the machine may be shared
SETTINGS: Final = (
    f"-max_len={LONGEST_INPUT}",
    f"-timeout={LONGEST_RUN}",
    "-rss_limit_mb=1536",
    "-print_final_stats=1",
    "-verbosity=1",
)


@dataclass(frozen=True)
class Run:
    """What became of one run over one target.

    Attributes:
        target: The target.
        executions: Inputs tried.
        cpu: Seconds of CPU.
        status: libFuzzer's exit status; 0 where nothing was found.
        began: When, in seconds since 1970.
        found: What was found: files below the folder.
    """

    target: str
    executions: int
    cpu: float
    status: int
    began: float
    found: tuple[str, ...]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", default=list(targets.NAMES))
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        sys.stderr.write(
            f"fuzzing needs atheris, and it is not here: it is published for CPython 3.11 to 3.13 "
            f"on x86-64 Linux (this is {version} on {os.uname().machine}); with one of these, "
            "`make fuzz` installs it\n"
        )
        return 2
    folder = Path(os.environ.get("FUZZ_FOLDER", ROOT / ".fuzz")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dictionary").write_text(dictionary.text())
    seconds = float(os.environ.get("FUZZ_SECONDS", TWO_HOURS)) / len(options.target)
    runs = []
    for name in options.target:
        runs.append(fuzz(name, folder, seconds))
        with (folder / "runs.jsonl").open("a") as file:
            file.write(json.dumps(asdict(runs[-1])) + "\n")
        print(line(runs[-1]), flush=True)
    print(total(runs))
    return 1 if any(run.status for run in runs) else 0


def fuzz(name: str, folder: Path, seconds: float) -> Run:
    """Run libFuzzer over one target."""
    corpus, found = folder / "corpus" / name, folder / "found" / name
    for each in (corpus, found):
        each.mkdir(parents=True, exist_ok=True)
    _plant(name, corpus)
    before = set(found.iterdir())
    began, spent = time.time(), _children_cpu()
    log = folder / f"{name}.log"
    command = [
        *(sys.executable, "-m", "tests.fuzz.process", name, *SETTINGS),
        f"-max_total_time={max(1, round(seconds))}",
        f"-dict={folder / 'dictionary'}",
        f"-artifact_prefix={found}/",
        str(corpus),
    ]
    with log.open("wb") as output:
        done = subprocess.run(command, cwd=ROOT, stdout=output, stderr=output, check=False)  # noqa: S603
    told = log.read_text(errors="replace")
    new = sorted(str(path.relative_to(folder)) for path in set(found.iterdir()) - before)
    if done.returncode:
        sys.stdout.write("\n".join(told.splitlines()[-60:]) + "\n")
    return Run(
        target=name,
        executions=_executions(told),
        cpu=round(_children_cpu() - spent, 1),
        status=done.returncode,
        began=round(began, 1),
        found=tuple(new),
    )


def _plant(name: str, corpus: Path) -> None:
    """Begin with the seeds, and with all that was ever found."""
    crashes = CRASHES / name
    for data in targets.load(name).seeds():
        (corpus / sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
    if crashes.is_dir():
        shutil.copytree(crashes, corpus, dirs_exist_ok=True)


def _executions(told: str) -> int:
    """What libFuzzer counted; its last line of progress where it did not come to its sum."""
    final = re.findall(r"stat::number_of_executed_units:\s*([0-9]+)", told)
    progress = re.findall(r"^#([0-9]+)\s", told, re.MULTILINE)
    return int((final or progress or ["0"])[-1])


def _children_cpu() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


def line(run: Run) -> str:
    """A run in words."""
    rate = run.executions / run.cpu if run.cpu else 0
    outcome = "nothing found" if not run.status else f"status {run.status}: {' '.join(run.found)}"
    return (
        f"{run.target:<14} {run.executions:>12,} inputs {run.cpu:>8.0f} s {rate:>7.0f}/s  {outcome}"
    )


def total(runs: list[Run]) -> str:
    """All of them in words."""
    executions, cpu = sum(run.executions for run in runs), sum(run.cpu for run in runs)
    found = sum(bool(run.status) for run in runs)
    return f"{executions:,} inputs in {cpu / 3600:.2f} hours of CPU; targets with findings: {found}"


if __name__ == "__main__":
    sys.exit(main())
