"""The kernel's side: where a guest's cgroup is and what its memory files say."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from . import sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .commands import Process

V1_MEMORY = Path("/sys/fs/cgroup/memory")
V1_UNLIMITED = 9223372036854771712
# libvirt's own children of a guest's cgroup, where QEMU's threads are.
INNER = ("emulator", "vcpu", "iothread")


def memory_is_v1() -> bool:
    return (V1_MEMORY / "memory.limit_in_bytes").exists()


def memory_cgroup(process: Process) -> Path:
    """The folder with the memory files of the guest that this process is."""
    membership = Path(f"/proc/{process.pid}/cgroup").read_text()
    places = {
        controllers: path
        for _, controllers, path in (line.split(":", 2) for line in membership.splitlines())
    }
    if "memory" in places:
        return _outermost(V1_MEMORY / places["memory"].lstrip("/"))
    return _outermost(sandbox.CGROUPS / places[""].lstrip("/"))


def _outermost(folder: Path) -> Path:
    while folder.name.startswith(INNER):
        folder = folder.parent
    return folder


def read(folder: Path, file: str) -> int:
    """A value in bytes; what v2 calls `max` reads as v1's unlimited."""
    text = (folder / file).read_text().strip()
    return V1_UNLIMITED if text == "max" else int(text)


def write(folder: Path, file: str, value: int) -> None:
    """One value in one write(2), as the kernel wants it; errors are the kernel's own."""
    with (folder / file).open("wb", buffering=0) as target:
        target.write(str(value).encode())


@contextlib.contextmanager
def throwaway() -> Iterator[Path]:
    """A new v1 memory cgroup of our own."""
    folder = V1_MEMORY / f"throwaway-{sandbox.PREFIX}1"
    folder.mkdir()
    try:
        yield folder
    finally:
        folder.rmdir()


def soft_limit_works() -> bool:
    """Whether the v1 soft limit keeps what is written; inert on some kernels since 6.12."""
    with throwaway() as folder:
        write(folder, "memory.soft_limit_in_bytes", 4096)
        return read(folder, "memory.soft_limit_in_bytes") == 4096


def swap_is_counted() -> bool:
    """Whether memsw files exist; they are missing with swapaccount=0."""
    return (V1_MEMORY / "memory.memsw.limit_in_bytes").exists()


@contextlib.contextmanager
def hog(folder: Path, mebibytes: int) -> Iterator[None]:
    """A process in the cgroup that has touched so much memory and keeps it."""
    script = (
        f"echo $$ > {folder}/cgroup.procs; "
        f'exec /usr/bin/perl -e \'$| = 1; $x = "x" x ({mebibytes} << 20); print "full\\n"; <>\''
    )
    with subprocess.Popen(  # noqa: S603 - fixed words
        ["/bin/sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "full\n":
                message = "the hog got no memory"
                raise RuntimeError(message)
            yield
        finally:
            process.kill()
            process.wait()


def can_raise_memlock() -> bool:
    """Whether this machine gives root CAP_SYS_RESOURCE (24); containers often don't."""
    status = Path("/proc/self/status").read_text()
    effective = next(line for line in status.splitlines() if line.startswith("CapEff"))
    return bool(int(effective.split()[1], 16) >> 24 & 1)
