"""The same as on the fake, on the kernel that runs here: so the fake is proven, and the planner.

Throwaway cgroups below the memory controller's mount, of whichever version it is; removed always.
"""

import errno
import itertools
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cgroup.strategies import CALM, PAGE, policies, values_of
from tests.fakes.kernel import LIMIT, SOFT, TOTAL, V2_FILES, FakeKernel
from xmlresource.cgroup.hierarchy import NoPlace, Place, Version
from xmlresource.cgroup.kernel_values import format_value, from_number
from xmlresource.cgroup.plan import plan
from xmlresource.cgroup.writes import Plan, Rejection
from xmlresource.errors import ExitStatus
from xmlresource.model.policy import MemoryPolicy
from xmlresource.record import replace
from xmlresource.system.cgroups.cgroup_files import apply, read_state
from xmlresource.system.cgroups.charges import usage
from xmlresource.system.cgroups.places import PAGE_SIZE, host_controller, locate, locate_cgroup
from xmlresource.system.machine import Machine
from xmlresource.units import UNLIMITED

MIB = 1 << 20
REAL = Machine()
numbers = itertools.count(1)

# Allocates and touches 40 MiB in the cgroup it is told, says so, and waits.
HOLDER = """
import mmap, os, sys
with open(sys.argv[1] + "/cgroup.procs", "w") as procs:
    procs.write(str(os.getpid()))
memory = mmap.mmap(-1, 40 << 20)
for offset in range(0, len(memory), 4096):
    memory[offset] = 1
print("held", flush=True)
sys.stdin.read()
"""


def controller_or_skip():
    if os.geteuid() != 0:
        pytest.skip("not root: cgroups can't be made")
    controller = host_controller(REAL)
    if isinstance(controller, NoPlace):
        pytest.skip(controller.reason)
    if PAGE_SIZE != PAGE:
        pytest.skip(f"the vectors are for pages of {PAGE}, the kernel's are {PAGE_SIZE}")
    if controller.version is Version.V2:
        enabled = REAL.read_if_there(f"{controller.mount_point}/cgroup.subtree_control") or ""
        if "memory" not in enabled.split():
            pytest.skip("cgroup v2 does not pass the memory controller on")
    return controller


@pytest.fixture(scope="module")
def controller():
    return controller_or_skip()


def remove(directory):
    """Remove a cgroup; a process that ended takes a moment to leave it."""
    for _ in range(100):
        if not directory.exists():
            return
        with suppress(OSError):
            directory.rmdir()
            return
        time.sleep(0.05)
    raise AssertionError(f"{directory} can't be removed")


class Groups:
    """Throwaway cgroups that look like guests'."""

    def __init__(self, controller):
        self.controller = controller
        self.made = []

    def make(self):
        base = self.controller.root.rstrip("/")
        cgroup = f"{base}/xmlresource-{os.getpid()}-{next(numbers)}.libvirt-qemu"
        try:
            Path(self.controller.directory(cgroup)).mkdir()
        except OSError as error:
            pytest.skip(f"the memory controller's mount can't be written: {error}")
        self.made.append(cgroup)
        place = locate_cgroup(REAL, cgroup)
        assert isinstance(place, Place), place
        return place

    def remove(self):
        for cgroup in self.made:
            remove(Path(self.controller.directory(cgroup)))


@pytest.fixture
def groups(controller):
    groups = Groups(controller)
    yield groups
    groups.remove()


@pytest.fixture
def holder(groups):
    """A guest's place with a process in it that holds 40 MiB."""
    place = groups.make()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", HOLDER, place.directory],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout.readline() == b"held\n"
        yield place, process.pid
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def answer(machine, place, file, text):
    """What a write comes to: its error's name or "ok", and what the file reads after it."""
    try:
        machine.write_value(f"{place.directory}/{file}", text)
        result = "ok"
    except OSError as error:
        result = errno.errorcode[error.errno]
    return result, machine.read_text(f"{place.directory}/{file}").strip()


def pair(groups):
    """The same fresh guest on the real kernel and on the fake, after what the kernel lacks."""
    real = groups.make()
    version = groups.controller.version
    known = (LIMIT, TOTAL, SOFT) if version is Version.V1 else tuple(V2_FILES)
    missing = frozenset(file for file in known if not Path(real.directory, file).exists())
    inert = frozenset()
    if version is Version.V1 and answer(REAL, real, SOFT, "1M")[1] != str(MIB):
        inert = frozenset({SOFT})  # Linux 6.12.110 and later stable ones
    elif version is Version.V1:
        answer(REAL, real, SOFT, "-1")
    fake = FakeKernel(version, missing=missing, inert=inert)
    return real, fake, fake.add_guest()


def main_file(controller):
    return LIMIT if controller.version is Version.V1 else "memory.max"


TEXTS = [
    "4096", "4097", "8191", "4095", "0", "1", "1K", "1k", "4K", "10M", "1T", "1M\n", " 8192",
    "8192 ", "\n", "", "0x2000", "0X2000", "010000", "09", "0x", "max", "-1", "-2", "Max",
    "infinity", "1KB", "1.5G", "+8192", "8192x", "1G1", "9223372036854771712",
    "9223372036854771711", "9223372036854775807", "9223372036854775808", "18446744073709551616",
    "18446744073709551615", "16E", "8E", "99999999999999999999999",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=repr)
def test_vectors_of_one_value(groups, text):
    real, fake, twin = pair(groups)
    file = main_file(groups.controller)
    for preset in ("64M", text):
        assert answer(REAL, real, file, preset) == answer(fake, twin, file, preset)


def test_every_short_sequence_of_the_two_limits(groups):
    if groups.controller.version is not Version.V1:
        pytest.skip("only v1 has an order")
    real, fake, twin = pair(groups)
    if TOTAL in fake.missing:
        pytest.skip("the kernel does not account swap")
    steps = [(file, text) for file in (LIMIT, TOTAL) for text in ("8M", "16M", "-1", "8191")]
    for sequence in itertools.product(steps, repeat=3):
        for file, text in ((TOTAL, "-1"), (LIMIT, "-1"), *sequence):
            assert answer(REAL, real, file, text) == answer(fake, twin, file, text), sequence


texts = st.sampled_from(["0", "4097", "8M", "12M", "1G", "-1", "max", "junk"])


@settings(CALM, max_examples=40)
@given(steps=st.lists(st.tuples(st.integers(0, 5), texts), max_size=12))
def test_any_sequence_of_writes(groups, steps):
    real, fake, twin = pair(groups)
    files = sorted(fake.group(twin).values)
    for number, text in steps:
        file = files[number % len(files)]
        assert answer(REAL, real, file, text) == answer(fake, twin, file, text)
    assert (
        read_state(REAL, real).values[real.cgroup]
        == (read_state(fake, twin, PAGE).values[twin.cgroup])
    )


def force(place, version, values):
    """Bring the real cgroup into a state, in an order that always works."""
    order = sorted(values, key=lambda file: (file != TOTAL, file))
    unlimited = format_value(UNLIMITED, version)
    for file in order if version is Version.V1 else ():
        REAL.write_value(f"{place.directory}/{file}", unlimited)
    for file in reversed(order):
        text = format_value(from_number(values[file] * PAGE, PAGE), version)
        REAL.write_value(f"{place.directory}/{file}", text)


@settings(CALM, max_examples=60)
@given(data=st.data(), policy=policies())
def test_any_plan_from_any_state(groups, data, policy):
    version = groups.controller.version
    real, fake, twin = pair(groups)
    values = {
        file: pages
        for file, pages in data.draw(values_of(version)).items()
        if file not in fake.missing | fake.kernel.inert
    }
    force(real, version, values)
    fake.group(twin).values.update(values)
    before = read_state(REAL, real)
    ready = plan(policy, real, before)
    also = plan(policy, twin, read_state(fake, twin, PAGE))
    if isinstance(ready, Rejection):
        assert isinstance(also, Rejection)
        return
    assert isinstance(also, Plan)
    assert [(write.file, write.text) for write in ready.writes] == [
        (write.file, write.text) for write in also.writes
    ]
    report, same = apply(REAL, ready), apply(fake, also, page_size=PAGE)
    assert report.ok, report.describe()
    assert [done.read for done in report.applied] == [done.read for done in same.applied]
    again = plan(policy, real, read_state(REAL, real))
    assert isinstance(again, Plan)
    assert {write.file for write in again.writes} <= fake.kernel.inert


def test_more_in_use_than_can_be_reclaimed(holder):
    place, pid = holder
    assert locate(REAL, pid) == place
    used = usage(REAL, place.controller, place.cgroup)
    assert used is not None
    assert used.charged >= 40 * MIB
    if place.controller.version is Version.V2:
        pytest.skip("v2 kills instead of refusing")
    swap = [line for line in REAL.read_text("/proc/swaps").splitlines()[1:] if line]
    if swap:
        pytest.skip("with swap the memory can be pushed out")
    before = read_state(REAL, place)
    policy = MemoryPolicy(soft_limit=4 * MIB, hard_limit=8 * MIB, swap_hard_limit=16 * MIB)
    ready = plan(policy, place, before)
    assert isinstance(ready, Plan)
    report = apply(REAL, ready)
    assert report.failed is not None
    assert report.failed.error == errno.EBUSY
    assert "more is in use than can be reclaimed" in report.describe()
    assert report.undo_failed == ()
    assert read_state(REAL, place).values == before.values

    fake = FakeKernel(Version.V1)
    twin = fake.add_guest()
    fake.group(twin).usage = used.charged // PAGE
    also = plan(policy, twin, read_state(fake, twin, PAGE))
    assert isinstance(also, Plan)
    same = apply(fake, also, page_size=PAGE)
    assert same.failed is not None
    assert (same.failed.error, same.failed.write.file) == (
        report.failed.error,
        report.failed.write.file,
    )


def test_the_second_write_is_busy_and_the_first_is_put_back_to_unlimited(holder):
    place, _ = holder
    if place.controller.version is Version.V2:
        pytest.skip("v2 kills instead of refusing")
    if not Path(place.directory, TOTAL).exists():
        pytest.skip("the kernel does not account swap")
    before = read_state(REAL, place)
    ready = plan(MemoryPolicy(hard_limit=64 * MIB, swap_hard_limit=64 * MIB), place, before)
    assert isinstance(ready, Plan)
    # Between the two writes somebody lowers what the second counts on.
    vanishing = Interfering(place)
    report = apply(vanishing, ready)
    assert report.failed is not None
    assert report.failed.error == errno.EINVAL
    assert [write.file for write in report.undone] == [LIMIT]
    assert report.undo_failed == ()
    assert read_state(REAL, place).values[place.cgroup][LIMIT] is UNLIMITED


class Interfering(Machine):
    """Another program raises the memory limit right before the second write."""

    def __init__(self, place):
        super().__init__()
        object.__setattr__(self, "_path", f"{place.directory}/{LIMIT}")
        object.__setattr__(self, "_count", iter((False, True, False)))

    def write_value(self, path, value):
        if next(self._count):
            REAL.write_value(self._path, str(128 * MIB))
        super().write_value(path, value)


def test_a_guest_that_is_gone(groups):
    place = groups.make()
    ready = plan(MemoryPolicy(hard_limit=MIB), place, read_state(REAL, place))
    assert isinstance(ready, Plan)
    descriptor = os.open(f"{place.directory}/{main_file(place.controller)}", os.O_WRONLY)
    try:
        Path(place.directory).rmdir()
        with pytest.raises(OSError, match="No such device") as caught:
            os.write(descriptor, b"4096")
        assert caught.value.errno == errno.ENODEV
    finally:
        os.close(descriptor)
    report = apply(REAL, ready)
    assert report.failed is not None
    assert report.failed.error == errno.ENOENT
    assert isinstance(plan(MemoryPolicy(hard_limit=MIB), place, read_state(REAL, place)), Rejection)


def test_a_process_whose_cgroup_was_removed(holder):
    place, pid = holder
    os.kill(pid, signal.SIGKILL)
    # A process that ended and was not waited for keeps its entry, and leaves its cgroup.
    remove(Path(place.directory))
    found = locate(REAL, pid)
    assert isinstance(found, NoPlace), found


# As a container's runtime does: a cgroup namespace, and a mount that shows no more than it.
CONTAINER = """
set -e
echo $$ > "$1/cgroup.procs"
exec unshare -C -m sh -ec 'umount -l "$0"; mount -t "$1" -o "$2" cgroup "$0"; shift 2; exec "$@"' \\
    "$2" "$3" "$4" {python} -m xmlresource check --json -
"""
GUEST = """<domain type='kvm'><name>a</name><uuid>00000000-0000-4000-8000-000000000001</uuid>
<memory unit='MiB'>64</memory><metadata><xr:resource xmlns:xr='urn:xmlresource:1'><xr:memory>
<xr:memoryMinGuarantee unit='MiB'>4096</xr:memoryMinGuarantee></xr:memory></xr:resource></metadata>
</domain>"""


def checked_inside(place):
    """What `check` says of a guest with a guarantee of 4 GiB inside of a container in ``place``."""
    controller = place.controller
    version, options = (
        ("cgroup", "memory") if controller.version is Version.V1 else ("cgroup2", "rw")
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [
            *("/bin/sh", "-c", CONTAINER.replace("{python}", shlex.quote(sys.executable)), "sh"),
            *(place.directory, controller.mount_point, version, options),
        ],
        input=GUEST,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitStatus.REFUSED, done
    return json.loads(done.stdout)


def test_the_limit_of_a_real_container_counts(groups):
    place = groups.make()
    REAL.write_value(f"{place.directory}/{main_file(place.controller)}", str(1 << 30))
    decision = checked_inside(place)
    assert 0 < decision["promisable"] <= 1 << 30
    assert "/" in {rule["subject"] for rule in decision["rules"] if rule["rule"] == "ancestors"}


def test_the_limit_above_a_real_container_counts(groups):
    """Only v1 tells of a cgroup that is above all that is seen."""
    if groups.controller.version is Version.V2:
        pytest.skip("cgroup v2 does not tell what is above a container's root")
    place = groups.make()
    REAL.write_value(f"{place.directory}/{LIMIT}", str(1 << 30))
    inner = Path(place.directory, "inner")
    inner.mkdir()
    try:
        below = replace(place, cgroup=f"{place.cgroup}/inner")
        assert 0 < checked_inside(below)["promisable"] <= 1 << 30
    finally:
        remove(inner)
