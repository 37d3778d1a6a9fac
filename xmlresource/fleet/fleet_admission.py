"""Would a host admit a guest, by what it published? The rules are those of the host itself.

Claims count as promises to guests that start: one that is dropped in favour of a promise changes
nothing. Whether the host agrees in the end is its ledger's business: what happens there after the
report was made is not known here, and room that it holds back after a boot isn't either.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from xmlresource.admission.decision import decide
from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand
from xmlresource.admission.reckoning import Decision
from xmlresource.admission.weights.cpu.cpu_decision import CPU_TIME, CpuDecision, decide_cpu
from xmlresource.admission.weights.cpu.cpu_demand import CpuDemand, CpuFacts, cpu_demand_of
from xmlresource.admission.weights.floor_decision import WeightTree
from xmlresource.admission.weights.floor_weights import (
    SHARES,
    V1_SHARES,
    PromisedGroup,
    WeightRange,
)
from xmlresource.admission.weights.weight_tree import WeighedGuest, tree_of
from xmlresource.cgroup.cpu_and_io.expected_cgroup import (
    cgroups_above,
    competing,
    expected_cgroup,
)
from xmlresource.cgroup.hierarchy import Controller, Version, partition_groups
from xmlresource.fleet.host_report import CpuReport, HostReport, PublishedGuest
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.domain import Domain
from xmlresource.model.host import AncestorLimit, HostFacts
from xmlresource.promises.promise import Held, HugepageShare, Promise
from xmlresource.promises.terms import Terms
from xmlresource.record import record, replace

_RANGES: Final = {Version.V1: V1_SHARES, Version.V2: SHARES}
_NO_CPUS: Final = "the host does not tell its CPUs"


@record
class FleetGuest:
    """A guest that is to go somewhere.

    Attributes:
        demand: What it asks for; with its CPU time, where that is known already.
        partition: Its partition; ``None`` for libvirt's default.
        domain: Its definition; ``None`` where a host's report is all there is.
        cpu_policy: What it declares about CPU time, which is worth more or less by the host.
    """

    demand: Demand
    partition: str | None = None
    domain: Domain | None = None
    cpu_policy: CpuPolicy | None = None

    @property
    def wants_cpu(self) -> bool:
        """Whether it asks for CPU time."""
        declared = self.cpu_policy is not None and self.cpu_policy.is_guaranteed
        return declared or self.demand.cpu is not None


@record
class FleetDecision:
    """Whether a host would admit a guest, by its report.

    Attributes:
        memory: Of memory.
        cpu: Of CPU time; ``None`` where it asks for none.
    """

    memory: Decision
    cpu: CpuDecision | None = None

    @property
    def admitted(self) -> bool:
        """Whether all that it asks for could be promised."""
        return self.memory.admitted and (self.cpu is None or self.cpu.admitted)


def facts_of(report: HostReport) -> HostFacts:
    """The host as admission sees it."""
    return report.facts


def guest_defined(demand: Demand, domain: Domain, cpu_policy: CpuPolicy | None) -> FleetGuest:
    """A guest by its definition."""
    return FleetGuest(demand, domain.partition, domain, cpu_policy)


def guest_published(guest: PublishedGuest) -> FleetGuest:
    """A guest that is on a host, as it would ask another one.

    Where its definition could not be read, it asks for what it has been promised.
    """
    promise = guest.held.promise
    return FleetGuest(guest.demand or _demand_of(promise), promise.partition)


def decide_on(
    report: HostReport, guest: FleetGuest, claims: Iterable[Promise] = ()
) -> FleetDecision:
    """Whether a host would admit a guest besides those that are there and those that are to come.

    Args:
        report: What the host published.
        guest: The guest.
        claims: What is claimed on the host for others; a claim of the guest itself is left out, and
            so are those of guests that are there by now.

    Raises:
        ValueError: The guest would run in no partition that libvirt takes.
    """
    there = {each.key for each in report.guests}
    held = tuple(each.held for each in report.guests)
    coming = tuple(Held(each) for each in claims if each.key not in there)
    everybody = (*held, *coming)
    memory = decide(
        guest.demand,
        report.facts,
        everybody,
        report.reserve,
        limits_above(report, guest.partition),
        _terms(report, guest),
    )
    if not guest.wants_cpu:
        return FleetDecision(memory)
    return FleetDecision(memory, _decide_cpu(report, guest, [each.promise for each in everybody]))


def promise_for(report: HostReport, guest: FleetGuest, decision: FleetDecision) -> Promise:
    """The promise that the guest will have there, once it was admitted."""
    cpu = None if decision.cpu is None else decision.cpu.demand.promise
    demand = replace(guest.demand, cpu=cpu)
    return demand.as_promise(guest.partition, report.facts.default_hugepage)


def limits_above(report: HostReport, partition: str | None) -> tuple[AncestorLimit, ...]:
    """The limits above the place where a guest of that partition will run.

    Raises:
        ValueError: It would run in no partition that libvirt takes.
    """
    groups = partition_groups(partition)
    if report.root is None:
        return ()
    below = "" if report.root == "/" else report.root
    above = {report.root, *(below + each for each in groups)}
    return tuple(each for each in report.limits if each.path in above)


def _terms(report: HostReport, guest: FleetGuest) -> Terms:
    budgets = (each for each in report.budgets if each.covers(guest.partition))
    unpromised = (
        each.held
        for each in report.unpromised
        if report.counts_unpromised and each.key != guest.demand.key
    )
    return Terms(report.commit_ratio, tuple(budgets), tuple(unpromised))


def _demand_of(promise: Promise) -> Demand:
    from_pools = sum(each.size for each in promise.hugepages)
    return Demand(
        name=promise.name,
        uuid=promise.uuid,
        driver=promise.driver,
        guarantee=promise.size,
        ram=promise.size + from_pools,
        ordinary=promise.size,
        nodes=tuple(NodeDemand(each.nodes, each.size, rest=False) for each in promise.shares),
        hugepages=tuple(_hugepages(each) for each in promise.hugepages),
        pinned=promise.pinned,
        at_once=promise.pinned,
        cpu=promise.cpu,
    )


def _hugepages(share: HugepageShare) -> HugepageDemand:
    return HugepageDemand(share.page_size, share.size, share.nodes)


def _decide_cpu(report: HostReport, guest: FleetGuest, promises: Sequence[Promise]) -> CpuDecision:
    if report.cpu is None:
        return CpuDecision(_cpu_demand(guest, CpuFacts(frozenset())), CPU_TIME, obstacle=_NO_CPUS)
    facts = _cpu_facts(report.cpu, guest.partition)
    demand = _cpu_demand(guest, facts)
    controller = report.cpu.controller
    if controller is None:
        return CpuDecision(demand, CPU_TIME, obstacle=report.cpu.obstacle or _NO_CPUS)
    known = next((each for each in promises if each.key == demand.key), None)
    where = _cgroup(report, controller, known, guest.partition, demand.uuid)
    above = {controller.root, *cgroups_above(where)}
    caps = [each for each in report.cpu.caps if each.path in above]
    others = [each for each in promises if each.key != demand.key]
    tree = _tree(report, controller, report.cpu, WeighedGuest(where, demand.share, 1), others)
    return decide_cpu(demand, facts, promises, report.cpu.reserve, caps, tree)


def _cpu_facts(cpu: CpuReport, partition: str | None) -> CpuFacts:
    groups = partition_groups(partition)
    allowed = next((cpu.allowed[each] for each in groups if each in cpu.allowed), None)
    return CpuFacts(cpu.online, cpu.isolated, allowed, cpu.usual_weight)


def _cpu_demand(guest: FleetGuest, facts: CpuFacts) -> CpuDemand:
    demand = guest.demand
    if guest.domain is not None:
        return replace(cpu_demand_of(guest.domain, guest.cpu_policy, facts), uuid=demand.uuid)
    asked = CpuDemand(demand.name, demand.uuid, demand.driver, guarantee=0)
    if demand.cpu is None:
        return asked
    return replace(asked, guarantee=demand.cpu.time, cpus=demand.cpu.cpus, share=demand.cpu.share)


def _cgroup(
    report: HostReport,
    controller: Controller,
    known: Promise | None,
    partition: str | None,
    uuid: str,
) -> str:
    if known is not None and known.cpu is not None and known.cpu.cgroup is not None:
        return competing(known.cpu.cgroup)
    return expected_cgroup(controller, partition, uuid, systemd=report.systemd)


def _tree(
    report: HostReport,
    controller: Controller,
    cpu: CpuReport,
    own: WeighedGuest,
    others: Iterable[Promise],
) -> WeightTree:
    weights = _RANGES[controller.version]
    guests = [_weighed(report, controller, weights, each) for each in others if each.cpu_time]

    def with_guest(guarantee: int) -> PromisedGroup:
        guest = WeighedGuest(own.path, weights.from_share(own.own), guarantee)
        return tree_of(controller.root, [*guests, guest], cpu.folders, weights.usual)

    return WeightTree(weights, with_guest)


def _weighed(
    report: HostReport, controller: Controller, weights: WeightRange, promise: Promise
) -> WeighedGuest:
    where = _cgroup(report, controller, promise, promise.partition, promise.uuid)
    share = 100 if promise.cpu is None else promise.cpu.share
    return WeighedGuest(where, weights.from_share(share), promise.cpu_time)
