"""Parts of disks are promised, kept by weights, and given back: the life of such a promise."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.controlled import SECOND, ControlledHost
from tests.fakes.controllers import DISK
from tests.fakes.host import MIB, guarantee, uuid
from tests.operations.guests.test_hook_events import LIBVIRTD, call, ledger
from xmlresource.admission.weights.floor_weights import (
    BFQ,
    IOCOST,
    V1_BFQ,
    Neighbour,
    PromisedGroup,
    floor_weights,
)
from xmlresource.cgroup.writes import Plan
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.status import status
from xmlresource.operations.guests.apply import apply, apply_all
from xmlresource.operations.guests.plan import plan
from xmlresource.printable import LONGEST_MESSAGE
from xmlresource.promises.io_promise import DiskPart, IoPromise
from xmlresource.promises.promise import PromiseState
from xmlresource.reports.host import status as status_report

FILES = {
    "iocost": (2, "io.weight"),
    "bfq": (2, "io.bfq.weight"),
    "v1": (1, "blkio.bfq.weight_device"),
}


class WeighedHost(ControlledHost):
    """A host on whose disks guests are weighed."""

    def __init__(self, root: Path, kind: str) -> None:
        version, self.file = FILES[kind]
        super().__init__(root, version)
        self.process(LIBVIRTD)
        self.disk("vdb", SECOND)
        if kind == "iocost":
            self.iocost(DISK, SECOND)
        else:
            for name in ("vda", "vdb"):
                self.scheduler(name, "bfq")
        for group in ("/machine", "/system"):
            self.group(group)

    def lines(self, group: str) -> dict[str, int]:
        text = self.read(f"{self.folder('blkio', group)}/{self.file}")
        return {each.split()[0]: int(each.split()[1]) for each in text.splitlines()}

    def write_lines(self, group: str, text: str) -> None:
        self.write(f"{self.folder('blkio', group)}/{self.file}", text)

    def weight_on(self, group: str, disk: str = DISK) -> int:
        lines = self.lines(group)
        return lines.get(disk, lines["default"])

    def least(self, group: str, *beside: str, disk: str = DISK) -> float:
        """The percent that a guest in /machine gets of a disk when everybody is busy."""
        machine, own = self.weight_on("/machine", disk), self.weight_on(group, disk)
        top = machine + self.weight_on("/system", disk)
        others = sum(self.weight_on(each, disk) for each in beside)
        return 100 * machine / top * own / (own + others)


def one(
    name: str, number: int, *percent: float, content: str = "", source: str = "/images/a.img"
) -> bytes:
    """A guest with a percentage of the disk below each of its own; the second is on /dev/vdb."""
    devices = "".join(
        f"<xr:device target='vd{letter}'><xr:ioBandwidthPercentage>{each:g}"
        "</xr:ioBandwidthPercentage></xr:device>"
        for letter, each in zip("abc", percent, strict=False)
        if each
    )
    io = f"<xr:io>{devices}</xr:io>" if devices else ""
    sources = (f"<source file='{source}'/>", "<source dev='/dev/vdb'/>", "<source dev='/dev/vda'/>")
    disks = "".join(
        f"<disk type='{'block' if 'dev' in each[:12] else 'file'}' device='disk'>"
        f"<driver name='qemu' type='raw' cache='none'/>{each}<target dev='vd{letter}'/></disk>"
        for letter, each in zip("abc", sources, strict=True)
    )
    block = f"<xr:resource xmlns:xr='urn:xmlresource:1'>{content}{io}</xr:resource>"
    return (
        f"<domain type='qemu' id='1'>\n<name>{name}</name>\n<uuid>{uuid(number)}</uuid>\n"
        f"<memory unit='MiB'>64</memory><vcpu>2</vcpu>\n<metadata>{block}</metadata>\n"
        f"<devices>{disks}</devices>\n</domain>\n"
    ).encode()


@pytest.fixture(params=FILES)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> WeighedHost:
    return WeighedHost(tmp_path / "host", request.param)


@pytest.fixture
def iocost(tmp_path: Path) -> WeighedHost:
    return WeighedHost(tmp_path / "host", "iocost")


def group_of(name: str, pid: int) -> str:
    return f"/machine/qemu-{pid}-{name}.libvirt-qemu"


def runs(host: WeighedHost, xml: bytes, name: str, pid: int) -> str:
    """The guest is started as libvirt does it; its cgroup comes back."""
    assert call(host, "prepare", xml, name) == (0, "")
    host.run(name, pid, xml)
    assert call(host, "started", xml, name) == (0, "")
    return group_of(name, pid)


def ends(host: WeighedHost, xml: bytes, name: str, pid: int) -> None:
    host.end(pid)
    (host.root / f"run/libvirt/qemu/{name}.pid").unlink()
    for controller in ("memory", "cpu", "blkio"):
        folder = host.folder(controller, group_of(name, pid))
        shutil.rmtree(host.root / folder[1:], ignore_errors=True)
    assert call(host, "stopped", xml, name) == (0, "")


def edit(host: WeighedHost, name: str, pid: int, xml: bytes) -> None:
    """Somebody edits the live definition."""
    text = f"<domstatus state='running' pid='{pid}'>{xml.decode()}</domstatus>"
    host.write(f"/run/libvirt/qemu/{name}.xml", text)


def promised(host: WeighedHost) -> dict[str, dict[str, int]]:
    return {
        each.name: {} if each.io is None else {part.disk: part.part for part in each.io.disks}
        for each in ledger(host).all()
    }


def history(host: WeighedHost) -> list[dict[str, object]]:
    lines = host.read("/run/xmlresource/history").splitlines()
    return [json.loads(line) for line in lines if line]


def test_a_part_of_a_disk_is_promised_kept_and_given_back(host: WeighedHost) -> None:
    xml = one("a", 1, 60)
    folder = runs(host, xml, "a", 101)
    (promise,) = ledger(host).all()
    assert (promise.size, promise.state) == (0, PromiseState.RUNNING)
    assert promise.io == IoPromise((DiskPart(DISK, 60_000),), 100, folder)
    assert host.weight_on("/machine") > 100
    assert host.least(folder) >= 60
    assert host.lines("/system") == {"default": 100}
    assert host.weight_on("/machine", SECOND) == 100
    ends(host, xml, "a", 101)
    assert ledger(host).all() == ()
    assert host.lines("/machine") == {"default": 100}
    messages = [each["message"] for each in history(host)]
    assert f"guest 'a' admitted with 60 % of disk {DISK}" in messages
    assert f"guest 'a' released 60 % of disk {DISK}" in messages
    assert [each["disks"] for each in history(host) if "disks" in each] == [f"{DISK} 60 %"] * 2


def test_the_weights_are_those_that_were_worked_out(host: WeighedHost) -> None:
    """Beside what the administrator has for a disk, and where they have nothing."""
    host.run("plain", 90, one("plain", 9))
    a = runs(host, one("a", 1, 20, 30), "a", 101)
    (weights,) = (each for each in (IOCOST, BFQ, V1_BFQ) if each.file == host.file)
    for disk, part in ((DISK, 20_000), (SECOND, 30_000)):
        guest = PromisedGroup(a, 100, part)
        plain = Neighbour("plain", 100)
        folder = PromisedGroup("/machine", 100, 0, (guest,), (plain,))
        tree = PromisedGroup("/", 100, 0, (folder,), (Neighbour("system", 100),))
        values = floor_weights(100_000, tree, weights).values
        assert host.lines("/machine")[disk] == values["/machine"]
        assert host.lines(a)[disk] == values[a]


def test_every_guest_keeps_its_own_beside_others(host: WeighedHost) -> None:
    host.run("plain", 90, one("plain", 9))
    plain = group_of("plain", 90)
    a = runs(host, one("a", 1, 40), "a", 101)
    alone = host.weight_on("/machine")
    b = runs(host, one("b", 2, 20), "b", 102)
    assert host.weight_on("/machine") >= alone
    assert host.least(a, b, plain) >= 40
    assert host.least(b, a, plain) >= 20
    assert host.lines(plain) == {"default": 100}
    ends(host, one("b", 2, 20), "b", 102)
    assert host.weight_on("/machine") == alone


def test_what_can_not_be_kept_is_refused_with_the_reckoning(host: WeighedHost) -> None:
    runs(host, one("a", 1, 50), "a", 101)
    runs(host, one("b", 2, 20), "b", 102)
    before = host.lines("/machine")
    code, text = call(host, "prepare", one("c", 3, 40), "c")
    assert code == ExitStatus.REFUSED
    first, *rest = text.splitlines()
    # What weights keep ends before 100 %, for they end, and somebody else may be busy.
    kept = 28.489 if host.file == "io.weight" else 14.333
    assert first == (
        f"xmlresource: guest 'c' refused: it asks for a guarantee of 40 % of vda, {kept} % can be "
        "promised (weights, vda in /; largest promises: a 50 %, b 20 %)"
    )
    assert len(first) <= LONGEST_MESSAGE
    assert "commitment, vda: fails" in rest
    assert promised(host) == {"a": {DISK: 50_000}, "b": {DISK: 20_000}}
    assert call(host, "stopped", one("c", 3, 40), "c") == (0, "")
    assert host.lines("/machine") == before
    assert call(host, "prepare", one("c", 3, 10), "c") == (0, "")


def test_weights_of_others_can_be_in_the_way(host: WeighedHost) -> None:
    host.write_lines("/system", f"default 100\n{DISK} 1000\n")
    percent = 95 if host.file == "io.weight" else 60
    code, text = call(host, "prepare", one("a", 1, percent), "a")
    assert code == ExitStatus.REFUSED
    first, *rest = text.splitlines()
    assert "can be promised (weights, vda in /; no promises so far)" in first
    assert any(f"kept by {host.file} beside system 1000" in line for line in rest)


def test_the_administrators_line_comes_back(host: WeighedHost) -> None:
    host.write_lines("/machine", f"default 70\n{DISK} 50\n{SECOND} 300\n")
    xml = one("a", 1, 40)
    folder = runs(host, xml, "a", 101)
    assert host.weight_on("/machine") > 50
    assert host.least(folder) >= 40
    assert host.weight_on("/machine", SECOND) == 300
    ends(host, xml, "a", 101)
    assert host.lines("/machine") == {"default": 70, DISK: 50, SECOND: 300}


def test_what_the_administrator_sets_meanwhile_is_kept(host: WeighedHost) -> None:
    xml = one("a", 1, 40)
    folder = runs(host, xml, "a", 101)
    host.write_lines("/machine", f"default 100\n{DISK} 77\n")
    apply_all(host.machine)
    assert host.weight_on("/machine") > 77
    assert host.least(folder) >= 40
    ends(host, xml, "a", 101)
    assert host.lines("/machine") == {"default": 100, DISK: 77}


def test_each_disk_is_reckoned_by_itself(host: WeighedHost) -> None:
    xml = one("a", 1, 20, 60)
    folder = runs(host, xml, "a", 101)
    assert promised(host) == {"a": {DISK: 20_000, SECOND: 60_000}}
    assert host.least(folder) >= 20
    assert host.least(folder, disk=SECOND) >= 60
    text = call(host, "prepare", one("b", 2, 20, 50), "b")[1]
    assert "it asks for a guarantee of 50 % of vdb, " in text
    assert "commitment, vdb: fails" in text
    assert call(host, "prepare", one("b", 2, 50), "b") == (0, "")
    ends(host, xml, "a", 101)
    assert host.weight_on("/machine", SECOND) == 100


def test_two_disks_of_a_guest_on_one_disk_ask_for_the_sum(host: WeighedHost) -> None:
    xml = one("a", 1, 20, 0, 30)
    folder = runs(host, xml, "a", 101)
    assert promised(host) == {"a": {DISK: 50_000}}
    assert host.least(folder) >= 50


@pytest.mark.parametrize("version", [1, 2])
def test_where_nobody_weighs_it_is_a_note_and_the_guest_starts(
    tmp_path: Path, version: int
) -> None:
    host = ControlledHost(tmp_path, version)
    host.process(LIBVIRTD)
    xml = one("a", 1, 60)
    assert call(host, "prepare", xml, "a") == (0, "")
    assert not (tmp_path / "run/xmlresource/ledger").exists()
    host.run("a", 101, xml)
    assert call(host, "started", xml, "a") == (0, "")
    assert not (tmp_path / "run/xmlresource/ledger").exists()
    assert "neither is iocost enabled for it" in host.read("/run/xmlresource/history")
    assert call(host, "stopped", xml, "a") == (0, "")


def test_without_an_io_controller_it_is_a_note(iocost: WeighedHost) -> None:
    iocost.write("/sys/fs/cgroup/cgroup.controllers", "cpu memory\n")
    assert call(iocost, "prepare", one("a", 1, 60), "a") == (0, "")
    assert not (iocost.root / "run/xmlresource/ledger").exists()


def test_a_guest_without_a_cgroup_of_its_own_there_is_refused(iocost: WeighedHost) -> None:
    xml = one("a", 1, 60)
    assert call(iocost, "prepare", xml, "a") == (0, "")
    folder = iocost.run("a", 101, xml)
    (iocost.root / f"{folder}/io.weight"[1:]).unlink()
    code, text = call(iocost, "started", xml, "a")
    assert code == ExitStatus.ROLLED_BACK
    assert (
        "its part of vda can't be kept: /machine/qemu-101-a.libvirt-qemu has no io.weight" in text
    )
    assert iocost.lines("/machine") == {"default": 100}


def test_memory_that_can_not_be_enforced_leaves_no_weight(host: WeighedHost) -> None:
    memory = f"<xr:memory>{guarantee(64)}</xr:memory>"
    xml = one("a", 1, 60, content=memory)
    host.run("plain", 90, one("plain", 9))
    assert call(host, "prepare", xml, "a") == (0, "")
    folder = host.run("a", 101, xml)
    limit = {1: "memory.limit_in_bytes", 2: "memory.max"}[host.version]
    (host.root / f"{folder}/{limit}"[1:]).unlink()
    code, _ = call(host, "started", xml, "a")
    assert code == ExitStatus.ROLLED_BACK
    assert host.lines("/machine") == {"default": 100}
    assert host.weight_on(group_of("a", 101)) == 100


@pytest.mark.parametrize("operation", ["prepare", "migrate", "restore", "reconnect"])
def test_no_call_takes_from_a_guest_that_runs(host: WeighedHost, operation: str) -> None:
    folder = runs(host, one("a", 1, 60), "a", 101)
    weights = host.lines("/machine"), host.lines(folder)
    assert call(host, operation, one("a", 1, 10), "a") == (0, "")
    assert promised(host) == {"a": {DISK: 60_000}}
    assert call(host, operation, one("a", 1), "a") == (0, "")
    assert promised(host) == {"a": {DISK: 60_000}}
    assert (host.lines("/machine"), host.lines(folder)) == weights


def test_apply_asks_for_more_and_takes_back(host: WeighedHost) -> None:
    host.run("plain", 90, one("plain", 9))
    plain = group_of("plain", 90)
    folder = runs(host, one("a", 1, 20), "a", 101)
    low = host.lines("/machine")
    edit(host, "a", 101, one("a", 1, 60))
    apply("a", host.machine)
    assert promised(host) == {"a": {DISK: 60_000}}
    assert host.least(folder, plain) >= 60
    edit(host, "a", 101, one("a", 1, 20))
    apply("a", host.machine)
    assert promised(host) == {"a": {DISK: 20_000}}
    assert host.lines("/machine") == low


def test_without_a_percentage_a_guest_has_its_own_weight_again(host: WeighedHost) -> None:
    host.run("plain", 90, one("plain", 9))
    folder = runs(host, one("a", 1, 60), "a", 101)
    assert host.weight_on(folder) > 100
    memory = f"<xr:memory>{guarantee(64)}</xr:memory>"
    edit(host, "a", 101, one("a", 1, content=memory))
    apply("a", host.machine)
    assert promised(host) == {"a": {}}
    assert ledger(host).all()[0].size == 64 * MIB
    assert host.lines(folder) == {"default": 100}
    assert host.lines("/machine") == {"default": 100}


@pytest.mark.parametrize("operation", ["reconnect", "apply"])
def test_a_raise_that_can_not_be_kept_is_not_taken_over(host: WeighedHost, operation: str) -> None:
    runs(host, one("a", 1, 20), "a", 101)
    runs(host, one("b", 2, 50), "b", 102)
    edit(host, "a", 101, one("a", 1, 60))
    if operation == "apply":
        apply_all(host.machine)
    else:
        assert call(host, "reconnect", one("a", 1, 60), "a") == (0, "")
    assert promised(host) == {"a": {DISK: 20_000}, "b": {DISK: 50_000}}
    (warning,) = (each for each in history(host) if each["event"] == "warning")
    assert (
        f"keeps its promise of 20 % of disk {DISK}; its live definition declares 60 % of disk "
        f"{DISK}, which can't be promised: it asks for a guarantee of 60 % of vda, "
    ) in str(warning["message"])


def test_a_lost_ledger_is_made_anew(host: WeighedHost) -> None:
    host.run("plain", 90, one("plain", 9))
    folder = runs(host, one("a", 1, 50), "a", 101)
    before = host.lines("/machine"), host.lines(folder)
    host.write("/run/xmlresource/ledger", "nonsense")
    assert call(host, "reconnect", one("a", 1, 50), "a") == (0, "")
    (promise,) = ledger(host).all()
    assert promise.io == IoPromise((DiskPart(DISK, 50_000),), 100, folder)
    assert (host.lines("/machine"), host.lines(folder)) == before


def test_where_all_is_forgotten_our_line_does_not_become_the_administrators(
    host: WeighedHost,
) -> None:
    xml = one("a", 1, 50)
    host.run("plain", 90, one("plain", 9))
    runs(host, xml, "a", 101)
    for file in ("ledger", "chain"):
        (host.root / f"run/xmlresource/{file}").unlink()
    assert call(host, "reconnect", xml, "a") == (0, "")
    ends(host, xml, "a", 101)
    assert host.lines("/machine") == {"default": 100}


def test_the_repair_follows_others_that_came(host: WeighedHost) -> None:
    folder = runs(host, one("a", 1, 30), "a", 101)
    others = []
    for number in range(4):
        host.run(f"n{number}", 200 + number, one(f"n{number}", 50 + number))
        others.append(group_of(f"n{number}", 200 + number))
    assert host.least(folder, *others) < 30
    apply_all(host.machine)
    assert host.least(folder, *others) >= 30


def test_a_disk_that_is_weighed_in_another_way_gets_its_lines_back(iocost: WeighedHost) -> None:
    """Somebody chooses bfq for it while a guest runs."""
    host = iocost
    folder = runs(host, one("a", 1, 40), "a", 101)
    host.scheduler("vda", "bfq")
    apply_all(host.machine)
    assert host.lines("/machine") == {"default": 100}
    host.file = "io.bfq.weight"
    assert host.least(folder) >= 40


def test_a_disk_on_which_nobody_is_weighed_any_more_is_told(iocost: WeighedHost) -> None:
    host = iocost
    xml = one("a", 1, 40)
    runs(host, xml, "a", 101)
    host.iocost()
    text = call(host, "reconnect", xml, "a")[1]  # after which the hook ends with 0 always
    assert "neither does iocost weigh guests on disk 254:0 any more, nor bfq" in text
    assert promised(host) == {"a": {DISK: 40_000}}
    assert "neither does iocost weigh guests on disk 254:0 any more" in host.read(
        "/run/xmlresource/history"
    )
    found = status(host.machine)
    assert [(each.name, each.promised, each.promisable) for each in found.disks] == [
        (None, 40_000, 0)
    ]
    assert "not kept: neither iocost nor bfq serves it" in status_report.as_text(found)
    apply_all(host.machine)
    assert promised(host) == {}
    assert host.lines("/machine") == {"default": 100}


def test_status_and_drift(host: WeighedHost) -> None:
    host.run("plain", 90, one("plain", 9))
    folder = runs(host, one("a", 1, 40.5), "a", 101)
    found = status(host.machine)
    (guest,) = found.guests
    assert guest.drift == ()
    shown = status_report.as_json(found)
    assert shown["disks"] == [
        {"disk": DISK, "name": "vda", "promised": 40_500, "promisable": 59_500}
    ]
    assert shown["guests"][0]["io"] == {
        "disks": [{"disk": DISK, "guarantee": 40_500}],
        "share": 100,
    }
    lines = status_report.as_text(found).splitlines()
    assert f"disk       vda ({DISK}): 40.5 % promised, 59.5 % left" in lines
    assert f"    it is promised 40.5 % of disk {DISK}" in lines
    host.write_lines(folder, f"default 100\n{DISK} 5\n")
    (guest,) = status(host.machine).guests
    (line,) = guest.drift
    assert line.startswith(f"raise {host.file} {DISK} of {folder} from 5 to ")
    apply_all(host.machine)
    assert status(host.machine).guests[0].drift == ()


def test_plan_shows_the_weights_that_a_guest_that_runs_lacks(
    host: WeighedHost, tmp_path: Path
) -> None:
    host.run("plain", 90, one("plain", 9))
    host.run("a", 101, one("a", 1))
    path = tmp_path / "a.xml"
    path.write_bytes(one("a", 1, 50))
    found = plan(str(path), host.machine)
    assert isinstance(found, Plan)
    assert [(each.cgroup, each.label) for each in found.writes] == [
        ("/machine", f"{host.file} {DISK}"),
        (group_of("a", 101), f"{host.file} {DISK}"),
    ]
    path.write_bytes(one("a", 1))
    found = plan(str(path), host.machine)
    assert isinstance(found, Plan)
    assert found.writes == ()


@pytest.mark.parametrize("failing", ["machine", "guest"])
def test_what_was_written_is_undone_when_a_write_fails(
    host: WeighedHost, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.run("plain", 90, one("plain", 9))
    xml = one("a", 1, 50)
    assert call(host, "prepare", xml, "a") == (0, "")
    host.run("a", 101, xml)
    write: Callable[[object, str, str], None] = type(host.machine).write_value
    pattern = {"machine": r"/machine/[^/]*$", "guest": r"/qemu-101[^/]*/[^/]*$"}[failing]

    def refusing(machine: object, path: str, value: str) -> None:
        if re.search(pattern, path) and not value.endswith("default"):
            raise OSError(22, "Invalid argument")
        write(machine, path, value)

    monkeypatch.setattr(type(host.machine), "write_value", refusing)
    code, text = call(host, "started", xml, "a")
    assert code == ExitStatus.ROLLED_BACK
    assert "its part of vda could not be kept" in text
    assert host.lines("/machine") == {"default": 100}
    assert host.lines(group_of("a", 101)) == {"default": 100}
