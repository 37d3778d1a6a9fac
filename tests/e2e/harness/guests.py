"""Guests: built as XML, driven with virsh, found again in the kernel."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import sandbox
from .commands import Process, Result, must, wait_for
from .daemons import LXC, QEMU, virsh

if TYPE_CHECKING:
    from pathlib import Path

NAMESPACE = "urn:xmlresource:1"
MIB = 1024 * 1024

QEMU_DOMAIN = """\
<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  {extra}
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  {allocation}
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <on_reboot>destroy</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    {devices}
  </devices>
</domain>
"""

# Every byte of RAM is charged to the cgroup before the guest runs, with no guest kernel needed.
IMMEDIATE = "<memoryBacking><allocation mode='immediate'/></memoryBacking>"

LXC_DOMAIN = """\
<domain type='lxc'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  {extra}
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  <os>
    <type>exe</type>
    <init>/bin/busybox</init>
    <initarg>sleep</initarg>
    <initarg>100000</initarg>
  </os>
  <devices>
    <emulator>/usr/lib/libvirt/libvirt_lxc</emulator>
    <filesystem type='mount'>
      <source dir='{root}'/>
      <target dir='/'/>
    </filesystem>
    <console type='pty'/>
  </devices>
</domain>
"""


def policy(**sizes: str) -> str:
    """Our metadata element; sizes by local name: `memoryMinGuarantee="400 MiB"`."""
    rows = []
    for name, size in sizes.items():
        value, _, unit = size.partition(" ")
        rows.append(f"<xr:{name} unit='{unit}'>{value}</xr:{name}>")
    return metadata(f"<xr:memory>{''.join(rows)}</xr:memory>")


def metadata(content: str) -> str:
    """<metadata> around our own element with any content, also a wrong one."""
    return (
        f"<metadata>\n    <xr:resource xmlns:xr='{NAMESPACE}'>\n      {content}\n"
        "    </xr:resource>\n  </metadata>"
    )


def guarantee(mebibytes: int) -> str:
    """A policy that is a minimum guarantee and nothing else."""
    return policy(memoryMinGuarantee=f"{mebibytes} MiB")


@dataclass(frozen=True)
class Guest:
    """A guest's definition and, once started, the way to it."""

    name: str
    extra: str = ""
    memory: int = 64  # MiB
    immediate: bool = False
    devices: str = ""  # of QEMU's guests
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    uri: str = QEMU

    def __post_init__(self) -> None:
        if not self.name.startswith(sandbox.PREFIX):
            message = f"a guest of the tests is called {sandbox.PREFIX}...: {self.name}"
            raise ValueError(message)

    @property
    def driver(self) -> str:
        return self.uri.partition(":")[0]

    @property
    def pid_file(self) -> Path:
        return sandbox.LIBVIRT_RUN / self.driver / f"{self.name}.pid"

    def xml(self) -> str:
        template = QEMU_DOMAIN if self.uri == QEMU else LXC_DOMAIN
        return template.format(
            name=self.name,
            uuid=self.uuid,
            extra=self.extra,
            memory=self.memory,
            devices=self.devices,
            allocation=IMMEDIATE if self.immediate else "",
            root="" if self.uri == QEMU else container_root(),
        )

    def file(self) -> Path:
        """The definition as a file, for virsh and for the command line under test."""
        path = sandbox.STATE / f"{self.name}.xml"
        path.write_text(self.xml())
        return path

    def virsh(self, *words: str | Path) -> Result:
        """A virsh command whose first argument is the guest: verb, then what follows the name."""
        verb, *rest = words
        return virsh(verb, self.name, *rest, uri=self.uri)

    def define(self, *options: str) -> Result:
        return virsh("define", self.file(), *options, uri=self.uri)

    def start(self) -> Result:
        return self.virsh("start")

    def destroy(self) -> Result:
        return self.virsh("destroy")

    def defined(self) -> Guest:
        must(self.define())
        return self

    def running(self) -> Guest:
        """Define and start it; it runs when this returns."""
        must(self.defined().start())
        self.wait_state("running")
        return self

    def state(self) -> str:
        return self.virsh("domstate").stdout.strip()

    def wait_state(self, state: str) -> None:
        wait_for(f"{self.name} is {state}", lambda: self.state() == state)

    def process(self) -> Process:
        """QEMU, or the container's controller."""
        return Process.of(int(self.pid_file.read_text()))

    def live_xml(self) -> str:
        return must(self.virsh("dumpxml")).stdout

    def remove(self) -> None:
        """Leave nothing of it behind, whatever state it is in."""
        if self.state() not in {"", "shut off"}:
            self.destroy()
        undefine = ["--managed-save"] if self.uri == QEMU else []
        self.virsh("undefine", *undefine)
        sandbox.remove_guest_traces(self.name)

    def traces(self) -> list[Path]:
        """What a guest that doesn't run must not have: cgroups and runtime files."""
        runtime = [
            path
            for path in sandbox.guest_files(self.name)
            if not str(path).startswith("/etc/libvirt/")
        ]
        return sandbox.guest_cgroups(self.name) + runtime


def container(name: str, extra: str = "", memory: int = 64) -> Guest:
    """An LXC guest that runs busybox and sleeps."""
    return Guest(name, extra, memory, uri=LXC)


def container_root() -> Path:
    """The root folder of every container, made at the first call."""
    root = sandbox.STATE / "root"
    if not root.exists():
        for folder in ("bin", "dev", "proc", "sys", "etc", "run", "tmp"):
            (root / folder).mkdir(parents=True)
        shutil.copy2("/bin/busybox", root / "bin" / "busybox")
        (root / "bin" / "sh").symlink_to("busybox")
    return root
