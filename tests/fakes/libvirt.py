"""libvirt's Python binding, as far as it is used, over a host of plain files.

A domain has two definitions, each our element and ``<memtune>``; live parameters are read from and
written to the fake host's cgroup files, as the QEMU driver does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING

from xmlresource.document import Document
from xmlresource.tunables import NAMESPACE
from xmlresource.units import UNLIMITED_KIB

from .host import FakeHost, uuid

if TYPE_CHECKING:
    from collections.abc import Callable

LIVE, CONFIG = 1, 2
V1_UNLIMITED = 9223372036854771712
FILES = {
    "hard_limit": "memory.limit_in_bytes",
    "soft_limit": "memory.soft_limit_in_bytes",
    "swap_hard_limit": "memory.memsw.limit_in_bytes",
}


class FakeLibvirtError(Exception):
    """``libvirt.libvirtError``."""

    def __init__(self, text: str, code: int = 55) -> None:
        super().__init__(text)
        self._code = code

    def get_error_code(self) -> int:
        return self._code


@dataclass
class Definition:
    """What one side of a domain declares: memtune in KiB, and the inside of our element."""

    memtune: dict[str, int] = field(default_factory=dict)
    element: str | None = None

    def memtune_xml(self) -> str:
        rows = "".join(
            f"<{name} unit='KiB'>{kib}</{name}>"
            for name, kib in self.memtune.items()
            if kib != UNLIMITED_KIB
        )
        return f"<memtune>{rows}</memtune>" if rows else ""

    def metadata_xml(self) -> str:
        if self.element is None:
            return ""
        spaced = re.sub(r"<(/?)(\w)", r"<\1xr:\2", self.element)
        return f"<metadata>{spaced.replace('<xr:resource', DECLARED, 1)}</metadata>"


DECLARED = f"<xr:resource xmlns:xr='{NAMESPACE}'"


class FakeDomain:
    """A guest ``name`` of a fake host; runs where ``pid`` is given."""

    def __init__(
        self,
        host: FakeHost,
        name: str = "db1",
        pid: int | None = 4242,
        *,
        kind: str = "qemu",
        number: int = 1,
    ) -> None:
        self.number = number
        self.host, self._name, self.pid, self.kind = host, name, pid, kind
        self.uri = f"{kind}:///system"
        self.sides = {LIVE: Definition(), CONFIG: Definition()}
        self.persistent = True
        self.calls: list[tuple[str, int]] = []
        self.before_call: Callable[[str, int], None] = lambda _name, _flag: None
        self.folder = ""
        self.balloon: int | None = 64 * 1024  # KiB; None: no device
        self.has_driver = True
        self.more = ""  # of its definition
        self._show()

    def declare(self, tunables: str, *sides: int) -> FakeDomain:
        """Have our element hold ``tunables``, without a namespace."""
        for side in sides or (LIVE, CONFIG):
            self.sides[side].element = f"<resource><memory>{tunables}</memory></resource>"
        self._show()
        return self

    def _show(self) -> None:
        """Have libvirt's run folder show it as it is now."""
        if self.pid is None:
            return
        xml = self.XMLDesc(0)
        if not self.folder:
            self.folder = self.host.run(self._name, self.pid, xml.encode(), self.kind)
        status = f"<domstatus state='running' pid='{self.pid}'>{xml}</domstatus>"
        self.host.write(f"/run/libvirt/{self.kind}/{self._name}.xml", status)

    # What libvirt's object has

    def name(self) -> str:
        return self._name

    def UUIDString(self) -> str:  # noqa: N802
        return uuid(self.number)

    def isActive(self) -> int:  # noqa: N802
        return int(self.pid is not None)

    def connect(self) -> SimpleNamespace:
        return SimpleNamespace(getType=self.kind.upper, getURI=lambda: self.uri, close=lambda: None)

    def XMLDesc(self, flags: int) -> str:  # noqa: N802
        side = self.sides[CONFIG if flags & 2 or self.pid is None else LIVE]
        return (
            f"<domain type='{self.kind}' id='1'>\n<name>{self._name}</name>\n"
            f"<uuid>{uuid(self.number)}</uuid>\n{side.metadata_xml()}\n"
            f"<memory unit='MiB'>64</memory>\n{side.memtune_xml()}\n{self.more}"
            f"<devices><memballoon model='{'none' if self.balloon is None else 'virtio'}'/>"
            "</devices></domain>\n"
        )

    def isPersistent(self) -> int:  # noqa: N802
        return int(self.persistent)

    def info(self) -> list[int]:
        return [1, 64 * 1024, self.balloon or 64 * 1024, 1, 0]

    def memoryStats(self) -> dict[str, int]:  # noqa: N802
        used = int(self.host.read(f"{self.folder}/memory.usage_in_bytes"))
        return {"actual": self.balloon or 64 * 1024, "rss": used // 1024}

    def setMemoryFlags(self, kib: int, flags: int) -> int:  # noqa: N802
        assert flags == LIVE
        self.calls.append(("setMemoryFlags", kib))
        if self.pid is None:
            raise FakeLibvirtError("Requested operation is not valid: domain is not running")
        if self.balloon is None:
            raise FakeLibvirtError("Unable to change memory without the balloon device")
        if self.has_driver:
            given, self.balloon = self.balloon - kib, kib
            path = f"{self.folder}/memory.usage_in_bytes"
            self.host.write(path, f"{max(0, int(self.host.read(path)) - given * 1024)}\n")
        return 0

    def memoryParameters(self, flags: int) -> dict[str, int]:  # noqa: N802
        side = self._side(flags)
        if side == CONFIG:
            return {name: self.sides[CONFIG].memtune.get(name, UNLIMITED_KIB) for name in FILES}
        return {name: self._kernel(file) for name, file in FILES.items()}

    def setMemoryParameters(self, params: dict[str, int], flags: int) -> int:  # noqa: N802
        side = self._called("setMemoryParameters", flags)
        self.sides[side].memtune.update(params)
        if side == LIVE:
            for name, kib in params.items():
                value = V1_UNLIMITED if kib == UNLIMITED_KIB else kib * 1024
                self.host.write(f"{self.folder}/{FILES[name]}", f"{value}\n")
        self._show()
        return 0

    def metadata(self, kind: int, uri: str, flags: int) -> str:
        assert (kind, uri) == (2, NAMESPACE)
        element = self.sides[self._side(flags)].element
        if element is None:
            raise FakeLibvirtError("metadata not found", 80)
        return element

    def setMetadata(self, kind: int, text: str | None, key: str, uri: str, flags: int) -> int:  # noqa: N802
        assert (kind, key, uri) == (2, "xr", NAMESPACE)
        side = self._called("setMetadata", flags)
        if text is not None:
            assert Document.parse(text.encode()).root.is_named("resource")
        self.sides[side].element = text
        self._show()
        return 0

    def _called(self, name: str, flags: int) -> int:
        side = self._side(flags)
        self.calls.append((name, side))
        self.before_call(name, side)
        return side

    def _side(self, flags: int) -> int:
        if flags == LIVE and self.pid is None:
            raise FakeLibvirtError("Requested operation is not valid: domain is not running")
        if flags == CONFIG and not self.persistent:
            raise FakeLibvirtError("cannot change persistent config of a transient domain")
        return flags or (CONFIG if self.pid is None else LIVE)

    def _kernel(self, file: str) -> int:
        value = int(self.host.read(f"{self.folder}/{file}"))
        return UNLIMITED_KIB if value >= V1_UNLIMITED else value // 1024


def module(*domains: FakeDomain) -> SimpleNamespace:
    """The module ``libvirt`` with one connection, on which these domains are."""

    def by(what: Callable[[FakeDomain], object]) -> Callable[[object], FakeDomain]:
        def look_up(key: object) -> FakeDomain:
            for domain in domains:
                if what(domain) == key:
                    return domain
            raise FakeLibvirtError("Domain not found", 42)

        return look_up

    connection = SimpleNamespace(
        lookupByName=by(FakeDomain.name),
        lookupByUUIDString=by(FakeDomain.UUIDString),
        lookupByID=by(lambda domain: 1 if domain.isActive() else -1),
        listAllDomains=lambda _active: [each for each in domains if each.isActive()],
        getHostname=lambda: "far.example.org",
        getInfo=lambda: ["x86_64", 8192, 2, 2000, 1, 1, 2, 1],
        close=lambda: None,
    )
    return SimpleNamespace(
        libvirtError=FakeLibvirtError,
        open=lambda _uri: connection,
        registerErrorHandler=lambda _handler, _context: None,
    )
