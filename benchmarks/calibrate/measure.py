"""Run one guest in memory cgroups of its own (v1) and read what it is charged.

The emulator and the helpers have a cgroup each, so that their memory can be told apart. Every
process is ended by its pid and every cgroup is removed, also when something fails.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import guest as guests
from commandline import Place, command_line

from xmlresource.document import Document
from xmlresource.document.domain import read_domain
from xmlresource.model.domain import Domain
from xmlresource.overhead.subjects import MIB

CONTROLLER = Path("/sys/fs/cgroup/memory")
PATIENCE = 240  # seconds until a guest counts as stuck: emulation is slow and uneven
SETTLING = 0.4
FIRMWARE_TIME = 5
SMALLEST_FOR_LINUX = 96 * MIB


class GuestError(Exception):
    """A guest did not come up."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measurements share.

    Attributes:
        kernel: The guests' kernel.
        work: Where each run has its folder.
        images: The disks.
        group: The cgroup above those of the runs.
        init: What the guests do.
    """

    kernel: guests.Kernel
    work: Path
    images: Path
    group: str
    init: str = guests.INIT


@dataclass(slots=True)
class Run:
    """One guest while it is measured."""

    name: str
    folder: Path
    groups: dict[str, Path]
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def __enter__(self) -> Self:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for group in self.groups.values():
            group.mkdir(parents=True)
        return self

    def __exit__(self, *_error: object) -> None:
        for process in reversed(self.processes):
            _end(process)
        for group in self.groups.values():
            _remove(group)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def emulator(self) -> "subprocess.Popen[bytes]":
        """The emulator: the last process that was started."""
        return self.processes[-1]

    def start(self, arguments: list[str], part: str) -> None:
        """Start a process in the cgroup of ``part``."""
        self.processes.append(_start(arguments, self.groups[part], self.folder / f"{part}.log"))

    def serial(self) -> str:
        """What the guest has said."""
        path = self.folder / "serial"
        return path.read_text(errors="replace") if path.exists() else ""

    def is_ready(self) -> bool:
        """Whether the guest has done its work.

        Raises:
            GuestError: The emulator ended.
        """
        if self.emulator.poll() is not None:
            raise GuestError(f"the emulator ended: {self.serial()[-300:]}")
        return guests.READY in self.serial()


def domain_of(xml: str) -> Domain:
    """The domain that ``xml`` defines."""
    return read_domain(Document.parse(xml.encode()).root)


def measure(bench: Bench, name: str, xml: str) -> dict[str, Any]:
    """Measure one guest: paused, then after its activity (under KVM paused only)."""
    domain = domain_of(xml)
    folder = bench.work / name
    groups = {part: CONTROLLER / bench.group / f"{name}-{part}" for part in ("qemu", "helper")}
    result: dict[str, Any] = {"name": name, "xml": xml, "ram": domain.memory}
    paused_only = domain.type == "kvm"
    boots = (domain.memory or 0) >= SMALLEST_FOR_LINUX and not paused_only
    with Run(name, folder, groups) as run:
        try:
            monitor = started(run, bench, domain, boots=boots)
            time.sleep(SETTLING)
            result["idle"] = sample(groups, run.emulator.pid)
            if not paused_only:
                result |= _activity(run, monitor, boots=boots)
            monitor.close()
        except GuestError as error:
            log = folder / "qemu.log"
            said = log.read_text(errors="replace")[-400:] if log.exists() else ""
            result["failure"] = f"{error}: {said}"
    if boots:
        # QEMU keeps a copy of a kernel that it loads itself; a guest with a disk boots its own,
        # so the evaluation takes this off.
        for state in {"idle", "active"} & result.keys():
            result[state]["kernel_image"] = bench.kernel.image.stat().st_size
    return result


def started(run: Run, bench: Bench, domain: Domain, *, boots: bool) -> socket.socket:
    """Start the helpers and the emulator; its monitor."""
    initramfs = run.folder / "initramfs"
    if boots:
        guests.write_initramfs(bench.kernel, domain, initramfs, bench.init)
    line, helpers, sockets = command_line(
        domain, Place(run.folder, bench.images), bench.kernel.image if boots else None, initramfs
    )
    for helper in helpers:
        run.start(helper, "helper")
    for path in sockets:
        wait(path.exists, 20, f"no socket {path.name}")
    run.start(line, "qemu")
    return _monitor(run)


def _activity(run: Run, monitor: socket.socket, *, boots: bool) -> dict[str, Any]:
    """Let the guest run, and what it is charged then."""
    begin = time.monotonic()
    command(monitor, "cont")
    if boots:
        wait(run.is_ready, PATIENCE, "the guest is not ready")
    else:
        time.sleep(FIRMWARE_TIME)
    seconds = round(time.monotonic() - begin, 1)
    viewer = view(str(run.folder / "vnc")) if (run.folder / "vnc").exists() else None
    time.sleep(1)
    active = sample(run.groups, run.emulator.pid)
    if viewer:
        viewer.close()
    return {
        "activity": "linux" if boots else "firmware",
        "seconds": seconds,
        "complaints": [line for line in run.serial().splitlines() if line.startswith("no /")],
        "active": active,
    }


def _start(arguments: list[str], group: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Start a process that joins ``group`` before it becomes the program."""
    join = ["/bin/sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "join", *arguments]
    with log.open("ab") as output:
        return subprocess.Popen(
            join, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _remove(group: Path) -> None:
    for _ in range(50):
        try:
            for pid in (group / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    # virtiofsd leaves a child that the first process does not take along
                    os.kill(int(pid), signal.SIGKILL)
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return


def wait(condition: Callable[[], bool], seconds: float, problem: str) -> None:
    """Wait until ``condition`` holds.

    Raises:
        GuestError: It did not within so many ``seconds``.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise GuestError(problem)
        time.sleep(0.1)


def _monitor(run: Run) -> socket.socket:
    path = run.folder / "qmp"

    def there() -> bool:
        if run.emulator.poll() is not None:
            raise GuestError("the emulator did not start")
        return path.exists()

    wait(there, PATIENCE, "no monitor")
    monitor = socket.socket(socket.AF_UNIX)
    monitor.settimeout(PATIENCE)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            monitor.connect(str(path))
            break
        except OSError:
            if time.monotonic() > end:
                raise GuestError("the monitor does not answer") from None
            time.sleep(0.1)
    try:
        monitor.recv(65536)
        command(monitor, "qmp_capabilities")
    except OSError as error:
        raise GuestError(f"the monitor: {error}") from error
    return monitor


def command(monitor: socket.socket, name: str) -> None:
    """Have the emulator carry out a command of its monitor.

    Raises:
        GuestError: It refused.
    """
    monitor.sendall(json.dumps({"execute": name}).encode() + b"\n")
    while b'"return"' not in (answer := monitor.recv(65536)):
        if not answer or b'"error"' in answer:
            raise GuestError(f"{name}: {answer.decode(errors='replace')}")


def view(address: str | tuple[str, int]) -> socket.socket | None:
    """Look at the screen once, as a VNC viewer, and stay connected."""
    viewer = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    viewer.settimeout(3)
    try:
        viewer.connect(address)
        viewer.recv(12)
        viewer.sendall(b"RFB 003.008\n")
        viewer.recv(2)
        viewer.sendall(b"\x01")
        viewer.recv(4)
        viewer.sendall(b"\x01")
        header = viewer.recv(24)
        width, height = struct.unpack(">HH", header[:4])
        viewer.sendall(struct.pack(">BxHii", 2, 2, 5, 0))
        viewer.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
        end = time.monotonic() + 3
        while time.monotonic() < end and viewer.recv(1 << 20):
            viewer.settimeout(1)
    except (OSError, struct.error):
        pass
    return viewer


def sample(groups: dict[str, Path], pid: int) -> dict[str, Any]:
    """What is charged to each of the cgroups, and what the emulator ``pid`` has of it."""
    found: dict[str, Any] = {part: _charged(path) for part, path in groups.items()}
    status = Path(f"/proc/{pid}/status").read_text()
    for name in ("VmRSS", "VmPTE", "Threads", "RssAnon", "RssFile", "RssShmem"):
        match = re.search(rf"^{name}:\s*(\d+)( kB)?", status, re.MULTILINE)
        if match:
            found[name] = int(match[1]) * (1024 if match[2] else 1)
    found["translation_cache"] = _translation_cache(pid)
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found["smaps_rollup"] = {
        name: int(size) * 1024
        for name, size in re.findall(r"^(\w+):\s+(\d+) kB", rollup, re.MULTILINE)
    }
    return found


def _charged(group: Path) -> dict[str, int]:
    wanted = {"cache", "rss", "rss_huge", "shmem", "mapped_file", "inactive_file", "active_file"}
    stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    found = {name: int(value) for name, value in stat.items() if name in wanted}
    found["usage"] = int((group / "memory.usage_in_bytes").read_text())
    found["kmem"] = int((group / "memory.kmem.usage_in_bytes").read_text())
    return found


def charged_with_all_below(group: Path) -> dict[str, int]:
    """What is charged to ``group`` and the cgroups below it, which libvirt makes."""
    found = _charged(group)
    stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    return found | {name: int(stat[f"total_{name}"]) for name in found if f"total_{name}" in stat}


def _translation_cache(pid: int) -> int:
    """What of TCG's translation cache is resident: the writable and executable mappings."""
    total, inside = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            inside = line.split()[1].startswith("rwx")
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1]) * 1024
    return total
