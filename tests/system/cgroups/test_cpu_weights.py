from pathlib import Path

import pytest

from tests.fakes.host import FakeHost
from xmlresource.admission.weights.weight_tree import WeighedFolder
from xmlresource.cgroup.hierarchy import Controller, NoPlace
from xmlresource.system.cgroups import cpu_weights

FILES = {1: "cpu.shares", 2: "cpu.weight"}
ROOTS = {1: "/sys/fs/cgroup/cpu", 2: "/sys/fs/cgroup"}


@pytest.fixture(params=[1, 2])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path, request.param, cpus=2)


def controller(host: FakeHost) -> Controller:
    found = cpu_weights.cpu_controller(host.machine)
    assert isinstance(found, Controller)
    return found


def folder(host: FakeHost, path: str) -> WeighedFolder | None:
    weighing = cpu_weights.cpu_weighing(controller(host))
    return weighing.folder(host.machine, path, lambda _: None)


def put(host: FakeHost, path: str, text: str) -> None:
    host.write(f"{ROOTS[host.version]}{path}", f"{text}\n")


def test_a_folder_with_all_that_is_in_it(host: FakeHost) -> None:
    host.group("/machine/a")
    host.group("/machine/proc-fs.mount")
    (host.root / f"{ROOTS[host.version]}/machine/bare"[1:]).mkdir()
    put(host, f"/machine/a/{FILES[host.version]}", "300")
    usual = cpu_weights.usual_weight(host.machine)
    found = folder(host, "/machine")
    assert found == WeighedFolder(usual, {"a": 300})
    root = folder(host, "/")
    assert root == WeighedFolder(usual, {"machine": usual})
    assert folder(host, "/machine/gone") is None


def test_a_cgroup_that_is_idle_has_the_least_weight(host: FakeHost) -> None:
    put(host, f"/machine/{FILES[host.version]}", "0")
    least = {1: 2, 2: 1}[host.version]
    assert cpu_weights.cpu_weighing(controller(host)).weight(host.machine, "/machine") == least


def test_limits(host: FakeHost) -> None:
    assert cpu_weights.cap(host.machine, controller(host), "/machine") is None
    assert cpu_weights.cap(host.machine, controller(host), "/machine/gone") is None
    if host.version == 1:
        put(host, "/machine/cpu.cfs_quota_us", "150000")
    else:
        put(host, "/machine/cpu.max", "150000 100000")
    assert cpu_weights.cap(host.machine, controller(host), "/machine") == 1500


def test_a_kernel_without_weights_says_so(tmp_path: Path) -> None:
    host = FakeHost(tmp_path / "v1", 1, cpus=2)
    (host.root / "sys/fs/cgroup/cpu/cpu.shares").unlink()
    found = cpu_weights.cpu_controller(host.machine)
    assert isinstance(found, NoPlace)
    assert found.reason == "/ has no cpu.shares: the kernel lacks CONFIG_FAIR_GROUP_SCHED"
    bare = FakeHost(tmp_path / "bare", 1)
    assert isinstance(cpu_weights.cpu_controller(bare.machine), NoPlace)
    assert cpu_weights.usual_weight(bare.machine) == 100
