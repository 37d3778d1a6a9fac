"""CPU and IO policies of guests on a host of plain files: started, changed by hand, repaired."""

import json
from pathlib import Path

import pytest

from tests.fakes.controlled import ControlledHost
from tests.fakes.controllers import DISK, V1_THROTTLES
from tests.fakes.host import MIB, guarantee, hard_limit, uuid
from xmlresource.cgroup.writes import Plan, Rejection
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.status import status
from xmlresource.operations.guests.apply import apply, apply_all
from xmlresource.operations.guests.hook_events import answer
from xmlresource.operations.guests.plan import plan
from xmlresource.system.machine import Machine

CPU = "<xr:cpu><xr:cpuHardLimit>1.5</xr:cpuHardLimit><xr:cpuShare>200</xr:cpuShare></xr:cpu>"
LIMIT = "<xr:ioBandwidthHardLimit read='1' unit='MiB'/>"
IO = f"<xr:io><xr:device target='vda'>{LIMIT}</xr:device></xr:io>"
SHARE = "<xr:io><xr:ioShare>300</xr:ioShare></xr:io>"
SOURCE = "<source file='/images/db1.img'/>"


def guest(content: str, *, source: str = SOURCE, kind: str = "file", number: int = 1) -> bytes:
    """A live definition with such content in our element, and one disk."""
    return (
        f"<domain type='qemu' id='1'>\n<name>db{number}</name>\n<uuid>{uuid(number)}</uuid>\n"
        "<memory unit='MiB'>64</memory><vcpu>2</vcpu>\n<metadata>"
        f"<xr:resource xmlns:xr='urn:xmlresource:1'>{content}</xr:resource></metadata>\n"
        f"<devices><disk type='{kind}' device='disk'><driver name='qemu' type='raw'/>{source}"
        "<target dev='vda' bus='virtio'/></disk></devices>\n</domain>\n"
    ).encode()


def memory(tunables: str) -> str:
    return f"<xr:memory>{tunables}</xr:memory>"


@pytest.fixture
def host(tmp_path: Path) -> ControlledHost:
    return ControlledHost(tmp_path)


@pytest.fixture
def v2(tmp_path: Path) -> ControlledHost:
    return ControlledHost(tmp_path, version=2)


def start(host: ControlledHost, xml: bytes) -> str:
    """Start ``db1``; its cgroup comes back."""
    host.run("db1", 101, xml)
    assert answer("db1", "started", xml, None, host.machine) == (0, "")
    return "/machine/qemu-101-db1.libvirt-qemu"


def value(host: ControlledHost, group: str, file: str) -> str:
    return host.read(f"{host.folder(file.partition('.')[0], group)}/{file}").strip()


def test_a_guest_that_starts_on_v1(host: ControlledHost) -> None:
    group = start(host, guest(CPU + IO))
    assert value(host, group, "cpu.cfs_quota_us") == "150000"
    assert value(host, group, "cpu.shares") == "2048"
    assert value(host, group, "blkio.throttle.read_bps_device") == f"{DISK} {MIB}"
    assert value(host, group, "memory.limit_in_bytes") == "9223372036854771712"


def test_a_guest_that_starts_on_v2(v2: ControlledHost) -> None:
    group = start(v2, guest(CPU + IO))
    assert value(v2, group, "cpu.max") == "150000 100000"
    assert value(v2, group, "cpu.weight") == "200"
    assert value(v2, group, "io.max") == f"{DISK} rbps={MIB}"


def test_a_share_of_disks(v2: ControlledHost) -> None:
    group = start(v2, guest(SHARE))
    assert value(v2, group, "io.weight") == "default 300"
    assert value(v2, group, "io.bfq.weight") == "default 300"


def test_memory_and_cpu_are_one_plan(host: ControlledHost) -> None:
    group = start(host, guest(memory(hard_limit(64)) + CPU))
    assert value(host, group, "memory.limit_in_bytes") == str(64 * MIB)
    assert value(host, group, "cpu.shares") == "2048"


class FailingMachine(Machine):
    """A machine whose kernel refuses shares, whatever the reason."""

    def write_value(self, path: str, value: str) -> None:
        if path.endswith("/cpu.shares"):
            raise OSError(22, "Invalid argument")
        super().write_value(path, value)


def test_what_was_written_is_undone_when_a_write_fails(host: ControlledHost) -> None:
    xml = guest(memory(hard_limit(64)) + CPU)
    host.run("db1", 101, xml)
    group = "/machine/qemu-101-db1.libvirt-qemu"
    status_, text = answer("db1", "started", xml, None, FailingMachine(host.machine.root))
    assert status_ == ExitStatus.ROLLED_BACK
    assert "could not set cpu.shares of /cpu-side/machine/" in text
    assert "to 2048 (cpu_share): the kernel does not take this value" in text
    assert value(host, group, "memory.limit_in_bytes") == "-1"
    assert value(host, group, "cpu.cfs_quota_us") == "-1"
    assert text.count("undone: ") == 2


def test_a_limit_of_a_disk_without_a_block_device_keeps_the_guest_from_starting(
    host: ControlledHost,
) -> None:
    xml = guest(IO, source="<source file='/run/ram.img'/>")
    host.run("db1", 101, xml)
    status_, text = answer("db1", "started", xml, None, host.machine)
    assert status_ == ExitStatus.ROLLED_BACK
    assert "'/run/ram.img' is on tmpfs, which has no block device; limit it with <iotune>" in text


def test_an_image_that_is_not_there(host: ControlledHost) -> None:
    xml = guest(IO, source="<source file='/gone/a.img'/>")
    host.run("db1", 101, xml)
    assert "'/gone/a.img' is not there" in answer("db1", "started", xml, None, host.machine)[1]


def test_an_image_that_nobody_may_look_at(host: ControlledHost) -> None:
    xml = guest(IO, source="<source file='/squashed/a.img'/>")
    host.run("db1", 101, xml)
    text = answer("db1", "started", xml, None, host.machine)[1]
    assert "'/squashed/a.img' can't be looked at: Permission denied; limit it with" in text


def test_a_cap_without_bandwidth_control_keeps_the_guest_from_starting(tmp_path: Path) -> None:
    host = ControlledHost(tmp_path, missing=frozenset({"cpu.cfs_quota_us"}))
    xml = guest(CPU)
    host.run("db1", 101, xml)
    status_, text = answer("db1", "started", xml, None, host.machine)
    assert status_ == ExitStatus.ROLLED_BACK
    assert "CONFIG_CFS_BANDWIDTH" in text


def test_a_share_where_nobody_weighs_is_said_and_no_more(tmp_path: Path) -> None:
    host = ControlledHost(tmp_path, missing=frozenset({"blkio.bfq.weight"}))
    start(host, guest(SHARE))
    assert "bfq is not loaded" in (tmp_path / "run/xmlresource/history").read_text()


def test_what_somebody_changed_is_put_back(host: ControlledHost) -> None:
    group = start(host, guest(CPU + IO))
    host.write(f"{host.folder('cpu', group)}/cpu.shares", "1024\n")
    host.write(f"{host.folder('blkio', group)}/blkio.throttle.read_bps_device", "")
    (outcome,) = apply_all(host.machine)
    assert outcome.report is not None
    assert [done.write.file for done in outcome.report.applied] == [
        "cpu.shares",
        "blkio.throttle.read_bps_device",
    ]
    report = apply("db1", host.machine)
    assert report is not None
    assert report.applied == ()


def test_a_promise_shows_what_somebody_changed(host: ControlledHost) -> None:
    xml = guest(memory(guarantee(64)) + CPU)
    host.run("db1", 101, xml)
    assert answer("db1", "prepare", xml, None, host.machine) == (0, "")
    group = start(host, xml)
    (found,) = status(host.machine).guests
    assert found.drift == ()
    host.write(f"{host.folder('cpu', group)}/cpu.shares", "1024\n")
    (found,) = status(host.machine).guests
    (line,) = found.drift
    assert "raise cpu.shares of /cpu-side/machine/" in line
    assert "from 1024 to 2048" in line


def test_a_restart_of_the_daemon_keeps_a_cap_that_was_raised_by_hand(host: ControlledHost) -> None:
    xml = guest(CPU + IO)
    group = start(host, xml)
    quota = f"{host.folder('cpu', group)}/cpu.cfs_quota_us"
    host.write(quota, "180000\n")
    host.write(f"{host.folder('cpu', group)}/cpu.shares", "1024\n")
    assert answer("db1", "reconnect", xml, None, host.machine) == (0, "")
    assert host.read(quota) == "180000\n"
    assert value(host, group, "cpu.shares") == "2048"
    history = (host.root / "run/xmlresource/history").read_text()
    assert "cpu_hard_limit stays as it is (cpu.cfs_quota_us: 180000 " in history
    apply("db1", host.machine)
    assert value(host, group, "cpu.cfs_quota_us") == "150000"


def test_a_restart_of_the_daemon_restores_a_cap_that_was_lost(host: ControlledHost) -> None:
    xml = guest(CPU)
    group = start(host, xml)
    host.write(f"{host.folder('cpu', group)}/cpu.cfs_quota_us", "-1\n")
    assert answer("db1", "reconnect", xml, None, host.machine) == (0, "")
    assert value(host, group, "cpu.cfs_quota_us") == "150000"


def test_without_a_memory_controller_a_guest_may_have_a_cpu_policy(host: ControlledHost) -> None:
    xml = guest(CPU)
    host.run("db1", 101, xml)
    group = "/machine/qemu-101-db1.libvirt-qemu"
    for process in ("self", "101"):
        path = f"/proc/{process}/cgroup"
        rows = [row for row in host.read(path).splitlines() if ":memory:" not in row]
        host.write(path, "\n".join(rows) + "\n")
    assert answer("db1", "started", xml, None, host.machine) == (0, "")
    assert value(host, group, "cpu.shares") == "2048"
    (host.root / "db1.xml").write_bytes(xml)
    found = plan(str(host.root / "db1.xml"), host.machine)
    assert isinstance(found, Plan)
    assert found.writes == ()


def test_without_any_controller_there_is_no_place(host: ControlledHost) -> None:
    xml = guest(CPU)
    host.run("db1", 101, xml)
    host.write("/proc/101/cgroup", "9:pids:/\n")
    status_, text = answer("db1", "started", xml, None, host.machine)
    assert status_ == ExitStatus.ROLLED_BACK
    assert "the kernel has no memory controller" in text


@pytest.mark.parametrize("version", [1, 2])
def test_the_plan_of_a_guest_that_does_not_run(tmp_path: Path, version: int) -> None:
    host = ControlledHost(tmp_path / "host", version)
    path = tmp_path / "db1.xml"
    path.write_bytes(guest(CPU + IO.replace("</xr:io>", "<xr:ioShare>200</xr:ioShare></xr:io>")))
    found = plan(str(path), host.machine)
    assert isinstance(found, Plan)
    files = [write.file for write in found.writes]
    if version == 1:
        assert files == ["cpu.cfs_quota_us", "cpu.shares", V1_THROTTLES[0], "blkio.bfq.weight"]
    else:
        assert files == ["cpu.max", "cpu.weight", "io.max", "io.weight"]
    assert "/<guest>/" in found.writes[0].path
    assert "it has no effect on vda" in json.dumps(found.to_dict())


def test_the_plan_of_a_guest_that_runs(host: ControlledHost, tmp_path: Path) -> None:
    xml = guest(memory(hard_limit(64)) + CPU)
    start(host, xml)
    path = tmp_path / "db1.xml"
    path.write_bytes(guest(CPU.replace("200", "300")))
    found = plan(str(path), host.machine)
    assert isinstance(found, Plan)
    assert [(write.file, write.text) for write in found.writes] == [("cpu.shares", "3072")]


def test_there_is_no_plan_where_a_firm_limit_has_no_file(tmp_path: Path) -> None:
    host = ControlledHost(tmp_path / "host", missing=frozenset({"cpu.cfs_quota_us"}))
    path = tmp_path / "db1.xml"
    path.write_bytes(guest(CPU))
    found = plan(str(path), host.machine)
    assert isinstance(found, Rejection)
    assert "CONFIG_CFS_BANDWIDTH" in found.describe()
