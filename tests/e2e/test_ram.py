"""Where a real guest's RAM comes from, and what is asked for because of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .harness import sandbox
from .harness.cgroups import memory_cgroup, read
from .harness.commands import must
from .harness.daemons import virsh
from .harness.guests import MIB, Guest, guarantee
from .harness.product import Product, hook_status, refusal
from .test_guarantee import ROOM, hooked, product, xmlresource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest

__all__ = ["hooked", "product", "xmlresource"]  # fixtures

POOL = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")
HUGE = 2 * MIB
ON_HUGEPAGES = (
    "<memoryBacking><hugepages><page size='2048'/></hugepages><source type='memfd'/>"
    "</memoryBacking>"
)
IMMEDIATE = "<memoryBacking><allocation mode='immediate'/></memoryBacking>"
LOCKED = "<memoryBacking><locked/></memoryBacking>"
NVDIMM = 32
DIMM = 64
CELL = 64
NUMA = (
    "<features><acpi/></features><maxMemory slots='4' unit='MiB'>1024</maxMemory><cpu><numa>"
    f"<cell id='0' cpus='0' memory='{CELL}' unit='MiB'/></numa></cpu>"
)


def memory_device(model: str, size: int, source: str = "", target: str = "") -> str:
    """A memory device of so many MiB in cell 0."""
    return (
        f"<memory model='{model}'><source>{source}</source><target>"
        f"<size unit='MiB'>{size}</size><node>0</node>{target}</target></memory>"
    ).replace("<source></source>", "")


@pytest.fixture
def free_pages() -> Iterator[int]:
    """The pool of 2 MiB with 12 free pages, as it was afterwards."""
    wanted = 12
    before = pages("nr")
    (POOL / "nr_hugepages").write_text(str(before - free_now() + wanted))
    try:
        assert free_now() == wanted, "the kernel has no hugepages to give"
        yield wanted
    finally:
        (POOL / "nr_hugepages").write_text(str(before))


def pages(name: str) -> int:
    """A figure of the pool of 2 MiB."""
    return int((POOL / f"{name}_hugepages").read_text())


def free_now() -> int:
    """The pages that nobody has or has reserved."""
    return pages("free") - pages("resv")


@pytest.fixture
def nvdimm() -> Iterator[Path]:
    """A file for an nvdimm, where QEMU gets at it."""
    path = Path("/var/tmp") / f"{sandbox.PREFIX}nvdimm"  # noqa: S108 -- libvirt gives it to QEMU
    path.touch()
    os.truncate(path, NVDIMM * MIB)
    yield path
    path.unlink()


def stat(guest: Guest, name: str) -> int:
    """A figure of the guest's memory.stat."""
    lines = (memory_cgroup(guest.process()) / "memory.stat").read_text().splitlines()
    return {key: int(value) for key, value in map(str.split, lines)}[name]


def test_hugepages_come_from_their_pool(
    xmlresource: Product, new_guest: NewGuest, free_pages: int
) -> None:
    more = guarantee(100) + ON_HUGEPAGES
    first = new_guest("huge", more, memory=16).running()
    assert (free_pages - free_now()) * HUGE == 16 * MIB
    second = new_guest("too-many", more, memory=16).defined()
    result = second.start()
    assert hook_status(result) == 3
    assert "hugepages, pages of 2 MiB: 16 MiB needed" in refusal(result)
    fits = new_guest("fits", more, memory=8).running()
    assert set(xmlresource.guests()) == {first.name, fits.name}
    must(first.destroy())
    must(fits.destroy())


@pytest.mark.parametrize(
    ("backing", "devices", "why"),
    [
        (IMMEDIATE, "", "(physical: 1.074 GiB taken at once by allocation immediate"),
        (LOCKED, "", "(commitment: 1.074 GiB pinned by locked"),
        (
            "",
            (
                "<hostdev mode='subsystem' type='pci' managed='no'><source>"
                "<address domain='0xffff' bus='0x1f' slot='0x1f' function='7'/></source></hostdev>"
            ),
            "(commitment: 1.074 GiB pinned by hostdev pci",
        ),
    ],
    ids=["immediate", "locked", "vfio"],
)
def test_a_guest_that_takes_more_than_there_is_is_refused(
    xmlresource: Product, new_guest: NewGuest, backing: str, devices: str, why: str
) -> None:
    """Its guarantee would fit; its RAM, which it takes all the same, would not."""
    guest = new_guest("greedy", guarantee(100) + backing, memory=ROOM + 100, devices=devices)
    result = guest.defined().start()
    assert hook_status(result) == 3
    assert why in refusal(result)
    assert must(new_guest("modest", guarantee(100), memory=ROOM + 100).defined().start()).ok
    assert guest.name not in xmlresource.guests()


@pytest.mark.v1
def test_what_is_reckoned_at_once_is_charged_at_once(
    xmlresource: Product, new_guest: NewGuest, nvdimm: Path
) -> None:
    """A cell, a dimm, and an nvdimm of which QEMU makes a copy."""
    guest = new_guest(
        "parts",
        guarantee(100) + NUMA + IMMEDIATE,
        memory=CELL + DIMM + NVDIMM,
        devices=memory_device("dimm", DIMM)
        + memory_device("nvdimm", NVDIMM, f"<path>{nvdimm}</path>"),
    )
    all_of_it = (CELL + DIMM + NVDIMM) * MIB
    shown = xmlresource.json("check", guest.file())["memory"]
    assert shown["at_once"] == all_of_it
    guest.running()
    taken = stat(guest, "total_rss") + stat(guest, "total_shmem")
    assert all_of_it <= taken <= all_of_it + 60 * MIB
    assert read(memory_cgroup(guest.process()), "memory.usage_in_bytes") >= all_of_it
    must(guest.destroy())


@pytest.mark.usefixtures("libvirt")
def test_how_libvirt_has_each_part_made(new_guest: NewGuest) -> None:
    """What the reckoning stands on, in the words of QEMU's command line."""
    requested = "<block unit='MiB'>2</block><requested unit='MiB'>64</requested>"
    guest = new_guest(
        "words",
        NUMA + ON_HUGEPAGES.replace("</memoryBacking>", "<access mode='shared'/></memoryBacking>"),
        memory=CELL + 2 * DIMM + NVDIMM + 128,
        devices=memory_device("dimm", DIMM, "<nodemask>0</nodemask>")
        + memory_device("dimm", DIMM, "<pagesize unit='KiB'>4</pagesize>")
        + memory_device("nvdimm", NVDIMM, "<path>/var/tmp/xre2e-nvdimm</path>")
        + memory_device("virtio-mem", 128, "", requested),
    )
    line = must(virsh("domxml-to-native", "qemu-argv", guest.file())).stdout
    made = {
        name: line[line.index(f'"id":"{name}"') :].partition("}")[0]
        for name in ("ram-node0", "memdimm0", "memdimm1", "memnvdimm2", "memvirtiomem0")
    }
    huge = '"hugetlb":true,"hugetlbsize":2097152,"share":true'
    # Hugepages are touched at the start, from a file of memory too.
    assert f'{huge},"prealloc":true' in made["ram-node0"]
    # A nodemask without <numatune> binds strictly.
    assert '"host-nodes":[0],"policy":"bind"' in made["memdimm0"]
    assert huge in made["memdimm0"]
    # Pages of the ordinary size are no hugepages.
    assert "hugetlb" not in made["memdimm1"]
    # An nvdimm is its file, whatever the guest's pages are, and touched at the start.
    assert '"mem-path":"/var/tmp/xre2e-nvdimm"' in made["memnvdimm2"]
    assert '"prealloc":true' in made["memnvdimm2"]
    # For virtio-mem nothing is set aside: what is requested is taken as it is plugged in.
    assert '"reserve":false' in made["memvirtiomem0"]
    assert f'"requested-size":{64 * MIB}' in line
