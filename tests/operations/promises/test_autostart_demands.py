"""What guests with autostart ask for is kept, and made anew where a file has changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.host import GIB, MIB, FakeHost, domain, guarantee
from xmlresource.model.domain import Domain
from xmlresource.operations.host import open_host
from xmlresource.operations.promises import autostart_demands
from xmlresource.operations.promises.admission_check import Taken, reckon_besides
from xmlresource.operations.promises.autostart_demands import guests_with_autostart
from xmlresource.operations.promises.boot_rooms import Waiting, fitting
from xmlresource.promises.promise import Held, Promise, PromiseState
from xmlresource.system.configuration import host_settings
from xmlresource.system.state import cache_files

MORE = {
    "plain": "",
    "bound": "<numatune><memory mode='strict' nodeset='0'/></numatune>",
    "huge": "<memoryBacking><hugepages/></memoryBacking>",
    "locked": "<memoryBacking><locked/></memoryBacking>",
    "apart": "<resource><partition>/machine/prod</partition></resource>",
}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The definitions that are read; files count as settled at once."""
    found: list[str] = []
    read = autostart_demands.definition_of

    def reading(machine: object, guest: object) -> bytes:
        found.append(guest.name)  # type: ignore[attr-defined]
        return read(machine, guest)  # type: ignore[arg-type]

    monkeypatch.setattr(autostart_demands, "definition_of", reading)
    monkeypatch.setattr(cache_files, "_JUST_NOW", -(10**12))
    return found


def put(host: FakeHost, name: str, number: int, priority: int = 5, more: str = "") -> None:
    xml = domain(name, number, guarantee(64), more=more).decode()
    xml = xml.replace("<xr:memory>", f"<xr:memory priority='{priority}'>")
    host.write(f"/etc/libvirt/qemu/autostart/{name}.xml", xml)


def asked(host: FakeHost, priority: int = 0) -> list[tuple[object, ...]]:
    found, problems = guests_with_autostart(open_host(host.machine), priority)
    assert problems == ()
    return [(each.name, each.priority, each.plain, *each.both) for each in found]


def test_only_what_has_changed_is_read(tmp_path: Path, reads: list[str]) -> None:
    host = FakeHost(tmp_path)
    host.write("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 8 kB\n")
    for number, (name, more) in enumerate(MORE.items(), start=1):
        put(host, name, number, more=more)
    first = asked(host)
    assert reads == sorted(MORE)
    reads.clear()
    assert asked(host) == first
    assert asked(host, 5) == []
    assert reads == []
    put(host, "plain", 1, priority=6)
    put(host, "new", 9)
    (host.root / "etc/libvirt/qemu/autostart/bound.xml").unlink()
    names = {each[0] for each in asked(host)}
    assert reads == ["new", "plain"]
    assert names == {*MORE, "new"} - {"bound"}
    assert [each[0] for each in asked(host, 5)] == ["plain"]


def test_a_definition_that_others_can_write_is_kept_by_nobody(
    tmp_path: Path, reads: list[str]
) -> None:
    host = FakeHost(tmp_path)
    put(host, "a", 1)
    assert len(asked(host)) == 1
    assert reads == ["a"]
    (host.root / "etc/libvirt/qemu/autostart/a.xml").chmod(0o666)
    found, problems = guests_with_autostart(open_host(host.machine), 0)
    assert found == []
    assert "holds back no room" in problems[0]


def test_what_is_damaged_is_made_anew(tmp_path: Path, reads: list[str]) -> None:
    host = FakeHost(tmp_path)
    put(host, "a", 1)
    first = asked(host)
    file = host.root / "run/xmlresource" / autostart_demands.NAME
    file.write_bytes(file.read_bytes().replace(b"67108864", b"67108865"))
    reads.clear()
    assert asked(host) == first
    assert reads == ["a"]


def test_settings_are_kept_by_their_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost(tmp_path)
    host.write("/etc/xmlresource.toml", "lock_timeout = 5\n")
    (host.root / "etc/xmlresource.toml").chmod(0o600)
    first = open_host(host.machine).configuration
    with monkeypatch.context() as patch:
        patch.setattr(host_settings, "parse_toml", None)
        assert open_host(host.machine).configuration == first
    host.write("/etc/xmlresource.toml", "lock_timeout = 6\n")
    assert open_host(host.machine).configuration.lock_timeout == 6
    (host.root / "run/xmlresource" / host_settings.NAME).chmod(0o644)
    assert open_host(host.machine).configuration.lock_timeout == 6


class _Guest(Waiting):
    def __init__(self, number: int, size: int, partition: str | None, *, pinned: int) -> None:
        plain = Promise(
            uuid=f"u{number}",
            name=f"g{number}",
            driver="qemu",
            size=size * MIB,
            state=PromiseState.STARTING,
            partition=partition,
            pinned=pinned * MIB,
            at_once=pinned * MIB,
        )
        super().__init__(plain.name, plain.key, 1, plain.needed, plain)

    def _made(self) -> tuple[autostart_demands.Demand, Domain]:
        assert self.plain is not None
        demand = autostart_demands.Demand(
            name=self.name,
            uuid=self.plain.uuid,
            guarantee=self.plain.size,
            pinned=self.plain.pinned,
            at_once=self.plain.at_once,
        )
        return demand, Domain(uuid=self.plain.uuid, partition=self.plain.partition)


RUNNING = PromiseState.RUNNING
SIZES = st.integers(1, 4000)
GUESTS = st.lists(
    st.tuples(SIZES, st.sampled_from((None, "/machine/prod", "/other")), st.integers(0, 3000)),
    max_size=8,
)


@given(GUESTS, st.lists(st.tuples(SIZES, SIZES), max_size=3))
def test_the_same_fit_as_if_each_were_asked_about(
    tmp_path_factory: pytest.TempPathFactory,
    guests: list[tuple[int, str | None, int]],
    promised: list[tuple[int, int]],
) -> None:
    fake = FakeHost(tmp_path_factory.mktemp("host"))
    fake.memory(12 * GIB, 11 * GIB)
    for path, limit in (("/machine", 9 * GIB), ("/machine/prod", 5 * GIB)):
        folder = fake.group(path)
        fake.write(f"{folder}/memory.limit_in_bytes", f"{limit}\n")
        fake.write(f"{folder}/memory.stat", "total_inactive_file 0\n")
    fake.write("/etc/xmlresource.toml", '[partitions]\n"/machine/prod" = "4GiB"\n')
    (fake.root / "etc/xmlresource.toml").chmod(0o600)
    host = open_host(fake.machine)
    others = Taken(
        tuple(
            Held(
                Promise(
                    f"p{at}", "p", "qemu", size * MIB, PromiseState.RUNNING, cgroup="/machine/a"
                ),
                charged * MIB,
            )
            for at, (size, charged) in enumerate(promised)
        )
    )
    waiting = [
        _Guest(at, size, part, pinned=pinned) for at, (size, part, pinned) in enumerate(guests)
    ]
    one_by_one: list[Promise] = []
    for each in waiting:
        if reckon_besides(host, *each.both, others.and_to(tuple(one_by_one))).admitted:
            one_by_one.append(each.both[0].as_promise(each.both[1].partition, None))
    assert [each.uuid for each in fitting(host, waiting, others)] == [
        each.uuid for each in one_by_one
    ]
