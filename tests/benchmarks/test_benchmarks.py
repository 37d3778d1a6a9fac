"""Every benchmark can be started; what it measures is its own business."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = [
    path.stem
    for path in sorted((ROOT / "benchmarks").glob("[a-z]*.py"))
    if '__name__ == "__main__"' in path.read_text("utf-8")
]


def help_of(*names: str) -> str:
    done = subprocess.run(  # noqa: S603 -- ours
        [sys.executable, "benchmarks", *names, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def test_the_help_names_every_benchmark() -> None:
    assert ", ".join(NAMES) in " ".join(help_of().split())


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_starts(name: str) -> None:
    assert help_of(name).startswith(f"usage: {name}.py [-h]")
