from pathlib import Path

import pytest

from tests.fakes.host import FakeHost
from xmlresource.admission.weights.cpu.cpu_demand import CpuFacts
from xmlresource.system.hardware.cpu_facts import ISOLATED, ONLINE, read_cpus
from xmlresource.system.host_facts import HostError

FOUR = frozenset(range(4))


@pytest.mark.parametrize(("version", "usual"), [(1, 1024), (2, 100)])
def test_the_cpus_of_a_host(tmp_path: Path, version: int, usual: int) -> None:
    host = FakeHost(tmp_path, version, cpus=4)
    assert read_cpus(host.machine) == CpuFacts(FOUR, usual_weight=usual)
    host.write(ONLINE, "0-1,3\n")
    host.write(ISOLATED, "3\n")
    found = read_cpus(host.machine)
    assert (found.online, found.isolated) == ({0, 1, 3}, {3})


def test_a_partition_may_have_fewer(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, 2, cpus=4)
    host.write("/sys/fs/cgroup/machine/cpuset.cpus.effective", "0-1\n")
    assert read_cpus(host.machine, ["/machine/prod", "/machine"]).allowed == {0, 1}
    assert read_cpus(host.machine, ["/other"]).allowed is None
    host.write("/sys/fs/cgroup/machine/cpuset.cpus.effective", "\n")
    assert read_cpus(host.machine, ["/machine"]).allowed is None


def test_a_host_without_cpusets(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, 1, cpus=4)
    assert read_cpus(host.machine, ["/machine"]).allowed is None


@pytest.mark.parametrize("text", ["", "many\n"])
def test_a_host_that_does_not_tell(tmp_path: Path, text: str) -> None:
    host = FakeHost(tmp_path, 1, cpus=4)
    host.write(ONLINE, text)
    with pytest.raises(HostError, match=f"{ONLINE}: no CPUs"):
        read_cpus(host.machine)


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, 1, cpus=4)
    (tmp_path / ONLINE[1:]).unlink()
    (tmp_path / ONLINE[1:]).mkdir()
    with pytest.raises(HostError, match="Is a directory"):
        read_cpus(host.machine)
