"""Borrow the machine and give it back as it was, also after a run that was killed.

What the tests change lies in few places: the paths in BORROWED, libvirt's files of guests
whose name starts with PREFIX, cgroups, and processes. While a run lasts, STATE holds what is
needed to undo it: copies of the borrowed paths and the processes it started. A run that finds
a STATE finds the leftovers of one that was killed, and undoes them first.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .commands import Process, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "xre2e-"
STATE = Path("/run/xmlresource-e2e")
LOCKED = Path("/etc/libvirt")  # a folder that is there anyway: nothing to clean up

HOOKS = Path("/etc/libvirt/hooks")
CONFIGURATION = Path("/etc/xmlresource.toml")
LEDGER_FOLDER = Path("/run/xmlresource")
BORROWED = (HOOKS, CONFIGURATION, LEDGER_FOLDER)

LIBVIRT_RUN = Path("/run/libvirt")
CGROUPS = Path("/sys/fs/cgroup")

# Where libvirt leaves something that bears a guest's name.
GUEST_FILES = (
    "/run/libvirt/*/{}*",
    "/etc/libvirt/*/{}*",
    "/etc/libvirt/*/autostart/{}*",
    "/var/lib/libvirt/*/save/{}*",
    "/var/lib/libvirt/*/domain-*-{}*",
    "/var/lib/libvirt/qemu/channel/target/domain-*-{}*",
    "/var/log/libvirt/*/{}*",
)


class BusyError(Exception):
    """Somebody else uses this machine's libvirt."""


@contextlib.contextmanager
def borrowed_machine() -> Iterator[None]:
    """Hold the machine for one run; everything is back in place afterwards."""
    with _one_run_at_a_time():
        give_back()
        _refuse_foreign_daemon()
        _take()
        try:
            yield
        finally:
            give_back()


@contextlib.contextmanager
def _one_run_at_a_time() -> Iterator[None]:
    lock = os.open(LOCKED, os.O_RDONLY | os.O_DIRECTORY)

    def mine() -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        wait_for("another end-to-end run ends", mine, timeout=1800)
        yield
    finally:
        os.close(lock)


def _refuse_foreign_daemon() -> None:
    for pid in _all_pids():
        if _executable(pid) in {"libvirtd", "virtqemud", "virtlxcd", "virtlogd"}:
            message = f"{_executable(pid)} already runs here (process {pid}), and isn't ours"
            raise BusyError(message)


def _take() -> None:
    STATE.mkdir(mode=0o700)
    before = STATE / "incomplete"
    before.mkdir()
    for number, path in enumerate(BORROWED):
        if path.exists():
            _copy(path, before / str(number))
    (before / "notes.json").write_text(
        json.dumps(
            {
                "machine_cgroups": [str(folder) for folder in CGROUPS.glob("*/machine")],
                "libvirt_run": LIBVIRT_RUN.exists(),
            }
        )
    )
    # Only a complete copy is ever restored from.
    before.rename(STATE / "before")


def give_back() -> None:
    """Undo whatever STATE says was done; nothing where there is no STATE."""
    if not STATE.exists():
        return
    for process in _started_processes() + _hooks_of(_started_processes()):
        process.signal(signal.SIGKILL)
        process.wait_gone()
    remove_guest_traces("")
    before = STATE / "before"
    if before.exists():
        for number, path in enumerate(BORROWED):
            remove(path)
            if (before / str(number)).exists():
                _copy(before / str(number), path)
        notes = Notes(**json.loads((before / "notes.json").read_text()))
        for folder in CGROUPS.glob("*/machine"):
            if str(folder) not in notes.machine_cgroups:
                _remove_cgroup(folder)
        if not notes.libvirt_run:
            remove(LIBVIRT_RUN)
    remove(STATE)


@dataclass(frozen=True)
class Notes:
    """What of the machine's state before the run is no copy of a path."""

    machine_cgroups: list[str]
    libvirt_run: bool


def remember(process: Process) -> None:
    """Have this process killed should the run be killed."""
    with (STATE / "processes").open("a") as file:
        file.write(f"{process.pid} {process.started}\n")


def _started_processes() -> list[Process]:
    try:
        lines = (STATE / "processes").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [Process(int(pid), int(started)) for pid, started in map(str.split, lines)]


def _hooks_of(daemons: list[Process]) -> list[Process]:
    """What the daemons started and didn't end: hooks, which stay in a daemon's session."""
    sessions = {process.pid for process in daemons}
    found = []
    for pid in _all_pids():
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(pid) in sessions:
                found.append(Process.of(pid))
    return found


def remove_guest_traces(name: str) -> None:
    """End the guest of this name (of every name that is ours, if empty) and its traces.

    For what libvirt didn't clean up itself: it is not asked, and may be dead.
    """
    pattern = name or PREFIX
    if not pattern.startswith(PREFIX):
        message = f"not a guest of ours: {pattern}"
        raise ValueError(message)
    for folder in guest_cgroups(name):
        for pid in _members(folder):
            with contextlib.suppress(ProcessLookupError):
                process = Process.of(pid)
                process.signal(signal.SIGKILL)
                process.wait_gone()
    for glob in GUEST_FILES:
        for path in Path("/").glob(glob.format(pattern).lstrip("/")):
            remove(path)
    for folder in guest_cgroups(name):
        _remove_cgroup(folder)


def guest_cgroups(name: str) -> list[Path]:
    """Cgroups that libvirt made for a guest of ours, or for all, in every hierarchy."""
    # Without machined: machine/qemu-1-NAME.libvirt-qemu; with it: a scope, the name escaped.
    plain = f"-{name or PREFIX}"
    escaped = plain.replace("-", r"\x2d")
    # os.walk, since cgroups of others come and go meanwhile.
    return sorted(
        Path(parent) / folder
        for parent, folders, _ in os.walk(CGROUPS)
        for folder in folders
        if plain in folder or escaped in folder
    )


def guest_files(name: str) -> list[Path]:
    """Files of libvirt's that bear a guest's name, its log aside."""
    return [
        path
        for glob in GUEST_FILES
        if "/var/log/" not in glob
        for path in Path("/").glob(glob.format(name).lstrip("/"))
    ]


def _members(cgroup: Path) -> set[int]:
    pids: set[int] = set()
    for file in cgroup.glob("**/cgroup.procs"):
        # A threaded v2 cgroup (emulator, vcpuN) refuses; its processes are its parent's.
        with contextlib.suppress(OSError):
            pids.update(map(int, file.read_text().split()))
    return pids


def _remove_cgroup(folder: Path) -> None:
    for path, _, _ in os.walk(folder, topdown=False):
        # A process that has just ended may hold it for a moment yet.
        wait_for(f"cgroup {path} can be removed", functools.partial(_rmdir, path), timeout=30)


def _rmdir(path: str) -> bool:
    try:
        Path(path).rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def _all_pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _executable(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return ""
