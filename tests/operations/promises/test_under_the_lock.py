"""Nothing whose cost a tenant decides is done while the ledger is locked.

A host with tenants whose documents are large, many and hostile does exactly what one without them
does, call by call, and reads none of their files.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.fakes.host import GIB, MIB, FakeHost, domain, guarantee, hard_limit, uuid
from tests.faults import scenes
from xmlresource.operations.guests.apply import apply, apply_all
from xmlresource.operations.guests.hook_events import answer
from xmlresource.promises.ledger import ledger_of
from xmlresource.promises.promise import Process, Promise, PromiseState
from xmlresource.system import log
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import Transaction

TENANTS = 8
ELEMENTS = 300
GUEST = ("guest", 1, 100)
TENANT_FILES = ("/run/libvirt", "/etc/libvirt")


class Lock:
    """What is done while the ledger is locked: Python's calls, and files that are read."""

    def __init__(self) -> None:
        self.is_held = False
        self.calls = 0
        self.read: list[str] = []

    def profile(self, _frame: FrameType, event: str, _argument: object) -> None:
        if self.is_held and event in {"call", "c_call"}:
            self.calls += 1


class WatchedMachine(Machine):
    """A machine that notes which tenants' files are read while the ledger is locked."""

    lock: Lock

    def __init__(self, root: str, lock: Lock) -> None:
        super().__init__(root)
        object.__setattr__(self, "lock", lock)

    def path(self, path: str) -> str:
        if self.lock.is_held and path.startswith(TENANT_FILES):
            self.lock.read.append(path)
        return super().path(path)


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lock]:
    watched = Lock()
    taken, closed = Transaction.take_again, Transaction._close  # noqa: SLF001 -- where it ends

    def take(transaction: Transaction) -> None:
        taken(transaction)
        watched.is_held = True

    def close(transaction: Transaction) -> None:
        watched.is_held = False
        closed(transaction)

    monkeypatch.setattr(Transaction, "take_again", take)
    monkeypatch.setattr(Transaction, "_close", close)
    monkeypatch.setattr(log, "_write", lambda *_, **__: None)
    monkeypatch.setattr(guests, "seconds_since_boot", lambda: 60)
    before = sys.getprofile()
    sys.setprofile(watched.profile)
    yield watched
    sys.setprofile(before)


SIGNS = "<b c='urn:xmlresource:1 min_guarantee priority=&quot;9&quot;'/>"


def tenants_on(host: FakeHost, number: int, sign: str) -> None:
    """Guests without a policy that run and start by themselves, with large metadata."""
    large = f"<metadata><a:x xmlns:a='http://a'>{sign}{'<b/>' * ELEMENTS}</a:x></metadata>"
    for each in range(500, 500 + number):
        xml = domain(f"tenant{each}", each, "", more=large)
        host.run(f"tenant{each}", each, xml)
        host.write(f"/etc/libvirt/qemu/autostart/tenant{each}.xml", xml.decode())


def promises_on(host: FakeHost, number: int, stale: int) -> None:
    """So many promises, and some more to guests that are gone."""
    found = []
    for each in range(1000, 1000 + number + stale):
        runs = each < 1000 + number
        if runs:
            host.run(f"guest{each}", each, domain(f"guest{each}", each, guarantee(1)))
        found.append(
            Promise(
                uuid=uuid(each),
                name=f"guest{each}",
                driver="qemu",
                size=MIB,
                state=PromiseState.RUNNING,
                process=Process(each, 1000),
                cgroup=f"/machine/qemu-{each}-guest{each}.libvirt-qemu",
            )
        )
    file = scenes.ledger_file(host)
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.write_bytes(ledger_of(scenes.BOOT, found).encode())
    file.chmod(0o600)


def _fits(_: FakeHost) -> None:
    """There is room for all."""


def _tight(host: FakeHost) -> None:
    """There is just enough: each promise is looked at."""
    host.memory(4 * GIB, GIB)
    host.write("/etc/xmlresource.toml", 'host_reserve = "924MiB"\n')


def _refused(host: FakeHost) -> None:
    host.memory(4 * GIB, GIB)
    host.write("/etc/xmlresource.toml", 'host_reserve = "1020MiB"\n')


def _boot(host: FakeHost) -> None:
    host.write("/etc/xmlresource.toml", "boot_priority = true\n")


def _unpromised(host: FakeHost) -> None:
    host.write("/etc/xmlresource.toml", "count_unpromised = true\n")


def _lost(host: FakeHost) -> None:
    scenes.ledger_file(host).unlink()


def _damaged(host: FakeHost) -> None:
    scenes.ledger_file(host).write_bytes(b"no ledger")


SCENES = (_fits, _tight, _refused, _boot, _unpromised, _lost, _damaged)


def operation(name: str) -> Callable[[Machine], object]:
    xml = domain(GUEST[0], GUEST[1], guarantee(GUEST[2]) + hard_limit(200))
    if name == "apply":
        return lambda machine: apply(GUEST[0], machine)
    if name == "apply --all":
        return apply_all
    return lambda machine: answer(GUEST[0], name, xml, None, machine)


OPERATIONS = ("prepare", "started", "stopped", "reconnect", "apply", "apply --all")


def spent(lock: Lock, host: FakeHost, name: str) -> int:
    """The calls under the lock; no tenant's file may be read there."""
    if name not in {"prepare", "stopped"}:
        host.run(GUEST[0], 77, domain(GUEST[0], GUEST[1], guarantee(GUEST[2]) + hard_limit(200)))
    lock.calls, lock.read = 0, []
    operation(name)(WatchedMachine(str(host.root), lock))
    assert lock.read == []
    assert lock.calls, "nothing was measured"
    return lock.calls


def host_in(
    folder: Path, version: int, scene: Callable[[FakeHost], None], **numbers: Any
) -> FakeHost:
    folder.mkdir()
    host = FakeHost(folder, version)
    promises_on(host, numbers.get("promises", 3), 0)
    apply_all(host.machine)  # what the cgroups above carry is remembered from now on
    promises_on(host, numbers.get("promises", 3), numbers.get("stale", 0))
    tenants_on(host, numbers.get("tenants", 0), numbers.get("sign", ""))
    scene(host)
    file = host.root / "etc/xmlresource.toml"
    if file.exists():
        file.chmod(0o600)
    return host


@pytest.mark.parametrize(
    ("version", "scene"), [(1, _fits), (1, _tight), *((2, scene) for scene in SCENES)]
)
@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("hostile", [("", 0), (SIGNS, 2)], ids=["no sign", "signs, some stale"])
def test_tenants_cost_nothing_there(
    tmp_path: Path,
    lock: Lock,
    version: int,
    scene: Callable[[FakeHost], None],
    name: str,
    hostile: tuple[str, int],
) -> None:
    sign, stale = hostile
    alone = spent(lock, host_in(tmp_path / "alone", version, scene, stale=stale), name)
    beside = host_in(tmp_path / "beside", version, scene, stale=stale, tenants=TENANTS, sign=sign)
    assert spent(lock, beside, name) <= alone * 1.02
    shutil.rmtree(tmp_path / "beside")


@pytest.mark.parametrize("scene", [_fits, _tight, _lost], ids=lambda scene: scene.__name__[1:])
@pytest.mark.parametrize("name", OPERATIONS)
def test_promises_cost_in_proportion(
    tmp_path: Path, lock: Lock, scene: Callable[[FakeHost], None], name: str
) -> None:
    few, more, many = (
        spent(lock, host_in(tmp_path / str(number), 2, scene, promises=number), name)
        for number in (5, 10, 20)
    )
    assert many - more <= 2 * (more - few) * 1.05 + 20


def test_the_watch_sees_what_is_read(tmp_path: Path, lock: Lock) -> None:
    """A test that can't fail shows nothing."""
    machine = WatchedMachine(str(tmp_path), lock)
    machine.names_in("/run/libvirt/qemu")
    assert lock.read == []
    lock.is_held = True
    machine.names_in("/run/libvirt/qemu")
    lock.is_held = False
    assert lock.read == ["/run/libvirt/qemu"]
