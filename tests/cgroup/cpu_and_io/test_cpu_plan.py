import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.controllers import FakeControllers
from xmlresource.cgroup.cpu_and_io.controls import Control, PlanPart
from xmlresource.cgroup.cpu_and_io.cpu_plan import (
    HARD,
    MAX,
    QUOTA,
    SHARE,
    SHARES,
    SHORTEST_QUOTA,
    SOFT,
    WEIGHT,
    cpus,
    plan_cpu,
    quota_of,
    shares_of,
)
from xmlresource.cgroup.hierarchy import Layout, NoPlace, Version
from xmlresource.cgroup.writes import Executor, Plan
from xmlresource.model.cpu import CpuPolicy
from xmlresource.system.cgroups.cgroup_files import apply
from xmlresource.tunables.families import CPU
from xmlresource.units import UNLIMITED

SCOPE = "/machine.slice/machine-qemu\\x2d1\\x2da.scope"


def control_of(kernel, place=None):
    place = place or kernel.add_guest()
    return Control(place, kernel.texts(place))


def fresh(version, **files):
    kernel = FakeControllers(version)
    control = control_of(kernel)
    kernel.files(control.place).update({name.replace("_", ".", 1): v for name, v in files.items()})
    return control_of(kernel, control.place)


def steps(part):
    assert not part.problems
    return [(write.file, write.text, write.undo_text) for write in part.writes]


def notes(part):
    return {note.tunable: note.reason for note in part.not_enforced}


def problems(part):
    return {problem.tunable: problem.reason for problem in part.problems}


@pytest.mark.parametrize(
    ("limit", "v1", "v2"),
    [
        (2500, "250000", "250000 100000"),
        (1, "1000", "1000 100000"),
        (9, "1000", "1000 100000"),
        (10, "1000", "1000 100000"),
        (333, "33300", "33300 100000"),
    ],
)
def test_a_cap(limit, v1, v2):
    policy = CpuPolicy(hard_limit=limit)
    assert steps(plan_cpu(policy, fresh(Version.V1))) == [("cpu.cfs_quota_us", v1, "-1")]
    assert steps(plan_cpu(policy, fresh(Version.V2))) == [("cpu.max", v2, "max 100000")]


def test_a_cap_in_words():
    (write,) = plan_cpu(CpuPolicy(hard_limit=2500), fresh(Version.V2)).writes
    assert write.describe() == (
        "lower cpu.max of /machine/qemu-1-a.libvirt-qemu from unlimited to 250000 µs: "
        "cpu_hard_limit is 2.5 CPUs, in each 100000 µs"
    )
    assert write.to_dict()["unit"] == "µs"
    (short,) = plan_cpu(CpuPolicy(hard_limit=1), fresh(Version.V1)).writes
    assert "no quota can be shorter than 1000 µs" in short.reason


@pytest.mark.parametrize("version", Version)
def test_a_cap_in_force_needs_no_write(version):
    texts = (
        {"cpu_cfs_quota_us": "150000"} if version is Version.V1 else {"cpu_max": "150000 100000"}
    )
    control = fresh(version, **texts)
    assert plan_cpu(CpuPolicy(hard_limit=1500), control).writes == ()


def test_the_period_stays():
    v1 = fresh(Version.V1, cpu_cfs_period_us="50000", cpu_cfs_quota_us="10000")
    v2 = fresh(Version.V2, cpu_max="10000 50000")
    policy = CpuPolicy(hard_limit=500)
    assert steps(plan_cpu(policy, v1)) == [("cpu.cfs_quota_us", "25000", "10000")]
    assert steps(plan_cpu(policy, v2)) == [("cpu.max", "25000 50000", "10000 50000")]


def test_no_limit_is_a_word_of_each_version():
    policy = CpuPolicy(hard_limit=UNLIMITED)
    v1, v2 = fresh(Version.V1, cpu_cfs_quota_us="10000"), fresh(Version.V2, cpu_max="10000 100000")
    assert steps(plan_cpu(policy, v1)) == [("cpu.cfs_quota_us", "-1", "10000")]
    assert steps(plan_cpu(policy, v2)) == [("cpu.max", "max 100000", "10000 100000")]
    assert plan_cpu(policy, fresh(Version.V2)).writes == ()


def test_v1_takes_no_cap_above_that_of_a_cgroup_above():
    kernel = FakeControllers(Version.V1)
    place = kernel.add_guest()
    kernel.kernel.groups["/cg/machine"]["cpu.cfs_quota_us"] = "50000"
    control = control_of(kernel, place)
    found = plan_cpu(CpuPolicy(hard_limit=501), control)
    assert found.writes == ()
    assert problems(found) == {
        "cpu_hard_limit": "/machine above may use 0.5 CPUs, and cgroup v1 takes no larger cap "
        "below it"
    }
    assert len(plan_cpu(CpuPolicy(hard_limit=500), control).writes) == 1
    assert plan_cpu(CpuPolicy(hard_limit=UNLIMITED), control).problems == ()


def test_v2_takes_any_cap_below_another():
    kernel = FakeControllers(Version.V2)
    place = kernel.add_guest()
    kernel.kernel.groups["/cg/machine"]["cpu.max"] = "50000 100000"
    assert len(plan_cpu(CpuPolicy(hard_limit=900), control_of(kernel, place)).writes) == 1


@pytest.mark.parametrize(
    ("version", "file", "text"),
    [(Version.V1, "cpu.shares", "2048"), (Version.V2, "cpu.weight", "200")],
)
def test_a_share(version, file, text):
    kernel = FakeControllers(version)
    (write,) = plan_cpu(CpuPolicy(share=200), control_of(kernel)).writes
    assert (write.file, write.text, write.executor) == (file, text, Executor.FILE)
    assert write.cgroup == "/machine/qemu-1-a.libvirt-qemu"
    assert ("as shares of v1 2048" in write.reason) is (version is Version.V1)


@pytest.mark.parametrize(
    ("layout", "cgroup"),
    [(Layout.SCOPE_NESTED, f"{SCOPE}/libvirt"), (Layout.SCOPE, SCOPE)],
)
def test_a_share_is_written_where_it_competes(layout, cgroup):
    kernel = FakeControllers(Version.V2)
    place = kernel.add_guest(cgroup, layout, systemd=True)
    policy = CpuPolicy(share=200, hard_limit=1000)
    cap, share = plan_cpu(policy, control_of(kernel, place)).writes
    assert (cap.cgroup, cap.executor) == (cgroup, Executor.FILE)
    assert (share.cgroup, share.executor) == (SCOPE, Executor.SYSTEMD)


def test_a_share_on_v1_is_written_by_file():
    kernel = FakeControllers(Version.V1)
    place = kernel.add_guest(f"{SCOPE}/libvirt", Layout.SCOPE_NESTED, systemd=True)
    (share,) = plan_cpu(CpuPolicy(share=200), control_of(kernel, place)).writes
    assert (share.cgroup, share.executor) == (SCOPE, Executor.FILE)


@pytest.mark.parametrize(
    "policy",
    [CpuPolicy(share=200, min_guarantee=1000), CpuPolicy(share=200, percentage=25_000)],
)
def test_the_weight_of_a_guaranteed_guest_follows_from_all_promises(policy):
    assert plan_cpu(policy, fresh(Version.V2)) == PlanPart()


def test_a_soft_limit_is_not_enforced():
    found = plan_cpu(CpuPolicy(soft_limit=1000), fresh(Version.V2))
    assert found.writes == ()
    assert "always or never" in notes(found)["cpu_soft_limit"]
    assert notes(plan_cpu(CpuPolicy(soft_limit=UNLIMITED), fresh(Version.V2))) == {}


ALL = CpuPolicy(hard_limit=1000, soft_limit=500, share=200)


def test_without_the_controller_what_is_firm_keeps_the_guest_from_starting():
    found = plan_cpu(ALL, NoPlace("the kernel has no cpu controller"))
    assert found.writes == ()
    assert problems(found).keys() == {"cpu_hard_limit"}
    assert notes(found).keys() == {"cpu_soft_limit", "cpu_share"}
    loose = plan_cpu(CpuPolicy(hard_limit=UNLIMITED), NoPlace("none"))
    assert (loose.problems, loose.not_enforced) == ((), ())


@pytest.mark.parametrize("version", Version)
def test_without_bandwidth_control(version):
    missing = frozenset({"cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.max"})
    control = control_of(FakeControllers(version, missing))
    found = plan_cpu(CpuPolicy(hard_limit=1000, share=200), control)
    assert "CONFIG_CFS_BANDWIDTH" in problems(found)["cpu_hard_limit"]
    assert len(found.writes) == 1
    assert plan_cpu(CpuPolicy(hard_limit=UNLIMITED), control).problems == ()


def test_without_weights():
    control = control_of(FakeControllers(Version.V2, frozenset({"cpu.weight"})))
    assert "older than 4.15" in notes(plan_cpu(CpuPolicy(share=200), control))["cpu_share"]


def test_a_controller_that_the_cgroup_above_does_not_pass_on():
    kernel = FakeControllers(Version.V2, frozenset({"cpu.max", "cpu.weight"}))
    place = kernel.add_guest()
    kernel.files(place)["cgroup.controllers"] = "memory pids"
    found = plan_cpu(ALL, control_of(kernel, place))
    assert problems(found)["cpu_hard_limit"].endswith(
        "the cpu controller is not enabled in /machine (cgroup.subtree_control)"
    )
    kernel.kernel.groups["/cg/machine"].clear()
    del kernel.files(place)["cgroup.controllers"]
    assert "is not enabled" in notes(plan_cpu(ALL, control_of(kernel, place)))["cpu_share"]


def test_nothing_declared_is_nothing_written():
    assert plan_cpu(CpuPolicy(), fresh(Version.V1)).writes == ()


@pytest.mark.parametrize(
    ("weight", "shares"), [(1, 10), (50, 512), (100, 1024), (200, 2048), (10_000, 102_400)]
)
def test_shares(weight, shares):
    assert shares_of(weight) == shares


@given(st.integers(1, 10_000))
def test_shares_keep_their_weight(weight):
    assert -(-shares_of(weight) * 100 // 1024) == weight


@given(st.integers(1, 1000 * 1024), st.integers(1000, 1_000_000))
def test_a_quota_is_never_more_than_asked_but_for_the_shortest(limit, period):
    quota = quota_of(limit, period)
    assert quota == SHORTEST_QUOTA or (
        quota * 1000 <= limit * period < (quota + 1) * 1000 and quota > SHORTEST_QUOTA
    )


def test_cpus_in_words():
    assert [cpus(limit) for limit in (1000, 1500, 50, UNLIMITED)] == [
        "1 CPU",
        "1.5 CPUs",
        "0.05 CPUs",
        "unlimited",
    ]


limits = st.none() | st.integers(1, 64_000) | st.just(UNLIMITED)
policies = st.builds(CpuPolicy, limits, st.none(), st.none() | st.integers(1, 10_000))


@given(st.sampled_from(Version), policies, policies)
def test_every_plan_is_taken_by_the_kernel_and_can_be_undone(version, before, after):
    kernel = FakeControllers(version)
    place = kernel.add_guest()
    for policy in (before, after):
        found = plan_cpu(policy, control_of(kernel, place))
        report = apply(kernel, Plan(place, found.writes))
        assert report.ok, report.describe()
        assert plan_cpu(policy, control_of(kernel, place)).writes == ()


@given(st.sampled_from(Version), policies, policies)
def test_what_is_undone_is_as_it_was(version, before, after):
    kernel = FakeControllers(version)
    place = kernel.add_guest()
    apply(kernel, Plan(place, plan_cpu(before, control_of(kernel, place)).writes))
    there = kernel.texts(place)
    writes = plan_cpu(after, control_of(kernel, place)).writes

    def fail(count):
        if count == len(kernel.kernel.writes) - 1 and count == start + len(writes) - 1:
            raise OSError(5, "Input/output error")

    start = len(kernel.kernel.writes)
    kernel.kernel.before_write = fail
    report = apply(kernel, Plan(place, writes))
    assert report.ok is not bool(writes)
    assert kernel.texts(place) == there


def test_the_table_names_the_files_that_are_written():
    files = {row.name: (row.v1_file, row.v2_file) for row in CPU}
    assert files[HARD] == (QUOTA, MAX)
    assert files[SHARE] == (SHARES, WEIGHT)
    assert files[SOFT] == (None, None)
