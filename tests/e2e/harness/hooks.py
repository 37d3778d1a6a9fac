"""Scripts in libvirt's hook folders, and what they saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import sandbox

if TYPE_CHECKING:
    from pathlib import Path

RECORDER = """\
#!/bin/sh
# Records a call of libvirt's, then ends as it is told to.
call=$(mktemp -d {calls}/new.XXXXXX)
printf '%s\\n' "$@" >"$call/argv"
env >"$call/environment"
ls /run/libvirt/{driver} >"$call/runtime"
ls -d /sys/fs/cgroup/memory/machine/*"$1"* >"$call/cgroup" 2>/dev/null
cat /proc/self/cgroup >"$call/own_cgroup"
cat >"$call/stdin"
mv "$call" {calls}/$(date +%s.%N)
[ -e {calls}/script ] && . {calls}/script
exit 0
"""


@dataclass(frozen=True)
class Call:
    """One call of a hook script by libvirt, with what was there while it lasted."""

    argv: tuple[str, ...]
    stdin: str
    environment: dict[str, str]
    runtime_files: tuple[str, ...]
    has_cgroup: bool

    @property
    def guest(self) -> str:
        return self.argv[0]

    @property
    def operation(self) -> str:
        return self.argv[1]

    @classmethod
    def read(cls, folder: Path) -> Call:
        environment = (folder / "environment").read_text().splitlines()
        return cls(
            argv=tuple((folder / "argv").read_text().splitlines()),
            stdin=(folder / "stdin").read_text(),
            environment=dict(line.split("=", 1) for line in environment if "=" in line),
            runtime_files=tuple((folder / "runtime").read_text().split()),
            has_cgroup=bool((folder / "cgroup").read_text()),
        )


@dataclass(frozen=True)
class Recorder:
    """A hook that writes down every call and, if told, does more afterwards."""

    driver: str = "qemu"
    folder_name: str = "calls"

    @property
    def script(self) -> Path:
        return sandbox.HOOKS / f"{self.driver}.d" / f"{sandbox.PREFIX}recorder"

    @property
    def folder(self) -> Path:
        return sandbox.STATE / f"{self.folder_name}-{self.driver}"

    def install(self) -> None:
        self.folder.mkdir()
        install(self.script, RECORDER.format(calls=self.folder, driver=self.driver))

    def uninstall(self) -> None:
        uninstall(self.script)
        sandbox.remove(self.folder)

    def then(self, shell: str) -> None:
        """Run this after recording; it sees libvirt's words as $1 to $4."""
        (self.folder / "script").write_text(shell)

    def calls(self, guest: str) -> list[Call]:
        """The calls for one guest, in the order they came."""
        folders = sorted(self.folder.glob("[0-9]*"), key=lambda path: path.name)
        return [call for call in map(Call.read, folders) if call.guest == guest]

    def operations(self, guest: str) -> list[str]:
        return [call.operation for call in self.calls(guest)]

    def call(self, guest: str, operation: str) -> Call:
        """The only call of this operation."""
        (call,) = [call for call in self.calls(guest) if call.operation == operation]
        return call


def install(script: Path, text: str) -> None:
    """Put a hook in place whole; libvirt looks for it at its start and at SIGHUP."""
    script.parent.mkdir(exist_ok=True)
    new = script.with_name(f".{script.name}")
    new.write_text(text)
    new.chmod(0o755)
    new.rename(script)


def uninstall(script: Path) -> None:
    """Remove it, and its folder if that is empty then."""
    script.unlink(missing_ok=True)
    if script.parent.is_dir() and not any(script.parent.iterdir()):
        script.parent.rmdir()


def listing() -> dict[str, tuple[int, bytes]]:
    """Everything in libvirt's hook folders: mode and content by path."""
    return {
        str(path.relative_to(sandbox.HOOKS)): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(sandbox.HOOKS.rglob("*"))
    }
