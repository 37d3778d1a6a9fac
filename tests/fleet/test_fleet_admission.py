"""Decisions from reports alone; that they are the host's own is tested with whole hosts."""

import pytest

from tests.fleet.reports import GIB, MIB, promise, report, uuid
from xmlresource.admission.demand import Demand
from xmlresource.admission.reckoning import Rule
from xmlresource.admission.weights.cpu.cpu_decision import CpuCap
from xmlresource.admission.weights.weight_tree import WeighedFolder
from xmlresource.cgroup.hierarchy import Controller, Version
from xmlresource.fleet.fleet_admission import (
    FleetGuest,
    decide_on,
    facts_of,
    guest_defined,
    guest_published,
    limits_above,
    promise_for,
)
from xmlresource.fleet.host_report import CpuReport, HostReport, PublishedGuest
from xmlresource.fleet.immovable import fixed_by
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.domain import Device, Domain
from xmlresource.model.host import AncestorLimit, HugepagePool
from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.promises.promise import Held, HugepageShare, NodeShare
from xmlresource.promises.terms import PartitionBudget
from xmlresource.record import replace


def guest(size: int, number: int = 1, partition: str | None = None) -> FleetGuest:
    demand = Demand(f"guest{number}", uuid(number), size, ram=size, ordinary=size)
    return FleetGuest(demand, partition)


def test_claims_count_as_promises_until_they_are_some() -> None:
    host = report(total=14 * GIB, promises=(promise(2, 4 * GIB),))
    assert decide_on(host, guest(6 * GIB)).admitted
    assert not decide_on(host, guest(6 * GIB), [promise(3, 1 * MIB)]).admitted
    assert decide_on(host, guest(6 * GIB), [promise(2, 4 * GIB)]).admitted  # there by now
    assert decide_on(host, guest(6 * GIB), [promise(1, 6 * GIB)]).admitted  # its own


def test_limits_and_budgets_of_its_partition() -> None:
    host = replace(
        report(),
        limits=(
            AncestorLimit("/machine/prod.partition", 2 * GIB, 0),
            AncestorLimit("/elsewhere", 1, 0),
        ),
        budgets=(PartitionBudget("/machine/dev", GIB),),
    )
    assert facts_of(host) is host.facts
    assert decide_on(host, guest(3 * GIB)).admitted
    failed = decide_on(host, guest(3 * GIB, partition="/machine/prod")).memory.failed
    assert {each.rule for each in failed} == {Rule.ANCESTORS}
    failed = decide_on(host, guest(3 * GIB, partition="/machine/dev")).memory.failed
    assert {each.rule for each in failed} == {Rule.PARTITIONS}
    assert limits_above(replace(host, root=None), "/machine/prod") == ()
    inside = AncestorLimit("/docker/x/machine/prod.partition", 1, 0)
    contained = replace(host, root="/docker/x", limits=(inside,))
    assert limits_above(contained, "/machine/prod") == (inside,)
    with pytest.raises(ValueError, match="no partition"):
        limits_above(host, "../etc")


def test_guests_without_a_promise_count_where_the_host_says_so() -> None:
    others = (PublishedGuest(Held(promise(9, 59 * GIB))),)
    host = replace(report(), unpromised=others)
    assert decide_on(host, guest(4 * GIB)).admitted
    counted = replace(host, counts_unpromised=True)
    assert not decide_on(counted, guest(4 * GIB)).admitted
    assert decide_on(counted, guest(4 * GIB, 9)).admitted  # it is that guest itself


def test_the_promise_that_a_claim_stands_for() -> None:
    host = report()
    found = promise_for(host, guest(GIB), decide_on(host, guest(GIB)))
    assert (found.uuid, found.size, found.cpu) == (uuid(1), GIB, None)


def cpus(**changes: object) -> HostReport:
    controller = Controller(Version.V2, "/sys/fs/cgroup")
    cpu = CpuReport(frozenset(range(4)), 500, controller=controller)
    return replace(report(), cpu=replace(cpu, **changes))


def with_cpu(time: int, number: int = 1) -> FleetGuest:
    plain = guest(GIB, number)
    return replace(plain, demand=replace(plain.demand, cpu=CpuPromise(time)))


def test_cpu_time() -> None:
    found = decide_on(cpus(), with_cpu(3000))
    assert found.admitted
    assert found.cpu is not None
    claim = promise_for(cpus(), with_cpu(3000), found)
    assert claim.cpu_time == 3000
    assert not decide_on(cpus(), with_cpu(1000, 2), [claim]).admitted
    assert decide_on(cpus(), with_cpu(500, 2), [claim]).admitted
    assert decide_on(cpus(), with_cpu(3500), [claim]).admitted  # its own claim


def test_cpu_time_that_can_not_be_had() -> None:
    for host in (report(), cpus(controller=None), cpus(controller=None, obstacle="no file")):
        found = decide_on(host, with_cpu(1000))
        assert not found.admitted
        assert found.cpu is not None
        assert found.cpu.obstacle in {"the host does not tell its CPUs", "no file"}
    assert not decide_on(cpus(caps=(CpuCap("/machine", 500),)), with_cpu(1000)).admitted
    assert decide_on(cpus(caps=(CpuCap("/user", 500),)), with_cpu(1000)).admitted
    crowded = {"/": WeighedFolder(100, {"busy": 10_000, "lazy": 10_000})}
    assert not decide_on(cpus(folders=crowded), with_cpu(3000)).admitted


def test_a_guest_that_asks_for_no_cpu_time_where_some_is_declared() -> None:
    found = decide_on(cpus(), replace(guest(GIB), cpu_policy=CpuPolicy(min_guarantee=1000)))
    assert found.cpu is not None
    assert found.cpu.demand.guarantee == 0  # without a definition nobody knows what it is worth


def test_cpu_time_of_a_guest_that_is_there() -> None:
    cgroup = "/machine/qemu-1-guest1.libvirt-qemu"
    there = replace(promise(1, GIB), cpu=CpuPromise(1000, cgroup=cgroup))
    host = replace(cpus(), guests=(PublishedGuest(Held(there)),))
    assert decide_on(host, with_cpu(3500)).admitted
    assert not decide_on(host, with_cpu(3500, 2)).admitted


def test_cpu_time_by_definition_depends_on_the_host() -> None:
    domain = Domain(name="guest1", uuid=uuid(1), vcpus=4, cpuset=frozenset({0, 1}))
    demand = guest(GIB).demand
    half = CpuPolicy(min_guarantee=2000)
    defined = guest_defined(demand, domain, half)
    assert defined.wants_cpu
    found = decide_on(cpus(), defined)
    assert found.cpu is not None
    assert found.cpu.demand.cpus == frozenset({0, 1})
    anywhere = replace(defined, domain=replace(domain, cpuset=None))
    bound = decide_on(cpus(allowed={"/machine": frozenset({2, 3})}), anywhere)
    assert bound.cpu is not None
    assert bound.cpu.demand.cpus == frozenset({2, 3})
    assert not guest_defined(demand, domain, None).wants_cpu


def test_a_published_guest_asks_another_host_for_what_it_has() -> None:
    held = replace(
        promise(1, 2 * GIB),
        shares=(NodeShare(frozenset({0}), GIB),),
        hugepages=(HugepageShare(2 * MIB, GIB),),
        pinned=3 * GIB,
    )
    asked = guest_published(PublishedGuest(Held(held))).demand
    assert (asked.guarantee, asked.ram, asked.pinned) == (2 * GIB, 3 * GIB, 3 * GIB)
    found = decide_on(report(), FleetGuest(asked))
    assert {each.rule for each in found.memory.failed} == {Rule.NODES, Rule.HUGEPAGES}
    node = replace(report().facts.memory, pools=())
    memory = replace(report().facts.memory, pools=(HugepagePool(2 * MIB, 512, 512),))
    host = replace(report(), facts=replace(report().facts, nodes={0: node}, memory=memory))
    assert decide_on(host, FleetGuest(asked)).admitted
    known = guest(GIB).demand
    assert guest_published(PublishedGuest(Held(held), known)).demand is known


def test_what_keeps_a_guest_where_it_is() -> None:
    domain = Domain(
        devices=(
            Device("hostdev", {"type": "usb"}),
            Device("hostdev"),
            Device("interface", {"type": "vdpa"}),
            Device("disk", {"type": "file"}),
        ),
        arguments=("-device", "vfio-pci,host=1"),
    )
    assert fixed_by(domain) == ("hostdev usb", "hostdev", "interface vdpa", "commandline vfio-pci")
