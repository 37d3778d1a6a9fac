"""Whole hosts as trees of files: a folder below fixtures/hosts with an expected.json is a test."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.plain import as_data
from xmlresource.system.host_facts import HostError, read_host
from xmlresource.system.machine import Machine

HOSTS = Path(__file__).parents[2] / "fixtures" / "hosts"
CASES = sorted(path.parent.name for path in HOSTS.glob("*/expected.json"))


@pytest.mark.parametrize("name", CASES)
def test_host(name: str) -> None:
    expected: dict[str, Any] = json.loads((HOSTS / name / "expected.json").read_text())
    machine = Machine(str(HOSTS / name))
    host = read_host(machine, nodes=frozenset(expected["ask"]), pools=True)
    shown = as_data(host)
    shown["memory"]["pools"] = [list(pool.values()) for pool in shown["memory"]["pools"]]
    for node in shown["nodes"].values():
        node["pools"] = [list(pool.values()) for pool in node["pools"]]
    shown["nodes"] = {str(number): node for number, node in shown["nodes"].items()}
    assert shown == expected["host"]


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


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(HOSTS / "two-nodes-hugepages-v2", tmp_path / "host")
    return tmp_path / "host"


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


def test_a_node_without_zoneinfo(copy: Path) -> None:
    (copy / "proc/zoneinfo").unlink()
    host = read_host(Machine(str(copy)), nodes=frozenset({0}))
    assert host.nodes[0].available == (8 << 30) + (1 << 30) + (256 << 20)
