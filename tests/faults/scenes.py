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
from xmlresource.operations.guests.hook_events import answer
from xmlresource.promises.ledger import Ledger, decode
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


def xml_of(guest: tuple[str, int, int], asks: int | None = None) -> bytes:
    """Its definition: a guarantee and a limit, on v1 and v2.

    ``asks`` is another guarantee, in MiB, that somebody has put there.
    """
    name, number, mib = guest
    swap = f"<xr:swapHardLimit unit='MiB'>{mib + 1000}</xr:swapHardLimit>"
    asked = guarantee(mib if asks is None else asks)
    return domain(name, number, asked + hard_limit(mib + 500) + swap)


def call(
    machine: Machine, operation: str, guest: tuple[str, int, int], asks: int | None = None
) -> int:
    """What the hook answers to libvirt: its exit status."""
    return answer(guest[0], operation, xml_of(guest, asks), LIBVIRTD, machine)[0]


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


def define(host: FakeHost, guest: tuple[str, int, int]) -> None:
    """Its live definition is changed while it runs."""
    xml = xml_of(guest).decode()
    status = f"<domstatus state='running' pid='{pid_of(guest)}'>{xml}</domstatus>"
    host.write(f"/run/libvirt/qemu/{guest[0]}.xml", status)


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


def _runs(host: FakeHost) -> None:
    start(host, GUEST)


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


def _cut_and_lost(host: FakeHost) -> None:
    """The ledger is lost, and OTHER's status file ends behind its policy."""
    status = host.root / f"run/libvirt/qemu/{OTHER[0]}.xml"
    status.write_bytes(status.read_bytes().partition(b"</metadata>")[0])
    ledger_file(host).unlink()


def _ended_beside_garbage(host: FakeHost) -> None:
    _ended(host)
    (host.root / f"run/libvirt/qemu/{OTHER[0]}.pid").write_bytes(b"no pid")


@dataclass(frozen=True)
class Scene:
    """What an operation finds; ``asks`` is the guarantee in its document, if it is another."""

    name: str
    operation: str
    set_up: Callable[[FakeHost], None]
    asks: int | None = None


SCENES: Final = (
    Scene("prepare", "prepare", lambda _: None),
    Scene("prepare, the ledger is damaged", "prepare", damage),
    Scene("prepare, a killed start left a file", "prepare", leave_over),
    Scene("prepare, another guest comes first", "prepare", _waited_for),
    Scene("prepare, the ledger is lost and a status file cut", "prepare", _cut_and_lost),
    Scene("started", "started", _prepared),
    Scene("stopped", "stopped", _ended),
    Scene("stopped, a pid file makes no sense", "stopped", _ended_beside_garbage),
    Scene("reconnect", "reconnect", _reset),
    Scene("reconnect, the ledger is lost", "reconnect", _lost),
    Scene("reconnect, the definition was raised", "reconnect", _runs, asks=5000),
    Scene("reconnect, the definition was lowered", "reconnect", _runs, asks=100),
    Scene("restore over the running guest", "restore", _runs, asks=100),
    Scene("migrate over the running guest", "migrate", _runs, asks=100),
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
    host.cpus = template.cpus
    return host


def go_on(host: FakeHost, scene: Scene, status: int) -> None:
    """What libvirt does after a hook that answered ``status``."""
    if scene.operation in {"migrate", "restore"}:
        return  # it finds that the guest runs, and calls nothing
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
