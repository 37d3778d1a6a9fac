import pytest

from xmlresource.admission.weights.cpu.cpu_demand import CpuDemand, CpuFacts, cpu_demand_of
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.domain import Domain
from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.units import UNLIMITED

EIGHT = CpuFacts(frozenset(range(8)))
ONE = CpuPolicy(min_guarantee=1000)


def cpus(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


def test_what_is_declared() -> None:
    domain = Domain(name="db1", uuid="u", type="kvm", vcpus=4)
    policy = CpuPolicy(min_guarantee=1500, hard_limit=3000, share=200)
    found = cpu_demand_of(domain, policy, EIGHT)
    assert found == CpuDemand("db1", "u", "qemu", 1500, vcpus=4, hard_limit=3000, share=200)
    assert found.key == ("qemu", "u")
    assert found.promise == CpuPromise(1500, None, 200)


def test_nothing_is_declared() -> None:
    found = cpu_demand_of(Domain(type="lxc"), None, EIGHT)
    assert found == CpuDemand("", "", "lxc", 0)
    assert found.promise is None


def test_a_percentage_is_one_of_the_hosts_cpus() -> None:
    assert cpu_demand_of(Domain(), CpuPolicy(percentage=25_000), EIGHT).guarantee == 2000


def test_no_limit_is_none() -> None:
    assert cpu_demand_of(Domain(), CpuPolicy(hard_limit=UNLIMITED), EIGHT).hard_limit is None


@pytest.mark.parametrize(
    ("shares", "usual", "share"),
    [(None, 100, 100), (300, 100, 300), (2048, 1024, 200), (2, 1024, 1), (262_144, 100, 10_000)],
)
def test_libvirts_shares_are_the_guests_own(shares: int | None, usual: int, share: int) -> None:
    facts = CpuFacts(cpus(0, 1), usual_weight=usual)
    assert cpu_demand_of(Domain(cpu_shares=shares), ONE, facts).share == share


def test_ours_come_first() -> None:
    domain = Domain(cpu_shares=500)
    assert cpu_demand_of(domain, CpuPolicy(share=50, min_guarantee=1), EIGHT).share == 50


def bound(facts: CpuFacts = EIGHT, vcpus: int = 2, **pins: object) -> frozenset[int] | None:
    return cpu_demand_of(Domain(vcpus=vcpus, **pins), ONE, facts).cpus  # type: ignore[arg-type]


def test_a_guest_is_bound_to_all_its_pins_together() -> None:
    assert bound() is None
    assert bound(cpuset=cpus(2, 3)) == {2, 3}
    assert bound(cpuset=cpus(2, 3, 99)) == {2, 3}
    assert bound(cpuset=cpus(*range(8))) is None
    both = ((0, cpus(0)), (1, cpus(1)))
    assert bound(vcpu_pins=both) == {0, 1}
    assert bound(vcpus=3, vcpu_pins=both) is None  # the third can be anywhere
    assert bound(vcpus=3, vcpu_pins=both, cpuset=cpus(7)) == {0, 1, 7}
    assert bound(vcpus=1, vcpu_pins=both) == {0}  # there is no second
    assert bound(cpuset=cpus(98, 99)) is None  # libvirt refuses it


def test_isolated_cpus_are_for_those_that_are_bound_to_them() -> None:
    facts = CpuFacts(cpus(0, 1, 2, 3), isolated=cpus(2, 3))
    assert bound(facts) == {0, 1}
    assert bound(facts, cpuset=cpus(2)) == {2}
    assert bound(facts, vcpu_pins=((0, cpus(3)),)) == {0, 1, 3}
    assert bound(CpuFacts(cpus(0, 1), isolated=cpus(0, 1))) is None


def test_the_partition_may_have_fewer() -> None:
    facts = CpuFacts(cpus(0, 1, 2, 3), allowed=cpus(0, 1))
    assert bound(facts) == {0, 1}
    assert bound(facts, cpuset=cpus(1, 2)) == {1}
    assert bound(CpuFacts(cpus(0, 1), allowed=cpus(7))) is None


def test_pins_are_told_set_by_set() -> None:
    domain = Domain(vcpus=4, vcpu_pins=((0, cpus(0)), (1, cpus(0))))
    assert cpu_demand_of(domain, ONE, EIGHT).pins == ((cpus(0), 2), (EIGHT.online, 2))
    assert cpu_demand_of(Domain(vcpus=4), ONE, EIGHT).pins == ()
    assert cpu_demand_of(Domain(vcpus=4, cpuset=cpus(1)), ONE, EIGHT).pins == ((cpus(1), 4),)
