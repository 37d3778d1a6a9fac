"""A host with guests, in the middle of something, and libvirt's part in what follows.

The budget is tight: ``OTHER`` runs, ``GUEST`` fits besides, ``RIVAL`` fits only in GUEST's place.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fakes.host import BOOT, MIB, FakeHost, domain, guarantee, hard_limit, uuid
from tests.faults.systemd import SLICE, SystemdHost, scope_of
from xmlresource.ledger import Ledger, decode
from xmlresource.operations.guest_events import answer
from xmlresource.system.machine import Machine

LIBVIRTD: Final = 77
RAM: Final = 8192
BUDGET: Final = (RAM - RAM * 5 // 100) * MIB
GUEST: Final = ("guest", 1, 4000)
OTHER: Final = ("other", 2, 3000)
RIVAL: Final = ("rival", 3, 4000)
LAST: Final = ("last", 4, 1)
NAMED: Final = {uuid(guest[1]): guest for guest in (GUEST, OTHER, RIVAL, LAST)}

ROOTS: Final = {1: "/sys/fs/cgroup/memory", 2: "/sys/fs/cgroup"}


def xml_of(guest: tuple[str, int, int]) -> bytes:
    """Its definition: a guarantee and a limit, on v1 and v2."""
    name, number, mib = guest
    swap = f"<xr:swapHardLimit unit='MiB'>{mib + 1000}</xr:swapHardLimit>"
    return domain(name, number, guarantee(mib) + hard_limit(mib + 500) + swap)


def call(machine: Machine, operation: str, guest: tuple[str, int, int]) -> int:
    """What the hook answers to libvirt: its exit status."""
    return answer(guest[0], operation, xml_of(guest), LIBVIRTD, machine)[0]


def pid_of(guest: tuple[str, int, int]) -> int:
    return 4000 + guest[1]


def above(host: FakeHost) -> str:
    """The cgroup above all guests."""
    return SLICE if isinstance(host, SystemdHost) else f"{ROOTS[host.version]}/machine"


def top_of(host: FakeHost, guest: tuple[str, int, int]) -> str:
    """The cgroup that comes and goes with a guest."""
    if isinstance(host, SystemdHost):
        return ROOTS[2] + scope_of(guest[0], pid_of(guest))
    return folder_of(host, guest)


def folder_of(host: FakeHost, guest: tuple[str, int, int]) -> str:
    """The cgroup in which a guest's memory is accounted."""
    if isinstance(host, SystemdHost):
        return f"{top_of(host, guest)}/libvirt"
    return f"{ROOTS[host.version]}/machine/qemu-{pid_of(guest)}-{guest[0]}.libvirt-qemu"


def run(host: FakeHost, guest: tuple[str, int, int]) -> None:
    """libvirt starts its process."""
    host.run(guest[0], pid_of(guest), xml_of(guest))


def runs(host: FakeHost, guest: tuple[str, int, int]) -> bool:
    return (host.root / "proc" / str(pid_of(guest))).exists()


def end(host: FakeHost, guest: tuple[str, int, int]) -> None:
    """Its process ends, and libvirt takes its files and its cgroup away."""
    host.end(pid_of(guest))
    for suffix in ("pid", "xml"):
        (host.root / f"run/libvirt/qemu/{guest[0]}.{suffix}").unlink()
    shutil.rmtree(host.root / top_of(host, guest)[1:])


def start(host: FakeHost, guest: tuple[str, int, int]) -> None:
    assert call(host.machine, "prepare", guest) == 0
    run(host, guest)
    assert call(host.machine, "started", guest) == 0


def ledger_file(host: FakeHost) -> Path:
    return host.root / "run/xmlresource/ledger"


def ledger(host: FakeHost) -> Ledger:
    file = ledger_file(host)
    return decode(file.read_bytes()) if file.exists() else Ledger(BOOT)


def damage(host: FakeHost) -> None:
    ledger_file(host).write_bytes(b"no ledger")


def leave_over(host: FakeHost) -> None:
    file = ledger_file(host).with_name("ledger.new")
    file.write_bytes(b"half a led")
    file.chmod(0o600)


def _prepared(host: FakeHost) -> None:
    assert call(host.machine, "prepare", GUEST) == 0
    run(host, GUEST)


def _ended(host: FakeHost) -> None:
    start(host, GUEST)
    end(host, GUEST)


def _reset(host: FakeHost) -> None:
    """GUEST runs, and its values are what libvirt made them."""
    start(host, GUEST)
    for folder in {top_of(host, GUEST), folder_of(host, GUEST)}:
        host.group(folder.removeprefix(ROOTS[host.version]))


def _lost(host: FakeHost) -> None:
    _reset(host)
    ledger_file(host).unlink()


def _waited_for(host: FakeHost) -> None:
    """A guest of higher priority is still to start; it fits besides."""
    host.write("/etc/xmlresource.toml", "boot_priority = true\n")
    xml = domain("first", 9, guarantee(100)).replace(b"<xr:memory>", b"<xr:memory priority='5'>")
    host.write("/etc/libvirt/qemu/autostart/first.xml", xml.decode())


@dataclass(frozen=True)
class Scene:
    """What an operation finds."""

    name: str
    operation: str
    set_up: Callable[[FakeHost], None]


SCENES: Final = (
    Scene("prepare", "prepare", lambda _: None),
    Scene("prepare, the book is damaged", "prepare", damage),
    Scene("prepare, a killed start left a file", "prepare", leave_over),
    Scene("prepare, another guest comes first", "prepare", _waited_for),
    Scene("started", "started", _prepared),
    Scene("stopped", "stopped", _ended),
    Scene("reconnect", "reconnect", _reset),
    Scene("reconnect, the book is lost", "reconnect", _lost),
)


KINDS: Final[dict[str, Callable[[Path], FakeHost]]] = {
    "v1": lambda root: FakeHost(root, 1),
    "v2": lambda root: FakeHost(root, 2),
    "v2, systemd": SystemdHost,
}
"""Kinds of hosts."""


def make(root: Path, scene: Scene, kind: str) -> FakeHost:
    """A host on which OTHER runs and the scene is set."""
    root.mkdir(parents=True)
    host = KINDS[kind](root)
    host.memory(RAM * MIB, RAM * MIB)
    host.process(LIBVIRTD)
    start(host, OTHER)
    scene.set_up(host)
    return host


def copy(template: FakeHost, root: Path) -> FakeHost:
    """The same host again."""
    shutil.copytree(template.root, root)
    host = type(template).__new__(type(template))
    host.root, host.version, host.machine = root, template.version, Machine(str(root))
    return host


def go_on(host: FakeHost, scene: Scene, status: int) -> None:
    """What libvirt does after a hook that answered ``status``."""
    if scene.operation == "stopped" or status:
        if runs(host, GUEST):
            end(host, GUEST)
        for operation in ("stopped", "release"):
            call(host.machine, operation, GUEST)
    elif scene.operation == "prepare":
        run(host, GUEST)
        if call(host.machine, "started", GUEST):
            go_on(host, scene, 1)


def come_back(host: FakeHost) -> None:
    """libvirt's daemon was killed, too, and is started again: it finds the guests that run."""
    host.end(LIBVIRTD)
    host.process(LIBVIRTD, start_time=2000)
    for guest in (GUEST, OTHER):
        if runs(host, guest):
            call(host.machine, "reconnect", guest)
