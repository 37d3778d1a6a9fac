"""Vectors say what admission says: a guest fits by them where the host would admit it."""

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.reckoning import Rule
from xmlresource.cgroup.hierarchy import partition_groups
from xmlresource.fleet.fleet_admission import decide_on, guest_published
from xmlresource.fleet.host_report import CpuReport, HostReport, PublishedGuest
from xmlresource.fleet.packing.packing_problem import UNBOUNDED, fits
from xmlresource.fleet.planning.dimensions import (
    AVAILABLE,
    CPU_TIME,
    GUESTS,
    MEMORY,
    Dimension,
    dimensions_of,
    usual_of,
    wanted_by,
)
from xmlresource.fleet.planning.fleet_vectors import Fleet, seated_guests, vectors_of
from xmlresource.fleet.planning.host_rooms import room_in
from xmlresource.fleet.simulated_hosts import GIB, guest, host
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.host import AncestorLimit
from xmlresource.promises.terms import PartitionBudget
from xmlresource.record import replace

MIB = 1 << 20


def charged(there: PublishedGuest, size: int) -> PublishedGuest:
    """The guest with so many bytes charged to it."""
    return replace(there, held=replace(there.held, charged=size))


partitions = st.sampled_from([None, "/machine", "/machine/prod", "/other"])
plain_guests = st.builds(
    guest,
    st.integers(1, 1 << 30),
    st.integers(1, 40).map(lambda size: size * GIB),
    nodes=st.sampled_from([(), (0,), (1,), (0, 1), (7,)]),
    hugepages=st.sampled_from([0, 0, 2 * GIB, 6 * GIB]),
    partition=partitions,
)
guests = st.builds(charged, plain_guests, st.integers(0, 8).map(lambda size: size * GIB))
limits = st.lists(
    st.builds(
        AncestorLimit,
        st.sampled_from(
            ["/", *partition_groups(None), *partition_groups("/machine/prod"), "/nobody"]
        ),
        st.integers(4, 60).map(lambda size: size * GIB),
        st.integers(0, 3).map(lambda size: size * GIB),
    ),
    max_size=3,
    unique_by=lambda limit: limit.path,
).map(tuple)
budgets = st.lists(
    st.builds(
        PartitionBudget,
        st.sampled_from(["/machine", "/machine/prod", "/other"]),
        st.integers(4, 40).map(lambda size: size * GIB),
    ),
    max_size=2,
    unique_by=lambda budget: budget.path,
).map(tuple)


@st.composite
def hosts(draw: st.DrawFn) -> HostReport:
    there = draw(st.lists(guests, max_size=4, unique_by=lambda each: each.key))
    without = draw(st.lists(guests, max_size=2, unique_by=lambda each: each.key))
    made = host("h", 64 * GIB, there, pages=draw(st.sampled_from([0, 2048])))
    return replace(
        made,
        limits=draw(limits),
        budgets=draw(budgets),
        commit_ratio=draw(st.sampled_from([8_000, 10_000, 15_000])),
        unpromised=tuple(without),
        counts_unpromised=draw(st.booleans()),
    )


@given(guests, hosts(), st.lists(guests, max_size=2))
def test_a_guest_fits_where_the_host_would_admit_it(
    coming: PublishedGuest, report: HostReport, claimed: list[PublishedGuest]
) -> None:
    keys = {each.key for each in (*report.guests, *report.unpromised)}
    if coming.key in keys:
        return
    asks = guest_published(coming)
    wants = wanted_by(asks, usual_of([report]))
    claims = tuple(each.held.promise for each in claimed if each.key != coming.key)
    vectors = vectors_of([wants], [report], Fleet((report,), claims={"h": claims}))
    decision = decide_on(report, asks, claims)
    assert fits(vectors.demands[0], vectors.hosts[0].room) == decision.admitted


def test_dimensions_are_titled_as_rules() -> None:
    nodes = frozenset({0})
    assert MEMORY.title == "commitment"
    assert AVAILABLE.title == "physical"
    assert Dimension(Rule.NODES, Rule.PHYSICAL, nodes).title == "nodes, physical on node 0"
    pages = Dimension(Rule.HUGEPAGES, nodes=nodes, page_size=2 * MIB)
    assert pages.title == "hugepages, pages of 2 MiB on node 0"
    budget = Dimension(Rule.PARTITIONS, Rule.COMMITMENT, path="/machine")
    assert budget.title == "partitions, commitment on /machine"


def test_only_what_guests_can_be_short_of_is_a_dimension() -> None:
    report = replace(
        host("h", 64 * GIB),
        budgets=(PartitionBudget("/other", GIB),),
        limits=(AncestorLimit("/nobody", GIB, 0),),
    )
    wants = wanted_by(guest_published(guest(1, GIB)), usual_of([report]))
    assert dimensions_of([wants], [report]) == (GUESTS, MEMORY, AVAILABLE)


def test_a_mounted_subtree_is_the_root_of_partitions() -> None:
    group = partition_groups(None)[0]
    report = replace(
        host("h", 64 * GIB), root="/outer", limits=(AncestorLimit("/outer" + group, 5 * GIB, 0),)
    )
    asks = guest_published(guest(1, 6 * GIB))
    wants = wanted_by(asks, usual_of([report]))
    vectors = vectors_of([wants], [report], Fleet((report,)))
    assert not fits(vectors.demands[0], vectors.hosts[0].room)
    assert not decide_on(report, asks).admitted


def test_cpu_time_is_counted_in_thousandths() -> None:
    there = guest(1, GIB, cpu=3_000)
    report = host("h", 64 * GIB, [there])
    assert room_in([CPU_TIME], report) == (64_000 - 2_000 - 3_000,)
    wants = wanted_by(guest_published(there), usual_of([report]))
    assert wants.cpu_time == 3_000
    assert CPU_TIME in dimensions_of([wants], [report])
    assert room_in([CPU_TIME], replace(report, cpu=None)) == (0,)
    no_weights = CpuReport(frozenset({0}), obstacle="no controller")
    assert room_in([CPU_TIME], replace(report, cpu=no_weights)) == (0,)


def test_a_share_of_cpu_time_is_that_of_the_largest_host() -> None:
    small = replace(host("s", 64 * GIB), cpu=CpuReport(frozenset(range(4))))
    usual = usual_of([small, host("h", 64 * GIB), replace(small, cpu=None)])
    asks = replace(guest_published(guest(1, GIB)), cpu_policy=CpuPolicy(percentage=50_000))
    assert wanted_by(asks, usual).cpu_time == 32_000
    assert usual_of([]).page_size is None


def test_hugepages_of_the_default_size_are_those_of_most_hosts() -> None:
    one = replace(guest(1, GIB, hugepages=GIB))
    asks = guest_published(one)
    asks = replace(
        asks,
        demand=replace(asks.demand, hugepages=(replace(asks.demand.hugepages[0], page_size=None),)),
    )
    wants = wanted_by(asks, usual_of([host("h", 64 * GIB)]))
    assert [each.page_size for each in wants.pages()] == [2 * MIB]
    assert not tuple(wanted_by(asks, usual_of([])).pages())


def test_a_partition_that_there_cannot_be_is_below_no_limit() -> None:
    report = replace(
        host("h", 64 * GIB), limits=(AncestorLimit(partition_groups(None)[0], GIB, 0),)
    )
    wants = wanted_by(guest_published(guest(1, GIB, partition="no/slash")), usual_of([report]))
    assert dimensions_of([wants], [report]) == (GUESTS, MEMORY, AVAILABLE)


def test_a_guest_without_a_promise_takes_its_memory_elsewhere() -> None:
    free = guest(2, 8 * GIB)
    asks = replace(free, demand=replace(free.demand, guarantee=0))
    report = replace(host("h", 64 * GIB, [guest(1, GIB)]), unpromised=(asks,))
    promised, unpromised = seated_guests([report], [report])
    assert promised.wanted.committed == GIB
    assert (unpromised.wanted.committed, unpromised.wanted.needed) == (0, 8 * GIB)
    counting = replace(report, counts_unpromised=True)
    assert seated_guests([report], [counting])[1].wanted.committed == 8 * GIB


def test_a_fleet_knows_its_hosts() -> None:
    first, second = host("a", GIB), host("b", GIB)
    fleet = Fleet((first, second), {"b": "stale"})
    assert fleet.offered() == (first,)
    assert not fleet.offered(without=["a"])
    assert fleet.report("b") == second
    assert fleet.report("c") is None
    assert fleet.claims_on("a") == ()


def test_a_host_without_a_budget_has_room_without_end() -> None:
    budget = Dimension(Rule.PARTITIONS, Rule.COMMITMENT, path="/machine")
    limit = Dimension(Rule.ANCESTORS, Rule.PHYSICAL, path="/x")
    assert room_in([GUESTS, budget, limit], host("h", GIB)) == (UNBOUNDED,) * 3


def test_the_limit_of_another_partition_takes_nothing_from_a_guest() -> None:
    prod, other = "/machine/prod", "/other"
    report = replace(
        host("h", 64 * GIB),
        limits=(AncestorLimit(partition_groups(prod)[0], 8 * GIB, 0),),
        budgets=(PartitionBudget(prod, 8 * GIB),),
    )
    asking = [guest_published(guest(1, GIB, partition=each)) for each in (prod, other)]
    wants = [wanted_by(each, usual_of([report])) for each in asking]
    vectors = vectors_of(wants, [report], Fleet((report,)))
    assert vectors.demands[0][3:] == (GIB, GIB, GIB)
    assert vectors.demands[1][3:] == (0, 0, 0)
