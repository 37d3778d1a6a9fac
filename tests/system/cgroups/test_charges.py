"""Charges and limits, on the trees of fixtures/hosts and on made ones."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from tests.plain import as_data
from xmlresource.cgroup.hierarchy import Controller, Version, ancestors
from xmlresource.model.host import AncestorLimit
from xmlresource.system.cgroups.charges import Usage, ancestor_limits, kept_on_nodes, usage
from xmlresource.system.machine import Machine

HOSTS = Path(__file__).parents[3] / "fixtures" / "hosts"
CASES = sorted(path.parent.name for path in HOSTS.glob("*/expected.json"))
PAGE = 4096
V1 = Controller(Version.V1, "/")
V2 = Controller(Version.V2, "/")


@pytest.mark.parametrize("name", CASES)
def test_limits_above_a_guest(name: str) -> None:
    expected: dict[str, Any] = json.loads((HOSTS / name / "expected.json").read_text())
    machine = Machine(str(HOSTS / name))
    for place in expected["ancestors"]:
        controller = Controller(Version(f"v{place['version']}"), place["mount"])
        chain = (*reversed(ancestors(place["cgroup"])), place["cgroup"])
        limits = ancestor_limits(machine, controller, chain, PAGE)
        assert [as_data(each) for each in limits] == place["limits"]


def test_what_is_charged_and_what_of_it_is_cache() -> None:
    machine = Machine(str(HOSTS / "one-node-v1"))
    controller = Controller(Version.V1, "/sys/fs/cgroup/memory")
    guest = "/machine/prod.partition/qemu-1-db1.libvirt-qemu"
    assert usage(machine, controller, guest) == Usage(1 << 30, 512 << 20)
    assert usage(machine, controller, "/machine/gone") is None


def group(tmp_path: Path, **files: str) -> Machine:
    (tmp_path / "m").mkdir()
    for name, text in files.items():
        (tmp_path / "m" / name.replace("memory_", "memory.")).write_text(text + "\n")
    return Machine(str(tmp_path))


def test_without_statistics_nothing_is_known_to_be_cache(tmp_path: Path) -> None:
    assert usage(group(tmp_path, memory_current="4096"), V2, "/m") == Usage(4096, 0)


def test_cache_is_no_more_than_the_charge(tmp_path: Path) -> None:
    machine = group(tmp_path, memory_current="4096", memory_stat="active_file 99999\nanon 7")
    assert usage(machine, V2, "/m") == Usage(4096, 4096)


def test_memory_high_bounds_too(tmp_path: Path) -> None:
    files = {"memory_max": "max", "memory_high": "8192", "memory_current": "4096"}
    machine = group(tmp_path, **files)
    assert ancestor_limits(machine, V2, ["/m"], PAGE) == (AncestorLimit("/m", 8192, 4096),)


def test_what_lies_outside_of_the_mount_limits_nothing(tmp_path: Path) -> None:
    inside = Controller(Version.V2, "/", root="/inside")
    assert ancestor_limits(group(tmp_path, memory_max="8192"), inside, ["/m"], PAGE) == ()


def test_a_file_that_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lots"):
        ancestor_limits(group(tmp_path, memory_max="lots"), V2, ["/m"], PAGE)


def root(tmp_path: Path, **files: str) -> Machine:
    """The root of a mount, with these files in it."""
    for name, text in files.items():
        (tmp_path / name.replace("memory_", "memory.")).write_text(text + "\n")
    return Machine(str(tmp_path))


def test_the_root_of_a_container_counts(tmp_path: Path) -> None:
    """The real root of v2 has no limits, that of a cgroup namespace has those of a cgroup."""
    machine = root(tmp_path, memory_max="8192", memory_high="max", memory_current="4096")
    assert ancestor_limits(machine, V2, ["/m"], PAGE) == (AncestorLimit("/", 8192, 4096),)
    inside = Controller(Version.V2, "/", root="/inside")
    assert ancestor_limits(machine, inside, [], PAGE) == (AncestorLimit("/inside", 8192, 4096),)
    assert ancestor_limits(machine, inside, ["/inside"], PAGE) == (
        AncestorLimit("/inside", 8192, 4096),
    )


V1_ROOT = {"memory_limit_in_bytes": "9223372036854771712", "memory_usage_in_bytes": "4096"}


@pytest.mark.parametrize(
    ("own", "least", "limit"),
    [
        ("9223372036854771712", "8192", 8192),
        ("16384", "8192", 8192),
        ("8192", "8192", 8192),
        ("9223372036854771712", "9223372036854771712", None),
    ],
)
def test_what_v1_tells_of_cgroups_above_that_can_not_be_seen(
    tmp_path: Path, own: str, least: str, limit: int | None
) -> None:
    statistics = f"cache 4096\nhierarchical_memory_limit {least}\ntotal_active_file 4096"
    files = V1_ROOT | {"memory_limit_in_bytes": own, "memory_stat": statistics}
    expected = () if limit is None else (AncestorLimit("/", limit, 4096, 4096),)
    assert ancestor_limits(root(tmp_path, **files), V1, [], PAGE) == expected


def test_the_real_root_of_v1_is_not_summed_up(tmp_path: Path) -> None:
    """Its statistics are those of the whole host: reading them takes long."""
    machine = root(tmp_path, **V1_ROOT, release_agent="", memory_stat="not read")
    assert ancestor_limits(machine, V1, [], PAGE) == ()
    (tmp_path / "memory.stat").unlink()
    (tmp_path / "release_agent").unlink()
    assert ancestor_limits(machine, V1, [], PAGE) == ()


class Removed(Machine):
    """A cgroup that is removed between open(2) and read(2)."""

    __slots__ = ()

    def read_text(self, path: str) -> str:
        raise OSError(errno.ENODEV, "No such device", path)


def test_a_cgroup_that_is_being_removed_is_gone() -> None:
    assert usage(Removed(), V2, "/m") is None
    assert ancestor_limits(Removed(), V1, ["/m"], PAGE) == ()


@pytest.mark.parametrize(
    ("controller", "text", "kept"),
    [
        (
            V1,
            (
                "total=9 N0=5 N1=4\nanon=9 N0=5 N1=4\nhierarchical_total=90 N0=50 N1=40\n"
                "hierarchical_file=60 N0=30 N1=30\nhierarchical_anon=20 N0=15 N1=5\n"
                "hierarchical_unevictable=10 N0=5 N1=5\n"
            ),
            {0: 20 * PAGE, 1: 10 * PAGE},
        ),
        (
            V2,
            (
                "anon N0=9 N1=9\nfile N0=9 N1=9\ninactive_anon N0=4096 N1=0\n"
                "active_anon N0=8192 N1=4096\ninactive_file N0=9 N1=9\nunevictable N0=0 N1=4096\n"
            ),
            {0: 12288, 1: 8192},
        ),
        (V2, None, {}),
    ],
)
def test_what_is_charged_on_each_node(
    tmp_path: Path, controller: Controller, text: str | None, kept: dict[int, int]
) -> None:
    (tmp_path / "guest").mkdir()
    if text is not None:
        (tmp_path / "guest/memory.numa_stat").write_text(text)
    assert kept_on_nodes(Machine(str(tmp_path)), controller, "/guest", PAGE) == kept
