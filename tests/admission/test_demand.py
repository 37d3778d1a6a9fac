import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand, demand_of
from xmlresource.admission.ram import Backing, RamPart
from xmlresource.model.domain import Domain, HugepageRequest, MemoryBacking, NumaBinding, NumaCell
from xmlresource.model.policy import MemoryPolicy
from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.promises.io_promise import DiskPart, IoPromise
from xmlresource.promises.promise import HugepageShare, NodeShare, Promise, PromiseState

PAGE = 4096
MIB = 1 << 20
GIB = 1 << 30
HUGE = 2 * MIB
CELLS = (NumaCell(0, GIB), NumaCell(1, 3 * GIB))
POLICY = MemoryPolicy(min_guarantee=2 * GIB)


def nodes(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


def demand(domain: Domain) -> Demand:
    return demand_of(domain, POLICY, PAGE)


def test_a_plain_guest() -> None:
    domain = Domain(name="db1", uuid="u", memory=4 * GIB)
    part = RamPart("RAM", 4 * GIB, Backing.MEMORY)
    assert demand(domain) == Demand(
        "db1", "u", 2 * GIB, ram=4 * GIB, ordinary=4 * GIB, parts=(part,)
    )


def test_a_guarantee_rounds_up_to_a_page() -> None:
    policy = MemoryPolicy(min_guarantee=PAGE + 1024)
    assert demand_of(Domain(), policy, PAGE).guarantee == 2 * PAGE


@pytest.mark.parametrize(("memory", "ram"), [(None, 4 * GIB), (GIB, 4 * GIB), (5 * GIB, 5 * GIB)])
def test_ram_is_the_larger_of_memory_and_cells(memory: int | None, ram: int) -> None:
    assert demand(Domain(memory=memory, cells=CELLS)).ram == ram


def hugepages(*requests: HugepageRequest) -> MemoryBacking:
    return MemoryBacking(hugepages=requests)


def test_hugepages_of_the_default_size() -> None:
    asked = demand(Domain(memory=GIB, backing=hugepages(HugepageRequest())))
    assert asked.hugepages == (HugepageDemand(None, GIB),)
    assert (asked.ram, asked.ordinary) == (GIB, 0)
    assert asked.hugepage_shares(HUGE) == (HugepageShare(HUGE, GIB),)
    assert asked.hugepage_shares(None) == ()


def test_the_promise_has_all_that_is_asked_for() -> None:
    asked = Demand(
        "db1",
        "u",
        GIB,
        driver="lxc",
        ram=2 * GIB,
        nodes=(NodeDemand(nodes(1), GIB, rest=False),),
        hugepages=(HugepageDemand(None, HUGE),),
        at_once=PAGE,
        pinned=2 * PAGE,
        cpu=CpuPromise(500),
        io=IoPromise((DiskPart("8:0", 100),)),
    )
    assert asked.as_promise("/machine/prod", HUGE) == Promise(
        uuid="u",
        name="db1",
        driver="lxc",
        size=GIB,
        state=PromiseState.STARTING,
        shares=asked.node_shares(),
        hugepages=(HugepageShare(HUGE, HUGE),),
        partition="/machine/prod",
        at_once=PAGE,
        pinned=2 * PAGE,
        cpu=CpuPromise(500),
        io=IoPromise((DiskPart("8:0", 100),)),
    )


def test_ram_on_hugepages_rounds_up_to_a_page() -> None:
    asked = demand(Domain(memory=HUGE + 1024, backing=hugepages(HugepageRequest(HUGE))))
    assert asked.hugepages == (HugepageDemand(HUGE, 2 * HUGE),)


def test_each_cell_takes_the_page_that_names_it() -> None:
    backing = hugepages(HugepageRequest(HUGE), HugepageRequest(GIB, nodes(1)))
    asked = demand(Domain(memory=4 * GIB, cells=CELLS, backing=backing))
    assert asked.hugepages == (HugepageDemand(HUGE, GIB), HugepageDemand(GIB, 3 * GIB))


def test_a_cell_that_no_page_names_is_on_ordinary_memory() -> None:
    backing = hugepages(HugepageRequest(HUGE, nodes(1)))
    asked = demand(Domain(cells=CELLS, backing=backing))
    assert asked.ordinary == GIB
    assert asked.hugepages == (HugepageDemand(HUGE, 3 * GIB),)


def test_pages_of_the_ordinary_size_are_ordinary_memory() -> None:
    asked = demand(Domain(memory=GIB, backing=hugepages(HugepageRequest(PAGE))))
    assert (asked.ordinary, asked.hugepages) == (GIB, ())


def test_a_guest_without_ram_on_hugepages_takes_none() -> None:
    assert demand(Domain(memory=0, backing=hugepages(HugepageRequest()))).hugepages == ()


@pytest.mark.parametrize("mode", ["strict", "restrictive"])
def test_strict_nodes_hold_the_guest_as_a_whole(mode: str) -> None:
    asked = demand(Domain(memory=GIB, bindings=(NumaBinding(mode, nodes(0, 1)),)))
    assert asked.nodes == (NodeDemand(nodes(0, 1), GIB, rest=True),)
    assert asked.node_shares() == (NodeShare(nodes(0, 1), 2 * GIB),)
    assert asked.host_nodes == nodes(0, 1)


@pytest.mark.parametrize(
    "binding",
    [
        NumaBinding("preferred", nodes(0)),
        NumaBinding("interleave", nodes(0)),
        NumaBinding("strict", None),
    ],
)
def test_other_modes_and_automatic_placement_bind_to_nothing(binding: NumaBinding) -> None:
    assert demand(Domain(memory=GIB, bindings=(binding,))).nodes == ()


def test_memnode_comes_before_the_whole() -> None:
    bindings = (
        NumaBinding("strict", nodes(0)),
        NumaBinding("strict", nodes(2), guest_cell=1),
    )
    asked = demand(Domain(memory=5 * GIB, cells=CELLS, bindings=bindings))
    assert asked.nodes == (
        NodeDemand(nodes(0), 2 * GIB, rest=True),  # cell 0 and a memory device
        NodeDemand(nodes(2), 3 * GIB, rest=False),
    )
    assert asked.node_shares() == (
        NodeShare(nodes(0), 2 * GIB),
        NodeShare(nodes(2), 2 * GIB),
    )


def test_memnode_of_another_mode_frees_its_cell() -> None:
    bindings = (
        NumaBinding("strict", nodes(0)),
        NumaBinding("preferred", nodes(1), guest_cell=1),
    )
    asked = demand(Domain(cells=CELLS, bindings=bindings))
    assert asked.nodes == (NodeDemand(nodes(0), GIB, rest=True),)


def test_hugepages_of_strict_nodes() -> None:
    asked = demand(
        Domain(
            cells=CELLS,
            backing=hugepages(HugepageRequest(HUGE)),
            bindings=(NumaBinding("strict", nodes(1)),),
        )
    )
    assert asked.hugepages == (HugepageDemand(HUGE, 4 * GIB, nodes(1)),)
    assert asked.nodes == (NodeDemand(nodes(1), 0, rest=True),)
    assert asked.host_nodes == nodes(1)


SIZES = st.integers(0, 10)


@given(st.builds(NodeDemand, st.just(nodes(0)), SIZES, st.booleans()), SIZES, SIZES)
def test_a_share_grows_with_the_guarantee_and_never_exceeds_it(
    group: NodeDemand, guarantee: int, others: int
) -> None:
    ordinary = group.cells + others
    share = group.share(guarantee, ordinary)
    assert 0 <= share <= guarantee
    assert share <= group.share(guarantee + 1, ordinary)


def test_a_demand_for_nothing() -> None:
    assert Demand("a", "a", 0, ordinary=5).is_nothing
    assert not Demand("a", "a", 1).is_nothing
    assert not Demand("a", "a", 0, cpu=CpuPromise(1)).is_nothing
    assert not Demand("a", "a", 0, io=IoPromise((DiskPart("8:0", 1),))).is_nothing
