"""Where a guest's RAM comes from and when it is taken: cells, memory devices, what pins it."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand, demand_of
from xmlresource.admission.ram import Backing, RamPart
from xmlresource.document import Document
from xmlresource.model.domain import (
    Device,
    Domain,
    HugepageRequest,
    MemoryBacking,
    NumaBinding,
    NumaCell,
)
from xmlresource.model.policy import MemoryPolicy
from xmlresource.promises.promise import NodeShare
from xmlresource.record import replace

PAGE = 4096
MIB = 1 << 20
GIB = 1 << 30
HUGE = 2 * MIB
CELLS = (NumaCell(0, GIB), NumaCell(1, 3 * GIB))
POLICY = MemoryPolicy(min_guarantee=2 * GIB)
VFIO = Device("hostdev", {"mode": "subsystem", "type": "pci", "source/address/@bus": "1"})


def nodes(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


def demand(domain: Domain, policy: MemoryPolicy = POLICY) -> Demand:
    return demand_of(domain, policy, PAGE)


def device(
    model: str = "dimm", size: int = GIB, node: int | None = 0, **source: str | bool
) -> Device:
    texts = {"target/size": str(size >> 10)}
    if node is not None:
        texts["target/node"] = str(node)
    texts |= {f"source/{name}": text for name, text in source.items() if isinstance(text, str)}
    return Device("memory", {"model": model}, texts)


def parts(*devices: Device, **guest: object) -> tuple[RamPart, ...]:
    """What memory devices are to a guest with two cells."""
    domain = replace(Domain(memory=4 * GIB, cells=CELLS, devices=devices), **guest)
    return demand(domain).parts[len(domain.cells) :]


# Memory devices


def test_a_dimm_is_ram_of_its_cell() -> None:
    """``<memory>`` includes it, so that nothing is left outside the cells."""
    domain = Domain(memory=5 * GIB, cells=CELLS, devices=(device(node=1),))
    assert [(part.name, part.size) for part in demand(domain).parts] == [
        ("cell 0", GIB),
        ("cell 1", 3 * GIB),
        ("dimm 0 in cell 1", GIB),
    ]
    assert demand(domain).ordinary == 5 * GIB


def test_memory_that_neither_cells_nor_devices_have_is_outside() -> None:
    domain = Domain(memory=7 * GIB, cells=CELLS, devices=(device(),))
    (rest,) = (part for part in demand(domain).parts if part.name == "RAM outside the cells")
    assert rest.size == 2 * GIB


def test_without_cells_memory_includes_the_devices() -> None:
    asked = demand(Domain(memory=4 * GIB, devices=(device(node=None),)))
    assert [(part.name, part.size) for part in asked.parts] == [
        ("RAM", 3 * GIB),
        ("dimm 0", GIB),
    ]


def test_a_dimm_follows_the_binding_and_the_pages_of_its_cell() -> None:
    bindings = (NumaBinding("strict", nodes(0)), NumaBinding("strict", nodes(1), guest_cell=1))
    backing = MemoryBacking(hugepages=(HugepageRequest(HUGE, nodes(1)),))
    found = parts(device(node=0), device(node=1), bindings=bindings, backing=backing)
    assert [(part.backing, part.page_size, part.nodes) for part in found] == [
        (Backing.MEMORY, None, nodes(0)),
        (Backing.HUGEPAGES, HUGE, nodes(1)),
    ]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (None, nodes(2, 3)),  # without a binding it is strict (seen: policy=bind)
        ("strict", nodes(2, 3)),
        ("interleave", None),
        ("preferred", None),
        ("restrictive", nodes(0)),  # the mask does not reach QEMU, the cpuset holds
    ],
)
def test_a_nodemask_comes_before_the_nodes_of_the_cell(
    mode: str | None, expected: frozenset[int] | None
) -> None:
    bindings = () if mode is None else (NumaBinding(mode, nodes(0)),)
    (found,) = parts(device(nodemask="2-3"), bindings=bindings)
    assert found.nodes == expected


@pytest.mark.parametrize(
    ("pagesize", "backing", "size"),
    [
        ("4", Backing.MEMORY, None),  # the host's ordinary page
        ("1048576", Backing.HUGEPAGES, GIB),
        ("x", Backing.HUGEPAGES, HUGE),  # as if it were not there
    ],
)
def test_a_pagesize_comes_before_the_pages_of_the_cell(
    pagesize: str, backing: Backing, size: int | None
) -> None:
    pages = MemoryBacking(hugepages=(HugepageRequest(HUGE),))
    (found,) = parts(device(pagesize=pagesize), backing=pages)
    assert (found.backing, found.page_size) == (backing, size)


def test_of_virtio_mem_what_is_requested_counts() -> None:
    asked = Device(
        "memory",
        {"model": "virtio-mem", "target/requested/@unit": "MiB"},
        {"target/size": str(GIB >> 10), "target/node": "0", "target/requested": "65"},
    )
    pages = MemoryBacking(hugepages=(HugepageRequest(HUGE),))
    domain = Domain(memory=5 * GIB, cells=CELLS, devices=(asked,), backing=pages)
    assert demand(domain).parts[-1].size == 65 * MIB
    # Whole pages come from the pool; its size as a whole is in <memory>, not outside the cells.
    assert demand(domain).hugepages == (HugepageDemand(HUGE, 4 * GIB + 66 * MIB),)


def test_of_virtio_mem_what_it_has_not_given_back_counts() -> None:
    plugged = device("virtio-mem")
    texts = {**plugged.texts, "target/requested": "1", "target/current": "3"}
    (found,) = parts(Device("memory", plugged.attributes, texts))
    assert (found.size, found.most) == (3 * 1024, plugged.size("target/size"))


def test_of_virtio_mem_nothing_may_be_requested() -> None:
    (found,) = parts(device("virtio-mem"))
    assert found.size == 0


@pytest.mark.parametrize(
    ("own", "cell", "guest", "backing"),
    [
        ("shared", False, False, Backing.FILE),
        ("private", True, True, Backing.MEMORY),
        (None, True, False, Backing.FILE),
        (None, False, True, Backing.MEMORY),
        (None, None, True, Backing.FILE),
        (None, None, False, Backing.MEMORY),
    ],
)
def test_an_nvdimm_is_page_cache_where_it_is_shared(
    own: str | None, cell: bool | None, guest: bool, backing: Backing
) -> None:
    nvdimm = device("nvdimm", node=1, path="/n")
    if own is not None:
        nvdimm.attributes["access"] = own
    cells = (NumaCell(0, GIB), NumaCell(1, 3 * GIB, cell))
    (found,) = parts(nvdimm, cells=cells, backing=MemoryBacking(shared=guest))
    assert found.backing is backing
    assert found.at_once is (backing is Backing.MEMORY)


def test_a_private_nvdimm_is_copied_at_the_start() -> None:
    domain = Domain(cells=CELLS, devices=(device("nvdimm", 3 * GIB, path="/n"),))
    asked = demand(domain)
    assert (asked.guarantee, asked.at_once, asked.needed) == (2 * GIB, 3 * GIB, 3 * GIB)
    assert (asked.pinned, asked.committed) == (0, 2 * GIB)
    assert asked.taken_by == ("nvdimm 0 in cell 0",)


@pytest.mark.parametrize("model", ["nvdimm", "sgx-epc"])
def test_persistent_memory_and_enclaves_are_no_ram(model: str) -> None:
    (found,) = parts(device(model, path="/dev/dax0.0", pmem=""), VFIO)
    assert found.backing is Backing.DEVICE
    assert not found.is_charged


def test_a_file_asks_for_nothing_until_it_is_pinned() -> None:
    domain = Domain(cells=CELLS, devices=(device("virtio-pmem", node=None, path="/n"),))
    asked = demand(domain)
    assert (asked.ram, asked.ordinary, asked.at_once) == (5 * GIB, 4 * GIB, 0)
    asked = demand(replace(domain, devices=(*domain.devices, VFIO)))
    assert (asked.at_once, asked.pinned, asked.ordinary) == (5 * GIB, 5 * GIB, 4 * GIB)


def test_a_file_is_no_hugepage_and_bound_to_nothing() -> None:
    pages = MemoryBacking(hugepages=(HugepageRequest(HUGE),), shared=True)
    bindings = (NumaBinding("strict", nodes(0)),)
    (found,) = parts(device("nvdimm", path="/n"), backing=pages, bindings=bindings)
    assert (found.backing, found.nodes) == (Backing.FILE, None)


def test_an_unknown_model_counts_as_ram() -> None:
    (found,) = parts(device("\x1b[31m", node=None))
    assert (found.name, found.backing) == ("memory device 0", Backing.MEMORY)


@pytest.mark.parametrize("text", ["x", "1" * 10, "²", ""])
def test_a_node_that_makes_no_sense_is_none(text: str) -> None:
    made = device(node=None)
    made.texts["target/node"] = text
    assert parts(made)[0].name == "dimm 0"


def test_what_could_be_plugged_in_is_not_asked_for() -> None:
    domain = Domain(memory=4 * GIB, max_memory=64 * GIB)
    assert replace(demand(domain), most_ram=0) == demand(replace(domain, max_memory=None))
    assert demand(domain).most_ram == 64 * GIB


# What pins it


@pytest.mark.parametrize(
    ("kind", "attributes", "pins"),
    [
        ("hostdev", {"type": "pci"}, True),
        ("hostdev", {"type": "mdev", "model": "vfio-pci"}, True),
        ("hostdev", {"type": "mdev", "model": "vfio-ccw"}, False),
        ("hostdev", {"type": "mdev", "model": "vfio-ap"}, False),
        ("hostdev", {"type": "usb"}, False),
        ("hostdev", {"type": "scsi"}, False),
        ("hostdev", {}, False),
        ("interface", {"type": "hostdev"}, True),
        ("interface", {"type": "vdpa"}, True),
        ("interface", {"type": "network"}, False),
        ("disk", {"type": "nvme"}, True),
        ("disk", {"type": "vhostvdpa"}, True),
        ("controller", {"type": "nvme"}, False),
    ],
)
def test_devices_that_reach_memory_by_themselves_pin_it(
    kind: str, attributes: dict[str, str], pins: bool
) -> None:
    asked = demand(Domain(memory=4 * GIB, devices=(Device(kind, attributes),)))
    assert asked.pinned == asked.at_once == (4 * GIB if pins else 0)
    assert asked.pinned_by == ((f"{kind} {attributes['type']}",) if pins else ())


@pytest.mark.parametrize(
    ("guest", "reason"),
    [
        ({"backing": MemoryBacking(locked=True)}, "locked"),
        ({"launch_security": "sev"}, "launchSecurity sev"),
        ({"launch_security": "tdx"}, "launchSecurity tdx"),
        ({"launch_security": "s390-pv"}, None),
    ],
)
def test_locks_and_encryption_pin_memory(guest: dict[str, object], reason: str | None) -> None:
    asked = demand(replace(Domain(memory=4 * GIB), **guest))
    assert asked.pinned_by == (() if reason is None else (reason,))
    assert asked.committed == (2 if reason is None else 4) * GIB


def test_what_pins_memory_is_told_once() -> None:
    domain = Domain(
        memory=4 * GIB,
        backing=MemoryBacking(locked=True, immediate=True),
        devices=(VFIO, VFIO, Device("interface", {"type": "vdpa"})),
    )
    assert demand(domain).pinned_by == ("locked", "hostdev pci", "interface vdpa")
    assert demand(domain).taken_by == (*demand(domain).pinned_by, "allocation immediate")


def test_immediate_allocation_takes_ram_at_once_and_gives_it_back() -> None:
    asked = demand(Domain(memory=4 * GIB, backing=MemoryBacking(immediate=True)))
    assert (asked.at_once, asked.pinned) == (4 * GIB, 0)
    assert (asked.needed, asked.committed) == (4 * GIB, 2 * GIB)
    assert asked.taken_by == ("allocation immediate",)


def test_hugepages_are_pinned_in_their_pool_alone() -> None:
    backing = MemoryBacking(hugepages=(HugepageRequest(HUGE, nodes(1)),), locked=True)
    asked = demand(Domain(cells=CELLS, backing=backing))
    assert (asked.pinned, asked.at_once) == (GIB, GIB)


@pytest.mark.parametrize(
    "backing",
    [
        MemoryBacking(nosharepages=True),
        MemoryBacking(source="memfd", shared=True),
        MemoryBacking(source="file"),
        MemoryBacking(source="file", shared=True),
        MemoryBacking(source="anonymous"),
    ],
)
def test_what_holds_ram_does_not_change_what_is_asked_for(backing: MemoryBacking) -> None:
    assert demand(Domain(memory=4 * GIB, backing=backing)) == demand(Domain(memory=4 * GIB))


def test_nodes_must_have_what_is_taken_at_once_there() -> None:
    bindings = (
        NumaBinding("strict", nodes(0), guest_cell=0),
        NumaBinding("strict", nodes(1), guest_cell=1),
    )
    domain = Domain(cells=CELLS, bindings=bindings, devices=(VFIO,))
    assert demand(domain).nodes == (
        NodeDemand(nodes(0), GIB, rest=False, at_once=GIB, pinned=GIB),
        NodeDemand(nodes(1), 3 * GIB, rest=False, at_once=3 * GIB, pinned=3 * GIB),
    )
    assert demand(domain).node_shares() == (
        NodeShare(nodes(0), GIB),
        NodeShare(nodes(1), 3 * GIB),
    )


# As it is read


def test_a_whole_document() -> None:
    document = Document.parse(
        b"""<domain type='kvm'><memory unit='MiB'>1920</memory>
        <memoryBacking><hugepages><page size='2048' nodeset='1'/></hugepages></memoryBacking>
        <numatune><memnode cellid='0' mode='strict' nodeset='0'/></numatune>
        <cpu><numa><cell id='0' memory='512' unit='MiB'/>
        <cell id='1' memory='512' unit='MiB'/></numa></cpu>
        <devices>
        <memory model='dimm'><source><pagesize unit='MiB'>2</pagesize><nodemask>0-1</nodemask>
          </source><target><size unit='MiB'>512</size><node>0</node></target></memory>
        <memory model='nvdimm'><source><path>/dev/dax0.0</path><pmem/></source>
          <target><size unit='MiB'>128</size><node>1</node></target></memory>
        <memory model='virtio-mem'><target><size unit='MiB'>256</size><node>0</node>
          <block unit='MiB'>2</block><requested unit='MiB'>64</requested></target></memory>
        </devices></domain>"""
    )
    assert document.domain is not None
    assert demand(document.domain).parts == (
        RamPart("cell 0", 512 * MIB, Backing.MEMORY, nodes=nodes(0)),
        RamPart("cell 1", 512 * MIB, Backing.HUGEPAGES, HUGE, at_once=True, pinned=True),
        RamPart(
            "dimm 0 in cell 0",
            512 * MIB,
            Backing.HUGEPAGES,
            HUGE,
            nodes(0, 1),
            at_once=True,
            pinned=True,
        ),
        RamPart("nvdimm 1 in cell 1", 128 * MIB, Backing.DEVICE),
        RamPart(
            "virtio-mem 2 in cell 0",
            64 * MIB,
            Backing.MEMORY,
            nodes=nodes(0),
            pluggable=192 * MIB,
        ),
    )


def test_a_plain_guest_does_not_pay_for_what_others_have() -> None:
    code = (
        "import sys; from xmlresource.admission.demand import demand_of;"
        "from xmlresource.model.domain import Device, Domain;"
        "from xmlresource.model.policy import MemoryPolicy;"
        "plain = Device('interface', {'type': 'network'});"
        "demand_of(Domain(memory=1 << 30, devices=(plain,)), MemoryPolicy(), 4096);"
        "print([name for name in sys.modules if name.endswith(('memory_devices', 'pinning'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603
    assert found.stdout == b"[]\n"


# Properties

SIZES = st.integers(0, 64).map(lambda pages: pages * PAGE)
NODE_SETS = st.frozensets(st.integers(0, 2), min_size=1)
CELL = st.integers(0, 2)


@st.composite
def memory_devices(draw: st.DrawFn) -> Device:
    size = draw(SIZES)
    model = draw(st.sampled_from(["dimm", "nvdimm", "virtio-mem", "virtio-pmem", "sgx-epc"]))
    made = device(model, size, draw(st.none() | CELL))
    made.texts["target/requested"] = str(draw(st.integers(0, size)) >> 10)
    if draw(st.booleans()):
        made.texts["source/pagesize"] = draw(st.sampled_from(["4", "2048"]))
    if draw(st.booleans()):
        made.texts["source/nodemask"] = draw(st.sampled_from(["0", "0-1"]))
    if draw(st.booleans()):
        made.attributes["access"] = draw(st.sampled_from(["shared", "private"]))
    return made


MODES = st.sampled_from(["strict", "interleave", "preferred", "restrictive"])
DOMAINS = st.builds(
    Domain,
    memory=SIZES,
    max_memory=st.none() | SIZES,
    cells=st.lists(st.builds(NumaCell, CELL, SIZES), max_size=3, unique_by=lambda cell: cell.number)
    .map(tuple),
    bindings=st.lists(st.builds(NumaBinding, MODES, NODE_SETS, st.none() | CELL), max_size=3)
    .map(tuple),
    backing=st.builds(
        MemoryBacking,
        hugepages=st.lists(
            st.builds(
                HugepageRequest,
                st.sampled_from([None, PAGE, HUGE]),
                st.none() | st.frozensets(CELL, min_size=1),
            ),
            max_size=2,
        ).map(tuple),
        locked=st.booleans(),
        shared=st.booleans(),
        immediate=st.booleans(),
    ),
    devices=st.lists(memory_devices() | st.just(VFIO), max_size=3).map(tuple),
)  # fmt: skip
POLICIES = SIZES.map(lambda size: MemoryPolicy(min_guarantee=size))


def at_most(smaller: Demand, larger: Demand) -> bool:
    """Whether one demand asks for no more than another, of anything."""
    pools = {(each.page_size, each.nodes): each.size for each in larger.hugepages}
    bound = {each.nodes: each for each in larger.nodes}
    return (
        smaller.committed <= larger.committed
        and smaller.needed <= larger.needed
        and all(
            each.size <= pools.get((each.page_size, each.nodes), 0) for each in smaller.hugepages
        )
        and all(
            each.cells <= bound[each.nodes].cells
            and each.at_once <= bound[each.nodes].at_once
            and each.pinned <= bound[each.nodes].pinned
            for each in smaller.nodes
        )
    )


@given(DOMAINS, POLICIES)
def test_pools_and_memory_and_files_add_up_to_all_ram(domain: Domain, policy: MemoryPolicy) -> None:
    asked = demand(domain, policy)
    by_backing = dict.fromkeys(Backing, 0)
    for part in asked.parts:
        by_backing[part.backing] += part.size
    assert sum(by_backing.values()) == asked.ram
    assert by_backing[Backing.MEMORY] == asked.ordinary
    rounded = sum(each.size for each in asked.hugepages) - by_backing[Backing.HUGEPAGES]
    assert 0 <= rounded < HUGE * len(asked.parts) + 1
    unbound = sum(
        part.size for part in asked.parts if part.backing is Backing.MEMORY and part.nodes is None
    )
    assert sum(each.cells for each in asked.nodes) + unbound == asked.ordinary


@given(DOMAINS, POLICIES)
def test_what_is_pinned_is_taken_at_once(domain: Domain, policy: MemoryPolicy) -> None:
    asked = demand(domain, policy)
    assert asked.pinned <= asked.at_once <= asked.ram
    assert asked.guarantee <= asked.committed <= asked.needed
    assert bool(asked.taken_by) >= bool(asked.at_once)
    assert bool(asked.pinned_by) >= bool(asked.pinned)
    for each in asked.nodes:
        assert each.pinned <= each.at_once <= each.cells


@given(DOMAINS, POLICIES)
def test_a_vfio_device_never_asks_for_less(domain: Domain, policy: MemoryPolicy) -> None:
    added = replace(domain, devices=(*domain.devices, VFIO))
    assert at_most(demand(domain, policy), demand(added, policy))


@given(DOMAINS, POLICIES, SIZES)
def test_more_ram_never_asks_for_less(domain: Domain, policy: MemoryPolicy, more: int) -> None:
    cells = tuple(replace(cell, memory=cell.memory + more) for cell in domain.cells)
    larger = replace(domain, memory=(domain.memory or 0) + more * max(1, len(cells)), cells=cells)
    assert at_most(demand(domain, policy), demand(larger, policy))


@given(DOMAINS, POLICIES, memory_devices())
def test_a_memory_device_never_asks_for_less(
    domain: Domain, policy: MemoryPolicy, added: Device
) -> None:
    """As libvirt has it: ``<memory>`` grows by the device's size."""
    size = (domain.memory or 0) + (added.size("target/size") or 0)
    larger = replace(domain, memory=size, devices=(*domain.devices, added))
    assert at_most(demand(domain, policy), demand(larger, policy))


@given(DOMAINS, POLICIES)
def test_max_memory_asks_for_nothing(domain: Domain, policy: MemoryPolicy) -> None:
    without = demand(replace(domain, max_memory=None), policy)
    assert replace(demand(domain, policy), most_ram=0) == without
