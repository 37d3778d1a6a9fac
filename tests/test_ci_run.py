"""`.ci/run` with a `make` that only tells what it was asked for: order, failures, what is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci/run"
# A target does what the file of its name says, and says its name before.
MAKE = """\
#!/bin/sh
echo "made $1"
[ ! -e "{folder}/$1" ] || . "{folder}/$1"
"""
PATIENCE = 30.0


class FakeMake:
    """A folder for PATH whose `make` does as it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "make"
        program.write_text(MAKE.format(folder=folder))
        program.chmod(0o755)

    def does(self, target: str, shell: str) -> None:
        (self.folder / target).write_text(shell)

    def start(self, *parts: str) -> subprocess.Popen[str]:
        path = f"{self.folder}:{os.environ['PATH']}"
        return subprocess.Popen(  # noqa: S603 -- our own script
            [SCRIPT, *parts],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PATH": path, "TMPDIR": str(self.folder)},
        )

    def run(self, *parts: str) -> tuple[int, str]:
        with self.start(*parts) as process:
            try:
                output, _ = process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
        return process.returncode, output

    def pid_of(self, target: str) -> int:
        """The process of a target that has written it down."""
        file = self.folder / f"{target}.pid"
        deadline = time.monotonic() + PATIENCE
        while not (file.exists() and (text := file.read_text().strip())):
            assert time.monotonic() < deadline, f"{target} was never made"
            time.sleep(0.01)
        return int(text)

    def left_over(self) -> list[str]:
        """The temporary files that were not removed."""
        return [each.name for each in self.folder.glob("tmp.*")]


@pytest.fixture
def make(tmp_path: Path) -> FakeMake:
    return FakeMake(tmp_path)


def gone(pid: int) -> bool:
    """Whether a process ends within reasonable time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_parts_run_in_the_order_that_is_asked_for(make: FakeMake) -> None:
    status, output = make.run("test", "demo")
    assert status == 0
    assert [line for line in output.splitlines() if line.startswith("made")] == [
        "made test",
        "made demo",
    ]
    assert output.endswith("=== done: test demo\n")


def test_machines_run_beside_all_that_follows_and_are_shown_afterwards(make: FakeMake) -> None:
    make.does(
        "e2e-vm",
        f"""touch {make.folder}/began
        [ -e "$XMLRESOURCE_ONE_MACHINE_WHILE" ] && echo one at once
        while [ -e "$XMLRESOURCE_ONE_MACHINE_WHILE" ]; do sleep 0.01; done
        echo two at once""",
    )
    # Ends only when the other has begun, so they must have run side by side.
    make.does("e2e", f"until [ -e {make.folder}/began ]; do sleep 0.01; done; echo passed")
    status, output = make.run("vm", "e2e", "fuzz")
    assert status == 0, output
    wanted = ["made e2e", "passed", "made fuzz", "made e2e-vm", "one at once", "two at once"]
    places = [output.index(f"\n{line}\n") for line in wanted]
    assert places == sorted(places)
    assert make.left_over() == []


def test_machines_alone_run_in_the_foreground(make: FakeMake) -> None:
    make.does("e2e-vm", 'echo "while [$XMLRESOURCE_ONE_MACHINE_WHILE]"; exit 3')
    status, output = make.run("vm", "demo")
    assert (status, "while []" in output, "made demo" in output) == (3, True, False)


def test_what_fails_in_a_machine_fails_the_run(make: FakeMake) -> None:
    make.does("e2e-vm", "echo a failure; exit 7")
    status, output = make.run("vm", "e2e", "fuzz")
    assert status == 7
    assert "a failure" in output
    assert "done" not in output
    assert make.left_over() == []


@pytest.mark.parametrize("failing", ["e2e", "fuzz"])
def test_machines_are_ended_where_another_part_fails(make: FakeMake, failing: str) -> None:
    make.does("e2e-vm", f"sleep 100 & echo $! >{make.folder}/e2e-vm.pid; wait")
    waits = f"until [ -s {make.folder}/e2e-vm.pid ]; do sleep 0.01; done; exit 5"
    make.does(failing, waits)
    status, output = make.run("vm", "e2e", "fuzz")
    assert status == 5
    assert "was stopped" in output
    assert gone(make.pid_of("e2e-vm"))
    assert make.left_over() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_machines_too(make: FakeMake, number: signal.Signals) -> None:
    make.does("e2e-vm", f"sleep 100 & echo $! >{make.folder}/e2e-vm.pid; wait")
    make.does("e2e", f"echo $$ >{make.folder}/e2e.pid; exec sleep 100")
    with make.start("vm", "e2e") as process:
        pid = make.pid_of("e2e-vm")
        os.kill(process.pid, number)
        # A shell takes a signal when the command in its foreground has ended, as Ctrl-C ends it.
        os.kill(make.pid_of("e2e"), number)
        try:
            assert process.wait(PATIENCE) == 128 + number
        finally:
            process.kill()
    assert gone(pid)
    assert make.left_over() == []
