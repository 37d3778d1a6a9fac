import pytest

from xmlresource.cgroup.current_policy import current_policy
from xmlresource.cgroup.hierarchy import Controller, Layout, Place, Version
from xmlresource.cgroup.plan import plan
from xmlresource.cgroup.writes import CgroupState, Plan
from xmlresource.model.policy import MemoryPolicy
from xmlresource.units import UNLIMITED, Amount

MIB = 1 << 20
CGROUP = "/machine/qemu-1-a.libvirt-qemu"


def place(version: Version) -> Place:
    return Place(Controller(version, "/cgroup"), CGROUP, Layout.PLAIN, "qemu", ("/machine",))


def of(version: Version, **values: Amount) -> MemoryPolicy:
    files = {name.replace("__", "."): value for name, value in values.items()}
    return current_policy(place(version), CgroupState(4096, {CGROUP: files}))


def test_v1_reads_its_three_files() -> None:
    found = of(Version.V1, memory__limit_in_bytes=2 * MIB, memory__soft_limit_in_bytes=UNLIMITED)
    assert found == MemoryPolicy(hard_limit=2 * MIB, soft_limit=UNLIMITED)


def test_a_cgroup_that_is_gone_has_nothing_in_force() -> None:
    for version in Version:
        assert current_policy(place(version), CgroupState(4096, {})) == MemoryPolicy()


@pytest.mark.parametrize(
    ("low", "high", "soft"),
    [(0, UNLIMITED, UNLIMITED), (MIB, UNLIMITED, MIB), (0, 2 * MIB, 2 * MIB)],
)
def test_v2_soft_limits_are_in_one_of_two_files(low: Amount, high: Amount, soft: Amount) -> None:
    assert of(Version.V2, memory__low=low, memory__high=high).soft_limit == soft


def test_v2_protection_of_everything_is_no_guarantee_to_name() -> None:
    assert of(Version.V2, memory__min=UNLIMITED).min_guarantee is None


def test_v2_swap_counts_on_top_of_memory() -> None:
    found = of(
        Version.V2,
        memory__max=4 * MIB,
        memory__low=2 * MIB,
        memory__swap__max=MIB,
        memory__swap__high=UNLIMITED,
    )
    assert (found.swap_hard_limit, found.swap_soft_limit) == (5 * MIB, UNLIMITED)


def test_v2_reads_what_the_planner_writes() -> None:
    fresh = {
        "memory.max": UNLIMITED, "memory.high": UNLIMITED, "memory.low": 0, "memory.min": 0,
        "memory.swap.max": UNLIMITED, "memory.swap.high": UNLIMITED,
    }  # fmt: skip
    policy = MemoryPolicy(8 * MIB, 4 * MIB, 2 * MIB, 16 * MIB, 6 * MIB)
    planned = plan(policy, place(Version.V2), CgroupState(4096, {CGROUP: fresh}))
    assert isinstance(planned, Plan)
    written = fresh | {write.file: write.value for write in planned.writes}
    assert current_policy(place(Version.V2), CgroupState(4096, {CGROUP: written})) == policy


def test_no_soft_limit_protects_nothing_on_v2() -> None:
    state = CgroupState(4096, {CGROUP: {"memory.max": UNLIMITED, "memory.low": MIB}})
    planned = plan(MemoryPolicy(soft_limit=UNLIMITED), place(Version.V2), state)
    assert isinstance(planned, Plan)
    assert [(write.file, write.value) for write in planned.writes] == [("memory.low", 0)]
