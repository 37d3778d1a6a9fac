"""CPU time is promised, kept by weights, and given back: the life of such a promise."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.bus import FakeBus, refuse
from tests.fakes.host import MIB, FakeHost, cpu_guarantee, domain, guarantee
from tests.fakes.systemd import CONTROL, Systemd
from tests.operations.guests.test_hook_events import LIBVIRTD, call, ledger
from xmlresource.errors import ExitStatus
from xmlresource.operations.guests.apply import apply, apply_all
from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.promises.promise import PromiseState
from xmlresource.system.systemd.unit_properties import DROP_IN, DROP_INS

OURS = f"{DROP_INS}/machine.slice.d/{DROP_IN}"
TWO_VCPUS = "<vcpu>2</vcpu>"


def one(name: str, number: int, cpus: str, more: str = TWO_VCPUS, memory: str = "") -> bytes:
    return domain(name, number, memory, cpu=cpu_guarantee(cpus) if cpus else "", more=more)


@pytest.fixture(params=[1, 2])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> FakeHost:
    made = FakeHost(tmp_path, request.param, cpus=4)
    made.process(LIBVIRTD)
    made.group("/system")
    return made


@pytest.fixture
def bus() -> Iterator[FakeBus]:
    made = FakeBus()
    yield made
    made.close()


def runs(host: FakeHost, xml: bytes, name: str, pid: int) -> str:
    """The guest is started as libvirt does it; its cgroup comes back."""
    assert call(host, "prepare", xml, name) == (0, "")
    host.run(name, pid, xml)
    assert call(host, "started", xml, name) == (0, "")
    return f"/machine/qemu-{pid}-{name}.libvirt-qemu"


def ends(host: FakeHost, xml: bytes, name: str, pid: int) -> None:
    host.end(pid)
    (host.root / f"run/libvirt/qemu/{name}.pid").unlink()
    cgroup = f"/machine/qemu-{pid}-{name}.libvirt-qemu"
    for root in ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup/memory", "/sys/fs/cgroup"):
        folder = host.root / f"{root}{cgroup}".lstrip("/")
        for file in folder.glob("*"):
            file.unlink()
        if folder.exists():
            folder.rmdir()
    assert call(host, "stopped", xml, name) == (0, "")


def promised(host: FakeHost) -> dict[str, int]:
    return {each.name: each.cpu_time for each in ledger(host).all()}


def usual(host: FakeHost) -> int:
    return {1: 1024, 2: 100}[host.version]


def least_time(host: FakeHost, guest: str, *beside: str) -> float:
    """What the guest gets of four CPUs when everybody is busy."""
    machine, own = host.weight("/machine"), host.weight(guest)
    top = machine + host.weight("/system")
    return 4 * machine / top * own / (own + sum(host.weight(each) for each in beside))


def events(host: FakeHost) -> list[dict[str, object]]:
    lines = host.read("/run/xmlresource/history").splitlines()
    return [json.loads(line) for line in lines if line]


def test_a_guest_with_cpu_time_alone_is_promised_it(host: FakeHost) -> None:
    xml = one("db1", 1, "1.5")
    folder = runs(host, xml, "db1", 101)
    (promise,) = ledger(host).all()
    assert promise.size == 0
    assert promise.state is PromiseState.RUNNING
    assert promise.cpu == CpuPromise(1500, None, 100, folder)
    assert host.weight("/machine") > usual(host)
    assert least_time(host, folder) >= 1.5
    ends(host, xml, "db1", 101)
    assert ledger(host).all() == ()
    assert host.weight("/machine") == usual(host)
    kinds = [(each["event"], each.get("millicpus")) for each in events(host)]
    assert ("admitted", 1500) in kinds
    assert ("released", 1500) in kinds
    messages = [each["message"] for each in events(host)]
    assert "guest 'db1' admitted with 1.5 CPUs" in messages
    assert "guest 'db1' released 1.5 CPUs" in messages


def test_every_guest_keeps_its_own_beside_others(host: FakeHost) -> None:
    host.run("plain", 90, domain("plain", 9, ""))
    other = "/machine/qemu-90-plain.libvirt-qemu"
    a = runs(host, one("a", 1, "1"), "a", 101)
    alone = host.weight("/machine")
    b = runs(host, one("b", 2, "2"), "b", 102)
    assert host.weight("/machine") > alone
    assert least_time(host, a, b, other) >= 1
    assert least_time(host, b, a, other) >= 2
    assert host.weight(other) == usual(host)
    ends(host, one("b", 2, "2"), "b", 102)
    assert host.weight("/machine") == alone


def test_the_administrators_weight_comes_back(host: FakeHost) -> None:
    file = {1: "/sys/fs/cgroup/cpu/machine/cpu.shares", 2: "/sys/fs/cgroup/machine/cpu.weight"}
    host.write(file[host.version], "50\n")
    xml = one("a", 1, "1")
    runs(host, xml, "a", 101)
    assert host.weight("/machine") > 50
    ends(host, xml, "a", 101)
    assert host.weight("/machine") == 50


def test_what_can_not_be_kept_is_refused_with_the_reckoning(host: FakeHost) -> None:
    runs(host, one("a", 1, "2"), "a", 101)
    before = host.weight("/machine")
    status, text = call(host, "prepare", one("b", 2, "2"), "b")
    assert status == ExitStatus.REFUSED
    first, *rest = text.splitlines()
    assert first == (
        "xmlresource: guest 'b' refused: it asks for a guarantee of 2 CPUs, 1.5 CPUs can be "
        "promised (commitment; largest promises: a 2 CPUs)"
    )
    assert "commitment: fails" in rest
    assert promised(host) == {"a": 2000}
    assert call(host, "stopped", one("b", 2, "2"), "b") == (0, "")
    assert host.weight("/machine") == before
    assert call(host, "prepare", one("b", 2, "1.5"), "b") == (0, "")


def test_both_guarantees_must_be_kept(host: FakeHost) -> None:
    both = one("a", 1, "1", memory=guarantee(64))
    runs(host, both, "a", 101)
    (promise,) = ledger(host).all()
    assert (promise.size, promise.cpu_time) == (64 * MIB, 1000)
    too_much = one("b", 2, "1", memory=guarantee(1 << 20))
    assert "1 TiB" in call(host, "prepare", too_much, "b")[1].splitlines()[0]
    too_long = one("b", 2, "2", "<vcpu>2</vcpu>", guarantee(64))
    assert call(host, "prepare", too_long, "b") == (0, "")
    assert call(host, "prepare", one("c", 3, "1.5", memory=guarantee(64)), "c")[0] == 3


def test_the_host_reserve_is_the_administrators(host: FakeHost) -> None:
    host.write("/etc/xmlresource.toml", "cpu_reserve = 3\n")
    (host.root / "etc/xmlresource.toml").chmod(0o600)
    assert call(host, "prepare", one("a", 1, "1.5"), "a")[0] == ExitStatus.REFUSED
    assert call(host, "prepare", one("a", 1, "1"), "a") == (0, "")


def test_pinned_guests_share_their_cpus(host: FakeHost) -> None:
    pinned = "<vcpu cpuset='0'>1</vcpu>"
    runs(host, one("a", 1, "0.5", pinned), "a", 101)
    status, text = call(host, "prepare", one("b", 2, "0.5", pinned), "b")
    assert status == ExitStatus.REFUSED
    first, *rest = text.splitlines()
    assert "0.375 CPUs can be promised (cpus, 0; largest promises: a 0.5 CPUs)" in first
    table = rest[rest.index("cpus, 0: fails") + 1 :]
    assert [line.rsplit("  ", 2)[0].strip() for line in table[:3]] == [
        "CPUs",
        "CPU reserve",
        "promised there",
    ]
    assert call(host, "prepare", one("b", 2, "0.5", "<vcpu cpuset='1'>1</vcpu>"), "b") == (0, "")


def test_no_limit_above_may_be_less(host: FakeHost) -> None:
    file, text = {
        1: ("/sys/fs/cgroup/cpu/machine/cpu.cfs_quota_us", "100000\n"),
        2: ("/sys/fs/cgroup/machine/cpu.max", "100000 100000\n"),
    }[host.version]
    host.write(file, text)
    status, text = call(host, "prepare", one("a", 1, "1.5"), "a")
    assert status == ExitStatus.REFUSED
    first, *rest = text.splitlines()
    assert "1 CPU can be promised (ancestors, /machine; no promises so far)" in first
    assert "ancestors, /machine: fails" in rest
    assert call(host, "prepare", one("a", 1, "1"), "a") == (0, "")


def test_weights_of_others_can_be_in_the_way(host: FakeHost) -> None:
    for number in range(30):
        host.run(f"n{number}", 200 + number, domain(f"n{number}", 50 + number, ""))
        folder = f"/machine/qemu-{200 + number}-n{number}.libvirt-qemu"
        file, most = {
            1: (f"/sys/fs/cgroup/cpu{folder}/cpu.shares", 262_144),
            2: (f"/sys/fs/cgroup{folder}/cpu.weight", 10_000),
        }[host.version]
        host.write(file, f"{most}\n")
    status, text = call(host, "prepare", one("a", 1, "1"), "a")
    assert status == ExitStatus.REFUSED
    first, *rest = text.splitlines()
    assert "can be promised (weights, /machine; no promises so far)" in first
    kept = rest[rest.index("weights, /machine: fails") + 1]
    assert "kept by cpu." in kept
    assert "beside qemu-200-n0.libvirt-qemu" in kept


def test_a_host_without_the_controller_says_so(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, 2, cpus=4)
    host.write("/sys/fs/cgroup/cgroup.controllers", "memory\n")
    status, text = call(host, "prepare", one("a", 1, "1"), "a")
    assert status == ExitStatus.REFUSED
    assert text.splitlines()[0] == (
        "xmlresource: guest 'a' refused: it asks for a guarantee of 1 CPU, which can't be kept "
        "here: the cpu controller is off in / (cgroup.controllers)"
    )
    assert call(host, "prepare", domain("b", 2, guarantee(64)), "b") == (0, "")


def test_a_host_that_does_not_tell_its_cpus_refuses(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, 1)
    status, text = call(host, "prepare", one("a", 1, "1"), "a")
    assert status != 0
    assert "/sys/devices/system/cpu/online: no CPUs" in text


@pytest.mark.parametrize("operation", ["prepare", "migrate", "restore", "reconnect"])
def test_no_call_takes_from_a_guest_that_runs(host: FakeHost, operation: str) -> None:
    folder = runs(host, one("a", 1, "2"), "a", 101)
    weights = host.weight("/machine"), host.weight(folder)
    assert call(host, operation, one("a", 1, "0.5"), "a") == (0, "")
    assert promised(host) == {"a": 2000}
    assert call(host, operation, one("a", 1, ""), "a") == (0, "")
    assert promised(host) == {"a": 2000}
    assert (host.weight("/machine"), host.weight(folder)) == weights


def edit(host: FakeHost, name: str, pid: int, xml: bytes) -> None:
    """Somebody edits the live definition."""
    status = f"<domstatus state='running' pid='{pid}'>{xml.decode()}</domstatus>"
    host.write(f"/run/libvirt/qemu/{name}.xml", status)


def test_apply_asks_for_more_and_takes_back(host: FakeHost) -> None:
    folder = runs(host, one("a", 1, "0.5"), "a", 101)
    low = host.weight("/machine")
    edit(host, "a", 101, one("a", 1, "2"))
    apply("a", host.machine)
    assert promised(host) == {"a": 2000}
    assert least_time(host, folder) >= 2
    edit(host, "a", 101, one("a", 1, "0.5"))
    apply("a", host.machine)
    assert promised(host) == {"a": 500}
    assert host.weight("/machine") == low


def test_without_a_guarantee_a_guest_has_its_own_weight_again(host: FakeHost) -> None:
    host.run("plain", 90, domain("plain", 9, ""))
    folder = runs(host, one("a", 1, "0.5"), "a", 101)
    assert host.weight(folder) > usual(host)
    edit(host, "a", 101, one("a", 1, "", memory=guarantee(64)))
    apply("a", host.machine)
    assert promised(host) == {"a": 0}
    assert host.weight(folder) == usual(host)
    assert host.weight("/machine") == usual(host)


@pytest.mark.parametrize("operation", ["reconnect", "apply"])
def test_a_raise_that_can_not_be_kept_is_not_taken_over(host: FakeHost, operation: str) -> None:
    runs(host, one("a", 1, "1"), "a", 101)
    runs(host, one("b", 2, "2"), "b", 102)
    edit(host, "a", 101, one("a", 1, "2"))
    if operation == "apply":
        apply_all(host.machine)
    else:
        assert call(host, "reconnect", one("a", 1, "2"), "a") == (0, "")
    assert promised(host) == {"a": 1000, "b": 2000}
    (warning,) = (each for each in events(host) if each["event"] == "warning")
    assert "keeps its promise of 1 CPU; its live definition declares 2 CPUs, which can't be" in str(
        warning["message"]
    )


def test_a_raise_that_can_be_kept_is_taken_over(host: FakeHost) -> None:
    folder = runs(host, one("a", 1, "1"), "a", 101)
    edit(host, "a", 101, one("a", 1, "2"))
    apply_all(host.machine)
    assert promised(host) == {"a": 2000}
    assert least_time(host, folder) >= 2


def test_a_lost_ledger_is_made_anew(host: FakeHost) -> None:
    folder = runs(host, one("a", 1, "1"), "a", 101)
    before = host.weight("/machine"), host.weight(folder)
    host.write("/run/xmlresource/ledger", "nonsense")
    assert call(host, "reconnect", one("a", 1, "1"), "a") == (0, "")
    (promise,) = ledger(host).all()
    assert promise.cpu == CpuPromise(1000, None, 100, folder)
    assert (host.weight("/machine"), host.weight(folder)) == before


def test_where_all_is_forgotten_our_weight_does_not_become_the_administrators(
    host: FakeHost,
) -> None:
    xml = one("a", 1, "1")
    host.run("plain", 90, domain("plain", 9, ""))
    runs(host, xml, "a", 101)
    for file in ("ledger", "chain"):
        (host.root / f"run/xmlresource/{file}").unlink()
    assert call(host, "reconnect", xml, "a") == (0, "")
    ends(host, xml, "a", 101)
    assert host.weight("/machine") == usual(host)


def test_the_repair_follows_others_that_came(host: FakeHost) -> None:
    folder = runs(host, one("a", 1, "2"), "a", 101)
    others = []
    for number in range(12):
        host.run(f"n{number}", 200 + number, domain(f"n{number}", 50 + number, ""))
        others.append(f"/machine/qemu-{200 + number}-n{number}.libvirt-qemu")
    assert least_time(host, folder, *others) < 2
    apply_all(host.machine)
    assert least_time(host, folder, *others) >= 2


def test_memory_that_can_not_be_enforced_leaves_no_weight(host: FakeHost) -> None:
    xml = one("a", 1, "1", memory=guarantee(64))
    host.run("plain", 90, domain("plain", 9, ""))
    assert call(host, "prepare", xml, "a") == (0, "")
    folder = host.run("a", 101, xml)
    limit = {1: "memory.limit_in_bytes", 2: "memory.max"}[host.version]
    (host.root / f"{folder}/{limit}".lstrip("/")).unlink()
    status, text = call(host, "started", xml, "a")
    assert status == ExitStatus.ROLLED_BACK
    assert limit in text
    assert host.weight("/machine") == usual(host)
    assert host.weight("/machine/qemu-101-a.libvirt-qemu") == usual(host)


def test_a_guest_without_a_cpu_cgroup_does_not_start(host: FakeHost) -> None:
    xml = one("a", 1, "1")
    assert call(host, "prepare", xml, "a") == (0, "")
    folder = host.run("a", 101, xml)
    if host.version == 1:
        groups = host.read("/proc/101/cgroup")
        host.write("/proc/101/cgroup", groups.replace("5:cpu:/machine", "5:cpu:/../machine"))
        reason = "it has no cgroup of its own in the cpu controller"
    else:
        (host.root / f"{folder}/cpu.weight".lstrip("/")).unlink()
        reason = "/machine/qemu-101-a.libvirt-qemu has no cpu.weight"
    status, text = call(host, "started", xml, "a")
    assert status == ExitStatus.ROLLED_BACK
    assert reason in text.splitlines()[0]
    assert host.weight("/machine") == usual(host)


def test_systemd_sets_scope_and_slice(bus: FakeBus) -> None:
    host = Systemd(bus, cpus=4)
    host.group("/system.slice")
    xml = one("a", 1, "1")
    host.run("plain", 90, domain("plain", 9, ""))
    assert call(host, "prepare", xml, "a") == (0, "")
    host.run("a", 101, xml)
    assert call(host, "started", xml, "a") == (0, "")
    scope = r"/machine.slice/machine-qemu\x2d101\x2da.scope"
    assert host.weight("/machine.slice") > 100
    assert host.weight(scope) > 100
    assert host.weight(f"{scope}/libvirt") == 100
    assert [unit for unit, *_ in bus.calls] == ["machine.slice", r"machine-qemu\x2d101\x2da.scope"]
    assert f"CPUWeight={host.weight('/machine.slice')}\n" in host.read(OURS)
    assert not host.exists(f"{CONTROL}/machine.slice.d/50-CPUWeight.conf")
    host.end(101)
    (host.root / "run/libvirt/qemu/a.pid").unlink()
    assert call(host, "stopped", xml, "a") == (0, "")
    assert host.weight("/machine.slice") == 100
    assert not host.exists(OURS)


def test_memory_and_cpu_time_share_a_drop_in(bus: FakeBus) -> None:
    host = Systemd(bus, cpus=4)
    host.group("/system.slice")
    both, memory = one("a", 1, "1", memory=guarantee(64)), domain("b", 2, guarantee(32))
    for name, pid, xml in (("a", 101, both), ("b", 102, memory)):
        assert call(host, "prepare", xml, name) == (0, "")
        host.run(name, pid, xml)
        assert call(host, "started", xml, name) == (0, "")
    lines = host.read(OURS).splitlines()
    assert f"MemoryMin={96 * MIB}" in lines
    assert f"CPUWeight={host.weight('/machine.slice')}" in lines
    host.end(101)
    (host.root / "run/libvirt/qemu/a.pid").unlink()
    assert call(host, "stopped", both, "a") == (0, "")
    assert "CPUWeight" not in host.read(OURS)
    assert f"MemoryMin={32 * MIB}" in host.read(OURS)


def test_what_the_administrator_configured_is_told_by_our_drop_in(bus: FakeBus) -> None:
    host = Systemd(bus, cpus=4)
    host.group("/system.slice")
    host.write("/etc/systemd/system/machine.slice.d/10-his.conf", "[Slice]\nCPUWeight=300\n")
    host.write("/sys/fs/cgroup/machine.slice/cpu.weight", "300\n")
    xml = one("a", 1, "1")
    assert call(host, "prepare", xml, "a") == (0, "")
    host.run("a", 101, xml)
    assert call(host, "started", xml, "a") == (0, "")
    (host.root / "run/xmlresource/chain").unlink()
    assert call(host, "reconnect", xml, "a") == (0, "")
    host.end(101)
    (host.root / "run/libvirt/qemu/a.pid").unlink()
    assert call(host, "stopped", xml, "a") == (0, "")
    assert host.weight("/machine.slice") == 300


def test_what_the_administrator_changes_meanwhile_comes_back(bus: FakeBus) -> None:
    host = Systemd(bus, cpus=4)
    host.group("/system.slice")
    xml = one("a", 1, "1")
    assert call(host, "prepare", xml, "a") == (0, "")
    host.run("a", 101, xml)
    assert call(host, "started", xml, "a") == (0, "")
    before = host.weight("/machine.slice")
    host.write("/etc/systemd/system/machine.slice.d/10-his.conf", "[Slice]\nCPUWeight=300\n")
    apply_all(host.machine)
    assert host.weight("/machine.slice") > before
    host.end(101)
    (host.root / "run/libvirt/qemu/a.pid").unlink()
    assert call(host, "stopped", xml, "a") == (0, "")
    assert host.weight("/machine.slice") == 300


def test_a_file_of_the_administrators_that_makes_no_sense_changes_nothing(bus: FakeBus) -> None:
    host = Systemd(bus, cpus=4)
    host.group("/system.slice")
    xml = one("a", 1, "1")
    assert call(host, "prepare", xml, "a") == (0, "")
    host.run("a", 101, xml)
    assert call(host, "started", xml, "a") == (0, "")
    before = host.weight("/machine.slice")
    host.write("/etc/systemd/system/machine.slice.d/10-his.conf", "[Slice]\nCPUWeight=many\n")
    apply_all(host.machine)
    assert host.weight("/machine.slice") == before


def test_a_refusing_systemd_ends_the_start_and_leaves_nothing(bus: FakeBus) -> None:
    host = Systemd(bus, cpus=4)
    host.group("/system.slice")
    xml = one("a", 1, "1")
    assert call(host, "prepare", xml, "a") == (0, "")
    host.run("a", 101, xml)
    bus.answer = refuse("org.freedesktop.DBus.Error.AccessDenied", "no")
    status, text = call(host, "started", xml, "a")
    assert status == ExitStatus.ROLLED_BACK
    assert "systemd does not set CPUWeight of machine.slice: no" in text.splitlines()[0]
    assert host.weight("/machine.slice") == 100
    assert not host.exists(OURS)
