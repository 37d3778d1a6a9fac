"""A guest waits for these modules when it starts."""

import subprocess
import sys
from pathlib import Path

HEAVY = {"argparse", "asyncio", "json", "logging", "pathlib", "socket", "subprocess", "tempfile"}
ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import xmlresource.system.cgroups.cgroup_files
print(*sys.modules)
"""


def test_nothing_heavy_is_imported():
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(ROOT)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    assert HEAVY.isdisjoint(done.stdout.split())
