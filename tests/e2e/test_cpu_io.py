"""CPU and IO policies of guests, on a real libvirtd and the controllers of cgroup v1."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .harness import hooks, sandbox
from .harness.cgroups import INNER
from .harness.commands import must, wait_for
from .harness.guests import MIB, metadata
from .harness.product import Product, hook_status, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest
    from .harness.daemons import Libvirt
    from .harness.guests import Guest

pytestmark = pytest.mark.v1
CONTROLLERS = Path("/sys/fs/cgroup")
CPU = "<xr:cpu><xr:cpuHardLimit>0.5</xr:cpuHardLimit><xr:cpuShare>250</xr:cpuShare></xr:cpu>"
IO = (
    "<xr:io><xr:device target='vda'><xr:ioBandwidthHardLimit read='3' unit='MiB'/>"
    "<xr:iopsHardLimit write='40'/></xr:device></xr:io>"
)
MEMORY = "<xr:memory><xr:memoryHardLimit unit='MiB'>400</xr:memoryHardLimit></xr:memory>"
QUOTA, SHARES = "cpu.cfs_quota_us", "cpu.shares"


@pytest.fixture(scope="module")
def xmlresource(libvirt: Libvirt, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product with its hooks in place."""
    product = Product.install(tmp_path_factory.mktemp("product"), with_libvirt=True)
    before = hooks.listing()
    must(product("hook", "install"))
    libvirt.restart()
    yield product
    must(product("hook", "uninstall"))
    libvirt.restart()
    assert hooks.listing() == before
    sandbox.remove(sandbox.LEDGER_FOLDER)


def folder(guest: Guest, controller: str) -> Path:
    """The guest's cgroup of a controller, which v1 has in a hierarchy of its own."""
    rows = Path(f"/proc/{guest.process().pid}/cgroup").read_text().splitlines()
    (path,) = (
        path
        for _, controllers, path in (row.split(":", 2) for row in rows)
        if controller in controllers.split(",")
    )
    found = CONTROLLERS / controller / path.lstrip("/")
    while found.name.startswith(INNER):
        found = found.parent
    return found


def value(guest: Guest, file: str) -> str:
    return (folder(guest, file.partition(".")[0]) / file).read_text().strip()


def disk(image: Path) -> str:
    image.write_bytes(bytes(MIB))
    image.chmod(0o666)
    return (
        "<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/>"
        f"<source file='{image}'/><target dev='vda' bus='virtio'/></disk>"
    )


def block_device_of(path: Path) -> str:
    """``MAJ:MIN`` of the whole disk below a file."""
    number = f"{path.stat().st_dev >> 8}:{path.stat().st_dev & 255}"
    device = Path("/sys/dev/block") / number
    if not device.exists():
        pytest.skip(f"{path} is on no block device")
    at = device.resolve()
    return ((at.parent if (at / "partition").exists() else at) / "dev").read_text().strip()


def test_shares_quota_and_throttle_are_in_force(
    xmlresource: Product,
    new_guest: NewGuest,
    libvirt: Libvirt,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    image = tmp_path_factory.mktemp("images") / "a.img"
    for above in image.parents[:3]:
        above.chmod(0o755)
    number = block_device_of(image.parent)
    policy = metadata(MEMORY + CPU + IO)
    guest = new_guest("shared", policy, devices=disk(image)).running()

    def found() -> dict[str, str]:
        files = (
            QUOTA,
            SHARES,
            "blkio.throttle.read_bps_device",
            "blkio.throttle.write_iops_device",
            "memory.limit_in_bytes",
        )
        return {file: value(guest, file) for file in files}

    expected = {
        QUOTA: "50000",
        SHARES: "2560",
        "blkio.throttle.read_bps_device": f"{number} {3 * MIB}",
        "blkio.throttle.write_iops_device": f"{number} 40",
        "memory.limit_in_bytes": str(400 * MIB),
    }
    assert found() == expected
    assert xmlresource.json("plan", guest.file())["writes"] == []

    (folder(guest, "cpu") / SHARES).write_text("1024")
    (folder(guest, "blkio") / "blkio.throttle.read_bps_device").write_text(f"{number} 0")
    planned = xmlresource.json("plan", guest.file())["writes"]
    assert [each["path"].rpartition("/")[2] for each in planned] == [
        SHARES,
        "blkio.throttle.read_bps_device",
    ]
    must(xmlresource("apply", guest.name))
    assert found() == expected

    (folder(guest, "cpu") / SHARES).write_text("1024")
    (folder(guest, "cpu") / QUOTA).write_text("-1")
    libvirt.restart()  # which answers before it has taken its guests in again
    wait_for("all is back", lambda: found() == expected)
    (folder(guest, "cpu") / SHARES).write_text("1024")
    (folder(guest, "cpu") / QUOTA).write_text("70000")  # somebody's hand: a restart leaves it
    libvirt.restart()
    wait_for("the share is back", lambda: value(guest, SHARES) == expected[SHARES])
    assert found() == expected | {QUOTA: "70000"}


@pytest.mark.usefixtures("xmlresource")
def test_a_write_that_the_kernel_refuses_undoes_all_and_the_guest_does_not_start(
    new_guest: NewGuest,
) -> None:
    """libvirt gives each vCPU 0.8 CPUs; v1 takes no cap below that of a cgroup inside."""
    tune = "<cputune><period>100000</period><quota>80000</quota></cputune>"
    guest = new_guest("refused", metadata(MEMORY + CPU) + tune).defined()
    started = guest.start()
    assert hook_status(started) == 4
    assert "could not set cpu.cfs_quota_us" in refusal(started)
    assert "nor below that of one inside" in started.stderr  # the first line has no room for it
    assert guest.state() == "shut off"
    assert guest.traces() == []


@pytest.mark.usefixtures("xmlresource")
def test_a_cap_above_that_of_the_cgroup_above_is_refused_in_words(
    new_guest: NewGuest,
) -> None:
    first = new_guest("first", metadata(CPU)).running()
    above = folder(first, "cpu").parent
    before = (above / QUOTA).read_text()
    (above / QUOTA).write_text("50000")
    try:
        larger = metadata("<xr:cpu><xr:cpuHardLimit>0.6</xr:cpuHardLimit></xr:cpu>")
        started = new_guest("second", larger).defined().start()
        assert hook_status(started) == 4
        assert "above may use 0.5 CPUs" in refusal(started)
    finally:
        (above / QUOTA).write_text(before)


@pytest.mark.usefixtures("xmlresource")
def test_a_limit_of_a_disk_in_memory_is_refused_with_the_cure(
    new_guest: NewGuest,
) -> None:
    image = Path("/dev/shm") / f"{sandbox.PREFIX}image.img"  # noqa: S108 -- a tmpfs is wanted
    try:
        guest = new_guest("in-memory", metadata(IO), devices=disk(image)).defined()
        started = guest.start()
        assert hook_status(started) == 4
        assert "is on tmpfs, which has no block device; limit it with <iotune>" in refusal(started)
    finally:
        image.unlink()


def test_a_running_guest_is_tuned(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("tuned", metadata(CPU)).running()
    must(xmlresource("tune", guest.name, "cpu_hard_limit=0.7", "cpu_share=none", "--live"))
    assert (value(guest, QUOTA), value(guest, SHARES)) == ("70000", "1024")
    live = guest.live_xml()
    assert "cpuHardLimit>0.7<" in live
    assert "cpuShare" not in live
    assert "cpuShare>250<" in must(guest.virsh("dumpxml", "--inactive")).stdout

    above = folder(guest, "cpu").parent
    before = (above / QUOTA).read_text()
    (above / QUOTA).write_text("80000")
    try:
        refused = xmlresource("tune", guest.name, "cpu_share=300", "cpu_hard_limit=0.9", "--live")
        assert refused.status == 1
        assert "above may use 0.8 CPUs" in refused.stderr
    finally:
        (above / QUOTA).write_text(before)
    assert (value(guest, QUOTA), value(guest, SHARES)) == ("70000", "1024")
    assert guest.live_xml() == live
    must(xmlresource("tune", guest.name, "cpu_share=300", "--live", "--config"))
    assert value(guest, SHARES) == "3072"
    assert "cpuShare>300<" in must(guest.virsh("dumpxml", "--inactive")).stdout
