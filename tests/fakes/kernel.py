"""A memory controller in memory that answers as the kernel does.

It stands where ``Machine`` does. What it imitates was measured on Linux 6.1, 6.12 and 6.18, and
``tests/system/test_cgroups_real.py`` holds it against the kernel it runs on:

- values are parsed by memparse(): octal, hexadecimal, a suffix, wrapping at 2^64; then cut down to
  pages;
- "no limit" is ``-1`` on v1 and ``max`` on v2, the other word is EINVAL;
- v1 keeps memory <= memory + swap after every single write (EINVAL), and answers EBUSY where more
  is in use than can be reclaimed; v2 takes any value in any order;
- a write of no bytes does nothing, a removed cgroup is ENOENT, files are never created.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from xmlresource.cgroup.hierarchy import Controller, Layout, Place, Version, ancestors
from xmlresource.system.machine import Machine

LIMIT = "memory.limit_in_bytes"
TOTAL = "memory.memsw.limit_in_bytes"
SOFT = "memory.soft_limit_in_bytes"
V2_FILES = {
    "memory.min": "0",
    "memory.low": "0",
    "memory.high": "max",
    "memory.max": "max",
    "memory.swap.high": "max",
    "memory.swap.max": "max",
}
SUFFIXES = {suffix: 10 * power for power, suffix in enumerate("kmgtpe", start=1)}


class Crash(BaseException):
    """The process is killed."""


def memparse(text: str) -> int:
    """lib/cmdline.c: the number, a suffix; ValueError where something is left over."""
    base, digits = 10, "0123456789"
    if text[:2].lower() == "0x" and text[2:3].lower() in set("0123456789abcdef"):
        base, digits, text = 16, "0123456789abcdef", text[2:]
    elif text.startswith("0"):
        base, digits = 8, "01234567"
    length = 0
    while length < len(text) and text[length].lower() in digits:
        length += 1
    number = int(text[:length], base) if length else 0
    rest = text[length:]
    if rest and rest[0].lower() in SUFFIXES:
        number <<= SUFFIXES[rest[0].lower()]
        rest = rest[1:]
    if rest:
        raise ValueError(text)
    return number % 2**64


@dataclass
class Group:
    """One cgroup: values in pages, by file; what is used and how much of it can be reclaimed."""

    values: dict[str, int]
    usage: int = 0
    swap: int = 0
    reclaimable: int = 0


@dataclass
class Kernel:
    """The state behind a :class:`FakeKernel`, for tests to set and look at."""

    version: Version
    page_size: int
    inert: frozenset[str]
    groups: dict[str, Group] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    writes: list[tuple[str, str]] = field(default_factory=list)
    before_write: Callable[[int], None] = lambda _: None

    @property
    def most(self) -> int:
        return (2**63 - 1) // self.page_size


class FakeKernel(Machine):
    """A ``Machine`` whose cgroups are in memory.

    Args:
        version: Of the memory controller.
        missing: Files that this kernel lacks.
        inert: Files that take writes and keep their value.
        page_size: In bytes.
    """

    kernel: Kernel
    missing: frozenset[str]
    mount = "/sys/fs/cgroup"

    def __init__(
        self,
        version: Version,
        *,
        missing: frozenset[str] = frozenset(),
        inert: frozenset[str] = frozenset(),
        page_size: int = 4096,
    ) -> None:
        super().__init__("/")
        object.__setattr__(self, "kernel", Kernel(version, page_size, inert))
        object.__setattr__(self, "missing", missing)

    def controller(self) -> Controller:
        return Controller(self.kernel.version, self.mount)

    def add_guest(self, cgroup: str = "/machine/qemu-1-a.libvirt-qemu") -> Place:
        """Make a guest's cgroup with all above it, as fresh as mkdir(2) makes them."""
        chain = ancestors(cgroup)
        for path in (cgroup, *chain):
            self.kernel.groups.setdefault(self.mount + path, self._fresh())
        return Place(self.controller(), cgroup, Layout.PLAIN, "qemu", chain)

    def group(self, place: Place) -> Group:
        return self.kernel.groups[place.directory]

    def _fresh(self) -> Group:
        if self.kernel.version is Version.V1:
            values = dict.fromkeys((LIMIT, TOTAL, SOFT), self.kernel.most)
        else:
            values = {
                file: self.kernel.most if value == "max" else 0 for file, value in V2_FILES.items()
            }
        return Group({file: value for file, value in values.items() if file not in self.missing})

    def _find(self, path: str) -> tuple[Group, str]:
        directory, _, file = path.rpartition("/")
        group = self.kernel.groups.get(directory)
        if group is None or (file not in group.values and file not in self._usages(group)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return group, file

    def _usages(self, group: Group) -> dict[str, int]:
        if self.kernel.version is Version.V1:
            return {"memory.usage_in_bytes": group.usage}
        return {"memory.current": group.usage}

    def read_bytes(self, path: str) -> bytes:
        if path in self.kernel.files:
            return self.kernel.files[path].encode()
        group, file = self._find(path)
        pages = group.values[file] if file in group.values else self._usages(group)[file]
        if self.kernel.version is Version.V2 and file in group.values and pages == self.kernel.most:
            return b"max\n"
        return f"{pages * self.kernel.page_size}\n".encode()

    def identity(self, path: str) -> list[int] | None:
        return [id(self.kernel.groups[path])] if path in self.kernel.groups else None

    def names_in(self, path: str) -> list[str]:
        prefix = path.rstrip("/") + "/"
        return sorted(
            {
                name.removeprefix(prefix).split("/")[0]
                for name in self.kernel.files
                if name.startswith(prefix)
            }
        )

    def write_value(self, path: str, value: str) -> None:
        self.kernel.writes.append((path, value))
        self.kernel.before_write(len(self.kernel.writes) - 1)
        group, file = self._find(path)
        if file in self._usages(group):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        if not value:
            return
        unlimited = "-1" if self.kernel.version is Version.V1 else "max"
        word = value.strip()
        try:
            pages = self.kernel.most if word == unlimited else memparse(word)
        except ValueError:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path) from None
        if word != unlimited:
            pages = min(pages // self.kernel.page_size, self.kernel.most)
        if file in self.kernel.inert:
            return
        if self.kernel.version is Version.V1:
            self._set_v1(group, file, pages, path)
        else:
            group.values[file] = pages

    def _set_v1(self, group: Group, file: str, pages: int, path: str) -> None:
        """mem_cgroup_resize_max(): first the order of the two limits, then what is in use."""
        if file == SOFT:
            group.values[file] = pages
            return
        if (file == LIMIT and pages > group.values.get(TOTAL, self.kernel.most)) or (
            file == TOTAL and pages < group.values[LIMIT]
        ):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        used = group.usage + (group.swap if file == TOTAL else 0)
        over = used - pages
        if over > group.reclaimable:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)
        if over > 0:
            group.reclaimable -= over
            group.usage -= over
        group.values[file] = pages


def fail_at(index: int, number: int) -> Callable[[int], None]:
    """A ``before_write`` that answers write ``index`` with an error, and no other."""

    def hook(count: int) -> None:
        if count == index:
            raise OSError(number, os.strerror(number))

    return hook


def crash_at(index: int) -> Callable[[int], None]:
    """A ``before_write`` that ends the process at write ``index``."""

    def hook(count: int) -> None:
        if count == index:
            raise Crash

    return hook
