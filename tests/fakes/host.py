"""A host as a folder of plain files: what /proc, /sys, /run and /etc would show.

Its cgroup files take any value; how the kernel answers is ``tests.fakes.kernel``'s business.
"""

import shutil
from pathlib import Path

from xmlresource.system.machine import Machine

MIB = 1 << 20
GIB = 1 << 30
BOOT = "5eed5eed-0000-4000-8000-000000000000"

_MOUNTS = {
    1: "30 20 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
    2: "30 20 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
}
_GROUPS = {1: "4:memory:{}\n", 2: "0::{}\n"}
_ROOTS = {1: "/sys/fs/cgroup/memory", 2: "/sys/fs/cgroup"}
_FILES = {
    1: {
        "memory.limit_in_bytes": "9223372036854771712",
        "memory.memsw.limit_in_bytes": "9223372036854771712",
        "memory.soft_limit_in_bytes": "9223372036854771712",
        "memory.usage_in_bytes": "0",
    },
    2: {
        "memory.max": "max",
        "memory.high": "max",
        "memory.low": "0",
        "memory.min": "0",
        "memory.swap.max": "max",
        "memory.swap.high": "max",
        "memory.current": "0",
    },
}

_CPU_MOUNT = "31 20 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
_CPU_ROOTS = {1: "/sys/fs/cgroup/cpu", 2: "/sys/fs/cgroup"}
_CPU_FILES = {
    1: {"cpu.shares": "1024", "cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"},
    2: {"cpu.weight": "100", "cpu.max": "max 100000", "cgroup.controllers": "cpu memory"},
}


def domain(  # noqa: PLR0913 -- what a definition may hold
    name: str,
    number: int,
    tunables: str,
    *,
    kind: str = "qemu",
    ram: int = 64,
    more: str = "",
    cpu: str = "",
) -> bytes:
    """A live definition with ``tunables``, and those of ``cpu``, in our element; ``ram`` in MiB."""
    block = "<xr:resource xmlns:xr='urn:xmlresource:1'>"
    block += f"<xr:memory>{tunables}</xr:memory>" if tunables else ""
    block += f"<xr:cpu>{cpu}</xr:cpu>" if cpu else ""
    block = f"{block}</xr:resource>" if tunables or cpu else ""
    return (
        f"<domain type='{kind}' id='1'>\n<name>{name}</name>\n<uuid>{uuid(number)}</uuid>\n"
        f"<memory unit='MiB'>{ram}</memory>\n<metadata>{block}</metadata>\n"
        f"{more}</domain>\n"
    ).encode()


def guarantee(mib: int) -> str:
    """The element for a guarantee of so many MiB."""
    return f"<xr:memoryMinGuarantee unit='MiB'>{mib}</xr:memoryMinGuarantee>"


def cpu_guarantee(cpus: str) -> str:
    """The element for a guarantee of so many CPUs."""
    return f"<xr:cpuMinGuarantee>{cpus}</xr:cpuMinGuarantee>"


def hard_limit(mib: int) -> str:
    """The element for a hard limit of so many MiB."""
    return f"<xr:memoryHardLimit unit='MiB'>{mib}</xr:memoryHardLimit>"


def uuid(number: int) -> str:
    """The uuid of guest ``number``."""
    return f"00000000-0000-4000-8000-{number:012d}"


class FakeHost:
    """8 GiB of memory, all of it available but 256 MiB, no hugepages, no guests.

    With ``cpus`` it has so many CPUs and a cpu controller; else neither is to be seen.
    """

    def __init__(self, root: Path, version: int = 1, cpus: int = 0) -> None:
        self.root = root
        self.version = version
        self.cpus = cpus
        self.machine = Machine(str(root))
        self.memory(8 * GIB, 8 * GIB - 256 * MIB)
        self.write("/proc/self/mountinfo", _MOUNTS[version])
        self.write("/proc/self/cgroup", _GROUPS[version].format("/"))
        self.write("/proc/sys/kernel/random/boot_id", BOOT + "\n")
        for folder in ("/etc", "/run"):
            (root / folder[1:]).mkdir(exist_ok=True)
        if cpus:
            self.write("/sys/devices/system/cpu/online", f"0-{cpus - 1}\n")
            self.write("/sys/devices/system/cpu/isolated", "\n")
            if version == 1:
                self.write("/proc/self/mountinfo", _MOUNTS[1] + _CPU_MOUNT)
                self.write("/proc/self/cgroup", self._groups("/"))
                self.write(f"{_CPU_ROOTS[1]}/cpu.shares", "1024\n")
            else:
                self.write(f"{_CPU_ROOTS[2]}/cgroup.controllers", "cpu memory\n")
        self.group("/machine")

    def _groups(self, cgroup: str) -> str:
        """What /proc/PID/cgroup says."""
        more = f"5:cpu:{cgroup}\n" if self.cpus and self.version == 1 else ""
        return _GROUPS[self.version].format(cgroup) + more

    def weight(self, cgroup: str) -> int:
        """The weight of a cgroup."""
        file = {1: "cpu.shares", 2: "cpu.weight"}[self.version]
        return int(self.read(f"{_CPU_ROOTS[self.version]}{cgroup}/{file}"))

    def write(self, path: str, text: str) -> None:
        """Make a file."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def read(self, path: str) -> str:
        """A file's text."""
        return (self.root / path.lstrip("/")).read_text()

    def memory(self, total: int, available: int) -> None:
        """What /proc/meminfo says."""
        self.write(
            "/proc/meminfo",
            f"MemTotal: {total >> 10} kB\nMemAvailable: {available >> 10} kB\nHugetlb: 0 kB\n",
        )

    def group(self, path: str) -> str:
        """Make a cgroup; its folder comes back."""
        folder = _ROOTS[self.version] + path
        for name, value in _FILES[self.version].items():
            self.write(f"{folder}/{name}", value + "\n")
        for name, value in _CPU_FILES[self.version].items() if self.cpus else ():
            self.write(f"{_CPU_ROOTS[self.version]}{path}/{name}", value + "\n")
        return folder

    def process(self, pid: int, start_time: int = 1000, cgroup: str = "/") -> None:
        """Make a process."""
        fields = ["S", *["0"] * 18, str(start_time), "0"]
        self.write(f"/proc/{pid}/stat", f"{pid} (a name) {' '.join(fields)}\n")
        self.write(f"/proc/{pid}/cgroup", self._groups(cgroup))

    def end(self, pid: int) -> None:
        """End a process."""
        shutil.rmtree(self.root / "proc" / str(pid))

    def run(self, name: str, pid: int, definition: bytes, driver: str = "qemu") -> str:
        """Have libvirt's run folder show a guest, in a cgroup of its own; its folder comes back."""
        cgroup = f"/machine/qemu-{pid}-{name}.libvirt-{driver}"
        folder = self.group(cgroup)
        self.process(pid, cgroup=f"{cgroup}/emulator" if driver == "qemu" else cgroup)
        self.write(f"/run/libvirt/{driver}/{name}.pid", f"{pid}\n")
        status = f"<domstatus state='running' pid='{pid}'>{definition.decode()}</domstatus>"
        self.write(f"/run/libvirt/{driver}/{name}.xml", status)
        return folder
