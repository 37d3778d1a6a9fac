"""What a guest takes, told from what the kernel wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.cgroup.hierarchy import Version
from xmlresource.model.domain import Device, Domain, NumaCell
from xmlresource.overhead import Charged, estimate
from xmlresource.overhead.measured import (
    FILES,
    Account,
    Area,
    Emulator,
    Helper,
    account_of,
    anonymous_of,
    areas_of,
    compare,
    page_tables_of,
    split,
)
from xmlresource.units import UNLIMITED

KIB, MIB, PAGE = 1 << 10, 1 << 20, 4096
SMAPS = """\
55d0a0000000-55d0a0400000 r-xp 00000000 fe:00 123       /usr/bin/qemu system x86_64
Size:               4096 kB
KernelPageSize:        4 kB
Rss:                1000 kB
Pss:                1000 kB
VmFlags: rd ex mr mw me
7f0000000000-7f0008000000 rwxp 00000000 00:00 0
Size:             131072 kB
Rss:               12288 kB
7f1000000000-7f1004000000 rw-p 00000000 00:00 0
Size:              65536 kB
Rss:               60000 kB
"""
GUEST = Domain(name="web", type="kvm", memory=64 * MIB)


def account(user: int, kernel: int | None, **more: int) -> Account:
    figures = {"charged": 0, "page_cache": 0, "swapped": 0, **more}
    return Account(user=user, kernel=kernel, peak=None, limit=UNLIMITED, **figures)


def emulator(*areas: tuple[int, int], page_tables: int = 0) -> Emulator:
    return Emulator(
        tuple(Area(size, resident, writable_code=False) for size, resident in areas), page_tables
    )


def test_mappings_are_read_from_smaps() -> None:
    assert list(areas_of(SMAPS)) == [
        Area(4 * MIB, 1000 * KIB, writable_code=False),
        Area(128 * MIB, 12 * MIB, writable_code=True),
        Area(64 * MIB, 60000 * KIB, writable_code=False),
    ]
    assert list(areas_of("")) == []


def test_a_process_own_memory_is_its_share() -> None:
    assert anonymous_of("0-1 ---p 0 00:00 0 [rollup]\nAnonymous: 9 kB\nPss_Anon: 7 kB\n") == 7 * KIB
    assert anonymous_of("Anonymous:      9 kB\n") == 9 * KIB
    assert anonymous_of("") == 0


def test_page_tables_are_read_from_status() -> None:
    assert page_tables_of("Name:\tqemu\nVmPTE:\t     120 kB\nThreads:\t3\n") == 120 * KIB
    assert page_tables_of("Name:\tkthreadd\n") == 0


def test_the_account_of_v1() -> None:
    texts = {
        "charged": "1000\n",
        "limit": "8192\n",
        "peak": "2000\n",
        "kernel": "300\n",
        "statistics": "rss 1\ncache 2\ntotal_rss 400\ntotal_shmem 50\ntotal_active_file 3\n"
        "total_inactive_file 4\ntotal_swap 5\n",
    }
    assert account_of(Version.V1, texts, PAGE) == Account(1000, 450, 7, 300, 5, 2000, 8192)


@pytest.mark.parametrize(
    ("kernel", "found"),
    [
        ("kernel 300\npagetables 100\nsock 7\n", 307),  # since 5.18
        ("kernel_stack 10\npagetables 100\nslab 20\nsock 7\n", 137),
        ("", None),
    ],
)
def test_the_account_of_v2(kernel: str, found: int | None) -> None:
    texts = {
        "charged": "1000\n",
        "limit": "max\n",
        "swapped": "5\n",
        "statistics": f"anon 400\nshmem 50\nfile 57\nactive_file 3\ninactive_file 4\n{kernel}",
    }
    expected = Account(1000, 450, 7, found, 5, None, UNLIMITED)
    assert account_of(Version.V2, texts, PAGE) == expected


@pytest.mark.parametrize("version", Version)
def test_figures_that_a_kernel_lacks_are_nothing(version: Version) -> None:
    texts = dict.fromkeys(FILES[version])
    assert account_of(version, texts, PAGE) == Account(0, 0, 0, None, 0, None, UNLIMITED)


def test_what_is_charged_is_split() -> None:
    found = split(
        GUEST,
        account(user=100 * MIB, kernel=5 * MIB),
        Emulator(tuple(areas_of(SMAPS)), 400 * KIB),
        [Helper(3 * MIB, 100 * KIB), Helper(MIB, 50 * KIB)],
    )
    assert found.ram == 60000 * KIB
    assert found.is_ram_known
    assert found.helper == 4 * MIB + 150 * KIB
    assert found.kernel == 5 * MIB - 150 * KIB
    assert found.qemu == 100 * MIB - 60000 * KIB - 4 * MIB
    assert found.translation_cache == 12 * MIB
    assert found.page_tables == 400 * KIB
    assert found.total == 100 * MIB - 60000 * KIB + 5 * MIB


def test_ram_that_can_not_be_told_is_taken_to_be_there() -> None:
    found = split(GUEST, account(100 * MIB, 0), emulator((8 * MIB, 8 * MIB)), [])
    assert (found.ram, found.is_ram_known) == (64 * MIB, False)
    assert split(GUEST, account(10 * MIB, 0), emulator(), []).ram == 10 * MIB


def test_where_the_kernel_keeps_no_sum_its_page_tables_count() -> None:
    found = split(GUEST, account(0, None), emulator(page_tables=9), [Helper(0, 4)])
    assert (found.kernel, found.helper) == (9, 4)


def test_the_fullest_mapping_of_the_size_is_the_ram() -> None:
    mapped = emulator((64 * MIB, MIB), (64 * MIB, 50 * MIB), (64 * MIB, 2 * MIB))
    assert split(GUEST, account(90 * MIB, 0), mapped, []).ram == 50 * MIB


DIMM = Device("memory", {"model": "dimm", "target/size/@unit": "MiB"}, {"target/size": "16"})
CELLS = Domain(
    type="kvm",
    memory=80 * MIB,
    cells=(NumaCell(0, 32 * MIB), NumaCell(1, 32 * MIB)),
    devices=(DIMM,),
)


@pytest.mark.parametrize(
    "sizes", [(32, 32, 16), (64, 16)], ids=["a mapping a cell", "one for all cells"]
)
def test_ram_of_cells_and_memory_devices(sizes: tuple[int, ...]) -> None:
    mapped = emulator(*((size * MIB, (size - 1) * MIB) for size in sizes))
    found = split(CELLS, account(200 * MIB, 0), mapped, [])
    assert found.is_ram_known
    assert found.ram == (80 - len(sizes)) * MIB


def test_of_memory_that_can_be_plugged_in_the_whole_is_mapped() -> None:
    plugged = Device(
        "memory",
        {"model": "virtio-mem"},
        {"target/size": str(32 * KIB), "target/requested": str(8 * KIB)},
    )
    nvdimm = Device(
        "memory", {"model": "nvdimm", "access": "shared"}, {"target/size": str(16 * KIB)}
    )
    guest = Domain(type="kvm", memory=112 * MIB, devices=(plugged, nvdimm), max_memory=256 * MIB)
    mapped = emulator((64 * MIB, 60 * MIB), (32 * MIB, 7 * MIB), (16 * MIB, 16 * MIB))
    found = split(guest, account(100 * MIB, 0), mapped, [])
    assert (found.ram, found.is_ram_known) == (67 * MIB, True)
    unknown = split(guest, account(100 * MIB, 0), emulator(), [])
    assert (unknown.ram, unknown.is_ram_known) == (72 * MIB, False)


def test_a_cell_without_a_mapping_leaves_the_ram_unknown() -> None:
    assert not split(CELLS, account(0, 0), emulator((32 * MIB, 1)), []).is_ram_known


def test_measured_beside_estimated() -> None:
    measured = split(GUEST, account(100 * MIB, 5 * MIB), emulator((64 * MIB, 64 * MIB)), [])
    overhead = estimate(GUEST)
    parts = {part.name: part for part in compare(measured, overhead)}
    assert list(parts) == ["qemu", "kernel", "helper", "total"]
    assert parts["qemu"].measured == 36 * MIB
    assert parts["kernel"].predicted == overhead.charged_to(Charged.KERNEL)
    assert parts["total"].difference == 41 * MIB - overhead.total.expected


sizes = st.integers(0, 1 << 40)


@given(
    sizes,
    st.none() | sizes,
    st.lists(st.builds(Area, st.sampled_from([MIB, 64 * MIB]), sizes, st.booleans())),
    st.lists(st.builds(Helper, sizes, sizes)),
)
def test_no_part_is_ever_negative(
    user: int, kernel: int | None, areas: list[Area], helpers: list[Helper]
) -> None:
    found = split(GUEST, account(user, kernel), Emulator(tuple(areas), 7), helpers)
    assert min(found.qemu, found.kernel, found.helper, found.ram) >= 0
    assert found.ram <= user
