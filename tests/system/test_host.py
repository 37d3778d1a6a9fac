"""Whole hosts as trees of files: a folder below fixtures/hosts with an expected.json is a test."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import pytest

from xmlresource.model.host import AncestorLimit
from xmlresource.system.host import (
    HostError,
    read_ancestors,
    read_cache,
    read_charged,
    read_host,
)
from xmlresource.system.machine import Machine

HOSTS = Path(__file__).parents[2] / "fixtures" / "hosts"
CASES = sorted(path.parent.name for path in HOSTS.glob("*/expected.json"))


@pytest.mark.parametrize("name", CASES)
def test_host(name: str) -> None:
    expected: dict[str, Any] = json.loads((HOSTS / name / "expected.json").read_text())
    machine = Machine(str(HOSTS / name))
    host = read_host(machine, nodes=frozenset(expected["ask"]), pools=True)
    shown = asdict(host)
    shown["memory"]["pools"] = [list(pool.values()) for pool in shown["memory"]["pools"]]
    for node in shown["nodes"].values():
        node["pools"] = [list(pool.values()) for pool in node["pools"]]
    shown["nodes"] = {str(number): node for number, node in shown["nodes"].items()}
    assert shown == expected["host"]
    for place in expected["ancestors"]:
        limits = read_ancestors(machine, place["mount"], place["version"], place["cgroup"])
        assert [asdict(each) for each in limits] == place["limits"]


def test_only_what_is_asked_for_is_read() -> None:
    machine = Machine(str(HOSTS / "two-nodes-hugepages-v2"))
    host = read_host(machine)
    assert (host.nodes, host.memory.pools) == ({}, ())
    assert host.memory.hugepage_bytes == 12 << 30


def test_a_running_kernel_agrees_with_the_formula_for_nodes() -> None:
    """On one node the estimate for it must be MemAvailable less what changed meanwhile."""
    name = "one-node-v1"
    meminfo = (HOSTS / name / "proc/meminfo").read_text()
    host = read_host(Machine(str(HOSTS / name)), nodes=frozenset({0}))
    assert "MemAvailable" in meminfo
    assert 0 < host.nodes[0].available < host.nodes[0].total


def test_this_machine_can_be_read() -> None:
    host = read_host(Machine(), nodes=frozenset({0}), pools=True)
    assert 0 < host.memory.available <= host.memory.total


def test_charged() -> None:
    machine = Machine(str(HOSTS / "one-node-v1"))
    mount = "/sys/fs/cgroup/memory"
    guest = "/machine/prod.partition/qemu-1-db1.libvirt-qemu"
    assert read_charged(machine, mount, 1, guest) == (1 << 30, 512 << 20)
    assert read_charged(machine, mount, 1, "/machine/gone") is None


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(HOSTS / "two-nodes-hugepages-v2", tmp_path / "host")
    return tmp_path / "host"


def test_cache_without_a_stat_file_is_none(copy: Path) -> None:
    (copy / "sys/fs/cgroup/machine.slice/memory.stat").unlink()
    assert read_cache(Machine(str(copy)), "/sys/fs/cgroup/machine.slice", 2) == 0


def test_cache_is_no_more_than_usage(copy: Path) -> None:
    stat = copy / "sys/fs/cgroup/machine.slice/memory.stat"
    stat.write_text("active_file 99999999999999\nactive_file x\n")
    (limit, _) = read_ancestors(
        Machine(str(copy)), "/sys/fs/cgroup", 2, "/machine.slice/machine-prod.slice"
    )
    assert limit == AncestorLimit("/machine.slice", 40 << 30, 12 << 30, 12 << 30)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("proc/meminfo", None, "/proc/meminfo: not there"),
        ("proc/meminfo", "", "/proc/meminfo: no MemTotal"),
        (
            "sys/devices/system/node/node0/meminfo",
            "Node 0 MemTotal: 5 kB\n",
            "/sys/devices/system/node/node0/meminfo: no MemFree",
        ),
        (
            "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
            "many",
            "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages: no whole number",
        ),
    ],
)
def test_faults_name_the_file(copy: Path, file: str, content: str | None, message: str) -> None:
    if content is None:
        (copy / file).unlink()
    else:
        (copy / file).write_text(content)
    with pytest.raises(HostError) as caught:
        read_host(Machine(str(copy)), nodes=frozenset({0}), pools=True)
    assert str(caught.value) == message


@pytest.mark.parametrize("version", [1, 2])
def test_a_limit_that_makes_no_sense(tmp_path: Path, version: Literal[1, 2]) -> None:
    (tmp_path / "m").mkdir()
    file = tmp_path / "m" / ("memory.limit_in_bytes" if version == 1 else "memory.max")
    file.write_text("lots\n")
    with pytest.raises(HostError, match="no whole number"):
        read_ancestors(Machine(str(tmp_path)), "/", version, "/m")
    file.unlink()
    file.mkdir()
    with pytest.raises(HostError, match="directory"):
        read_ancestors(Machine(str(tmp_path)), "/", version, "/m")


def test_a_kernel_before_hugetlb_is_asked_for_its_pools(copy: Path) -> None:
    meminfo = copy / "proc/meminfo"
    lines = meminfo.read_text().splitlines(keepends=True)
    meminfo.write_text("".join(line for line in lines if not line.startswith("Hugetlb")))
    host = read_host(Machine(str(copy)))
    assert host.memory.hugepage_bytes == 12 << 30


def test_other_names_beside_the_pools(copy: Path) -> None:
    (copy / "sys/kernel/mm/hugepages/README").write_text("")
    assert len(read_host(Machine(str(copy)), pools=True).memory.pools) == 2


def test_a_node_without_zoneinfo(copy: Path) -> None:
    (copy / "proc/zoneinfo").unlink()
    host = read_host(Machine(str(copy)), nodes=frozenset({0}))
    assert host.nodes[0].available == (8 << 30) + (1 << 30) + (256 << 20)
