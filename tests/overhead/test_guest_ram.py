"""The RAM that overhead is beside: the same that admission asks for."""

import pytest
from hypothesis import given

from tests.admission.test_ram import DOMAINS
from xmlresource.admission.demand import demand_of
from xmlresource.admission.ram import Backing
from xmlresource.model.domain import Device, Domain, HugepageRequest, MemoryBacking, NumaCell
from xmlresource.model.policy import MemoryPolicy
from xmlresource.overhead.guest_ram import PAGE_SIZE, ram_of
from xmlresource.units import KIB

MIB = KIB * KIB
GIB = 1024 * MIB
CELLS = (NumaCell(0, GIB), NumaCell(1, 2 * GIB))
HUGE = HugepageRequest(2 * MIB)
VFIO = Device("hostdev", {"type": "pci"})


def device(model: str, size: str = "512", **texts: str) -> Device:
    """A memory device of ``size`` MiB; ``texts`` are children of ``<target>``, in MiB, too."""
    given = {"size": size, **texts}
    units = {f"target/{name}/@unit": "MiB" for name in given}
    return Device(
        "memory",
        {"model": model, **units},
        {f"target/{name}": text for name, text in given.items()},
    )


def shared(model: str) -> Device:
    found = device(model)
    return Device("memory", {**found.attributes, "access": "shared"}, found.texts)


def guest(*devices: Device, **fields: object) -> Domain:
    plugged = sum(each.size("target/size") or 0 for each in devices)
    whole = {"memory": 3 * GIB + plugged, "cells": CELLS, "devices": devices, **fields}
    return Domain(**whole)  # type: ignore[arg-type] # the caller knows


def test_ram_is_what_is_there_and_what_can_be_plugged_in() -> None:
    assert (ram_of(Domain()).at_start, ram_of(Domain()).most) == (0, 0)
    assert (ram_of(guest()).at_start, ram_of(guest()).most) == (3 * GIB, 3 * GIB)
    later = ram_of(guest(device("dimm"), max_memory=8 * GIB))
    assert (later.at_start, later.most, later.whole) == (3 * GIB + 512 * MIB, 8 * GIB, 8 * GIB)
    assert later.later is not None
    assert later.later.pluggable == 5 * GIB - 512 * MIB
    assert ram_of(guest(max_memory=GIB)).later is None


@pytest.mark.parametrize(
    ("requested", "current", "has"),
    [("128", None, 128), ("128", "64", 128), ("128", "256", 256), ("0", "0", 0), (None, None, 0)],
    ids=["asked for", "not all there yet", "not all given back yet", "nothing", "not said"],
)
def test_of_virtio_mem_what_it_was_asked_for_is_taken(
    requested: str | None, current: str | None, has: int
) -> None:
    texts = {"requested": requested, "current": current}
    plugged = device("virtio-mem", **{name: text for name, text in texts.items() if text})
    found = ram_of(guest(plugged))
    assert found.at_start == 3 * GIB + has * MIB
    assert found.most == 3 * GIB + 512 * MIB
    assert found.devices[0].pluggable == (512 - has) * MIB


def test_page_cache_of_a_file_is_no_ram_that_is_taken() -> None:
    for each in (shared("nvdimm"), shared("virtio-pmem")):
        found = ram_of(guest(each))
        assert (found.at_start, found.most) == (3 * GIB, 3 * GIB)
        assert [part.size for part in found.reclaimable] == [512 * MIB]
        assert found.whole == 3 * GIB + 512 * MIB


def test_page_cache_that_is_pinned_is_taken() -> None:
    found = ram_of(guest(shared("nvdimm"), VFIO))
    assert (found.at_start, found.most) == (3 * GIB + 512 * MIB,) * 2
    assert found.reclaimable == ()
    assert found.ordinary == (3 * GIB, 3 * GIB)


def test_a_private_nvdimm_is_copied_and_an_enclave_is_not_the_hosts() -> None:
    assert ram_of(guest(device("nvdimm"))).at_start == 3 * GIB + 512 * MIB
    assert ram_of(guest(device("sgx-epc"))).most == 3 * GIB
    assert not ram_of(guest(device("sgx-epc"))).reclaimable


def test_hugepages_are_whole_pages_of_a_pool() -> None:
    pages = MemoryBacking(hugepages=(HUGE,))
    plugged = device("virtio-mem", "513", requested="1")
    found = ram_of(guest(plugged, backing=pages, max_memory=4 * GIB))
    assert (found.at_start, found.most) == (0, 0)
    assert found.from_pools == 4 * GIB + MIB * 2
    some = MemoryBacking(hugepages=(HugepageRequest(2 * MIB, frozenset({1})),))
    found = ram_of(guest(backing=some, max_memory=4 * GIB))
    assert (found.at_start, found.most, found.from_pools) == (GIB, 2 * GIB, 2 * GIB)


def test_a_page_of_the_ordinary_size_is_no_hugepage() -> None:
    pages = MemoryBacking(hugepages=(HugepageRequest(PAGE_SIZE),))
    found = ram_of(guest(backing=pages, max_memory=4 * GIB))
    assert (found.at_start, found.most, found.from_pools) == (3 * GIB, 4 * GIB, 0)


@pytest.mark.parametrize("size", ["", "big", "99999999999999999999999", str((2**63 - 1) // 1024)])
def test_a_memory_device_of_unreadable_size_counts_as_nothing(size: str) -> None:
    found = Device("memory", {"model": "dimm"}, {"target/size": size})
    assert ram_of(guest(found)).most == 3 * GIB
    assert ram_of(guest(Device("memory", {"model": "dimm"}))).most == 3 * GIB


@given(DOMAINS)
def test_overhead_and_admission_see_the_same_ram(domain: Domain) -> None:
    asked, found = demand_of(domain, MemoryPolicy(), PAGE_SIZE), ram_of(domain)
    assert (*found.boot, *found.devices) == asked.parts
    assert found.ordinary[0] == asked.ordinary
    pinned_files = (part.size for part in asked.parts if part.backing is Backing.FILE)
    files = sum(pinned_files) if asked.pinned_by else 0
    assert found.at_start == asked.ordinary + files
    assert found.at_start <= found.most <= found.whole
    assert found.whole >= max(asked.ram, asked.most_ram)
