"""The protection set above a guest, as a host and a container show it."""

from pathlib import Path

import pytest

from tests.fakes.host import MIB, FakeHost
from xmlresource.cgroup.effective import dependable
from xmlresource.cgroup.hierarchy import Place
from xmlresource.system.cgroups import places
from xmlresource.system.cgroups.protection import levels

GUEST = "/machine/qemu-7-a.libvirt-qemu"


@pytest.mark.parametrize(("outermost", "kept"), [(None, 64), ("0", 0), (str(32 * MIB), 32)])
def test_the_root_of_a_container_protects_no_more_than_is_set_there(
    tmp_path: Path, outermost: str | None, kept: int
) -> None:
    """The real root has no ``memory.min``, and protects all that it is asked to."""
    host = FakeHost(tmp_path / "host", 2)
    for cgroup in ("/machine", GUEST):
        host.write(f"{host.group(cgroup)}/memory.min", f"{64 * MIB}\n")
    if outermost is not None:
        host.write("/sys/fs/cgroup/memory.min", f"{outermost}\n")
    place = places.locate_cgroup(host.machine, GUEST)
    assert isinstance(place, Place)
    assert dependable(levels(host.machine, place)) == kept * MIB
