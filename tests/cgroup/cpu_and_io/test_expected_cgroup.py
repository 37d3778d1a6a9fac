"""Where libvirt will make a guest's cgroup, and what counts there."""

import pytest

from xmlresource.cgroup.cpu_and_io.expected_cgroup import (
    cgroups_above,
    competing,
    expected_cgroup,
)
from xmlresource.cgroup.hierarchy import Controller, Version

CONTROLLER = Controller(Version.V2, "/sys/fs/cgroup")


@pytest.mark.parametrize(
    ("partition", "systemd", "cgroup"),
    [
        (None, True, "/machine.slice/id"),
        (None, False, "/machine/id"),
        ("/machine/prod", True, "/machine.slice/machine-prod.slice/id"),
        ("/machine/prod", False, "/machine/prod.partition/id"),
    ],
)
def test_where_it_will_be(partition: str | None, systemd: bool, cgroup: str) -> None:
    assert expected_cgroup(CONTROLLER, partition, "id", systemd=systemd) == cgroup


def test_in_a_container_and_without_a_uuid() -> None:
    inside = Controller(Version.V1, "/sys/fs/cgroup/cpu", "/docker/x")
    assert expected_cgroup(inside, None, "", systemd=False) == "/docker/x/machine/new"


def test_what_counts_and_what_is_above() -> None:
    assert competing("/machine.slice/a.scope/libvirt") == "/machine.slice/a.scope"
    assert competing("/machine/a.libvirt-qemu") == "/machine/a.libvirt-qemu"
    assert cgroups_above("/a/b/c") == ["/a", "/a/b"]
