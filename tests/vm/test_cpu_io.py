"""What a guest is given of CPU time and of a disk is what was computed from its policy."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.commands import must

from .world import CGROUPS, MIB, Guest, raw_policy, reload, say, xmlresource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .conftest import NewGuest

pytestmark = pytest.mark.usefixtures("_clean")
SECONDS = 4.0
WINDOWS = 8
READERS = 4  # of each guest: one alone waits too long for each answer to use its share
CAP = 0.4  # CPUs
RATE = 2 * MIB  # bytes per second
MORE, LESS = 60, 20  # percent of a disk
TOO_MUCH = 40  # beside them
SLOW = Path("/dev/vde")  # run.py has QEMU throttle it
BUSY = "while :; do :; done"
READER = "/usr/bin/dd of=/dev/null bs={block} iflag=direct"


def cpu(**values: float) -> str:
    rows = "".join(f"<xr:{name}>{value:g}</xr:{name}>" for name, value in values.items())
    return raw_policy(f"<xr:cpu>{rows}</xr:cpu>")


def container(new_guest: NewGuest, name: str, policy: str) -> Guest:
    return new_guest(name, policy, driver="lxc", memory=256).start()


@contextmanager
def inside(guest: Guest, script: str, disk: str = os.devnull) -> Iterator[None]:
    """A shell in the guest's cgroup, on the first processor, as a thread of the guest would be.

    Its input is opened before it enters: libvirt lets no guest open a disk that is not its own.
    """
    procs = shlex.quote(str(guest.own / "cgroup.procs"))  # a scope's name has backslashes
    entering = f"echo $$ >{procs} && {script}"
    with (
        Path(disk).open("rb", buffering=0) as source,
        subprocess.Popen(  # noqa: S603 -- ours
            ["/usr/bin/taskset", "-c", "0", "/bin/busybox", "sh", "-c", entering],
            stdin=source,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def used(guest: Guest) -> int:
    """Microseconds of CPU time so far."""
    (line,) = (
        line for line in (guest.own / "cpu.stat").read_text().splitlines() if "usage_usec" in line
    )
    return int(line.split()[1])


def per_second(
    counts: Callable[[], list[int]], computed: float, within: float, figure: Callable[..., float]
) -> float:
    """A figure of how much counters grow in a second, as soon as it is within what was computed.

    The host of this machine gives it time as it pleases, so that a window of some seconds can be
    off: then the next one counts, and in the end the figure that came closest.
    """
    closest = float("inf")
    for _ in range(WINDOWS):
        before, began = counts(), time.monotonic()
        time.sleep(SECONDS)
        after, took = counts(), time.monotonic() - began
        found = figure(*((late - early) / took for early, late in zip(before, after, strict=True)))
        closest = min(found, closest, key=lambda each: abs(each - computed))
        if abs(closest - computed) <= within * computed:
            break
    return closest


def busy_rate(guests: list[Guest], computed: float, within: float) -> float:
    """The CPUs that a busy guest uses, or how much more the second uses than the first."""

    def figure(*rates: float) -> float:
        return rates[0] / 1e6 if len(rates) == 1 else rates[1] / max(rates[0], 1)

    with ExitStack() as stack:
        for guest in guests:
            stack.enter_context(inside(guest, BUSY))
        time.sleep(1)
        return per_second(lambda: [used(each) for each in guests], computed, within, figure)


def number_of(disk: Path) -> str:
    return Path(f"/sys/class/block/{disk.name}/dev").read_text().strip()


def done(guest: Guest, disk: Path, what: str) -> int:
    """What ``io.stat`` counts for a disk."""
    for line in (guest.own / "io.stat").read_text().splitlines():
        number, *pairs = line.split()
        if number == number_of(disk):
            return int(dict(pair.split("=") for pair in pairs)[what])
    return 0


def test_caps_and_weights_are_what_was_computed(new_guest: NewGuest) -> None:
    capped = container(new_guest, "capped", cpu(cpuHardLimit=CAP))
    one = container(new_guest, "one", cpu(cpuShare=100))
    three = container(new_guest, "three", cpu(cpuShare=300))
    assert (capped.own / "cpu.max").read_text() == "40000 100000\n"
    assert (three.scope / "cpu.weight").read_text() == "300\n"

    share = busy_rate([capped], CAP, 0.05)
    ratio = busy_rate([one, three], 3, 0.05)
    say(f"\ncap {CAP} CPUs: {share:.3f}; weights 100 : 300 on one CPU: 1 : {ratio:.2f}")
    assert share == pytest.approx(CAP, rel=0.05)
    assert ratio == pytest.approx(3, rel=0.1)

    reload()
    assert (three.scope / "cpu.weight").read_text() == "300\n"
    assert (capped.own / "cpu.max").read_text() == "40000 100000\n"
    (three.scope / "cpu.weight").write_text("100")
    (capped.own / "cpu.max").write_text("max")
    must(xmlresource("apply", "--all"))
    assert (three.scope / "cpu.weight").read_text() == "300\n"
    assert (capped.own / "cpu.max").read_text() == "40000 100000\n"


def test_a_disk_of_a_guest_is_throttled(new_guest: NewGuest) -> None:
    image = Path("/var/lib/libvirt/images/throttled.img")
    image.write_bytes(bytes(MIB))
    disk = (
        f"<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/>"
        f"<source file='{image}'/><target dev='vdb' bus='virtio'/></disk>"
    )
    limits = (
        "<xr:io><xr:device target='vdb'>"
        f"<xr:ioBandwidthHardLimit read='{RATE // 1024}' unit='KiB'/>"
        "<xr:iopsHardLimit write='500'/></xr:device></xr:io>"
    )
    guest = new_guest("throttled", raw_policy(limits), devices=disk).start()
    root = Path("/dev/vda")
    expected = f"{number_of(root)} rbps={RATE} wbps=max riops=max wiops=500\n"
    assert (guest.own / "io.max").read_text() == expected

    with inside(guest, READER.format(block="64k"), str(root)):
        time.sleep(1)
        rate = per_second(lambda: [done(guest, root, "rbytes")], RATE, 0.1, lambda each: each)
    say(f"\nio.max {RATE} B/s: {rate:.0f} B/s, {100 * rate / RATE - 100:+.1f} %")
    assert rate == pytest.approx(RATE, rel=0.1)


@contextmanager
def iocost() -> Iterator[None]:
    """Have iocost serve the slow disk, with a model of what QEMU lets it do."""
    number = number_of(SLOW)
    model = (
        "ctrl=user model=linear rbps=1000000 rseqiops=190 rrandiops=190 wbps=1000000 "
        "wseqiops=190 wrandiops=190"
    )
    quality = "enable=1 ctrl=user rpct=0 rlat=5000 wpct=0 wlat=5000 min=100 max=100"
    (CGROUPS / "io.cost.model").write_text(f"{number} {model}")
    (CGROUPS / "io.cost.qos").write_text(f"{number} {quality}")
    try:
        yield
    finally:
        (CGROUPS / "io.cost.qos").write_text(f"{number} enable=0")


def reading_rate(
    guests: list[Guest], computed: float, within: float, figure: Callable[..., float]
) -> float:
    """A figure of the requests that guests get done which all read from the slow disk."""
    with ExitStack() as stack:
        for guest in guests * READERS:
            stack.enter_context(inside(guest, READER.format(block="4k"), str(SLOW)))
        time.sleep(1)
        return per_second(
            lambda: [done(guest, SLOW, "rios") for guest in guests], computed, within, figure
        )


def test_shares_of_a_disk_for_which_iocost_is_enabled(new_guest: NewGuest) -> None:
    with iocost():
        part = "<xr:io><xr:ioShare>{}</xr:ioShare></xr:io>"
        guests = [
            container(new_guest, name, raw_policy(part.format(share)))
            for name, share in (("slow", 100), ("quick", 400))
        ]
        assert (guests[1].scope / "io.weight").read_text().startswith("default 400\n")
        ratio = reading_rate(guests, 4, 0.1, lambda less, more: more / max(less, 1))
        say(f"\niocost, weights 100 : 400 on a disk of 200 IOPS: 1 : {ratio:.2f}")
        assert ratio == pytest.approx(4, rel=0.1)


def test_parts_of_a_disk_are_kept_beside_one_without(new_guest: NewGuest) -> None:
    with iocost():
        part = (
            f"<xr:io><xr:device path='{SLOW}'>"
            "<xr:ioBandwidthPercentage>{}</xr:ioBandwidthPercentage></xr:device></xr:io>"
        )
        more, less = (
            container(new_guest, name, raw_policy(part.format(percent)))
            for name, percent in (("more", MORE), ("less", LESS))
        )
        other = container(new_guest, "other", "")
        refused = new_guest("refused", raw_policy(part.format(TOO_MUCH)), driver="lxc").try_start()
        assert not refused.ok
        assert f"{SLOW.name}" in refused.stderr, refused.stderr

        def share(*rates: float) -> float:
            return 100 * rates[0] / max(sum(rates), 1)

        found = {
            guest.name: reading_rate([guest, *others], least, 0.05, share)
            for guest, others, least in (
                (more, (less, other), MORE),
                (less, (more, other), LESS),
            )
        }
        say(f"\niocost, parts of {MORE} % and {LESS} % beside a third reader: {found}")
        assert found["more"] >= 0.95 * MORE
        assert found["less"] >= 0.95 * LESS
