"""Records of what a press changes in kernel files for a moment, kept until all is back.

A process that is killed can't put back what it changed. It holds a lock on its record as long as it
runs, so that a record without a lock is one that a killed process has left.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from typing import Final

from xmlresource.record import record
from xmlresource.system.cgroups.charges import read_file
from xmlresource.system.cgroups.places import PAGE_SIZE
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import StateFolder

PREFIX: Final = "press-"
_PATIENCE: Final = 5.0
"""Seconds to wait for one that only looks whether the record is locked."""


@record
class Pressed:
    """A kernel file that holds another value for a moment.

    Attributes:
        path: The file.
        before: What it held, and is to hold again.
        meanwhile: What was written.
    """

    path: str
    before: str
    meanwhile: str

    def describe(self) -> str:
        """Say what is wrong while the change is left over."""
        return f"{self.path} holds what a killed reclaim left there; before it was {self.before}"


@contextlib.contextmanager
def on_record(
    machine: Machine, state: StateFolder, directory: str, changes: Sequence[Pressed]
) -> Iterator[None]:
    """Have ``changes`` on record while they are made and taken back.

    Args:
        machine: The machine.
        state: The state folder.
        directory: The cgroup's folder.
        changes: In the order in which they are made.

    Raises:
        StateError: The state folder can't be used.
        OSError: The record can't be written, or the cgroup can't be looked at.
    """
    rows = [[each.path, each.before, each.meanwhile] for each in changes]
    # A later cgroup may have the same path.
    content = {"folder": directory, "cgroup": machine.identity(directory), "changes": rows}
    folder = state.open()
    try:
        name, descriptor = _create(state, folder)
        try:
            state.calls.write(descriptor, [json.dumps(content).encode()])
            yield
            state.calls.remove(name, folder)
        finally:
            state.calls.close(descriptor)
    finally:
        state.calls.close(folder)


def _create(state: StateFolder, folder: int) -> tuple[str, int]:
    """A new record that this process has locked."""
    while True:
        name = f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}"
        descriptor = state.calls.create(name, folder)
        try:
            locked = state.calls.try_lock(descriptor) or state.calls.wait_for_lock(
                descriptor, _PATIENCE
            )
            # Between both somebody may have taken it for a killed process's, and removed it.
            if locked and state.calls.exists(name, folder):
                return name, descriptor
        except BaseException:
            state.calls.close(descriptor)
            raise
        state.calls.close(descriptor)


def left_over(machine: Machine, state: StateFolder) -> tuple[Pressed, ...]:
    """Find what killed processes have left in kernel files. Nothing is written.

    Raises:
        StateError: The state folder can't be used.
        OSError: A file can't be read.
    """
    return tuple(each for _, changes in _abandoned(machine, state) for each in changes)


def put_back(machine: Machine, state: StateFolder) -> Iterator[tuple[Pressed, OSError | None]]:
    """Put back what killed processes have left in kernel files, one by one.

    Yields:
        What was left, and why it could not be put back; then the record of it stays.

    Raises:
        StateError: The state folder can't be used.
        OSError: A file can't be read.
    """
    for name, changes in _abandoned(machine, state):
        failed = False
        for each in reversed(changes):
            error = _restored(machine, each)
            failed = failed or error is not None
            yield each, error
        if not failed:
            folder = state.open()
            try:
                with contextlib.suppress(FileNotFoundError):
                    state.calls.remove(name, folder)
            finally:
                state.calls.close(folder)


def _restored(machine: Machine, change: Pressed) -> OSError | None:
    try:
        machine.write_value(change.path, change.before)
    except OSError as error:
        return error
    return None


def _abandoned(machine: Machine, state: StateFolder) -> Iterator[tuple[str, list[Pressed]]]:
    """The records that killed processes left, and what of each is still to be put back."""
    try:
        names = [name for name in os.listdir(state.path) if name.startswith(PREFIX)]
    except FileNotFoundError:
        return
    except OSError as error:
        raise state.failed("read", error) from error
    if not names:
        return
    folder = state.open()
    try:
        for name in sorted(names):
            text = _unlocked(state, folder, name)
            if text is not None:
                yield name, _in_force(machine, text)
    finally:
        state.calls.close(folder)


def _unlocked(state: StateFolder, folder: int, name: str) -> bytes | None:
    """The record, unless its process runs."""
    with contextlib.ExitStack() as stack:
        try:
            descriptor = state.calls.open_to_read(name, folder)
        except FileNotFoundError:
            return None
        stack.callback(state.calls.close, descriptor)
        if not state.calls.try_lock(descriptor):
            return None
        return state.calls.read(descriptor, state.check_file(descriptor, name) + 1)


def _in_force(machine: Machine, text: bytes) -> list[Pressed]:
    """The part of a record that still holds; none of one torn before anything was changed."""
    try:
        content = json.loads(text)
        same = content["cgroup"] == machine.identity(content["folder"]) is not None
        changes = [Pressed(*map(str, row)) for row in content["changes"]]
    except (ValueError, KeyError, TypeError):
        return []
    return [each for each in changes if same and _holds(machine, each)]


def _holds(machine: Machine, change: Pressed) -> bool:
    """Whether the file reads what was written for the moment: nobody has changed it since."""
    text = read_file(machine, change.path)
    return text is not None and _read_as(change.meanwhile) == value_of(text) != change.before


def value_of(text: str) -> str:
    """Read a kernel file's value, as it is written: of memory.oom_control its first row's."""
    rows = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return rows.get("oom_kill_disable", text).strip()


def _read_as(written: str) -> str:
    """The value that the kernel makes of a written one: whole pages; a flag stays one."""
    number = int(written)
    return str(number if number < PAGE_SIZE else number // PAGE_SIZE * PAGE_SIZE)
