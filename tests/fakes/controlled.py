"""A host of plain files that has the cpu and io controllers beside that of memory.

On v1 each controller has paths of its own: a guest's cpu cgroup is below ``/cpu-side``.
"""

import errno
import os
from pathlib import Path

from tests.fakes.controllers import DISK, FRESH, refuse, weights
from tests.fakes.host import FakeHost
from xmlresource.cgroup.hierarchy import Version
from xmlresource.system.machine import Machine

V1_MOUNTS = (
    "31 20 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
    "32 20 0:32 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
)
FILE_SYSTEMS = "40 20 254:0 / / rw - ext4 /dev/vda rw\n41 20 0:50 / /run rw - tmpfs tmpfs rw\n"


WEIGHED = ("io.weight", "io.bfq.weight", "blkio.bfq.weight_device")
SECOND = "254:16"


class NumberedMachine(Machine):
    """Files below ``/run`` are on a tmpfs, those below ``/second`` on a second disk, if there is
    one, all others on one disk.
    """

    def write_value(self, path: str, value: str) -> None:
        if path.rpartition("/")[2] in WEIGHED:
            text = weights(self.read_text(path), value, path, self._check_disk)
            os.truncate(self.path(path), 0)
            value = f"{text}\n"
        super().write_value(path, value)

    def _check_disk(self, number: str, path: str) -> None:
        if not self.names_in(f"/sys/dev/block/{number}"):
            raise refuse(errno.ENODEV, path)

    def device_numbers(self, path: str) -> tuple[str, str | None] | None:
        if path == "/dev/vda":
            return "0:6", DISK
        if path == "/dev/vdb":
            return "0:6", SECOND
        if path.startswith("/second/"):
            return SECOND, None
        if path.startswith("/gone"):
            return None
        if path.startswith("/squashed/"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return ("0:50" if path.startswith("/run/") else DISK), None


class ControlledHost(FakeHost):
    """A host whose guests have cpu and io cgroups.

    Args:
        root: Its files.
        version: The interface.
        missing: Files that its kernel lacks.
    """

    def __init__(self, root: Path, version: int = 1, missing: frozenset[str] = frozenset()) -> None:
        self.missing = missing
        super().__init__(root, version)
        self.machine = NumberedMachine(str(root))
        mounts = self.read("/proc/self/mountinfo") + (V1_MOUNTS if version == 1 else "")
        self.write("/proc/self/mountinfo", mounts + FILE_SYSTEMS)
        groups = self.read("/proc/self/cgroup")
        if version == 1:
            groups += "3:cpu,cpuacct:/\n2:blkio:/\n"
            for file in self.fresh("cpu") | self.fresh("blkio"):
                self.write(f"/sys/fs/cgroup/{file.partition('.')[0]}/{file}", "\n")
            self.write("/sys/fs/cgroup/blkio/blkio.bfq.io_serviced", "")
        else:
            self.write("/sys/fs/cgroup/cgroup.controllers", "cpu io memory\n")
            self.write("/sys/fs/cgroup/io.cost.qos", "")
        self.write("/proc/self/cgroup", groups)
        (root / "sys/dev/block").mkdir(parents=True)
        self.disk("vda", DISK)

    def disk(self, name: str, number: str) -> None:
        """Make a disk."""
        disk = f"/sys/devices/{name}"
        self.write(f"{disk}/dev", f"{number}\n")
        self.write(f"{disk}/uevent", f"DEVNAME={name}\n")
        (self.root / "sys/dev/block" / number).symlink_to(f"../../devices/{name}")

    def scheduler(self, name: str, chosen: str) -> None:
        """Choose the scheduler of a disk."""
        self.write(f"/sys/devices/{name}/queue/scheduler", f"none [{chosen}] kyber\n")

    def iocost(self, *numbers: str) -> None:
        """Enable iocost for these disks alone."""
        lines = (f"{number} enable=1 ctrl=user\n" for number in numbers)
        self.write("/sys/fs/cgroup/io.cost.qos", "".join(lines))

    def fresh(self, controller: str) -> dict[str, str]:
        """What files of a new cgroup read."""
        version = Version.V1 if self.version == 1 else Version.V2
        return {
            file: text
            for file, text in FRESH[version].items()
            if file not in self.missing and file.partition(".")[0] in {controller, "cgroup"}
        }

    def folder(self, controller: str, path: str) -> str:
        """The folder of a controller's cgroup."""
        if self.version == 2:
            return f"/sys/fs/cgroup{path}"
        side = "/cpu-side" if controller == "cpu" else ""
        return f"/sys/fs/cgroup/{controller}{side}{path}"

    def group(self, path: str) -> str:
        for controller in ("cpu", "blkio" if self.version == 1 else "io"):
            for file, text in self.fresh(controller).items():
                self.write(f"{self.folder(controller, path)}/{file}", f"{text}\n" if text else "")
        return super().group(path)

    def process(self, pid: int, start_time: int = 1000, cgroup: str = "/") -> None:
        super().process(pid, start_time, cgroup)
        if self.version == 1:
            groups = self.read(f"/proc/{pid}/cgroup")
            groups += f"3:cpu,cpuacct:/cpu-side{cgroup}\n2:blkio:{cgroup}\n"
            self.write(f"/proc/{pid}/cgroup", groups)
