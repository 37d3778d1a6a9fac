import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.controllers import DISK, FRESH, FakeControllers
from xmlresource.cgroup.cpu_and_io.controls import Control
from xmlresource.cgroup.cpu_and_io.io_plan import plan_io
from xmlresource.cgroup.cpu_and_io.throttled_devices import (
    BlockDevice,
    ThrottledDevice,
    Unthrottled,
)
from xmlresource.cgroup.hierarchy import Layout, NoPlace, Version
from xmlresource.cgroup.writes import Executor, Plan
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.system.cgroups.cgroup_files import apply
from xmlresource.units import UNLIMITED

MIB = 1 << 20
OWN = "/machine/qemu-1-a.libvirt-qemu"
SCOPE = "/machine.slice/machine-qemu\\x2d1\\x2da.scope"
PLAIN = BlockDevice(DISK, "vda", DISK)
BFQ = BlockDevice(DISK, "vda", DISK, scheduler="bfq")
IOCOST = BlockDevice(DISK, "vda", DISK, iocost=True)


def device(leaf=PLAIN, *, is_buffered=False):
    return ThrottledDevice(DISK, "vda", (leaf,), is_buffered)


VDA = device()


def control_of(kernel, place=None):
    place = place or kernel.add_guest()
    return Control(place, kernel.texts(place))


def fresh(version, missing=frozenset()):
    return control_of(FakeControllers(version, frozenset(missing)))


def on_vda(**limits):
    return IoPolicy(devices=(DevicePolicy(target="vda", **limits),))


def steps(part):
    assert not part.problems
    return [(write.file, write.text, write.undo_text) for write in part.writes]


def notes(part):
    return {note.tunable: note.reason for note in part.not_enforced}


def problems(part):
    return {problem.tunable: problem.reason for problem in part.problems}


ALL_LIMITS = on_vda(
    read_bandwidth_hard_limit=MIB,
    write_bandwidth_hard_limit=2 * MIB,
    read_iops_hard_limit=100,
    write_iops_hard_limit=200,
)


def test_limits_on_v2():
    assert steps(plan_io(ALL_LIMITS, fresh(Version.V2), [VDA])) == [
        ("io.max", f"{DISK} rbps={MIB}", f"{DISK} rbps=max"),
        ("io.max", f"{DISK} wbps={2 * MIB}", f"{DISK} wbps=max"),
        ("io.max", f"{DISK} riops=100", f"{DISK} riops=max"),
        ("io.max", f"{DISK} wiops=200", f"{DISK} wiops=max"),
    ]


def test_limits_on_v1():
    assert steps(plan_io(ALL_LIMITS, fresh(Version.V1), [VDA])) == [
        ("blkio.throttle.read_bps_device", f"{DISK} {MIB}", f"{DISK} 0"),
        ("blkio.throttle.write_bps_device", f"{DISK} {2 * MIB}", f"{DISK} 0"),
        ("blkio.throttle.read_iops_device", f"{DISK} 100", f"{DISK} 0"),
        ("blkio.throttle.write_iops_device", f"{DISK} 200", f"{DISK} 0"),
    ]


def test_a_limit_in_words():
    part = plan_io(ALL_LIMITS, fresh(Version.V2), [VDA])
    assert part.writes[0].describe() == (
        f"lower io.max {DISK} rbps of {OWN} from unlimited to 1 MiB/s: "
        "io_bandwidth_hard_limit.read of disk 'vda', on vda, is 1 MiB/s"
    )
    assert "from unlimited to 200 operations/s" in part.writes[3].describe()
    assert part.writes[3].to_dict()["entry"] == f"{DISK} wiops"


def test_a_limit_of_another_device_is_not_ours():
    kernel = FakeControllers(Version.V2)
    place = kernel.add_guest()
    kernel.files(place)["io.max"] = "8:0 rbps=5 wbps=max riops=max wiops=max"
    policy = on_vda(read_bandwidth_hard_limit=MIB)
    report = apply(kernel, Plan(place, plan_io(policy, control_of(kernel, place), [VDA]).writes))
    assert report.ok
    assert kernel.files(place)["io.max"].splitlines() == [
        "8:0 rbps=5 wbps=max riops=max wiops=max",
        f"{DISK} rbps={MIB} wbps=max riops=max wiops=max",
    ]


@pytest.mark.parametrize("version", Version)
def test_a_limit_that_is_taken_away(version):
    kernel = FakeControllers(version)
    place = kernel.add_guest()
    for policy in (ALL_LIMITS, on_vda(read_iops_hard_limit=UNLIMITED)):
        part = plan_io(policy, control_of(kernel, place), [VDA])
        assert apply(kernel, Plan(place, part.writes)).ok
    kept = kernel.files(place)
    if version is Version.V2:
        assert kept["io.max"] == f"{DISK} rbps={MIB} wbps={2 * MIB} riops=max wiops=200"
    else:
        assert kept["blkio.throttle.read_iops_device"] == ""


@pytest.mark.parametrize("version", Version)
def test_more_operations_than_the_kernel_counts_are_no_limit(version):
    """v1 would keep the last 32 bits of them."""
    policy = on_vda(read_iops_hard_limit=2**32 + 5, write_iops_hard_limit=UNLIMITED)
    assert plan_io(policy, fresh(version), [VDA]).writes == ()


def test_v1_does_not_see_what_is_written_through_the_page_cache():
    policy = on_vda(write_bandwidth_hard_limit=MIB, read_bandwidth_hard_limit=MIB)
    part = plan_io(policy, fresh(Version.V1), [device(is_buffered=True)])
    assert len(part.writes) == 2
    assert notes(part).keys() == {"io_bandwidth_hard_limit.write"}
    assert "cache='none'" in notes(part)["io_bandwidth_hard_limit.write"]
    assert notes(plan_io(policy, fresh(Version.V2), [device(is_buffered=True)])) == {}


def test_no_device():
    policy = IoPolicy(
        devices=(
            DevicePolicy(
                target="vda",
                read_iops_hard_limit=10,
                write_iops_hard_limit=UNLIMITED,
                bandwidth_soft_limit=MIB,
                bandwidth_percentage=10_000,
            ),
        )
    )
    part = plan_io(policy, fresh(Version.V2), [Unthrottled("it is on tmpfs")])
    assert problems(part) == {"iops_hard_limit.read": "it is on tmpfs"}
    assert notes(part).keys() == {"io_bandwidth_soft_limit", "io_bandwidth_percentage"}


def test_without_the_controller():
    policy = IoPolicy(
        200,
        (
            DevicePolicy(path="/dev/vda", read_iops_hard_limit=10, write_iops_hard_limit=UNLIMITED),
            DevicePolicy(target="vda", bandwidth_percentage=10, bandwidth_soft_limit=MIB),
        ),
    )
    part = plan_io(policy, NoPlace("no io controller"), [VDA, VDA])
    assert problems(part) == {"iops_hard_limit.read": "/dev/vda: no io controller"}
    assert notes(part).keys() == {
        "io_share",
        "io_bandwidth_percentage",
        "io_bandwidth_soft_limit",
    }
    assert plan_io(IoPolicy(), NoPlace("none"), []).not_enforced == ()


@pytest.mark.parametrize("version", Version)
def test_without_throttling(version):
    missing = {file for file in FRESH[version] if "max" in file or "throttle" in file}
    policy = on_vda(read_iops_hard_limit=10, write_iops_hard_limit=UNLIMITED)
    part = plan_io(policy, fresh(version, missing), [VDA])
    assert problems(part).keys() == {"iops_hard_limit.read"}
    assert "CONFIG_BLK_DEV_THROTTLING" in problems(part)["iops_hard_limit.read"]


def test_a_controller_that_the_cgroup_above_does_not_pass_on():
    kernel = FakeControllers(Version.V2, frozenset({"io.max", "io.weight", "io.bfq.weight"}))
    place = kernel.add_guest()
    kernel.files(place)["cgroup.controllers"] = "cpu memory"
    part = plan_io(IoPolicy(share=200), control_of(kernel, place), [])
    assert "the io controller is not enabled in /machine" in notes(part)["io_share"]


def test_two_limits_of_one_block_device():
    policy = IoPolicy(
        devices=(
            DevicePolicy(target="vda", read_iops_hard_limit=10),
            DevicePolicy(target="vdb", read_iops_hard_limit=20),
        )
    )
    part = plan_io(policy, fresh(Version.V2), [VDA, VDA])
    assert "10 operations/s and 20 operations/s" in problems(part)["iops_hard_limit.read"]
    same = IoPolicy(
        devices=(policy.devices[0], DevicePolicy(target="vdb", read_iops_hard_limit=10))
    )
    assert len(plan_io(same, fresh(Version.V2), [VDA, VDA]).writes) == 1


def test_a_soft_limit_is_not_enforced():
    part = plan_io(on_vda(bandwidth_soft_limit=MIB), fresh(Version.V2), [VDA])
    assert part.writes == ()
    assert "always or never" in notes(part)["io_bandwidth_soft_limit"]
    assert notes(plan_io(on_vda(bandwidth_soft_limit=UNLIMITED), fresh(Version.V2), [VDA])) == {}


def test_a_share_on_v2():
    part = plan_io(IoPolicy(share=2000), fresh(Version.V2), [], [device(IOCOST)])
    assert steps(part) == [
        ("io.weight", "default 2000", "default 100"),
        ("io.bfq.weight", "default 1000", "default 100"),
    ]
    assert "of which io.bfq.weight can hold 1000" in part.writes[1].reason
    assert part.not_enforced == ()


def test_a_share_has_no_effect_where_nobody_weighs():
    part = plan_io(IoPolicy(share=200), fresh(Version.V2), [], [VDA, VDA])
    assert len(part.writes) == 2
    assert notes(part) == {
        "io_share": "it has no effect on vda: neither is iocost enabled for it (io.cost.qos) nor "
        "does bfq serve it"
    }
    assert len(part.not_enforced) == 1
    assert notes(plan_io(IoPolicy(share=200), fresh(Version.V1), [], [device(BFQ)])) == {}


def test_a_share_of_a_scope_is_systemds_one_property():
    kernel = FakeControllers(Version.V2)
    place = kernel.add_guest(f"{SCOPE}/libvirt", Layout.SCOPE_NESTED, systemd=True)
    (write,) = plan_io(IoPolicy(share=200), control_of(kernel, place), []).writes
    assert (write.cgroup, write.file, write.executor) == (SCOPE, "io.weight", Executor.SYSTEMD)


def test_a_share_on_v1():
    kernel = FakeControllers(Version.V1)
    place = kernel.add_guest()
    assert steps(plan_io(IoPolicy(share=2000), control_of(kernel, place), [])) == [
        ("blkio.bfq.weight", "1000", "100")
    ]
    kernel.files(place).pop("blkio.bfq.weight")
    kernel.files(place)["blkio.weight"] = "500"
    for share, weight in ((200, "1000"), (100, None), (1, "10")):
        part = plan_io(IoPolicy(share=share), control_of(kernel, place), [])
        assert [write.text for write in part.writes] == ([weight] if weight else [])


@pytest.mark.parametrize("version", Version)
def test_a_share_without_weights(version):
    part = plan_io(
        IoPolicy(share=200), fresh(version, set(FRESH[version]) - {"cgroup.controllers"}), []
    )
    assert "bfq is not loaded" in notes(part)["io_share"]


@pytest.mark.parametrize(
    ("version", "leaf"), [(Version.V2, IOCOST), (Version.V2, BFQ), (Version.V1, BFQ)]
)
def test_the_weight_of_a_percentage_is_no_part_of_a_guests_plan(version, leaf):
    """It follows from all promises together."""
    part = plan_io(on_vda(bandwidth_percentage=30_000), fresh(version), [device(leaf)])
    assert (part.writes, part.not_enforced) == ((), ())


@pytest.mark.parametrize(("version", "leaf"), [(Version.V2, PLAIN), (Version.V1, IOCOST)])
def test_a_percentage_where_nobody_weighs_is_not_enforced(version, leaf):
    part = plan_io(on_vda(bandwidth_percentage=30_000), fresh(version), [device(leaf)])
    assert part.writes == ()
    assert "neither is iocost enabled" in notes(part)["io_bandwidth_percentage"]


limits = st.none() | st.integers(1, 2**40) | st.just(UNLIMITED)
counts = st.none() | st.integers(1, 2**33) | st.just(UNLIMITED)
percentages = st.none() | st.integers(1, 100_000)
policies = st.builds(
    IoPolicy,
    st.none() | st.integers(1, 10_000),
    st.builds(
        DevicePolicy,
        st.just("vda"),
        st.none(),
        limits,
        limits,
        counts,
        counts,
        st.none(),
        percentages,
    ).map(lambda each: (each,)),
)


@given(st.sampled_from(Version), st.sampled_from([BFQ, IOCOST, PLAIN]), policies, policies)
def test_every_plan_is_taken_by_the_kernel(version, leaf, before, after):
    kernel = FakeControllers(version)
    place = kernel.add_guest()
    for policy in (before, after):
        part = plan_io(policy, control_of(kernel, place), [device(leaf)])
        report = apply(kernel, Plan(place, part.writes))
        assert report.ok, report.describe()
        assert plan_io(policy, control_of(kernel, place), [device(leaf)]).writes == ()


@given(st.sampled_from(Version), st.sampled_from([BFQ, IOCOST]), policies, policies)
def test_what_is_undone_is_as_it_was(version, leaf, before, after):
    kernel = FakeControllers(version)
    place = kernel.add_guest()
    part = plan_io(before, control_of(kernel, place), [device(leaf)])
    assert apply(kernel, Plan(place, part.writes)).ok
    there = kernel.texts(place)
    writes = plan_io(after, control_of(kernel, place), [device(leaf)]).writes
    last = len(kernel.kernel.writes) + len(writes) - 1

    def fail(count):
        if count == last:
            raise OSError(5, "Input/output error")

    kernel.kernel.before_write = fail
    report = apply(kernel, Plan(place, writes))
    assert report.ok is not bool(writes)
    assert not report.undo_failed, report.describe()
    assert kernel.texts(place) == there
