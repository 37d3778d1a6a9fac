"""`make demo` shows the main job: it is the first thing that a newcomer runs."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_demo_ends_with_a_refusal() -> None:
    done = subprocess.run(
        [sys.executable, "demo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "refused: it asks for a guarantee of" in done.stdout
    assert "XR" in done.stdout
