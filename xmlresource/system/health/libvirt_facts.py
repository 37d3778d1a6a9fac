"""The facts of the installed libvirt, its hooks, and the places where xmlresource is installed.

libvirt itself is never called: its programs are asked for their version, for a few seconds at most.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from xmlresource.health.health_facts import (
    DaemonFacts,
    HookFacts,
    InstallationFacts,
    LibvirtFacts,
    TimerFacts,
)
from xmlresource.health.health_verdict import Unseen
from xmlresource.system.libvirt import hook_files
from xmlresource.system.machine import Machine
from xmlresource.system.systemd import timer

DAEMONS: Final = ("libvirtd", "virtqemud", "virtlxcd")
LONGEST_ANSWER: Final = 5.0
"""Seconds that a program may take to tell its version."""

_FOLDERS: Final = ("/usr/sbin", "/usr/bin", "/run/current-system/sw/bin")
_LARGEST_SCRIPT: Final = 1 << 20
_VERSION: Final = r"\b([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})\b"
_INTERPRETER: Final = re.compile(r"^\s*(\S.*) -I -S -c '", re.MULTILINE)
_PACKAGE: Final = re.compile(r'^\s*(\S.*) "\$PPID" "\$@"$', re.MULTILINE)
_TIMER_INTERPRETER: Final = re.compile(r'^ExecStart="(.*)" -I -m xmlresource ', re.MULTILINE)


def libvirt_facts(machine: Machine, longest: float = LONGEST_ANSWER) -> LibvirtFacts:
    """The installed daemons, their version, and those that run.

    Raises:
        OSError: The kernel does not tell what runs.
    """
    paths = {name: path for name in DAEMONS for path in _found(machine, name)}
    return LibvirtFacts(
        programs=tuple(paths),
        version=_version(machine, next(iter(paths.values())), longest) if paths else Unseen(""),
        running=tuple(
            DaemonFacts(each.name, each.pid, each.sees_hook) for each in hook_files.daemons(machine)
        ),
    )


def hook_facts(machine: Machine, content: str) -> tuple[HookFacts, ...]:
    """The hook of each driver, and the scripts beside it.

    Args:
        machine: The machine.
        content: The hook that this installation would install.

    Raises:
        OSError: A file or a folder can't be read.
    """
    return tuple(_hook(machine, driver, content) for driver in hook_files.DRIVERS)


def hook_interpreter(machine: Machine) -> str:
    """The interpreter of the hook that is installed; this process's own where there is none.

    Raises:
        OSError: A hook can't be read.
    """
    scripts = (hook_files.installed_script(machine, each) for each in hook_files.DRIVERS)
    return next(filter(None, (_word(_INTERPRETER, each or "") for each in scripts)), sys.executable)


def installation_facts(machine: Machine) -> InstallationFacts:
    """The place of the package that runs, and other places that are in use.

    Raises:
        OSError: A file can't be read.
    """
    own = hook_files.own_folder()
    return InstallationFacts(own, tuple(_others(machine, own)))


def timer_facts(machine: Machine, longest: float = LONGEST_ANSWER) -> TimerFacts:
    """The timer.

    Raises:
        OSError: A folder can't be read.
    """
    if not timer.is_installed(machine):
        return TimerFacts(installed=False)
    wanted = machine.names_in(f"{timer.FOLDER}/timers.target.wants")
    return TimerFacts(
        installed=True,
        enabled=f"{timer.NAME}.timer" in wanted,
        active=_is_active(machine, f"{timer.NAME}.timer", longest),
    )


def _found(machine: Machine, name: str) -> Iterator[str]:
    """The path of a program, where it is installed."""
    for folder in _FOLDERS:
        if os.access(machine.path(f"{folder}/{name}"), os.X_OK):
            yield f"{folder}/{name}"
            return


def _version(machine: Machine, program: str, longest: float) -> tuple[int, int, int] | Unseen:
    """The version that a daemon's program prints: ``libvirtd (libvirt) 9.0.0``."""
    printed = _printed(machine, longest, program, "--version")
    if isinstance(printed, Unseen):
        return printed
    found = re.search(_VERSION, printed)
    if found is None:
        return Unseen(f"{program} --version tells no version")
    return int(found[1]), int(found[2]), int(found[3])


def _is_active(machine: Machine, unit: str, longest: float) -> bool | Unseen:
    printed = _printed(machine, longest, "/bin/systemctl", "is-active", unit)
    return printed if isinstance(printed, Unseen) else printed.strip() == "active"


def _printed(machine: Machine, longest: float, program: str, *words: str) -> str | Unseen:
    """What a program prints, whatever its exit status."""
    try:
        done = subprocess.run(  # noqa: S603 -- fixed paths and words
            (machine.path(program), *words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=longest,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Unseen(f"{program} {words[0]} gave no answer within {longest:g} s")
    except OSError as error:
        return Unseen(f"{program}: {error.strerror or error}")
    return done.stdout.decode("utf-8", "replace")


def _hook(machine: Machine, driver: str, content: str) -> HookFacts:
    path = hook_files.path_of(driver)
    there = hook_files.installed_script(machine, driver)
    others = tuple(_neighbours(machine, driver))
    return HookFacts(
        driver=driver,
        path=path,
        installed=there is not None,
        current=there == content,
        executable=_is_executable(machine, path),
        missing=None if there is None else _missing(machine, there),
        neighbours=others,
        unusable_neighbours=tuple(each for each in others if not _is_executable(machine, each)),
        doubled=tuple(each for each in others if _calls_us(machine, each)),
    )


def _neighbours(machine: Machine, driver: str) -> Iterator[str]:
    """The driver's own script, and what else is in its folder."""
    script, folder = f"{hook_files.FOLDER}/{driver}", f"{hook_files.FOLDER}/{driver}.d"
    if machine.identity(script) is not None:
        yield script
    for name in machine.names_in(folder):
        if name != hook_files.NAME:
            yield f"{folder}/{name}"


def _calls_us(machine: Machine, path: str) -> bool:
    """Whether a script runs xmlresource, and does not only speak of it in a comment."""
    if os.path.isdir(machine.path(path)) or not _is_executable(machine, path):
        return False
    text = machine.read_beginning(path, _LARGEST_SCRIPT)
    lines = (line.strip() for line in text.splitlines())
    return any(b"xmlresource" in line for line in lines if not line.startswith(b"#"))


def _is_executable(machine: Machine, path: str) -> bool:
    """Whether anybody may run it; root needs one bit of three."""
    try:
        return bool(os.stat(machine.path(path)).st_mode & 0o111)
    except (FileNotFoundError, NotADirectoryError):
        return True


def _missing(machine: Machine, script: str) -> str | None:
    """The interpreter or the package of an installed hook, where it is gone."""
    python = _word(_INTERPRETER, script)
    folder = _word(_PACKAGE, script)
    needed = (python, None if folder is None else f"{folder}/xmlresource/hook.py")
    for path in needed:
        if path is not None and machine.identity(path) is None:
            return path
    return None


def _others(machine: Machine, own: str) -> Iterator[tuple[str, str]]:
    """Other places than ``own``, each with who uses it."""
    for driver in hook_files.DRIVERS:
        folder = _word(_PACKAGE, hook_files.installed_script(machine, driver) or "")
        if folder is not None and folder != own:
            yield folder, f"the {driver} hook"
    service = machine.read_if_there(f"{timer.FOLDER}/{timer.NAME}.service") or ""
    found = _TIMER_INTERPRETER.search(service)
    if found is not None and found[1] != sys.executable:
        yield found[1], "the timer"
    package = hook_files.PACKAGE
    if own != package and machine.identity(f"{package}/xmlresource") is not None:
        yield package, "a package"


def _word(pattern: re.Pattern[str], script: str) -> str | None:
    """The one word of the shell that a pattern finds; ``None`` in a script of another kind."""
    found = pattern.search(script)
    if found is None:
        return None
    try:
        words = shlex.split(found[1])
    except ValueError:
        return None
    return words[0] if len(words) == 1 else None
