"""Reports of hosts for tests: plain ones, and any that Hypothesis thinks of."""

from hypothesis import strategies as st

from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand
from xmlresource.admission.weights.cpu.cpu_decision import CpuCap
from xmlresource.admission.weights.weight_tree import WeighedFolder
from xmlresource.cgroup.hierarchy import Controller, Version
from xmlresource.fleet.host_report import (
    CpuReport,
    HostReport,
    PublishedGuest,
    RecentRefusal,
)
from xmlresource.model.host import AncestorLimit, HostFacts, HugepagePool, MemoryRegion
from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.promises.promise import (
    Held,
    HugepageShare,
    NodeShare,
    Promise,
    PromiseState,
)
from xmlresource.promises.terms import PartitionBudget
from xmlresource.record import replace

GIB = 1 << 30
MIB = 1 << 20
BOOT = "11111111-2222-3333-4444-555555555555"


def uuid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012x}"


def promise(number: int, size: int, name: str | None = None) -> Promise:
    """A promise to a guest that runs."""
    return Promise(uuid(number), name or f"guest{number}", "qemu", size, PromiseState.RUNNING)


def report(
    name: str = "host1", *, total: int = 64 * GIB, promises: tuple[Promise, ...] = ()
) -> HostReport:
    """A host on which nothing is used but what was promised."""
    used = sum(each.size for each in promises)
    return HostReport(
        name=name,
        boot_id=BOOT,
        sequence=1_000_000,
        made=1_700_000_000,
        program="1.0.0",
        facts=HostFacts(MemoryRegion(total, total - used)),
        reserve=4 * GIB,
        guests=tuple(PublishedGuest(Held(each, charged=each.size)) for each in promises),
        root="/",
    )


_counts = st.integers(0, (1 << 63) - 1)
_small = st.integers(0, 1 << 20)
_paths = st.lists(st.sampled_from(["a", "b.slice", "machine"]), min_size=1, max_size=4).map(
    lambda names: "/" + "/".join(names)
)
_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_nodes = st.frozensets(st.integers(0, 1023), max_size=4)
_cpus = st.frozensets(st.integers(0, 8191), max_size=4)
_uuids = st.integers(0, 1 << 40).map(uuid)
_reasons = st.lists(_text, max_size=3).map(tuple)


def _tuples(strategy: "st.SearchStrategy[object]") -> "st.SearchStrategy[tuple[object, ...]]":
    return st.lists(strategy, max_size=3).map(tuple)


_pools = st.builds(HugepagePool, st.integers(1, 1 << 40), _small, _small)
_regions = st.builds(MemoryRegion, _counts, _counts, _counts, _tuples(_pools))
_cpu_promises = st.builds(
    CpuPromise, _counts, st.none() | _cpus, st.integers(0, 10_000), st.none() | _paths
)
_promises = st.builds(
    Promise,
    _uuids,
    _text,
    st.sampled_from(["qemu", "lxc"]),
    _counts,
    st.sampled_from(PromiseState),
    _tuples(st.builds(NodeShare, _nodes, _counts)),
    _tuples(st.builds(HugepageShare, _counts, _counts, st.none() | _nodes)),
    cgroup=st.none() | _paths,
    parent=st.none() | _paths,
    partition=st.none() | _paths,
    soft=_counts,
    at_once=_counts,
    pinned=_counts,
    cpu=st.none() | _cpu_promises,
)


@st.composite
def guests(draw: st.DrawFn) -> PublishedGuest:
    made = draw(_promises)
    demand = Demand(
        name=made.name,
        uuid=made.uuid,
        driver=made.driver,
        guarantee=draw(_counts),
        ram=draw(_counts),
        ordinary=draw(_counts),
        nodes=draw(
            _tuples(st.builds(NodeDemand, _nodes, _counts, st.booleans(), _counts, _counts))
        ),
        hugepages=draw(
            _tuples(st.builds(HugepageDemand, st.none() | _counts, _counts, st.none() | _nodes))
        ),
        priority=draw(_small),
        at_once=draw(_counts),
        pinned=draw(_counts),
        taken_by=draw(_reasons),
        pinned_by=draw(_reasons),
        most_ram=draw(_counts),
        cpu=made.cpu,
    )
    return PublishedGuest(
        Held(made, draw(_counts), draw(_counts)),
        draw(st.none() | st.just(demand)),
        draw(_reasons),
    )


_weights = st.integers(1, 1 << 20)
_folders = st.builds(
    WeighedFolder, _weights, st.dictionaries(_text, _weights, max_size=3), st.none() | _counts
)
_cpu_reports = st.builds(
    CpuReport,
    st.frozensets(st.integers(0, 8191), min_size=1, max_size=4),
    _counts,
    _cpus,
    _weights,
    st.dictionaries(_paths, _cpus, max_size=3),
    st.none() | st.builds(Controller, st.sampled_from(Version), _paths, _paths),
    _text,
    _tuples(st.builds(CpuCap, _paths, _counts)),
    st.dictionaries(_paths, _folders, max_size=3),
)
reports = st.builds(
    HostReport,
    name=st.from_regex("[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True),
    boot_id=_uuids,
    sequence=st.integers(0, 30_000_000_000_000_000),
    made=_counts,
    program=st.just("1.0.0"),
    facts=st.builds(
        HostFacts,
        _regions,
        st.dictionaries(st.integers(0, 1023), _regions, max_size=2),
        st.none() | _counts,
        _counts,
        st.integers(1, 1 << 20),
    ),
    reserve=_counts,
    commit_ratio=st.integers(1, 1_000_000),
    budgets=st.dictionaries(_paths, _counts, max_size=2).map(
        lambda found: tuple(PartitionBudget(path, size) for path, size in found.items())
    ),
    counts_unpromised=st.booleans(),
    root=st.none() | _paths,
    systemd=st.booleans(),
    limits=_tuples(st.builds(AncestorLimit, _paths, _counts, _counts, _counts)),
    cpu=st.none() | _cpu_reports,
    guests=_tuples(guests()),
    unpromised=_tuples(guests()),
    refusals=_tuples(st.builds(RecentRefusal, _counts, _text, _text)),
)
"""Any report that a host may publish."""

__all__ = ("BOOT", "GIB", "MIB", "guests", "promise", "replace", "report", "reports", "uuid")
