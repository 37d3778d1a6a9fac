import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cgroup.strategies import CALM, PAGE, policies, values_of
from tests.fakes.kernel import LIMIT, SOFT, TOTAL, Crash, FakeKernel, crash_at, fail_at
from xmlresource.cgroup.hierarchy import Controller, NoPlace, Place, Version
from xmlresource.cgroup.plan import plan
from xmlresource.cgroup.writes import Executor, Plan, Rejection, SoftLimitFile, Write, as_json
from xmlresource.model.policy import MemoryPolicy
from xmlresource.system.cgroups.cgroup_files import apply, read_state
from xmlresource.system.cgroups.charges import ancestor_limits, usage
from xmlresource.system.cgroups.places import host_controller, locate, locate_cgroup
from xmlresource.system.machine import Machine
from xmlresource.units import UNLIMITED

TREES = Path(__file__).parents[3] / "fixtures" / "cgroups"
GIB = 1 << 30


def as_data(place):
    controller = place.controller
    return {
        "controller": controller.version.value,
        "mount_point": controller.mount_point,
        "root": controller.root,
        "recursive_protection": controller.recursive_protection,
        "cgroup": place.cgroup,
        "layout": place.layout.value,
        "driver": place.driver,
        "ancestors": list(place.ancestors),
        "systemd": place.systemd,
    }


@pytest.mark.parametrize("tree", sorted(tree.name for tree in TREES.iterdir() if tree.is_dir()))
def test_tree(tree):
    machine = Machine(str(TREES / tree))
    expected = json.loads(machine.read_text("/expected.json"))
    place = locate(machine, expected["pid"])
    if "no_place" in expected:
        assert isinstance(place, NoPlace)
        assert expected["no_place"] in place.reason
        return
    assert isinstance(place, Place), place
    assert as_data(place) == expected["place"]
    assert locate_cgroup(machine, place.cgroup) == place
    used = usage(machine, place.controller, place.cgroup)
    assert used is not None
    assert used.charged == expected["charged"]
    limits = ancestor_limits(machine, place.controller, place.ancestors, PAGE)
    assert [
        {"path": limit.path, "limit": limit.limit, "usage": limit.usage} for limit in limits
    ] == expected["ancestor_limits"]

    planned = plan(
        MemoryPolicy(**expected["policy"]),
        place,
        read_state(machine, place, PAGE),
        ancestor_sums=expected.get("ancestor_sums"),
    )
    assert isinstance(planned, Plan), planned
    assert [
        [write.cgroup, write.file, write.text, write.executor.value] for write in planned.writes
    ] == expected["writes"]
    assert [note.tunable for note in planned.not_enforced] == expected["not_enforced"]


def machine_of(files):
    kernel = FakeKernel(Version.V2)
    kernel.kernel.files.update(files)
    return kernel


def test_the_hosts_controller():
    machine = machine_of(
        {
            "/proc/self/cgroup": "0::/x\n",
            "/proc/self/mountinfo": "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        }
    )
    assert host_controller(machine) == Controller(Version.V2, "/sys/fs/cgroup")


def test_a_host_without_a_controller():
    machine = machine_of({"/proc/self/cgroup": "", "/proc/self/mountinfo": ""})
    assert isinstance(host_controller(machine), NoPlace)
    assert isinstance(locate_cgroup(machine, "/x"), NoPlace)
    machine.kernel.files["/proc/self/cgroup"] = "0::/x\n"
    assert isinstance(locate_cgroup(machine, "/x"), NoPlace)


def test_limits_of_what_is_not_there_or_not_seen():
    machine = FakeKernel(Version.V1)
    place = machine.add_guest()
    machine.kernel.groups["/sys/fs/cgroup/machine"].values[LIMIT] = 2
    limits = ancestor_limits(machine, place.controller, ("/machine", "/none", place.cgroup), PAGE)
    assert [limit.path for limit in limits] == ["/machine"]
    inside = Controller(Version.V1, "/sys/fs/cgroup", root="/machine")
    assert ancestor_limits(machine, inside, ("/other",), PAGE) == ()


class Removed(Machine):
    """Every read finds that the cgroup was removed after open(2), or fails otherwise."""

    number = errno.ENODEV

    def read_bytes(self, path):
        raise OSError(self.number, os.strerror(self.number), path)


class Denied(Removed):
    number = errno.EACCES


def test_a_cgroup_that_goes_while_it_is_read():
    place = FakeKernel(Version.V2).add_guest()
    assert read_state(Removed(), place).value(place.cgroup, "memory.max") is None
    assert usage(Removed(), place.controller, place.cgroup) is None
    with pytest.raises(PermissionError):
        read_state(Denied(), place)


class LimitOnly(FakeKernel):
    """The cgroup goes between its limit and its usage."""

    def read_bytes(self, path):
        if path.endswith("usage_in_bytes"):
            raise FileNotFoundError(errno.ENOENT, "", path)
        return super().read_bytes(path)


def test_an_ancestor_that_goes_while_it_is_read():
    machine = LimitOnly(Version.V1)
    place = machine.add_guest()
    machine.group(place).values[LIMIT] = 1
    assert ancestor_limits(machine, place.controller, (place.cgroup,), PAGE) == ()


def planned(machine, place, policy, **options):
    result = plan(policy, place, read_state(machine, place, PAGE), **options)
    assert isinstance(result, Plan), result
    return result


def snapshot(machine):
    return {path: dict(group.values) for path, group in machine.kernel.groups.items()}


POLICY = MemoryPolicy(hard_limit=GIB, soft_limit=GIB, swap_hard_limit=2 * GIB)


def test_busy_undoes_what_was_unlimited_before():
    machine = FakeKernel(Version.V1)
    place = machine.add_guest()
    machine.group(place).usage = 3 * GIB // PAGE
    before = snapshot(machine)
    report = apply(machine, planned(machine, place, POLICY), page_size=PAGE)
    assert report.failed is not None
    assert report.failed.error == errno.EBUSY
    assert report.failed.write.file == LIMIT
    assert "more is in use than can be reclaimed" in report.describe()
    assert snapshot(machine) == before
    # With swap the second write is the one that fails, and the first is put back to unlimited.
    machine.group(place).usage, machine.group(place).swap = GIB // PAGE, 3 * GIB // PAGE
    report = apply(machine, planned(machine, place, POLICY), page_size=PAGE)
    assert report.failed is not None
    assert report.failed.write.file == TOTAL
    assert [write.file for write in report.undone] == [SOFT, LIMIT]
    assert snapshot(machine) == before


def test_what_can_be_reclaimed_is():
    machine = FakeKernel(Version.V1)
    place = machine.add_guest()
    group = machine.group(place)
    group.usage = group.reclaimable = 2 * GIB // PAGE
    assert apply(machine, planned(machine, place, POLICY), page_size=PAGE).ok
    assert group.usage == GIB // PAGE


def test_an_inert_soft_limit_warns_and_an_inert_hard_limit_fails():
    machine = FakeKernel(Version.V1, inert=frozenset({SOFT}))
    place = machine.add_guest()
    report = apply(machine, planned(machine, place, POLICY), page_size=PAGE)
    assert report.ok
    assert [warned.write.file for warned in report.warnings] == [SOFT]
    assert "did not take it: 1 GiB was written, the file reads unlimited" in report.describe()

    machine = FakeKernel(Version.V1, inert=frozenset({LIMIT}))
    place = machine.add_guest()
    before = snapshot(machine)
    report = apply(machine, planned(machine, place, POLICY), page_size=PAGE)
    assert report.failed is not None
    assert report.failed.error is None
    assert snapshot(machine) == before


def test_a_guest_that_goes_before_the_first_write():
    machine = FakeKernel(Version.V2)
    place = machine.add_guest()
    ready = planned(machine, place, POLICY)
    machine.kernel.groups.clear()
    report = apply(machine, ready, page_size=PAGE)
    assert report.failed is not None
    assert report.failed.error == errno.ENOENT
    assert len(report.not_attempted) == len(ready.writes) - 1
    assert (report.undone, report.undo_failed) == ((), ())


def test_a_guest_that_goes_on_the_way_back():
    machine = FakeKernel(Version.V2)
    place = machine.add_guest()
    ready = planned(machine, place, POLICY)

    def gone(count):
        if count == 1:
            machine.kernel.groups.clear()

    machine.kernel.before_write = gone
    report = apply(machine, ready, page_size=PAGE)
    assert report.failed is not None
    assert [failure.error for failure in report.undo_failed] == [errno.ENOENT]


class Garbled(FakeKernel):
    """Its limit reads as no kernel writes it, from the first write on."""

    def read_bytes(self, path):
        return b"?" if self.kernel.writes and path.endswith(LIMIT) else super().read_bytes(path)


def test_a_file_that_reads_garbage_is_undone():
    machine = Garbled(Version.V1)
    place = machine.add_guest()
    report = apply(machine, planned(machine, place, POLICY), page_size=PAGE)
    assert report.failed is not None
    assert "no kernel writes" in report.failed.reason
    assert [failure.write.file for failure in report.undo_failed] == [LIMIT]
    assert machine.kernel.writes[-1][1] == "-1"


class Stuck(FakeKernel):
    """Its limit can be set once."""

    def write_value(self, path, value):
        super().write_value(path, value)
        if path.endswith(LIMIT):
            object.__setattr__(self.kernel, "inert", frozenset({LIMIT}))


def test_a_value_that_can_not_be_put_back_is_said_so():
    machine = Stuck(Version.V1)
    place = machine.add_guest()
    ready = planned(machine, place, POLICY)
    machine.kernel.before_write = fail_at(1, errno.EBUSY)
    report = apply(machine, ready, page_size=PAGE)
    assert [failure.write.file for failure in report.undo_failed] == [LIMIT]
    assert "NOT undone" in report.describe()


def unit_write(machine):
    place = machine.add_guest("/machine.slice/machine-x.scope")
    place = Place(place.controller, place.cgroup, place.layout, None, place.ancestors, systemd=True)
    return planned(machine, place, MemoryPolicy(hard_limit=GIB, min_guarantee=PAGE))


def test_systemds_units_are_written_by_systemd():
    machine = FakeKernel(Version.V2)
    ready = unit_write(machine)
    assert {write.executor for write in ready.writes} == {Executor.SYSTEMD}
    asked = []

    def systemd(write: Write, amount):
        asked.append((write.file, amount))
        machine.write_value(write.path, "max" if amount is UNLIMITED else str(amount))
        if len(asked) == 2:
            raise OSError("systemd refused")

    report = apply(machine, ready, systemd=systemd, page_size=PAGE)
    assert report.failed is not None
    assert report.failed.reason == "systemd refused"
    # The second came into force all the same, so it is undone too.
    assert asked == [
        ("memory.max", GIB),
        ("memory.min", PAGE),
        ("memory.min", 0),
        ("memory.max", UNLIMITED),
    ]


def test_systemds_units_by_file_warn():
    machine = FakeKernel(Version.V2)
    report = apply(machine, unit_write(machine), page_size=PAGE)
    assert report.ok
    assert all("daemon-reload" in warned.reason for warned in report.warnings)
    assert len(report.warnings) == 2


versions = st.sampled_from(Version)
soft_files = st.sampled_from(SoftLimitFile)


@st.composite
def situations(draw):
    """A kernel in any state it can be in, a guest, and a valid policy with sums for ancestors."""
    version = draw(versions)
    machine = FakeKernel(version)
    place = machine.add_guest("/machine/prod/a.libvirt-qemu")
    for group in machine.kernel.groups.values():
        group.values.update(draw(values_of(version)))
    options = {
        "ancestor_sums": {cgroup: draw(st.integers(0, GIB)) for cgroup in place.ancestors},
        "soft_limit_file": draw(soft_files),
    }
    return machine, place, draw(policies()), options


@settings(CALM, max_examples=200)
@given(situations())
def test_any_order_is_one_the_kernel_takes_and_twice_is_once(situation):
    machine, place, policy, options = situation
    ready = plan(policy, place, read_state(machine, place, PAGE), **options)
    if isinstance(ready, Rejection):
        return
    report = apply(machine, ready, page_size=PAGE)
    assert report.ok, report.describe()
    assert not report.warnings
    assert [as_json(done.read) for done in report.applied] == [
        as_json(write.value) for write in ready.writes
    ]
    assert planned(machine, place, policy, **options).writes == ()


@settings(CALM, max_examples=150)
@given(situations(), st.data())
def test_a_failure_at_any_write_leaves_all_as_it_was(situation, data):
    machine, place, policy, options = situation
    ready = plan(policy, place, read_state(machine, place, PAGE), **options)
    if isinstance(ready, Rejection) or not ready.writes:
        return
    index = data.draw(st.integers(0, len(ready.writes) - 1))
    before = snapshot(machine)
    machine.kernel.before_write = fail_at(index, errno.EBUSY)
    report = apply(machine, ready, page_size=PAGE)
    assert report.failed is not None
    assert report.failed.write == ready.writes[index]
    assert report.not_attempted == ready.writes[index + 1 :]
    assert report.undone == tuple(reversed(ready.writes[:index]))
    assert report.undo_failed == ()
    assert snapshot(machine) == before


@settings(CALM, max_examples=150)
@given(situations(), st.data())
def test_a_crash_at_any_write_is_mended_by_the_next_try(situation, data):
    machine, place, policy, options = situation
    before = {path: dict(values) for path, values in snapshot(machine).items()}
    ready = plan(policy, place, read_state(machine, place, PAGE), **options)
    if isinstance(ready, Rejection) or not ready.writes:
        return
    assert apply(machine, ready, page_size=PAGE).ok
    uninterrupted = snapshot(machine)
    for path, values in before.items():
        machine.kernel.groups[path].values.update(values)
    machine.kernel.writes.clear()
    machine.kernel.before_write = crash_at(data.draw(st.integers(0, len(ready.writes) - 1)))
    with pytest.raises(Crash):
        apply(machine, ready, page_size=PAGE)
    machine.kernel.before_write = lambda _: None
    assert apply(machine, planned(machine, place, policy, **options), page_size=PAGE).ok
    assert snapshot(machine) == uninterrupted
