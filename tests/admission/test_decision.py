from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.aggregation import merged
from xmlresource.admission.decision import decide
from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand
from xmlresource.admission.reckoning import Decision, Line, Reckoning, Rule
from xmlresource.admission.totals import fits_by_totals
from xmlresource.model.host import AncestorLimit, HostFacts, HugepagePool, MemoryRegion
from xmlresource.promises.promise import Held, HugepageShare, NodeShare, Promise, PromiseState
from xmlresource.promises.terms import PartitionBudget, Terms
from xmlresource.record import replace

PAGE = 4096
MIB = 1 << 20
GIB = 1 << 30
HUGE = 2 * MIB
HOST = HostFacts(MemoryRegion(64 * GIB, 40 * GIB, 8 * GIB), default_hugepage=HUGE)
RESERVE = 3 * GIB


def nodes(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


def promise(uuid: str, size: int, state: PromiseState = PromiseState.RUNNING) -> Promise:
    return Promise(uuid, f"name of {uuid}", "qemu", size, state)


def one(decision: Decision, rule: Rule, part: Rule | None = None) -> Reckoning:
    (found,) = (
        each
        for each in decision.reckonings
        if each.rule is rule and (part is None or each.part is part)
    )
    return found


def test_commitment() -> None:
    held = [Held(promise("a", 20 * GIB)), Held(promise("b", 10 * GIB))]
    reckoning = one(decide(Demand("g", "u", GIB), HOST, held, RESERVE), Rule.COMMITMENT)
    assert reckoning.lines == (
        Line("MemTotal", 64 * GIB),
        Line("host reserve", -3 * GIB),
        Line("hugepages", -8 * GIB),
        Line("promised", -30 * GIB),
    )
    assert (reckoning.room, reckoning.asked, reckoning.admitted) == (23 * GIB, GIB, True)
    assert reckoning.promisable == 23 * GIB


def test_page_cache_is_available_and_so_nobodys_use() -> None:
    """Of 10 GiB 6 are available; the guest keeps 1, its cache is in the 6, the host has 3."""
    region = MemoryRegion(10 * GIB, 6 * GIB)
    host = HostFacts(region, {0: region})
    held = [Held(promise("a", GIB), charged=3 * GIB, reclaimable=2 * GIB)]
    demand = Demand("g", "u", GIB, GIB, GIB, (NodeDemand(nodes(0), GIB, rest=True),))
    decision = decide(demand, host, held, 2 * GIB)
    assert one(decision, Rule.PHYSICAL).room == 6 * GIB
    assert one(decision, Rule.NODES, Rule.PHYSICAL).room == 6 * GIB


def test_physical() -> None:
    held = [
        Held(promise("a", 20 * GIB), charged=5 * GIB),
        Held(promise("b", 4 * GIB), charged=6 * GIB),
    ]
    reckoning = one(decide(Demand("g", "u", GIB), HOST, held, RESERVE), Rule.PHYSICAL)
    # Of 64 GiB 40 are available, 8 in pools, 11 the guests': 5 are the host's, more than its
    # reserve.
    assert reckoning.lines == (
        Line("MemAvailable", 40 * GIB),
        Line("promised, not used yet", -15 * GIB),
        Line("host reserve, not used yet", 0),
    )
    assert reckoning.promisable == 25 * GIB


def test_a_shortage_that_memory_coming_free_would_end() -> None:
    """Only where the physical rule of the host fails, and no other one."""
    region = MemoryRegion(64 * GIB, 10 * GIB)
    host = HostFacts(region, {0: region})
    demand = Demand("g", "u", 12 * GIB)
    assert decide(demand, host, [], 0).short_of_presence == 12 * GIB
    assert decide(replace(demand, guarantee=8 * GIB), host, [], 0).short_of_presence is None
    held = [Held(promise("a", 60 * GIB), charged=60 * GIB)]
    assert decide(demand, host, held, 0).short_of_presence is None
    bound = replace(demand, nodes=(NodeDemand(nodes(0), 12 * GIB, rest=False),))
    assert decide(bound, host, [], 0).short_of_presence is None


def test_page_cache_of_a_guest_does_not_keep_its_promise() -> None:
    held = [Held(promise("a", 20 * GIB), charged=20 * GIB, reclaimable=12 * GIB)]
    reckoning = one(decide(Demand("g", "u", GIB), HOST, held, 0), Rule.PHYSICAL)
    assert Line("promised, not used yet", -12 * GIB) in reckoning.lines


def test_a_restart_replaces_its_own_promise() -> None:
    held = [Held(promise("u", 50 * GIB)), Held(promise("a", GIB))]
    decision = decide(Demand("g", "u", 30 * GIB), HOST, held, RESERVE)
    assert decision.admitted
    assert [each.uuid for each in decision.largest] == ["a"]
    assert decision.promises == 1


def test_ancestors() -> None:
    limit = AncestorLimit("/machine/prod", 10 * GIB, usage=6 * GIB, reclaimable=GIB)
    held = [
        Held(replace(promise("a", 2 * GIB), cgroup="/machine/prod/a"), charged=GIB),
        Held(replace(promise("b", 3 * GIB), parent="/machine/prod")),
        Held(replace(promise("c", 4 * GIB), cgroup="/machine/production/c")),
        Held(promise("d", GIB)),  # nobody knows where
    ]
    decision = decide(Demand("g", "u", GIB), HOST, held, RESERVE, [limit])
    committed = one(decision, Rule.ANCESTORS, Rule.COMMITMENT)
    assert committed.lines == (Line("limit", 10 * GIB), Line("promised below it", -6 * GIB))
    present = one(decision, Rule.ANCESTORS, Rule.PHYSICAL)
    assert present.lines == (
        Line("limit", 10 * GIB),
        Line("charged", -6 * GIB),
        Line("page cache of it", GIB),
        Line("promised below it, not used yet", -5 * GIB),
    )
    assert not decision.failed[0].room
    assert decision.failed == (present,)
    assert present.title == "ancestors, physical on /machine/prod"
    assert decision.promisable == 0


NODE_HOST = HostFacts(
    MemoryRegion(64 * GIB, 60 * GIB, GIB),
    {
        0: MemoryRegion(32 * GIB, 20 * GIB, GIB),
        1: MemoryRegion(32 * GIB, 30 * GIB),
    },
)


def bound(uuid: str, size: int, *numbers: int, charged: int = 0) -> Held:
    shares = (NodeShare(nodes(*numbers), size),)
    return Held(replace(promise(uuid, size), shares=shares), charged)


def test_strict_nodes() -> None:
    demand = Demand("g", "u", 4 * GIB, nodes=(NodeDemand(nodes(0), 0, rest=True),))
    held = [
        bound("a", 6 * GIB, 0, charged=2 * GIB),
        bound("b", 8 * GIB, 0, 1),
        bound("c", 30 * GIB, 1, charged=7 * GIB),
        Held(promise("d", GIB), charged=GIB),
    ]
    decision = decide(demand, NODE_HOST, held, RESERVE)
    committed = one(decision, Rule.NODES, Rule.COMMITMENT)
    assert committed.lines == (
        Line("MemTotal", 32 * GIB),
        Line("host reserve", -RESERVE // 2),
        Line("hugepages", -GIB),
        Line("promised there", -14 * GIB),
    )
    present = one(decision, Rule.NODES, Rule.PHYSICAL)
    # Of 32 GiB 20 are available, 1 in pools, 3 may be the guests': 8 are the host's.
    assert present.lines == (
        Line("available", 20 * GIB),
        Line("promised there, not used yet", -12 * GIB),
        Line("host reserve, not used yet", 0),
    )
    assert present.title == "nodes, physical on node 0"
    assert present.promisable == 8 * GIB


def test_cells_on_nodes_ask_for_no_more_than_their_ram() -> None:
    demand = Demand(
        "g",
        "u",
        40 * GIB,
        ram=40 * GIB,
        ordinary=40 * GIB,
        nodes=(
            NodeDemand(nodes(0), 18 * GIB, rest=False),
            NodeDemand(nodes(1), 22 * GIB, rest=False),
        ),
    )
    decision = decide(demand, NODE_HOST, [], 0)
    assert decision.admitted
    assert [each.asked for each in decision.reckonings[2:]] == [18 * GIB] * 2 + [22 * GIB] * 2
    assert [each.promisable for each in decision.reckonings[2:]] == [None] * 4
    assert decision.promisable == 60 * GIB


def test_a_node_that_is_not_there_has_no_memory() -> None:
    demand = Demand(
        "g",
        "u",
        PAGE,
        ordinary=GIB,
        nodes=(NodeDemand(nodes(2, 3, 4, 7), GIB, rest=True),),
    )
    decision = decide(demand, NODE_HOST, [], 0)
    assert not decision.admitted
    assert decision.failed[0].title == "nodes, commitment on nodes 2-4,7"


PINNED = Demand(
    "g",
    "u",
    2 * GIB,
    ram=30 * GIB,
    ordinary=30 * GIB,
    nodes=(NodeDemand(nodes(0), 16 * GIB, rest=False, at_once=16 * GIB, pinned=16 * GIB),),
    at_once=30 * GIB,
    pinned=30 * GIB,
    taken_by=("hostdev pci", "allocation immediate"),
    pinned_by=("hostdev pci",),
)


def test_what_is_pinned_is_asked_for_beyond_the_guarantee() -> None:
    limit = AncestorLimit("/machine", 29 * GIB, 0)
    terms = Terms(budgets=(PartitionBudget("/machine", 31 * GIB),))
    decision = decide(PINNED, NODE_HOST, [], RESERVE, [limit], terms)
    assert [(each.rule, each.asked, each.admitted) for each in decision.reckonings] == [
        (Rule.COMMITMENT, 30 * GIB, True),
        (Rule.PHYSICAL, 30 * GIB, True),
        (Rule.ANCESTORS, 30 * GIB, False),
        (Rule.ANCESTORS, 30 * GIB, False),
        (Rule.PARTITIONS, 30 * GIB, True),
        (Rule.NODES, 16 * GIB, True),
        (Rule.NODES, 16 * GIB, True),
    ]
    because = {each.because for each in decision.reckonings}
    assert because == {
        "pinned by hostdev pci",
        "taken at once by hostdev pci, allocation immediate",
    }
    # No guarantee makes it fit, however small.
    assert [each.promisable for each in decision.reckonings[2:4]] == [0, 0]
    assert decision.promisable == 0


def test_a_guarantee_above_what_is_pinned_covers_it() -> None:
    decision = decide(replace(PINNED, guarantee=40 * GIB), NODE_HOST, [], 0)
    assert {each.because for each in decision.reckonings} == {""}
    assert [each.asked for each in decision.reckonings] == [40 * GIB] * 2 + [16 * GIB] * 2


def test_what_is_taken_at_once_is_not_committed() -> None:
    own = NodeDemand(nodes(0), 16 * GIB, rest=False, at_once=16 * GIB)
    demand = replace(PINNED, pinned=0, pinned_by=(), nodes=(own,))
    decision = decide(demand, NODE_HOST, [], RESERVE)
    assert [(each.asked, bool(each.because)) for each in decision.reckonings] == [
        (2 * GIB, False),
        (30 * GIB, True),
        (2 * GIB, False),
        (16 * GIB, True),
    ]


def test_what_others_pinned_or_take_at_once_counts() -> None:
    pinned = replace(promise("a", GIB), pinned=10 * GIB)
    starting = replace(promise("b", 2 * GIB, PromiseState.STARTING), at_once=9 * GIB)
    held = [Held(pinned, charged=4 * GIB), Held(starting, charged=3 * GIB)]
    decision = decide(Demand("g", "u", GIB), HOST, held, RESERVE)
    assert Line("promised", -12 * GIB) in one(decision, Rule.COMMITMENT).lines
    assert Line("promised, not used yet", -12 * GIB) in one(decision, Rule.PHYSICAL).lines
    assert [each.uuid for each in decision.largest] == ["a", "b"]


def test_what_others_pinned_on_nodes_counts_there() -> None:
    share = (NodeShare(nodes(0), 9 * GIB),)
    pinned = replace(promise("a", GIB), pinned=12 * GIB, shares=share)
    starting = replace(promise("b", 2 * GIB, PromiseState.STARTING), at_once=9 * GIB, shares=share)
    held = [Held(pinned, charged=8 * GIB), Held(starting)]
    demand = Demand("g", "u", GIB, nodes=(NodeDemand(nodes(0), 0, rest=True),))
    decision = decide(demand, NODE_HOST, held, RESERVE)
    assert Line("promised there", -11 * GIB) in one(decision, Rule.NODES, Rule.COMMITMENT).lines
    present = one(decision, Rule.NODES, Rule.PHYSICAL)
    assert Line("promised there, not used yet", -13 * GIB) in present.lines


POOLS = HostFacts(
    MemoryRegion(
        64 * GIB,
        40 * GIB,
        8 * GIB,
        (HugepagePool(HUGE, 2048, 1024), HugepagePool(GIB, 4, 4)),
    ),
    {
        0: MemoryRegion(32 * GIB, 20 * GIB, 8 * GIB, (HugepagePool(HUGE, 2048, 1024),)),
        1: MemoryRegion(32 * GIB, 20 * GIB),
    },
    default_hugepage=HUGE,
)


def test_hugepages() -> None:
    demand = Demand("g", "u", MIB, hugepages=(HugepageDemand(None, 2 * GIB),))
    decision = decide(demand, POOLS, [], 0)
    reckoning = one(decision, Rule.HUGEPAGES)
    assert reckoning.title == "hugepages, pages of 2 MiB"
    assert (reckoning.asked, reckoning.room, reckoning.promisable) == (
        2 * GIB,
        2 * GIB,
        None,
    )
    assert decision.admitted


def test_hugepages_of_guests_that_start_are_still_in_the_pool() -> None:
    share = (HugepageShare(HUGE, GIB), HugepageShare(GIB, GIB))
    held = [
        Held(replace(promise("a", 0, PromiseState.STARTING), hugepages=share)),
        Held(replace(promise("b", 0, PromiseState.RUNNING), hugepages=share)),
    ]
    demand = Demand("g", "u", MIB, hugepages=(HugepageDemand(HUGE, GIB + HUGE),))
    decision = decide(demand, POOLS, held, 0)
    reckoning = one(decision, Rule.HUGEPAGES)
    assert reckoning.lines == (
        Line("free pages", 2 * GIB),
        Line("for guests that start", -GIB),
    )
    assert (reckoning.admitted, decision.promisable) == (False, 0)


def test_hugepages_on_nodes_leave_enough_for_the_rest() -> None:
    demand = Demand(
        "g",
        "u",
        MIB,
        hugepages=(HugepageDemand(HUGE, GIB), HugepageDemand(HUGE, 2 * GIB, nodes(0))),
    )
    decision = decide(demand, POOLS, [], 0)
    hugepages = [each for each in decision.reckonings if each.rule is Rule.HUGEPAGES]
    assert [(each.subject, each.asked, each.admitted) for each in hugepages] == [
        ("pages of 2 MiB", 3 * GIB, False),
        ("pages of 2 MiB on node 0", 2 * GIB, True),
    ]


def test_hugepages_of_a_size_or_node_that_is_not_there() -> None:
    for wanted, subject in (
        (HugepageDemand(16 * GIB, GIB), "pages of 16 GiB"),
        (HugepageDemand(GIB, GIB, nodes(0)), "pages of 1 GiB on node 0"),
        (HugepageDemand(HUGE, GIB, nodes(1, 5)), "pages of 2 MiB on nodes 1,5"),
    ):
        decision = decide(Demand("g", "u", MIB, hugepages=(wanted,)), POOLS, [], 0)
        assert decision.failed[0].subject == subject


def test_a_host_without_hugepages() -> None:
    host = HostFacts(MemoryRegion(GIB, GIB))
    demand = Demand("g", "u", MIB, hugepages=(HugepageDemand(None, GIB),))
    assert decide(demand, host, [], 0).failed[0].subject == "pages of the default size"


def test_without_a_guarantee_there_is_nothing_to_refuse() -> None:
    held = [Held(promise("a", 100 * GIB))]
    decision = decide(Demand("g", "u", 0), HOST, held, RESERVE)
    assert decision.admitted
    assert decision.failed == ()
    assert not decision.reckonings[0].admitted


# Properties, on small numbers: pages as the unit, a few nodes, many collisions.

PAGES = st.integers(0, 40).map(lambda pages: pages * PAGE)
NODE_SETS = st.frozensets(st.integers(0, 2), min_size=1)


@st.composite
def regions(draw: st.DrawFn) -> MemoryRegion:
    total = draw(PAGES)
    available = draw(st.integers(0, total))
    pools = (HugepagePool(HUGE, 2, draw(st.integers(0, 2))),)
    return MemoryRegion(total, available, draw(st.integers(0, total)), pools)


@st.composite
def hosts(draw: st.DrawFn) -> HostFacts:
    return HostFacts(draw(regions()), {0: draw(regions()), 1: draw(regions())}, HUGE)


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    groups = draw(st.lists(NODE_SETS, max_size=2, unique=True))
    cells = [draw(PAGES) for _ in groups]
    rest = draw(st.sampled_from([None, *range(len(groups))]))
    outside = draw(PAGES)
    is_pinned, at_once = draw(st.sampled_from([(False, False), (False, True), (True, True)]))
    ordinary = sum(cells) + outside
    hugepages = st.builds(
        HugepageDemand, st.sampled_from([None, HUGE]), st.just(HUGE), st.none() | NODE_SETS
    )
    return Demand(
        name="g",
        uuid="u",
        guarantee=draw(PAGES),
        ram=ordinary,
        ordinary=ordinary,
        nodes=tuple(
            NodeDemand(group, size, at == rest, size * at_once, size * is_pinned)
            for at, (group, size) in enumerate(zip(groups, cells, strict=True))
        ),
        hugepages=tuple(draw(st.lists(hugepages, max_size=1))),
        at_once=ordinary * at_once,
        pinned=ordinary * is_pinned,
    )


@st.composite
def helds(draw: st.DrawFn) -> Held:
    size = draw(PAGES)
    charged = draw(PAGES)
    shares = draw(st.lists(st.builds(NodeShare, NODE_SETS, st.integers(0, size)), max_size=1))
    return Held(
        Promise(
            uuid=draw(st.sampled_from(["a", "b", "c", "u"])),
            name="n",
            driver="qemu",
            size=size,
            state=draw(st.sampled_from(PromiseState)),
            shares=tuple(shares),
            hugepages=draw(st.sampled_from([(), (HugepageShare(HUGE, HUGE),)])),
            cgroup=draw(st.sampled_from([None, "/a/x", "/a/b/x", "/b/x", "/x"])),
            parent=draw(st.sampled_from([None, "/a"])),
            partition=draw(st.sampled_from([None, "/machine/a"])),
            at_once=draw(PAGES),
            pinned=draw(PAGES),
        ),
        charged,
        draw(st.integers(0, charged)),
    )


BOOKS = st.lists(helds(), max_size=3, unique_by=lambda each: each.promise.uuid)
LIMITS = st.lists(
    st.builds(AncestorLimit, st.sampled_from(["/a", "/b"]), PAGES, PAGES, st.just(0)), max_size=2
)
BUDGETS = st.builds(PartitionBudget, st.sampled_from(["/machine", "/machine/a"]), PAGES)
TERMS = st.builds(Terms, st.just(9_000), st.tuples(BUDGETS), BOOKS.map(tuple))


@given(demands(), hosts(), BOOKS, PAGES, LIMITS)
def test_what_can_be_promised_is_exact(
    demand: Demand,
    host: HostFacts,
    held: list[Held],
    reserve: int,
    limits: list[AncestorLimit],
) -> None:
    decision = decide(demand, host, held, reserve, limits)
    most = decision.promisable
    assert most >= 0
    assert most % PAGE == 0

    def admits(guarantee: int) -> bool:
        return decide(replace(demand, guarantee=guarantee), host, held, reserve, limits).admitted

    assert admits(most)
    assert not admits(most + PAGE)
    assert decision.admitted == (demand.guarantee <= most)
    assert bool(decision.failed) != decision.admitted


@given(demands(), hosts(), BOOKS, PAGES, LIMITS, st.tuples(PAGES, PAGES))
def test_taking_more_never_helps(
    demand: Demand,
    host: HostFacts,
    held: list[Held],
    reserve: int,
    limits: list[AncestorLimit],
    added: tuple[int, int],
) -> None:
    at_once, pinned = added
    more = replace(
        demand,
        at_once=demand.at_once + at_once + pinned,
        pinned=demand.pinned + pinned,
        nodes=tuple(
            replace(each, at_once=each.at_once + at_once + pinned, pinned=each.pinned + pinned)
            for each in demand.nodes
        ),
    )
    before = decide(demand, host, held, reserve, limits)
    after = decide(more, host, held, reserve, limits)
    assert after.promisable <= before.promisable
    assert before.admitted or not after.admitted


@given(demands(), hosts(), BOOKS, PAGES, LIMITS, st.data())
def test_more_available_memory_never_hurts(
    demand: Demand,
    host: HostFacts,
    held: list[Held],
    reserve: int,
    limits: list[AncestorLimit],
    data: st.DataObject,
) -> None:
    def more(region: MemoryRegion) -> MemoryRegion:
        extra = data.draw(st.integers(0, region.total - region.available))
        return replace(region, available=region.available + extra)

    richer = replace(
        host,
        memory=more(host.memory),
        nodes={number: more(region) for number, region in host.nodes.items()},
    )
    before = decide(demand, host, held, reserve, limits)
    after = decide(demand, richer, held, reserve, limits)
    assert before.promisable <= after.promisable
    assert after.admitted or not before.admitted


@given(demands(), hosts(), BOOKS, helds(), PAGES, LIMITS)
def test_one_more_promise_never_helps(
    demand: Demand,
    host: HostFacts,
    held: list[Held],
    added: Held,
    reserve: int,
    limits: list[AncestorLimit],
) -> None:
    added = replace(added, promise=replace(added.promise, uuid="new"))
    before = decide(demand, host, held, reserve, limits)
    after = decide(demand, host, [*held, added], reserve, limits)
    assert after.promisable <= before.promisable
    assert before.admitted or not after.admitted


@given(demands(), hosts(), BOOKS, PAGES, LIMITS)
def test_a_larger_guarantee_never_helps(
    demand: Demand,
    host: HostFacts,
    held: list[Held],
    reserve: int,
    limits: list[AncestorLimit],
) -> None:
    larger = replace(demand, guarantee=demand.guarantee + PAGE)
    before = decide(demand, host, held, reserve, limits)
    after = decide(larger, host, held, reserve, limits)
    assert before.admitted or not after.admitted
    assert before.promisable == after.promisable


@given(demands(), hosts(), BOOKS, PAGES, LIMITS)
def test_what_surely_fits_is_admitted(
    demand: Demand,
    host: HostFacts,
    held: list[Held],
    reserve: int,
    limits: list[AncestorLimit],
) -> None:
    for asked in (demand, replace(demand, nodes=(), hugepages=())):
        if fits_by_totals(asked, host, sum(each.promise.needed for each in held), reserve, limits):
            assert decide(asked, host, held, reserve, limits).admitted


@given(demands(), hosts(), BOOKS, PAGES, LIMITS, TERMS)
def test_beside_merged_promises_there_is_the_same_room(
    demand: Demand,
    host: HostFacts,
    held: list[Held],
    reserve: int,
    limits: list[AncestorLimit],
    terms: Terms,
) -> None:
    demand = replace(demand, uuid="one without a promise")
    expected = decide(demand, host, held, reserve, limits, terms)
    terms = replace(terms, unpromised=merged(terms.unpromised))
    found = decide(demand, host, merged(merged(held)), reserve, limits, terms)
    assert found.reckonings == expected.reckonings


def test_merged_promises_are_few() -> None:
    held = [
        Held(replace(promise(str(each), GIB), cgroup=f"/machine/guest{each}"), GIB)
        for each in range(1000)
    ]
    has_its_pages = replace(held[0].promise, uuid="u", hugepages=(HugepageShare(HUGE, HUGE),))
    (found,) = merged([*held, Held(has_its_pages)])
    assert (found.promise.committed, found.kept) == (1001 * GIB, 1000 * GIB)
    assert found.untouched == GIB
    assert found.promise.is_below("/machine")
    assert not found.promise.is_below("/machine/guest1")


def test_on_an_empty_host_the_totals_suffice() -> None:
    demand = Demand("g", "u", GIB)
    limit = AncestorLimit("/machine", 20 * GIB, 10 * GIB)
    assert fits_by_totals(demand, HOST, 9 * GIB, RESERVE, [limit])
    assert not fits_by_totals(demand, HOST, 10 * GIB, RESERVE, [limit])
    assert not fits_by_totals(demand, HOST, 37 * GIB, RESERVE)
    assert not fits_by_totals(
        demand, replace(HOST, memory=replace(HOST.memory, available=64 * GIB)), 53 * GIB, RESERVE
    )
    assert not fits_by_totals(
        replace(demand, nodes=(NodeDemand(nodes(0), 0, rest=True),)), HOST, 0, 0
    )
    pages = HugepageDemand(HUGE, HUGE, None)
    assert not fits_by_totals(replace(demand, hugepages=(pages,)), HOST, 0, 0)


def test_on_an_empty_host_the_terms_hold_too() -> None:
    demand = Demand("g", "u", GIB)
    half = Terms(5_000)  # of 64 - 3 - 8 GiB
    assert fits_by_totals(demand, HOST, 25 * GIB, RESERVE, terms=half)
    assert not fits_by_totals(demand, HOST, 26 * GIB, RESERVE, terms=half)
    budget = Terms(budgets=(PartitionBudget("/machine", 10 * GIB),))
    assert fits_by_totals(demand, HOST, 9 * GIB, RESERVE, terms=budget)
    assert not fits_by_totals(demand, HOST, 10 * GIB, RESERVE, terms=budget)


def test_on_an_empty_host_all_that_is_taken_at_once_must_fit() -> None:
    demand = Demand("g", "u", GIB, at_once=20 * GIB)
    assert fits_by_totals(demand, HOST, 17 * GIB, RESERVE)
    assert not fits_by_totals(demand, HOST, 18 * GIB, RESERVE)


def test_hugepages_of_a_node_must_leave_enough_for_who_takes_any() -> None:
    """Who starts, and takes any, may find no others than those of the node."""
    pool = (HugepagePool(HUGE, 4, 2),)
    region = replace(HOST.memory, pools=pool)
    host = HostFacts(region, {0: region}, HUGE)
    demand = Demand("g", "u", GIB, hugepages=(HugepageDemand(HUGE, 2 * HUGE, nodes(0)),))
    assert decide(demand, host, [], RESERVE).admitted
    starts = replace(
        promise("a", GIB, PromiseState.STARTING), hugepages=(HugepageShare(HUGE, HUGE),)
    )
    assert [each.title for each in decide(demand, host, [Held(starts)], RESERVE).failed] == [
        "hugepages, pages of 2 MiB"
    ]


def test_what_leaves_nothing_comes_first() -> None:
    """A refusal's first line says what can be promised, and names the rule that leaves least."""
    pages = HugepageDemand(HUGE, 10 * GIB, None)
    demand = Demand("g", "u", GIB, hugepages=(pages,))
    region = replace(HOST.memory, pools=(HugepagePool(HUGE, 4 * GIB // HUGE, 4 * GIB // HUGE),))
    host = replace(HOST, memory=region)
    held = [Held(promise("a", 53 * GIB - GIB // 2), charged=53 * GIB)]
    decision = decide(demand, host, held, RESERVE)
    assert decision.promisable == 0
    assert [(each.rule, each.room) for each in decision.failed] == [
        (Rule.HUGEPAGES, 4 * GIB),
        (Rule.COMMITMENT, GIB // 2),
    ]


def test_cells_that_just_fit_their_node_bound_no_guarantee() -> None:
    """What the guest has beyond them may come from elsewhere."""
    region = MemoryRegion(4 * GIB, 4 * GIB)
    host = replace(HOST, nodes={0: region})
    demand = Demand(
        "g", "u", 9 * GIB, 8 * GIB, 8 * GIB, (NodeDemand(nodes(0), 4 * GIB, rest=False),)
    )
    decision = decide(demand, host, [], 0)
    assert decision.admitted
    assert [each.promisable for each in decision.reckonings if each.rule is Rule.NODES] == [
        None,
        None,
    ]
