import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.host_facts import (
    FactFault,
    Watermarks,
    host_region,
    hugepage_size,
    node_region,
    parse_count,
    parse_meminfo,
    parse_zoneinfo,
)
from xmlresource.model.host import HugepagePool, MemoryRegion

KIB = 1024
POOL = HugepagePool(2048 * KIB, total=4, free=3)


def test_meminfo_of_a_host_and_of_a_node() -> None:
    text = "MemTotal:  10 kB\nHugePages_Total:  3\nNode 0 MemFree: 2 kB\n"
    assert parse_meminfo(text) == {
        "MemTotal": 10 * KIB,
        "HugePages_Total": 3,
        "MemFree": 2 * KIB,
    }


def test_meminfo_passes_over_what_it_cannot_read() -> None:
    text = "\nno colon\nEmpty:\nNegative: -1 kB\n: 5 kB\nDigits: \u0663 kB\nGood: 1 kB\n"
    assert parse_meminfo(text) == {"": 5 * KIB, "Good": KIB}


@given(st.text())
def test_no_text_breaks_a_parser(text: str) -> None:
    host_region(parse_meminfo(text))
    node_region(parse_meminfo(text), (), None, "f")
    parse_zoneinfo(text, 4096)
    parse_count(text, "f")
    hugepage_size(text)


def test_host_region() -> None:
    region = host_region({"MemTotal": 10, "MemAvailable": 7, "Hugetlb": 2})
    assert region == MemoryRegion(10, 7, 2)


@pytest.mark.parametrize(
    ("meminfo", "problem"),
    [({}, "no MemTotal"), ({"MemTotal": 1}, "neither MemAvailable nor MemFree")],
)
def test_host_region_faults(meminfo: dict[str, int], problem: str) -> None:
    fault = host_region(meminfo, path="f")
    assert fault == FactFault("f", problem)
    assert str(fault) == f"f: {problem}"


def test_before_linux_3_14_available_is_the_least_of_the_estimate() -> None:
    meminfo = {"MemTotal": 100, "MemFree": 10, "Active(file)": 6, "SReclaimable": 4}
    assert host_region(meminfo) == MemoryRegion(100, 10 + 3 + 2)


def test_without_hugetlb_the_pools_or_the_default_pool_tell() -> None:
    meminfo = {"MemTotal": 100, "MemAvailable": 1, "HugePages_Total": 2, "Hugepagesize": 8}
    assert host_region(meminfo) == MemoryRegion(100, 1, 16)
    assert host_region(meminfo, (POOL,)) == MemoryRegion(100, 1, POOL.total_bytes, (POOL,))


NODE = {
    "MemTotal": 1000,
    "MemFree": 500,
    "Active(file)": 60,
    "Inactive(file)": 40,
    "KReclaimable": 20,
    "SReclaimable": 1,
}


def test_node_region_is_the_kernels_formula() -> None:
    region = node_region(NODE, (POOL,), Watermarks(low=30, reserved=50), "f")
    # Of the cache the low watermarks stay, of the slab its half, which is less.
    available = 500 - 50 + (100 - 30) + (20 - 10)
    assert region == MemoryRegion(1000, available, POOL.total_bytes, (POOL,))


def test_node_region_without_watermarks_is_the_least_of_it() -> None:
    assert node_region(NODE, (), None, "f") == MemoryRegion(1000, 500 + 50 + 10)


def test_node_region_is_never_negative() -> None:
    region = node_region({"MemTotal": 10, "MemFree": 1}, (), Watermarks(1, 5), "f")
    assert region == MemoryRegion(10, 0)


@pytest.mark.parametrize("missing", ["MemTotal", "MemFree"])
def test_node_region_faults(missing: str) -> None:
    meminfo = {name: size for name, size in NODE.items() if name != missing}
    assert node_region(meminfo, (), None, "f") == FactFault("f", f"no {missing}")


ZONEINFO = """\
Node 0, zone      DMA
  per-node stats
      nr_low 7
  pages free     3840
        min      52
        low      65
        high     78
        managed  3840
        protection: (0, 3019, 4811)
  pagesets
    cpu: 0
              high:     9999
Node 0, zone   Normal
        low      100
        high     200
        managed  150
        protection: (0, 0, 0)

Node 1, zone   Normal
        low      1
        high     2
Node x, zone Broken
        low      1
"""


def test_watermarks_of_each_node() -> None:
    marks = parse_zoneinfo(ZONEINFO, 10)
    # DMA: all it manages is less than protection + high; Normal: so is it there
    assert marks == {
        0: Watermarks((65 + 100) * 10, (3840 + 150) * 10),
        1: Watermarks(10, 20),
    }


def test_counts_and_page_sizes() -> None:
    assert parse_count(" 12\n", "f") == 12
    assert parse_count("max\n", "f") == FactFault("f", "no whole number")
    assert hugepage_size("hugepages-2048kB") == 2048 * KIB
    assert hugepage_size("hugepages-kB") is None
    assert hugepage_size("demote") is None
