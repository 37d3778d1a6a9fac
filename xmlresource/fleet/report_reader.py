"""A host's report from the JSON object that it published, whoever wrote it.

Everything is checked: names, sizes, numbers of entries. An error names the place.
"""

from collections.abc import Iterator
from typing import Final

from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand
from xmlresource.admission.weights.cpu.cpu_decision import CpuCap
from xmlresource.admission.weights.weight_tree import WeighedFolder
from xmlresource.cgroup.hierarchy import Controller, Version
from xmlresource.configuration.fleet_settings import HOST_NAME
from xmlresource.fleet.checked_json import CheckedValue, value_of
from xmlresource.fleet.host_report import (
    FORMAT,
    VERSION,
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
from xmlresource.promises.promise_line import LONGEST_NAME, canonical_uuid
from xmlresource.promises.terms import WHOLE, PartitionBudget

MOST_BYTES: Final = 8 << 20
"""The bytes of a report."""
MOST_GUESTS: Final = 10_000
MOST_SEQUENCE: Final = 30_000_000_000_000_000
"""Microseconds since boot: nearly a thousand years."""
MOST_REFUSALS: Final = 100
LONGEST_REASON: Final = 500

_MOST_CPUS: Final = 8192
_MOST_NODES: Final = 1024
_MOST_POOLS: Final = 32
_MOST_CGROUPS: Final = 4096
_MOST_CHILDREN: Final = 20_000
_MOST_RATIO: Final = 100 * WHOLE
_MOST_WEIGHT: Final = 1 << 20
_MOST_REASONS: Final = 64
_DEEPEST: Final = 64
_PAIR: Final = 2
_TRIPLE: Final = 3
_UUID: Final = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_DRIVER: Final = "[a-z][a-z0-9]{0,31}"
_PROGRAM: Final = "[0-9A-Za-z.+!-]{1,64}"


def report_of(text: str | bytes) -> HostReport:
    """The report that a text holds.

    Raises:
        PublishedError: It is too large, no JSON, or no report.
    """
    return read_report(value_of(text, MOST_BYTES))


def read_report(value: CheckedValue) -> HostReport:
    """The report that a value holds.

    Raises:
        PublishedError: It is none.
    """
    if value.of("format").value != FORMAT:
        value.of("format").wrong(f"not {FORMAT!r}")
    if value.of("version").count(least=1) > VERSION:
        value.of("version").wrong(f"a later one than {VERSION}: update xmlresource here first")
    memory, terms = value.of("memory"), value.of("terms")
    return HostReport(
        name=value.of("name").matching(HOST_NAME, "name of a host"),
        boot_id=value.of("boot_id").matching(_UUID, "boot id"),
        sequence=value.of("sequence").count(MOST_SEQUENCE),
        made=value.of("made").count(),
        program=value.of("program").matching(_PROGRAM, "version"),
        facts=HostFacts(
            memory=_region(memory),
            nodes={
                each.of("node").count(_MOST_NODES - 1): _region(each)
                for each in value.of("nodes").items(_MOST_NODES)
            },
            default_hugepage=memory.either("default_hugepage", CheckedValue.count, None),
            swap_total=memory.of("swap_total").count(),
            page_size=memory.of("page_size").count(least=1),
        ),
        reserve=memory.of("reserve").count(),
        commit_ratio=terms.of("commit_ratio").count(_MOST_RATIO, least=1),
        budgets=tuple(
            PartitionBudget(path, size.count()) for path, size in _paths(terms.of("partitions"))
        ),
        counts_unpromised=terms.of("count_unpromised").truth(),
        root=value.either("root", _path, None),
        systemd=value.of("systemd").truth(),
        limits=tuple(_limit(each) for each in value.of("limits").items(_MOST_CGROUPS)),
        cpu=value.either("cpu", _cpu, None),
        guests=tuple(read_guest(each) for each in value.of("guests").items(MOST_GUESTS)),
        unpromised=tuple(read_guest(each) for each in value.of("unpromised").items(MOST_GUESTS)),
        refusals=tuple(_refusal(each) for each in value.of("refusals").items(MOST_REFUSALS)),
    )


def read_promise(value: CheckedValue) -> Promise:
    """The promise that an object holds.

    Raises:
        PublishedError: It is none.
    """
    state = value.of("state").matching("starting|running", "state of a guest")
    return Promise(
        uuid=_uuid(value.of("uuid")),
        name=value.of("name").text(LONGEST_NAME),
        driver=value.of("driver").matching(_DRIVER, "driver"),
        size=value.of("size").count(),
        state=PromiseState(state),
        shares=value.either("shares", _shares, ()),
        hugepages=value.either("hugepages", _hugepage_shares, ()),
        cgroup=value.either("cgroup", _path, None),
        parent=value.either("parent", _path, None),
        partition=value.either("partition", _path, None),
        soft=value.either("soft", CheckedValue.count, 0),
        at_once=value.either("at_once", CheckedValue.count, 0),
        pinned=value.either("pinned", CheckedValue.count, 0),
        cpu=value.either("cpu", _cpu_promise, None),
    )


def read_demand(value: CheckedValue, promise: Promise) -> Demand:
    """What an object says that a guest asks for.

    Args:
        value: The object.
        promise: The guest's promise, for its name and uuid.

    Raises:
        PublishedError: It makes no sense.
    """
    return Demand(
        name=promise.name,
        uuid=promise.uuid,
        driver=promise.driver,
        nodes=value.either("nodes", _node_demands, ()),
        hugepages=value.either("hugepages", _hugepage_demands, ()),
        taken_by=value.either("taken_by", _reasons, ()),
        pinned_by=value.either("pinned_by", _reasons, ()),
        cpu=promise.cpu,
        guarantee=value.of("guarantee").count(),
        ram=value.of("ram").count(),
        ordinary=value.of("ordinary").count(),
        at_once=value.of("at_once").count(),
        pinned=value.of("pinned").count(),
        most_ram=value.of("most_ram").count(),
        priority=value.of("priority").count(),
    )


def _region(value: CheckedValue) -> MemoryRegion:
    return MemoryRegion(
        total=value.of("total").count(),
        available=value.of("available").count(),
        hugepage_bytes=value.of("hugepages").count(),
        pools=tuple(
            HugepagePool(
                page_size=each.of("page_size").count(least=1),
                total=each.of("total").count(),
                free=each.of("free").count(),
            )
            for each in value.of("pools").items(_MOST_POOLS)
        ),
    )


def _limit(value: CheckedValue) -> AncestorLimit:
    return AncestorLimit(
        path=_path(value.of("path")),
        limit=value.of("limit").count(),
        usage=value.of("usage").count(),
        reclaimable=value.of("reclaimable").count(),
    )


def read_guest(value: CheckedValue) -> PublishedGuest:
    """A guest that is on the host.

    Raises:
        PublishedError: It makes no sense.
    """
    promise = read_promise(value)
    found = value.maybe("demand")
    return PublishedGuest(
        held=Held(promise, value.of("charged").count(), value.of("reclaimable").count()),
        demand=None if found is None else read_demand(found, promise),
        fixed_by=value.either("fixed_by", _reasons, ()),
    )


def _refusal(value: CheckedValue) -> RecentRefusal:
    return RecentRefusal(
        time=value.of("time").count(),
        guest=value.of("guest").text(LONGEST_NAME),
        reason=value.of("reason").text(LONGEST_REASON),
    )


def _path(value: CheckedValue) -> str:
    """The path of a cgroup, which is never deep."""
    found = value.text()
    if found.count("/") > _DEEPEST:
        value.wrong(f"deeper than {_DEEPEST} levels")
    return found


def _paths(value: CheckedValue) -> Iterator[tuple[str, CheckedValue]]:
    for path, each in value.members(_MOST_CGROUPS):
        yield _path(CheckedValue(path, each.path)), each


def _uuid(value: CheckedValue) -> str:
    text = value.text()
    if canonical_uuid(text) != text:
        value.wrong("no uuid as libvirt writes it")
    return text


def _pair(value: CheckedValue) -> tuple[CheckedValue, ...]:
    pair = tuple(value.items(_PAIR))
    if len(pair) != _PAIR:
        value.wrong("no pair")
    return pair


def _shares(value: CheckedValue) -> tuple[NodeShare, ...]:
    pairs = (_pair(each) for each in value.items(_MOST_NODES))
    return tuple(NodeShare(nodes.numbers(_MOST_NODES), size.count()) for nodes, size in pairs)


def _hugepage_shares(value: CheckedValue) -> tuple[HugepageShare, ...]:
    return tuple(_hugepage_share(each) for each in value.items(_MOST_NODES))


def _hugepage_share(value: CheckedValue) -> HugepageShare:
    parts = tuple(value.items(_TRIPLE))
    if len(parts) != _TRIPLE:
        value.wrong("no triple")
    page_size, size, nodes = parts
    bound = None if nodes.value is None else nodes.numbers(_MOST_NODES)
    return HugepageShare(page_size.count(), size.count(), bound)


def _cpu_promise(value: CheckedValue) -> CpuPromise:
    return CpuPromise(
        time=value.of("time").count(),
        cpus=value.either("cpus", _cpus, None),
        share=value.of("share").count(_MOST_WEIGHT),
        cgroup=value.either("cgroup", _path, None),
    )


def _node_demands(value: CheckedValue) -> tuple[NodeDemand, ...]:
    return tuple(
        NodeDemand(
            nodes=each.of("nodes").numbers(_MOST_NODES),
            cells=each.of("cells").count(),
            rest=each.of("rest").truth(),
            at_once=each.of("at_once").count(),
            pinned=each.of("pinned").count(),
        )
        for each in value.items(_MOST_NODES)
    )


def _hugepage_demands(value: CheckedValue) -> tuple[HugepageDemand, ...]:
    return tuple(
        HugepageDemand(
            page_size=each.either("page_size", CheckedValue.count, None),
            size=each.of("size").count(),
            nodes=each.either("nodes", _nodes, None),
        )
        for each in value.items(_MOST_NODES)
    )


def _reasons(value: CheckedValue) -> tuple[str, ...]:
    return tuple(each.text(LONGEST_REASON) for each in value.items(_MOST_REASONS))


def _nodes(value: CheckedValue) -> frozenset[int]:
    return value.numbers(_MOST_NODES)


def _cpus(value: CheckedValue) -> frozenset[int]:
    return value.numbers(_MOST_CPUS)


def _cpu(value: CheckedValue) -> CpuReport:
    online = _cpus(value.of("online"))
    if not online:
        value.of("online").wrong("no CPUs")
    return CpuReport(
        online=online,
        reserve=value.of("reserve").count(),
        isolated=_cpus(value.of("isolated")),
        usual_weight=value.of("usual_weight").count(_MOST_WEIGHT, least=1),
        allowed={path: _cpus(each) for path, each in _paths(value.of("allowed"))},
        controller=value.either("controller", _controller, None),
        obstacle=value.either("obstacle", CheckedValue.text, ""),
        caps=tuple(
            CpuCap(_path(each.of("path")), each.of("limit").count())
            for each in value.of("caps").items(_MOST_CGROUPS)
        ),
        folders={path: _folder(each) for path, each in _paths(value.of("folders"))},
    )


def _controller(value: CheckedValue) -> Controller:
    return Controller(
        version=Version(value.of("version").matching("v1|v2", "version of cgroups")),
        mount_point=value.of("mount_point").text(),
        root=_path(value.of("root")),
    )


def _folder(value: CheckedValue) -> WeighedFolder:
    return WeighedFolder(
        own=value.of("own").count(_MOST_WEIGHT, least=1),
        children={
            name: weight.count(_MOST_WEIGHT, least=1)
            for name, weight in value.of("children").members(_MOST_CHILDREN)
        },
        cap=value.either("cap", CheckedValue.count, None),
    )
