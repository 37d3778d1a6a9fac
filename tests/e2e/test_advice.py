"""What our advice says libvirt and QEMU do: they do so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xmlresource.document import Document
from xmlresource.formats.assignments import AUTO
from xmlresource.model.domain import MemoryBacking
from xmlresource.operations.editing.edit import set_
from xmlresource.overhead import estimate
from xmlresource.record import replace
from xmlresource.rules import check
from xmlresource.tunables import Form

from .harness import sandbox
from .harness.cgroups import can_raise_memlock
from .harness.commands import must
from .harness.guests import MIB, Guest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest
    from .harness.daemons import Libvirt

LOCKED = "<memoryBacking><locked/></memoryBacking>"


@dataclass(frozen=True)
class RichGuest(Guest):
    """A guest of another number of vCPUs."""

    vcpus: int = 1

    def xml(self) -> str:
        return super().xml().replace("<vcpu>1<", f"<vcpu>{self.vcpus}<")


@pytest.fixture
def rich_guest(libvirt: Libvirt, request: pytest.FixtureRequest) -> Iterator[RichGuest]:
    del libvirt  # runs
    name, extra, devices, vcpus = request.param
    guest = RichGuest(f"{sandbox.PREFIX}{name}", extra, devices=devices, vcpus=vcpus)
    yield guest
    guest.remove()


def dropped(guest: Guest) -> list[str]:
    """The elements that XR406 says libvirt deletes, by their names."""
    found = check(Document.parse(guest.xml().encode()))
    return [re.sub(r".*deletes (?:this )?<([^>]*)>.*", r"\1", one.message) for one in found]


def test_libvirt_deletes_what_we_say_of_metadata(new_guest: NewGuest) -> None:
    guest = new_guest(
        "dropped",
        "<metadata><system_datastore>1</system_datastore><a:one xmlns:a='urn:example:1'/>"
        "<b:two xmlns:b='urn:example:1'/><c:three xmlns:c='urn:example:2'/></metadata>",
    ).defined()
    kept = guest.live_xml()
    assert dropped(guest) == ["system_datastore", "b:two"]
    assert [name for name in ("system_datastore", ":one", ":two", ":three") if name in kept] == [
        ":one",
        ":three",
    ]


def test_libvirt_lowers_current_memory_without_a_word(new_guest: NewGuest) -> None:
    guest = new_guest("current", "<currentMemory unit='MiB'>96</currentMemory>").defined()
    assert [one.code for one in check(Document.parse(guest.xml().encode()))] == ["XR504"]
    assert "<currentMemory unit='KiB'>65536<" in guest.live_xml()


KINDS = [
    pytest.param(("plain", "", "", 1), id="plain"),
    pytest.param(("vcpus", "<iothreads>2</iothreads>", "", 4), id="vcpus"),
    pytest.param(
        ("video", "", "<graphics type='vnc'/><video><model type='qxl' heads='1'/></video>", 1),
        id="video",
    ),
]


@pytest.mark.parametrize("rich_guest", KINDS, indirect=True)
def test_all_that_qemu_maps_is_within_what_locked_is_said_to_need(rich_guest: RichGuest) -> None:
    """With ``<locked/>`` each mapping counts by its size: VmPeak is what would be locked."""
    guest = rich_guest.running()
    domain = Document.parse(guest.live_xml().encode()).domain
    assert domain is not None
    needs = estimate(replace(domain, backing=MemoryBacking(locked=True))).locked
    status = Path(f"/proc/{guest.process().pid}/status").read_text()
    peak = int(re.findall(r"VmPeak:\s+(\d+) kB", status)[0]) * 1024
    assert peak <= needs.expected <= needs.needs
    # Not so much more that it would say nothing.
    assert needs.expected <= peak + 640 * MIB


def test_a_locked_guest_starts_with_the_limit_that_auto_writes(new_guest: NewGuest) -> None:
    plain = new_guest("locked", LOCKED)
    edited = set_(Document.parse(plain.xml().encode()), {"hard_limit": AUTO}, Form.MEMTUNE)
    document = Document.parse(edited.after)
    limit = document.policy.hard_limit
    assert document.domain is not None
    assert estimate(document.domain).locked.allowed(limit) == limit
    memtune = f"<memtune><hard_limit unit='b'>{limit}</hard_limit></memtune>"
    guest = new_guest("auto", LOCKED + memtune).defined()
    result = guest.start()
    if not can_raise_memlock():
        # As far as libvirt gets: the limit that it wants is the one that we tell.
        assert re.search(rf"cannot limit locked memory of process \d+ to {limit}:", result.stderr)
        return
    must(result)
    pid = guest.process().pid
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(rf"Max locked memory\s+{limit}\s", limits)
    locked = int(re.findall(r"VmLck:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[0])
    assert locked * 1024 > guest.memory * MIB
