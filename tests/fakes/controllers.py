"""The cpu and io controllers in memory, answering as the kernel does.

It stands where ``Machine`` does. What it imitates was measured on Linux 6.1 (v2) and 6.18 (v1), and
``tests/system/cgroups/test_controllers_real.py`` holds it against the kernel it runs on:

- ``cpu.weight`` takes 1 to 10000 and ``io.bfq.weight`` 1 to 1000, else ERANGE; ``cpu.shares`` takes
  any number and keeps it within 2 to 262144;
- a quota is 1 ms or more, a period 1 ms to 1 s, else EINVAL; on v1 a quota above that of a cgroup
  above, or below that of one inside, is EINVAL, on v2 it is taken;
- limits of devices: a device that is none, or a partition, is ENODEV; a limit of 0 takes one of v1
  away and is ERANGE on v2; operations are held in 32 bits, of which all ones are no limit.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from xmlresource.cgroup.hierarchy import Controller, Layout, Place, Version, ancestors
from xmlresource.system.machine import Machine

DISK = "254:0"
V1_THROTTLES = tuple(
    f"blkio.throttle.{way}_{what}_device" for way in ("read", "write") for what in ("bps", "iops")
)
IO_MAX = ("rbps", "wbps", "riops", "wiops")
FRESH = {
    Version.V1: {
        "cpu.shares": "1024",
        "cpu.cfs_quota_us": "-1",
        "cpu.cfs_period_us": "100000",
        "blkio.bfq.weight": "100",
        "blkio.bfq.weight_device": "default 100",
        **dict.fromkeys(V1_THROTTLES, ""),
    },
    Version.V2: {
        "cgroup.controllers": "cpuset cpu io memory pids",
        "cpu.weight": "100",
        "cpu.max": "max 100000",
        "io.max": "",
        "io.weight": "default 100",
        "io.bfq.weight": "default 100",
    },
}


def refuse(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)


@dataclass
class Controllers:
    """The state behind :class:`FakeControllers`, for tests to set and look at."""

    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    writes: list[tuple[str, str]] = field(default_factory=list)
    disks: frozenset[str] = frozenset({DISK})
    before_write: Callable[[int], None] = lambda _: None


class FakeControllers(Machine):
    """A ``Machine`` whose cpu and io cgroups are in memory.

    Args:
        version: The interface.
        missing: Files that this kernel lacks.
    """

    kernel: Controllers
    version: Version
    missing: frozenset[str]
    mount = "/cg"

    def __init__(self, version: Version, missing: frozenset[str] = frozenset()) -> None:
        super().__init__("/")
        object.__setattr__(self, "kernel", Controllers())
        object.__setattr__(self, "version", version)
        object.__setattr__(self, "missing", missing)

    def add_guest(
        self,
        cgroup: str = "/machine/qemu-1-a.libvirt-qemu",
        layout: Layout = Layout.PLAIN,
        *,
        systemd: bool = False,
    ) -> Place:
        """Make a guest's cgroup with all above it, as fresh as mkdir(2) makes them."""
        chain = ancestors(cgroup)
        for path in (cgroup, *chain):
            fresh = FRESH[self.version].items()
            files = {file: text for file, text in fresh if file not in self.missing}
            self.kernel.groups.setdefault(self.mount + path, files)
        controller = Controller(self.version, self.mount)
        return Place(controller, cgroup, layout, "qemu", chain, systemd)

    def texts(self, place: Place) -> dict[str, dict[str, str]]:
        """What all files read, by cgroup."""
        groups = (place.cgroup, *place.ancestors)
        return {
            group: {
                file: self.read_text(f"{self.mount}{group}/{file}")
                for file in self.kernel.groups[self.mount + group]
            }
            for group in groups
        }

    def files(self, place: Place) -> dict[str, str]:
        """The files of the guest's own cgroup."""
        return self.kernel.groups[self.mount + place.cgroup]

    def _find(self, path: str) -> tuple[str, str]:
        directory, _, file = path.rpartition("/")
        if file not in self.kernel.groups.get(directory, ()):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return directory, file

    def read_bytes(self, path: str) -> bytes:
        directory, file = self._find(path)
        text = self.kernel.groups[directory][file]
        return f"{text}\n".encode() if text else b""

    def write_value(self, path: str, value: str) -> None:
        self.kernel.writes.append((path, value))
        self.kernel.before_write(len(self.kernel.writes) - 1)
        directory, file = self._find(path)
        files = self.kernel.groups[directory]
        if file in {"cpu.weight", "blkio.bfq.weight"}:
            files[file] = weight(value, 10_000 if file == "cpu.weight" else 1000, path)
        elif file in {"io.weight", "io.bfq.weight", "blkio.bfq.weight_device"}:
            files[file] = weights(files[file], value, path, self._check_disk)
        elif file == "cpu.shares":
            files[file] = str(min(max(natural(value, path), 2), 262_144))
        elif file == "cpu.max":
            quota, _, period = value.partition(" ")
            files[file] = f"{quota} {period or files[file].split()[1]}"
            if quota != "max" and whole(quota, path) < 1000:
                raise refuse(errno.EINVAL, path)
        elif file == "cpu.cfs_quota_us":
            files[file] = self._quota(directory, whole(value, path), path)
        elif file == "io.max":
            files[file] = self._io_max(files[file], value, path)
        else:
            files[file] = self._throttle(file, files[file], value, path)

    def _quota(self, directory: str, quota: int, path: str) -> str:
        """__cfs_schedulable(): neither above those above nor below those inside."""
        if quota < 0:
            return "-1"
        if quota < 1000:
            raise refuse(errno.EINVAL, path)
        own = quota / int(self.kernel.groups[directory]["cpu.cfs_period_us"])
        for group, files in self.kernel.groups.items():
            cap = int(files["cpu.cfs_quota_us"])
            ratio = cap / int(files["cpu.cfs_period_us"])
            if cap < 0 or group == directory:
                continue
            above = directory.startswith(f"{group}/") and own > ratio
            inside = group.startswith(f"{directory}/") and own < ratio
            if above or inside:
                raise refuse(errno.EINVAL, path)
        return str(quota)

    def _io_max(self, text: str, value: str, path: str) -> str:
        rows = dict(row.split(" ", 1) for row in text.splitlines())
        device, _, pairs = value.partition(" ")
        self._check_disk(device, path)
        found = dict.fromkeys(IO_MAX, "max")
        found |= dict(pair.split("=") for pair in rows.get(device, "").split())
        for pair in pairs.split():
            key, _, word = pair.partition("=")
            number = 2**64 - 1 if word == "max" else natural(word, path)
            if number == 0:
                raise refuse(errno.ERANGE, path)
            most = 2**32 - 1 if key.endswith("iops") else 2**64 - 1
            found[key] = "max" if number >= most else str(number)
        rows[device] = " ".join(f"{key}={word}" for key, word in found.items())
        if set(found.values()) == {"max"}:
            del rows[device]
        return "\n".join(f"{key} {row}" for key, row in rows.items())

    def _throttle(self, file: str, text: str, value: str, path: str) -> str:
        rows = dict(row.split(" ") for row in text.splitlines())
        device, _, word = value.partition(" ")
        self._check_disk(device, path)
        size = 2**32 if "_iops_" in file else 2**64
        number = natural(word, path)
        rows[device] = str(number % size)
        if number in {0, size - 1}:
            del rows[device]
        return "\n".join(f"{key} {row}" for key, row in rows.items())

    def _check_disk(self, device: str, path: str) -> None:
        if device not in self.kernel.disks:
            raise refuse(errno.ENODEV, path)


def weights(text: str, value: str, path: str, check_disk: Callable[[str, str], None]) -> str:
    """A file with a weight for each disk and one for those without, once ``value`` is written."""
    most = 10_000 if path.endswith("/io.weight") else 1000
    rows = dict(row.split(" ") for row in text.splitlines())
    device, _, number = value.rpartition(" ")
    if device not in {"", "default"}:
        check_disk(device, path)
    if number == "default":
        rows.pop(device, None)
    else:
        rows[device or "default"] = weight(number, most, path)
    return "\n".join(f"{key} {row}" for key, row in rows.items())


def whole(text: str, path: str) -> int:
    """kstrtoll(): a whole number, or EINVAL."""
    try:
        return int(text)
    except ValueError:
        raise refuse(errno.EINVAL, path) from None


def natural(text: str, path: str) -> int:
    """kstrtoull(): no sign either."""
    number = whole(text, path)
    if number < 0:
        raise refuse(errno.EINVAL, path)
    return number


def weight(text: str, most: int, path: str) -> str:
    number = whole(text, path)
    if not 1 <= number <= most:
        raise refuse(errno.ERANGE, path)
    return str(number)
