"""Guests that take more than their guarantee, or take it elsewhere, on a host of plain files."""

from pathlib import Path

import pytest

from tests.fakes.host import BOOT, GIB, MIB, FakeHost, domain, guarantee
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.status import status
from xmlresource.operations.guests.hook_events import answer
from xmlresource.operations.promises.check import check_all
from xmlresource.promises.ledger import Ledger, decode
from xmlresource.promises.promise import HugepageShare, NodeShare, Promise
from xmlresource.reports.guests import decision as report

HUGE = 2 * MIB
VFIO = "<devices><hostdev mode='subsystem' type='pci'><source/></hostdev></devices>"
NETWORK = "<devices><interface type='network'><source network='vf'/></interface></devices>"
FUNCTION = "<devices><interface type='hostdev'><source/></interface></devices>"
IMMEDIATE = "<memoryBacking><allocation mode='immediate'/></memoryBacking>"
HUGEPAGES = "<memoryBacking><hugepages><page size='2048'/></hugepages></memoryBacking>"
ON_NODE_0 = "<numatune><memory mode='strict' nodeset='0'/></numatune>"


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path / "host")


def pool(host: FakeHost, pages: int, node: int | None = None) -> None:
    """Give the host, or a node, hugepages of 2 MiB, all of them free."""
    folder = "/sys/kernel/mm/hugepages" if node is None else _node(node, "hugepages")
    for name, count in (("nr", pages), ("free", pages), ("resv", 0)):
        host.write(f"{folder}/hugepages-2048kB/{name}_hugepages", f"{count}\n")


def node(host: FakeHost, number: int, total: int) -> None:
    """Give the host a node, all of it free."""
    lines = (f"Node {number} {name}: {total >> 10} kB\n" for name in ("MemTotal", "MemFree"))
    host.write(_node(number, "meminfo"), "".join(lines))


def _node(number: int, file: str) -> str:
    return f"/sys/devices/system/node/node{number}/{file}"


def transaction(host: FakeHost) -> Ledger:
    file = host.root / "run/xmlresource/ledger"
    return decode(file.read_bytes()) if file.exists() else Ledger(BOOT)


def promise(host: FakeHost, name: str) -> Promise:
    (found,) = (each for each in transaction(host).all() if each.name == name)
    return found


def call(host: FakeHost, operation: str, name: str, xml: bytes) -> tuple[int, str]:
    return answer(name, operation, xml, None, host.machine)


def guest(name: str, number: int, mib: int, more: str = "", ram: int = 4000) -> bytes:
    return domain(name, number, guarantee(mib), ram=ram, more=more)


def test_a_guest_with_vfio_needs_all_its_ram(host: FakeHost) -> None:
    assert call(host, "prepare", "a", guest("a", 1, 100, VFIO))[0] == ExitStatus.FINE
    assert promise(host, "a").size == 100 * MIB
    assert promise(host, "a").pinned == 4000 * MIB
    code, text = call(host, "prepare", "b", guest("b", 2, 100, VFIO))
    assert code == ExitStatus.REFUSED
    assert "(commitment: 3.906 GiB pinned by hostdev pci; " in text.splitlines()[0]
    assert "largest promises: a 3.906 GiB" in text.splitlines()[0]
    # For a guest without one there is what the first has left.
    assert call(host, "prepare", "c", guest("c", 3, 3000))[0] == ExitStatus.FINE
    assert call(host, "prepare", "d", guest("d", 4, 3000))[0] == ExitStatus.REFUSED


def test_what_is_pinned_stays_committed_while_the_guest_runs(host: FakeHost) -> None:
    xml = guest("a", 1, 100, VFIO)
    call(host, "prepare", "a", xml)
    host.run("a", 4242, xml)
    assert call(host, "started", "a", xml) == (0, "")
    assert (promise(host, "a").pinned, promise(host, "a").at_once) == (4000 * MIB, 0)
    assert status(host.machine).promised == 4000 * MIB
    assert call(host, "prepare", "b", guest("b", 2, 4000))[0] == ExitStatus.REFUSED
    call(host, "stopped", "a", xml)
    assert transaction(host).total == 0


def test_what_libvirt_finds_at_the_start_is_in_the_book_once_the_guest_runs(
    host: FakeHost,
) -> None:
    """A network of virtual functions: at `prepare` nobody knows yet that it will be VFIO."""
    call(host, "prepare", "a", guest("a", 1, 100, NETWORK))
    assert promise(host, "a").pinned == 0
    host.memory(8 * GIB, 3 * GIB)  # by now the RAM is pinned
    xml = guest("a", 1, 100, FUNCTION)
    host.run("a", 4242, xml)
    assert call(host, "started", "a", xml) == (0, "")
    assert promise(host, "a").pinned == 4000 * MIB


def test_immediate_allocation_counts_until_the_guest_runs(host: FakeHost) -> None:
    xml = guest("a", 1, 100, IMMEDIATE)
    call(host, "prepare", "a", xml)
    assert (promise(host, "a").at_once, promise(host, "a").pinned) == (4000 * MIB, 0)
    code, text = call(host, "prepare", "b", guest("b", 2, 4000))
    assert code == ExitStatus.REFUSED
    assert "(physical; " in text.splitlines()[0]
    host.run("a", 4242, xml)
    call(host, "started", "a", xml)
    assert transaction(host).total == 100 * MIB
    assert call(host, "prepare", "b", guest("b", 2, 4000))[0] == ExitStatus.FINE


def test_a_book_made_anew_knows_nodes_and_what_is_pinned(host: FakeHost) -> None:
    host.run("a", 4242, guest("a", 1, 100, ON_NODE_0 + VFIO))
    host.run("soft", 4243, guest("soft", 2, 0, VFIO))
    assert call(host, "prepare", "b", guest("b", 3, 10))[0] == ExitStatus.FINE
    assert promise(host, "a").pinned == 4000 * MIB
    assert promise(host, "a").shares == (NodeShare(frozenset({0}), 4000 * MIB),)
    assert {each.name for each in transaction(host).all()} == {"a", "b"}


def test_hugepages_of_a_node_are_asked_of_it(host: FakeHost) -> None:
    node(host, 0, 4 * GIB)
    pool(host, 100)
    pool(host, 60, node=0)
    more = HUGEPAGES + ON_NODE_0
    first = guest("a", 1, 10, more, ram=120)
    assert call(host, "prepare", "a", first)[0] == ExitStatus.FINE
    assert promise(host, "a").hugepages == (HugepageShare(HUGE, 120 * MIB, frozenset({0})),)
    code, text = call(host, "prepare", "b", guest("b", 2, 10, more, ram=120))
    assert code == ExitStatus.REFUSED
    assert "hugepages, pages of 2 MiB on node 0: 120 MiB needed; " in text
    assert call(host, "prepare", "b", guest("b", 2, 10, HUGEPAGES, ram=80))[0] == 0


def test_several_are_checked_in_order_by_pools_and_what_is_pinned(
    host: FakeHost, tmp_path: Path
) -> None:
    pool(host, 100)
    xmls = (
        guest("a", 1, 10, HUGEPAGES, ram=120),
        guest("b", 2, 10, HUGEPAGES, ram=120),  # 40 pages are left
        guest("c", 3, 100, VFIO),
        guest("d", 4, 100, VFIO),  # some 3.7 GiB are left
        guest("e", 5, 100, IMMEDIATE),
        guest("f", 6, 3000),
        guest("g", 7, 10, HUGEPAGES, ram=80),
    )
    paths = []
    for xml, name in zip(xmls, "abcdefg", strict=True):
        path = tmp_path / f"{name}.xml"
        path.write_bytes(xml)
        paths.append(str(path))
    found = check_all(paths, host.machine)
    reasons = [
        each.decision.failed[0].title if each.decision and each.decision.failed else ""
        for each in found
    ]
    assert reasons == [
        "",
        "hugepages, pages of 2 MiB",
        "",
        "commitment",
        "physical",
        "",
        "",
    ]


def test_the_explanation_shows_each_part_to_the_byte(host: FakeHost, tmp_path: Path) -> None:
    node(host, 0, 4 * GIB)
    pool(host, 300)
    xml = domain(
        "db1",
        1,
        guarantee(700),
        ram=1984,
        more="""<maxMemory unit='GiB'>8</maxMemory>
        <memoryBacking><hugepages><page size='2048' nodeset='1'/></hugepages></memoryBacking>
        <numatune><memnode cellid='0' mode='strict' nodeset='0'/></numatune>
        <cpu><numa><cell id='0' memory='512' unit='MiB'/>
        <cell id='1' memory='512' unit='MiB' memAccess='shared'/></numa></cpu><devices>
        <memory model='dimm'><target><size unit='MiB'>512</size><node>0</node></target></memory>
        <memory model='nvdimm'><target><size unit='MiB'>128</size><node>1</node></target></memory>
        <memory model='nvdimm'><source><pmem/></source>
          <target><size unit='MiB'>64</size><node>1</node></target></memory>
        <memory model='virtio-mem'><target><size unit='MiB'>256</size><node>0</node>
          <requested unit='MiB'>64</requested></target></memory></devices>""",
    )
    path = tmp_path / "guest.xml"
    path.write_bytes(xml)
    (checked,) = check_all([str(path)], host.machine)
    assert checked.decision is not None
    text = report.explained(checked.decision)
    assert [" ".join(line.split()) for line in text.splitlines()[2:14]] == [
        "its RAM:",
        "cell 0 536,870,912 (512 MiB) memory of node 0",
        "cell 1 536,870,912 (512 MiB) pages of 2 MiB",
        "dimm 0 in cell 0 536,870,912 (512 MiB) memory of node 0",
        (
            "nvdimm 1 in cell 1 134,217,728 (128 MiB) page cache of its file: "
            "taken back when needed, asked of nobody"
        ),
        "nvdimm 2 in cell 1 67,108,864 (64 MiB) none of the host's RAM",
        "virtio-mem 3 in cell 0 67,108,864 (64 MiB) memory of node 0",
        (
            "not plugged in 6,710,886,400 (6.25 GiB) the rest of <maxMemory>: "
            "nothing is asked for it before it is plugged in"
        ),
        (
            "= from memory 1,140,850,688 (1.062 GiB) "
            "the guarantee is about this and what the emulator needs"
        ),
        "= from hugepages 536,870,912 (512 MiB) pages of 2 MiB, whole ones",
        "guarantee 734,003,200 (700 MiB) min_guarantee, rounded up to a page",
        "",
    ]
    shown = report.as_json(checked.decision)["memory"]
    assert (shown["ram"], shown["max_memory"]) == (1792 * MIB, 8 * GIB)
    assert sum(part["bytes"] for part in shown["parts"]) == shown["ram"]
    assert shown["parts"][0] == {
        "name": "cell 0",
        "bytes": 512 * MIB,
        "pluggable": 0,
        "charged": True,
        "from": "memory",
        "page_size": None,
        "nodes": [0],
        "at_once": False,
        "pinned": False,
    }


def test_the_explanation_says_what_is_taken_and_by_what(host: FakeHost, tmp_path: Path) -> None:
    path = tmp_path / "guest.xml"
    nvdimm = "<memory model='nvdimm' access='shared'><target><size unit='MiB'>8</size></target>"
    more = VFIO.replace("</devices>", f"{nvdimm}</memory></devices>") + IMMEDIATE
    path.write_bytes(guest("a", 1, 100, more, ram=108))
    (checked,) = check_all([str(path)], host.machine)
    assert checked.decision is not None
    lines = [" ".join(line.split()) for line in report.explained(checked.decision).splitlines()]
    assert lines[3:5] == [
        "RAM 104,857,600 (100 MiB) memory, for good",
        "nvdimm 0 8,388,608 (8 MiB) page cache of its file, for good",
    ]
    assert lines[7:9] == [
        (
            "pinned 113,246,208 (108 MiB) for good, by hostdev pci: "
            "asked for in commitment if it is more"
        ),
        (
            "taken at once 113,246,208 (108 MiB) by hostdev pci, allocation immediate: "
            "asked for in physical if it is more"
        ),
    ]
    assert "asked for, pinned by hostdev pci 113,246,208 (108 MiB)" in lines
    json = report.as_json(checked.decision)
    assert json["rules"][0]["because"] == "pinned by hostdev pci"
    assert json["memory"]["pinned_by"] == ["hostdev pci"]


def test_a_guest_that_asks_for_nothing_is_explained_without_rules(
    host: FakeHost, tmp_path: Path
) -> None:
    path = tmp_path / "guest.xml"
    path.write_bytes(domain("a", 1, "", more=IMMEDIATE))
    (checked,) = check_all([str(path)], host.machine)
    assert checked.decision is not None
    text = report.explained(checked.decision)
    assert "memory, at once" in text
    assert "the reckoning:" not in text


def test_guests_without_a_promise_count_beside_few_promises_too(host: FakeHost) -> None:
    """All promises together are far from what there is."""
    host.write("/etc/xmlresource.toml", "count_unpromised = true\n")
    host.run("old", 77, domain("old", 9, "", ram=6000))
    assert call(host, "prepare", "first", domain("first", 1, guarantee(100))) == (0, "")
    exit_status, text = call(host, "prepare", "web", domain("web", 2, guarantee(2000)))
    assert exit_status == ExitStatus.REFUSED
    assert "  guests without a promise " in text


LEAST = "hierarchical_memory_limit"


def bounded(host: FakeHost, mount: str, limit: int) -> None:
    """Limit what is mounted, as it looks from inside of a container."""
    if host.version == 1:
        host.write(f"{mount}/memory.limit_in_bytes", "9223372036854771712\n")
        host.write(f"{mount}/memory.stat", f"{LEAST} {limit}\n")
        host.write(f"{mount}/memory.usage_in_bytes", "0\n")
    else:
        host.write(f"{mount}/memory.max", f"{limit}\n")
        host.write(f"{mount}/memory.current", "0\n")


MOUNTED = {1: "/sys/fs/cgroup/memory", 2: "/sys/fs/cgroup"}


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("root", ["/", "/docker/1"])
def test_the_limit_of_a_container_counts(tmp_path: Path, version: int, root: str) -> None:
    """In a cgroup namespace, or where only a part is mounted; v1 also tells what is above it."""
    host = FakeHost(tmp_path / "host", version)
    bounded(host, MOUNTED[version], GIB)
    mounts = host.read("/proc/self/mountinfo").replace(" / ", f" {root} ", 1)
    host.write("/proc/self/mountinfo", mounts)
    status_, text = call(host, "prepare", "a", domain("a", 1, guarantee(4096)))
    assert status_ == ExitStatus.REFUSED
    assert f"(ancestors, commitment on {root}; " in text.partition("\n")[0]
    assert status(host.machine).promisable == GIB
    assert call(host, "prepare", "a", domain("a", 1, guarantee(600)))[0] == ExitStatus.FINE
    # Those below it count against it, wherever they are.
    assert status(host.machine).promisable == GIB - 600 * MIB
    assert call(host, "prepare", "b", domain("b", 2, guarantee(600)))[0] == ExitStatus.REFUSED


@pytest.mark.parametrize("version", [1, 2])
def test_partitions_are_below_what_is_mounted(tmp_path: Path, version: int) -> None:
    host = FakeHost(tmp_path / "host", version)
    mounts = host.read("/proc/self/mountinfo").replace(" / ", " /docker/1 ", 1)
    host.write("/proc/self/mountinfo", mounts)
    name = "memory.limit_in_bytes" if version == 1 else "memory.max"
    host.write(f"{MOUNTED[version]}/machine/{name}", f"{GIB}\n")
    status_, text = call(host, "prepare", "a", domain("a", 1, guarantee(4096)))
    assert status_ == ExitStatus.REFUSED
    assert "(ancestors, commitment on /docker/1/machine; " in text.partition("\n")[0]
