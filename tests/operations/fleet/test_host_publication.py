"""What a host publishes, and that others decide by it as the host itself would."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.fakes.host import BOOT, GIB, MIB, FakeHost, cpu_guarantee, domain, guarantee, uuid
from tests.operations.guests.test_hook_events import LIBVIRTD, call
from xmlresource.fleet.fleet_admission import decide_on
from xmlresource.fleet.fleet_state import rooms_of
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.fleet.report_reader import report_of
from xmlresource.operations.fleet.fleet_guest import (
    FaultyGuestError,
    NamelessGuestError,
    fleet_guest,
)
from xmlresource.operations.fleet.host_publication import host_report
from xmlresource.operations.promises.check import check

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas/fleet-host.schema.json").read_text())
NODE = "/sys/devices/system/node"


@pytest.fixture(params=[1, 2])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> FakeHost:
    """Four CPUs, two nodes, pages of 2 MiB on the second one."""
    made = FakeHost(tmp_path / "host", request.param, cpus=4)
    made.process(LIBVIRTD)
    made.write("/proc/sys/kernel/hostname", "host7\n")
    for node, pages in ((0, 0), (1, 100)):
        kib = (4 * GIB) >> 10
        made.write(
            f"{NODE}/node{node}/meminfo",
            f"Node {node} MemTotal: {kib} kB\nNode {node} MemFree: {kib} kB\n",
        )
        pools(made, f"{NODE}/node{node}/hugepages", pages)
    pools(made, "/sys/kernel/mm/hugepages", 100)
    return made


def pools(host: FakeHost, folder: str, pages: int) -> None:
    for file, value in {"nr": pages, "free": pages}.items():
        host.write(f"{folder}/hugepages-2048kB/{file}_hugepages", f"{value}\n")


def published(host: FakeHost) -> HostReport:
    """The report, as somebody else reads it."""
    fields = report_as_fields(host_report(host.machine))
    jsonschema.validate(fields, SCHEMA)
    return report_of(json.dumps(fields))


def started(host: FakeHost, name: str, number: int, xml: bytes) -> None:
    assert call(host, "prepare", xml, name) == (0, "")
    host.run(name, 100 + number, xml)
    assert call(host, "started", xml, name) == (0, "")


def test_an_empty_host(host: FakeHost) -> None:
    report = published(host)
    assert (report.name, report.boot_id) == ("host7", BOOT)
    assert report.facts.memory.total == 8 * GIB
    assert {number: len(node.pools) for number, node in report.facts.nodes.items()} == {0: 1, 1: 1}
    assert report.cpu is not None
    assert len(report.cpu.online) == 4
    assert (report.guests, report.unpromised, report.refusals) == ((), (), ())
    assert published(host).sequence > report.sequence


def test_its_guests(host: FakeHost) -> None:
    device = "<devices><hostdev mode='subsystem' type='pci'/></devices>"
    fixed = domain("db1", 1, guarantee(512), ram=512, more=device)
    started(host, "db1", 1, fixed)
    host.run("free", 9, domain("free", 9, "", ram=256))
    report = published(host)
    (guest,) = report.guests
    assert (guest.held.promise.name, guest.held.promise.size) == ("db1", 512 * MIB)
    assert guest.fixed_by == ("hostdev pci",)
    assert guest.demand is not None
    assert guest.demand.pinned == 512 * MIB
    (other,) = report.unpromised
    assert other.held.promise.uuid == uuid(9)
    assert other.held.promise.size > 256 * MIB
    assert not report.counts_unpromised
    # What means something on this host alone is told to nobody.
    promise = guest.held.promise
    assert (promise.process, promise.caller, promise.since) == (None, None, None)


def test_a_guest_whose_definition_is_broken_is_there_all_the_same(host: FakeHost) -> None:
    host.run("broken", 9, domain("broken", 9, "", ram=256))
    status = host.read("/run/libvirt/qemu/broken.xml")
    host.write("/run/libvirt/qemu/broken.xml", status.replace("</domain>", "</domai>"))
    (guest,) = published(host).unpromised
    assert (guest.held.promise.name, guest.demand) == ("broken", None)


def test_a_definition_beyond_all_bounds_keeps_no_host_from_being_heard(host: FakeHost) -> None:
    devices = "<devices>" + "".join(f"<hostdev type='{n}'/>" for n in range(100)) + "</devices>"
    host.run("odd", 9, domain("odd", 9, "", ram=256, more=devices))
    (guest,) = published(host).unpromised
    assert (guest.demand, guest.fixed_by) == (None, ())


def test_refusals_of_the_last_day(host: FakeHost) -> None:
    xml = domain("big", 3, guarantee(9000), ram=9000)
    assert call(host, "prepare", xml, "big")[0] == 3
    (refusal,) = published(host).refusals
    assert refusal.guest == "big"
    assert "refused: it asks for a guarantee of 8.789 GiB" in refusal.reason


def test_a_name_of_its_own(host: FakeHost) -> None:
    host.write("/etc/xmlresource.toml", "[fleet]\nhost = 'rack3-7'\n")
    assert published(host).name == "rack3-7"


ON_NODE = "<numatune><memory mode='strict' nodeset='1'/></numatune>"
PAGES = "<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages></memoryBacking>"
IN_PROD = "<resource><partition>/machine/prod</partition></resource>"
GUESTS = [
    domain("a", 11, guarantee(1000), ram=1000),
    domain("b", 12, guarantee(7000), ram=7000),
    domain("c", 13, guarantee(9000), ram=9000),
    domain("d", 14, guarantee(3000), ram=3000, more=ON_NODE),
    domain("e", 15, guarantee(4000), ram=4000, more=ON_NODE),
    domain("f", 16, guarantee(64), ram=128, more=PAGES),
    domain("g", 17, guarantee(64), ram=512, more=PAGES),
    domain("h", 18, guarantee(600), ram=600, more=IN_PROD),
    domain("i", 19, guarantee(100), ram=100, more=IN_PROD),
    domain("j", 20, guarantee(64), ram=64, cpu=cpu_guarantee("1.5"), more="<vcpu>4</vcpu>"),
    domain("k", 21, guarantee(64), ram=64, cpu=cpu_guarantee("4"), more="<vcpu>4</vcpu>"),
    domain("l", 22, "", ram=64, cpu=cpu_guarantee("3"), more=f"<vcpu>4</vcpu>{IN_PROD}"),
    domain("m", 23, "", ram=64),
    domain("db1", 1, guarantee(2000), ram=2000),
]


def settled(host: FakeHost, settings: str = "") -> None:
    """A host on which things are as tangled as they get."""
    host.write("/etc/xmlresource.toml", settings)
    prod = "/machine/prod.partition"
    folder = host.group(prod)
    file = "memory.limit_in_bytes" if host.version == 1 else "memory.max"
    host.write(f"{folder}/{file}", f"{500 * MIB}\n")
    cpu = "<vcpu>4</vcpu>"
    started(host, "db1", 1, domain("db1", 1, guarantee(1500), ram=1500))
    started(host, "db2", 2, domain("db2", 2, guarantee(200), cpu=cpu_guarantee("1"), more=cpu))
    started(host, "db3", 3, domain("db3", 3, guarantee(300), ram=300, more=ON_NODE))
    xml = domain("db4", 4, guarantee(64), ram=64, more=PAGES)
    assert call(host, "prepare", xml, "db4") == (0, "")
    host.run("free", 9, domain("free", 9, "", ram=256))


@pytest.mark.parametrize("xml", GUESTS, ids=[each[30:45].decode() for each in GUESTS])
@pytest.mark.parametrize(
    "settings",
    ["", "commit_ratio = 1.5\ncount_unpromised = true\n[partitions]\n'/machine' = '2600MiB'\n"],
    ids=["plain", "settled"],
)
def test_others_decide_as_the_host_itself_does(host: FakeHost, xml: bytes, settings: str) -> None:
    settled(host, settings)
    mine = check(xml, host.machine)
    theirs = decide_on(published(host), fleet_guest(xml))
    assert mine.decision is not None
    assert theirs.memory.reckonings == mine.decision.reckonings
    assert theirs.memory.promisable == mine.decision.promisable
    assert theirs.admitted == mine.admitted
    if not mine.beside:
        assert theirs.cpu is None
        return
    (of_cpu,) = mine.beside
    assert theirs.cpu is not None
    assert theirs.cpu.reckonings == of_cpu.reckonings


def test_the_room_that_is_told_is_what_the_rules_leave(host: FakeHost) -> None:
    settled(host)
    report = published(host)
    decision = decide_on(report, fleet_guest(GUESTS[0])).memory
    rooms = rooms_of(report)
    first, second, *_ = decision.reckonings
    assert (rooms.commitment, rooms.physical) == (first.room, second.room)


def test_a_guest_that_no_fleet_takes() -> None:
    with pytest.raises(NamelessGuestError, match="has no <uuid>"):
        fleet_guest(b"<domain type='kvm'><name>a</name></domain>")
    xml = domain("a", 1, guarantee(100) + guarantee(200))
    with pytest.raises(FaultyGuestError):
        fleet_guest(xml)
