"""virtlogd and libvirtd, started privately enough to be stopped, killed and restarted."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from . import sandbox
from .commands import PLAIN_ENVIRONMENT, Process, Result, run, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

QEMU = "qemu:///system"
LXC = "lxc:///system"
NURSERY = Path(__file__).with_name("nursery.py")
UNIFIED = Path("/sys/fs/cgroup/unified")

VIRTLOGD_CONFIGURATION = """\
log_outputs = "3:file:{log}"
"""
LIBVIRTD_CONFIGURATION = """\
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_ro_perms = "0700"
unix_sock_rw_perms = "0700"
log_outputs = "3:file:{log}"
"""


def virsh(*words: str | Path, uri: str = QEMU, timeout: float = 120) -> Result:
    """Run virsh; whether it succeeded is the caller's to judge."""
    return run(["virsh", "--quiet", "-c", uri, *words], timeout=timeout)


@dataclass
class Daemon:
    """One of libvirt's daemons, in the foreground of a nursery (see nursery.py)."""

    program: str
    configuration: str
    without: tuple[Path, ...] = ()
    process: Process | None = field(default=None, init=False)
    nurseries: list[subprocess.Popen[bytes]] = field(default_factory=list, init=False)

    @property
    def log(self) -> Path:
        return sandbox.STATE / f"{self.program}.log"

    @property
    def pid_file(self) -> Path:
        return sandbox.STATE / f"{self.program}.pid"

    def start(self) -> None:
        """Start it and return when it has written its pid file."""
        configuration = sandbox.STATE / f"{self.program}.conf"
        configuration.write_text(self.configuration.format(log=self.log))
        self.pid_file.unlink(missing_ok=True)
        nursery = self._nursery([self.program, "-f", str(configuration), "-p", str(self.pid_file)])
        self.nurseries.append(nursery)
        sandbox.remember(Process.of(nursery.pid))

        def pid() -> int:
            if nursery.poll() is not None:
                output = (sandbox.STATE / f"{self.program}.out").read_text()
                message = f"{self.program} ended at once: {output}"
                raise RuntimeError(message)
            with contextlib.suppress(FileNotFoundError, ValueError):
                return int(self.pid_file.read_text())
            return 0

        self.process = Process.of(wait_for(f"{self.program} writes its pid file", pid))
        sandbox.remember(self.process)

    def _nursery(self, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        words = ["unshare", "--mount", "--propagation", "slave"]
        words += [sys.executable, "-I", str(NURSERY), "--kvm-for", "kvm"]
        for path in self.without:
            words += ["--without", str(path)]
        with (sandbox.STATE / f"{self.program}.out").open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - our own program; it outlives this scope
                [*words, "--", *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=PLAIN_ENVIRONMENT,
                start_new_session=True,
            )

    def running(self) -> Process:
        if self.process is None or not self.process.alive():
            message = f"{self.program} does not run"
            raise RuntimeError(message)
        return self.process

    def stop(self) -> None:
        """End it in its own time; guests go on running."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        if self.process is not None:
            self.process.signal(number)
            self.process.wait_gone()
            self.process = None

    def close(self) -> None:
        """End it, and the nurseries, which have no guest left by now."""
        self.stop()
        for nursery in self.nurseries:
            try:
                nursery.wait(timeout=30)
            except subprocess.TimeoutExpired:
                nursery.kill()
                nursery.wait()
        self.nurseries.clear()

    def hang_up(self) -> None:
        """Have it read its configuration and hook folders anew."""
        self.running().signal(signal.SIGHUP)

    def in_its_namespace(self, *argv: str | Path) -> Result:
        """Run a program that sees the mounts that the daemon and its hooks see."""
        return run(["nsenter", "--mount", "-t", str(self.running().pid), *argv])


@dataclass
class Libvirt:
    """The two daemons that QEMU and LXC guests need."""

    virtlogd: Daemon
    libvirtd: Daemon

    def start(self) -> None:
        self.virtlogd.start()
        self.start_libvirtd()

    def start_libvirtd(self) -> None:
        """Start libvirtd; return when it answers, its guests found again."""
        self.libvirtd.start()
        wait_for("libvirtd answers", lambda: virsh("list", "--all").ok)

    def ensure_libvirtd(self) -> None:
        """Have libvirtd run, also after a test that left it dead."""
        if self.libvirtd.process is None or not self.libvirtd.process.alive():
            self.start_libvirtd()

    def restart(self) -> None:
        self.libvirtd.stop()
        self.start_libvirtd()

    def crash_and_restart(self) -> None:
        self.libvirtd.kill()
        self.start_libvirtd()

    def close(self) -> None:
        self.libvirtd.close()
        self.virtlogd.close()


@contextlib.contextmanager
def running_libvirt() -> Iterator[Libvirt]:
    """Both daemons, running; the caller holds the sandbox."""
    libvirt = Libvirt(
        Daemon("virtlogd", VIRTLOGD_CONFIGURATION),
        Daemon("libvirtd", LIBVIRTD_CONFIGURATION),
    )
    try:
        libvirt.start()
        yield libvirt
    finally:
        libvirt.close()


@contextlib.contextmanager
def pure_v1(libvirt: Libvirt) -> Iterator[None]:
    """libvirtd without sight of the v2 hierarchy of a hybrid host.

    libvirt 9.0 can't start a container beside one: it looks for a folder of the v2 hierarchy in
    the container's still empty /sys/fs/cgroup ("Unable to create directory ...unified").
    """
    libvirt.libvirtd.without = (UNIFIED,) if UNIFIED.is_mount() else ()
    libvirt.restart()
    try:
        yield
    finally:
        libvirt.libvirtd.without = ()
        libvirt.restart()
