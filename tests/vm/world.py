"""What the tests in the machine see: guests, units, the kernel's files, the product."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.harness.commands import Result, must, run, wait_for
from xmlresource.operations.administration.status import status as host_status
from xmlresource.reports.host.status import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20
NAME = os.environ.get("XMLRESOURCE_VM", "")
V1 = Path("/sys/fs/cgroup/memory").is_dir()
MACHINED = Path("/usr/share/dbus-1/system-services/org.freedesktop.machine1.service").exists()
# libvirt 9.0 starts no container under machined on v1, hybrid or alone ("NoMachineForPID").
DRIVERS = ("qemu",) if V1 and MACHINED else ("qemu", "lxc")
CGROUPS = Path("/sys/fs/cgroup/memory" if V1 else "/sys/fs/cgroup")
SLICE = CGROUPS / "machine.slice"
PROGRAM = Path("/opt/xmlresource/bin/xmlresource")
PYTHON = Path("/opt/xmlresource/bin/python")
STATE = Path("/run/xmlresource")
CONFIGURATION = Path("/etc/xmlresource.toml")
CONTAINER_ROOT = Path("/srv/container")
PATIENCE = 600.0  # nobody waits for less under software emulation on a busy machine
AWAY = re.compile("Failed to connect|Connection (reset|refused|timed)|Transport endpoint")
TRIES = 3
MODULAR = Path("/etc/systemd/system/virtqemud.service").exists()
DAEMONS = ("virtqemud.service", "virtlxcd.service") if MODULAR else ("libvirtd.service",)

QEMU = """\
<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid>
  <metadata>{policy}</metadata>
  <memory unit='MiB'>{memory}</memory>
  {memtune}
  <memoryBacking><allocation mode='immediate'/></memoryBacking>
  <vcpu>1</vcpu>
  {partition}
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    {devices}
  </devices>
</domain>
"""
LXC = """\
<domain type='lxc'>
  <name>{name}</name><uuid>{uuid}</uuid>
  <metadata>{policy}</metadata>
  <memory unit='MiB'>{memory}</memory>
  {memtune}
  <vcpu>1</vcpu>
  {partition}
  <os>
    <type>exe</type>
    <init>/bin/busybox</init><initarg>sleep</initarg><initarg>100000</initarg>
  </os>
  <devices>
    <emulator>/usr/lib/libvirt/libvirt_lxc</emulator>
    <filesystem type='mount'><source dir='{root}'/><target dir='/'/></filesystem>
    <console type='pty'/>
  </devices>
</domain>
"""


def policy(**sizes: int) -> str:
    """Our element; sizes in MiB by local name."""
    rows = "".join(f"<xr:{name} unit='MiB'>{size}</xr:{name}>" for name, size in sizes.items())
    return raw_policy(f"<xr:memory>{rows}</xr:memory>")


def raw_policy(content: str) -> str:
    return f"<xr:resource xmlns:xr='urn:xmlresource:1'>{content}</xr:resource>"


def guarantee(mebibytes: int) -> str:
    return policy(memoryMinGuarantee=mebibytes)


@dataclass(frozen=True)
class Guest:
    name: str
    policy: str = ""
    memory: int = 64
    driver: str = "qemu"
    partition: str = ""
    memtune: str = ""
    devices: str = ""
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    def virsh(self, *words: str | Path) -> Result:
        return virsh(self.driver, *words)

    def define(self) -> Guest:
        template = QEMU if self.driver == "qemu" else LXC
        path = Path(f"/run/{self.name}.xml")
        partition = f"<resource><partition>{self.partition}</partition></resource>"
        path.write_text(
            template.format(
                name=self.name,
                uuid=self.uuid,
                policy=self.policy,
                memory=self.memory,
                memtune=self.memtune,
                devices=self.devices,
                partition=partition if self.partition else "",
                root=CONTAINER_ROOT,
            )
        )
        must(self.virsh("define", path))
        return self

    def try_start(self) -> Result:
        return self.define().virsh("start", self.name)

    def start(self) -> Guest:
        self.define()
        self.start_again()
        return self

    def start_again(self) -> None:
        """Start a guest that is defined.

        libvirt itself fails now and then where machined, systemd and it look at a new cgroup at
        once; that is tried again. Where our hook had a say, its answer stands.
        """
        for attempt in range(TRIES):
            result = self.virsh("start", self.name)
            if result.ok:
                return
            assert "xmlresource" not in result.stderr, str(result)
            assert "Hook script" not in result.stderr, str(result)
            say(f"\nattempt {attempt + 1}, by no doing of ours: {result}")
            wait_for(f"{self.name} settles", lambda: self.state() in {"shut off", "running"})
            if self.runs():
                return
        must(result)

    def stop(self) -> None:
        """End the guest; libvirt's cleaning up, and with it our hook, is over on return.

        libvirt 9.0 fails to destroy a container that systemd takes away while libvirt reads its
        cgroup ("Failed to read .../cgroup.threads: No such device"), and cleans up a moment later.
        What counts is that the guest ends: one that runs on fails here.
        """
        result = self.virsh("destroy", self.name)
        if not result.ok:
            wait_for(
                f"{self.name} ends after: {result}",
                lambda: self.state() == "shut off",
                timeout=PATIENCE,
            )

    def state(self) -> str:
        return self.virsh("domstate", self.name).stdout.strip()

    def runs(self) -> bool:
        return self.state() == "running"

    @property
    def pid(self) -> int:
        return int(Path(f"/run/libvirt/{self.driver}/{self.name}.pid").read_text())

    @property
    def own(self) -> Path:
        """The guest's own folder, found from its process by how libvirt names things."""
        groups = Path(f"/proc/{self.pid}/cgroup").read_text().splitlines()
        sign = ":memory:" if V1 else "0::"
        (path,) = (line.split(":", 2)[2] for line in groups if sign in line)
        names = path.strip("/").split("/")
        last = next(
            at for at, name in enumerate(names) if name.endswith(".scope") or ".libvirt-" in name
        )
        return CGROUPS.joinpath(*names[: last + 1], *(["libvirt"] if MACHINED else []))

    @property
    def above(self) -> list[Path]:
        """The folders above it, nearest first, without the root."""
        parents = self.own.parents
        return list(parents[: parents.index(CGROUPS)])

    @property
    def scope(self) -> Path:
        """The scope's folder, where machined makes one."""
        assert MACHINED
        return self.own.parent


def say(*words: object) -> None:
    """A figure for whoever reads the run."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")


def read(folder: Path, file: str = "memory.min") -> int | str:
    text = (folder / file).read_text().strip()
    return text if text == "max" else int(text)


def read_if_there(folder: Path, file: str = "memory.min") -> int | str | None:
    """``None`` where the cgroup is gone, also between two system calls."""
    try:
        return read(folder, file)
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENODEV}:
            raise
        return None


def charged(guest: Guest) -> int:
    return int(read(guest.own, "memory.current"))


def mib(size: int) -> float:
    return round(size / MIB, 1)


def xmlresource(*words: str | Path) -> Result:
    return run([PROGRAM, *words])


def status() -> dict[str, Any]:
    """What `xmlresource status --json` prints, without an interpreter that starts anew for it.

    Under emulation that takes seconds, and the tests ask at every step. One of them asks the
    command itself (test_repair).
    """
    found: dict[str, Any] = as_json(host_status())
    return found


def promised() -> dict[str, int]:
    return {guest["name"]: guest["min_guarantee"] for guest in status()["guests"]}


def promised_cpu() -> dict[str, int]:
    """The promises of CPU time, in thousandths of a CPU."""
    guests = status()["guests"]
    return {guest["name"]: guest["cpu"]["guarantee"] for guest in guests if "cpu" in guest}


def drift() -> list[str]:
    return [line for guest in status()["guests"] for line in guest["drift"]]


def systemctl(*words: str) -> str:
    """What systemctl says; all that follows from it is in the kernel on return.

    systemd is away for a moment while it executes itself anew. It answers a reload before it has
    written to the cgroups, and any other question only afterwards.
    """
    done = wait_for_bus(*words)
    if words[0].startswith("daemon-"):
        wait_for_bus("show", "--property", "Version")
    return must(done).stdout.strip()


def reload() -> None:
    """Have systemd read its files again, and write all that they give to machine.slice.

    252 writes at a reload, 257 when a property of the unit is set after it.
    """
    systemctl("daemon-reload")
    if not V1:
        systemctl("set-property", "--runtime", "machine.slice", "CPUWeight=100")


def wait_for_bus(*words: str) -> Result:
    deadline = time.monotonic() + PATIENCE
    while True:
        done = run(["systemctl", *words], timeout=PATIENCE)
        if done.ok or not AWAY.search(done.stderr) or time.monotonic() > deadline:
            return done
        time.sleep(0.2)


def property_of(unit: str, name: str = "MemoryMin") -> str:
    return systemctl("show", "--property", name, "--value", unit)


def restart_libvirt() -> None:
    systemctl("restart", *DAEMONS)
    for driver in DRIVERS:
        wait_for(f"libvirt answers for {driver}", partial(answers, driver), timeout=PATIENCE)


def answers(driver: str) -> bool:
    return virsh(driver, "list").ok


def virsh(driver: str, *words: str | Path) -> Result:
    """Without keepalive messages: virsh gives up a daemon that is slow to answer them (30 s)."""
    argv = ["virsh", "--keepalive-interval", "0", "--quiet", "-c", f"{driver}:///system", *words]
    return run(argv, timeout=PATIENCE)


def leave_to_promise(mebibytes: int) -> None:
    """Have so large a reserve that only this much can be promised."""
    (line,) = (
        line for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line
    )
    reserve = int(line.split()[1]) - mebibytes * 1024
    CONFIGURATION.write_text(f'host_reserve = "{reserve}KiB"\n')


HOG = """
import mmap, sys
size = int(sys.argv[1])
memory = mmap.mmap(-1, size)
block = b"hog!" * (1 << 18)
while True:
    for at in range(0, size - len(block), len(block)):
        memory[at : at + len(block)] = block
    print("pass", flush=True)
"""


@contextmanager
def hog(mebibytes: int) -> Iterator[subprocess.Popen[str]]:
    """A process outside of machine.slice that takes so much memory, and goes on touching it."""
    argv = [PYTHON, "-c", HOG, str(mebibytes << 20)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        try:
            yield process
        finally:
            process.kill()


def available() -> int:
    """MemAvailable in MiB."""
    (line,) = (
        line for line in Path("/proc/meminfo").read_text().splitlines() if "MemAvailable" in line
    )
    return int(line.split()[1]) // 1024


def make_container_root() -> None:
    for folder in ("bin", "dev", "proc", "sys", "etc", "run", "tmp"):
        (CONTAINER_ROOT / folder).mkdir(parents=True, exist_ok=True)
    busybox = CONTAINER_ROOT / "bin" / "busybox"
    if not busybox.exists():
        busybox.write_bytes(Path("/bin/busybox").read_bytes())
        busybox.chmod(0o755)
