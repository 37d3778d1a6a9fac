"""A second libvirtd on the same machine, to migrate guests to: own folders, own host uuid."""

from __future__ import annotations

import contextlib
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import hooks, sandbox
from .commands import Process, Result, wait_for
from .daemons import LIBVIRTD_CONFIGURATION, Daemon, virsh

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = sandbox.STATE / "second"
PRIVATE = ("/run/libvirt", "/etc/libvirt", "/var/lib/libvirt", "/var/log/libvirt")
URI = f"qemu+unix:///system?socket={HOME}/libvirt-sock"
_CONFIGURATION = (
    LIBVIRTD_CONFIGURATION
    + f"""\
unix_sock_dir = "{HOME}"
host_uuid = "11111111-2222-4333-8444-666666666666"
"""
)


@dataclass
class SecondDaemon(Daemon):
    """libvirtd, with folders of its own mounted over those of the first."""

    @property
    def log(self) -> Path:
        return HOME / "libvirtd.log"

    @property
    def pid_file(self) -> Path:
        return HOME / "libvirtd.pid"

    def start(self) -> None:
        """As a daemon starts, but for its configuration's place."""
        configuration = HOME / "libvirtd.conf"
        configuration.write_text(self.configuration.format(log=self.log))
        self.pid_file.unlink(missing_ok=True)
        mounts = [f"mount --bind {HOME}{path} {path}" for path in PRIVATE]
        words = [self.program, "-f", str(configuration), "-p", str(self.pid_file)]
        script = " && ".join([*mounts, f"exec {shlex.join(words)}"])
        nursery = self._nursery(["sh", "-c", script])
        self.nurseries.append(nursery)
        sandbox.remember(Process.of(nursery.pid))

        def pid() -> int:
            with contextlib.suppress(FileNotFoundError, ValueError):
                return int(self.pid_file.read_text())
            return 0

        self.process = Process.of(wait_for("the second libvirtd writes its pid file", pid))
        sandbox.remember(self.process)


@dataclass(frozen=True)
class SecondRecorder(hooks.Recorder):
    """The recording hook of the second daemon."""

    @property
    def script(self) -> Path:
        return HOME / f"etc/libvirt/hooks/{self.driver}.d/{sandbox.PREFIX}recorder"


@contextlib.contextmanager
def second_libvirt() -> Iterator[tuple[Daemon, hooks.Recorder]]:
    """The daemon, running, and its recording hook."""
    HOME.mkdir()
    for path in PRIVATE:
        (HOME / path[1:]).mkdir(parents=True)
    shutil.copytree("/etc/libvirt", HOME / "etc/libvirt", dirs_exist_ok=True, symlinks=True)
    for path in (HOME / "etc/libvirt/qemu").glob(f"**/{sandbox.PREFIX}*"):
        path.unlink()
    shutil.rmtree(HOME / "etc/libvirt/hooks", ignore_errors=True)
    (HOME / "etc/libvirt/qemu.conf").write_text('stdio_handler = "file"\n')
    recorder = SecondRecorder(folder_name="calls-second")
    recorder.script.parent.parent.mkdir(parents=True)
    recorder.install()
    daemon = SecondDaemon("libvirtd", _CONFIGURATION)
    try:
        daemon.start()
        wait_for("the second libvirtd answers", lambda: second("list", "--all").ok)
        yield daemon, recorder
    finally:
        daemon.close()
        shutil.rmtree(recorder.folder, ignore_errors=True)
        shutil.rmtree(HOME)


def second(*words: str | Path) -> Result:
    """A virsh command for the second daemon."""
    return virsh(*words, uri=URI)
