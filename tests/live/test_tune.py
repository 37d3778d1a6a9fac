"""Limits and shares of CPU time and IO of guests that libvirt has, on a host of plain files."""

import sys
from pathlib import Path

import pytest

from tests.fakes.controlled import ControlledHost
from tests.fakes.controllers import DISK
from tests.fakes.host import MIB
from tests.fakes.libvirt import CONFIG, LIVE, FakeDomain, FakeLibvirtError, module
from xmlresource.cli import main
from xmlresource.errors import ExitStatus
from xmlresource.live.tune import tune
from xmlresource.operations.guest import RefusalError
from xmlresource.units import UNLIMITED

DECLARED = "<resource><cpu><cpuHardLimit>2</cpuHardLimit></cpu></resource>"


@pytest.fixture
def host(tmp_path: Path) -> ControlledHost:
    return ControlledHost(tmp_path / "host")


@pytest.fixture
def guest(host: ControlledHost, monkeypatch: pytest.MonkeyPatch) -> FakeDomain:
    """``db1``, which runs, may use two CPUs, and has a disk."""
    made = FakeDomain(host)
    for side in made.sides.values():
        side.element = DECLARED
    monkeypatch.setitem(sys.modules, "libvirt", module(made))
    return made


def value(host: ControlledHost, file: str) -> str:
    controller = file.partition(".")[0]
    folder = host.folder(controller, "/machine/qemu-4242-db1.libvirt-qemu")
    return host.read(f"{folder}/{file}").strip()


def test_live_limits_are_in_force_and_declared(host: ControlledHost, guest: FakeDomain) -> None:
    changes = {
        "cpu_hard_limit": 1500,
        "cpu_share": 300,
        "/dev/vda.io_bandwidth_hard_limit.read": MIB,
    }
    tuned = tune("db1", changes, LIVE, machine=host.machine)
    assert value(host, "cpu.cfs_quota_us") == "150000"
    assert value(host, "cpu.shares") == "3072"
    assert value(host, "blkio.throttle.read_bps_device") == f"{DISK} {MIB}"
    assert tuned.report is not None
    assert len(tuned.report.applied) == 3
    live, config = guest.sides[LIVE].element, guest.sides[CONFIG].element
    assert config == DECLARED
    assert live is not None
    assert "<cpuHardLimit>1.5</cpuHardLimit>" in live
    assert "<cpuShare>300</cpuShare>" in live
    assert 'path="/dev/vda"' in live or "path='/dev/vda'" in live


def test_the_next_start_alone(host: ControlledHost, guest: FakeDomain) -> None:
    assert tune("db1", {"cpu_share": 300}, CONFIG, machine=host.machine).report is None
    assert value(host, "cpu.shares") == "1024"
    assert guest.sides[LIVE].element == DECLARED
    assert "300" in str(guest.sides[CONFIG].element)


def test_what_is_taken_out_is_as_usual_again(host: ControlledHost, guest: FakeDomain) -> None:
    tune("db1", {"cpu_hard_limit": 1500, "cpu_share": 300}, LIVE | CONFIG, machine=host.machine)
    tune("db1", {"cpu_hard_limit": None, "cpu_share": None}, LIVE, machine=host.machine)
    assert value(host, "cpu.cfs_quota_us") == "-1"
    assert value(host, "cpu.shares") == "1024"
    assert "cpu" not in str(guest.sides[LIVE].element or "").lower().replace("cpu/", "")
    assert "300" in str(guest.sides[CONFIG].element)


def test_when_libvirt_does_not_take_it_all_is_as_before(
    host: ControlledHost, guest: FakeDomain
) -> None:
    def refuse(name: str, _flag: int) -> None:
        if name == "setMetadata":
            raise FakeLibvirtError("no")

    guest.before_call = refuse
    with pytest.raises(RefusalError, match="all is as before") as caught:
        tune("db1", {"cpu_hard_limit": 1500, "cpu_share": 300}, LIVE, machine=host.machine)
    assert caught.value.exit_status is ExitStatus.ROLLED_BACK
    assert value(host, "cpu.cfs_quota_us") == "-1"
    assert value(host, "cpu.shares") == "1024"
    assert guest.sides[LIVE].element == DECLARED


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cpu_min_guarantee": 1000}, "is decided about when the guest starts"),
        ({"hard_limit": MIB}, "there is no tunable 'hard_limit' of CPU time or IO"),
        ({"vdz.iops_hard_limit.read": 10}, "vdz"),
        ({"/gone.iops_hard_limit.read": 10}, "'/gone' is not there"),
    ],
)
def test_what_is_refused(
    host: ControlledHost, guest: FakeDomain, changes: dict[str, int], words: str
) -> None:
    with pytest.raises(RefusalError, match=words):
        tune("db1", changes, LIVE, machine=host.machine)
    assert value(host, "cpu.shares") == "1024"
    assert guest.sides[LIVE].element == DECLARED


def test_a_share_of_a_guaranteed_guest(host: ControlledHost, guest: FakeDomain) -> None:
    element = "<resource><cpu><cpuMinGuarantee>0.5</cpuMinGuarantee></cpu></resource>"
    guest.sides[LIVE].element = element
    with pytest.raises(RefusalError, match="change it with --config"):
        tune("db1", {"cpu_share": 300}, LIVE, machine=host.machine)


@pytest.mark.usefixtures("guest")
@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["cpu_share=0"], "cpu_share"),
        (["cpu_share=unlimited"], "can't be unlimited"),
        (["hard_limit=1GiB"], "memtune changes memory's"),
        (["cpu_share=100", "--current", "--live"], "--current says neither"),
    ],
)
def test_bad_words(words: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", "db1", *words]) != ExitStatus.FINE
    assert problem in capsys.readouterr().err


def test_unlimited_is_a_value(host: ControlledHost, guest: FakeDomain) -> None:
    tune("db1", {"cpu_hard_limit": 1500}, LIVE, machine=host.machine)
    tune("db1", {"cpu_hard_limit": UNLIMITED}, LIVE, machine=host.machine)
    assert value(host, "cpu.cfs_quota_us") == "-1"
    assert guest.calls
