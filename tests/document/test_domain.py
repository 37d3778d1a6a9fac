from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.document import Document
from xmlresource.document.domain import parse_set
from xmlresource.model.domain import (
    Device,
    Domain,
    HugepageRequest,
    MemoryBacking,
    NumaBinding,
    NumaCell,
)
from xmlresource.units import KIB

MIB, GIB = KIB**2, KIB**3
PAGE, MEMNODE = "<page nodeset='0-4096'/>", "<memnode nodeset='0-4096'/>"


def read(inside, attributes=""):
    return Document.parse(f"<domain {attributes}>{inside}</domain>".encode()).domain


def test_an_empty_domain():
    assert read("") == Domain()


def test_what_is_read_of_a_domain():
    domain = read(
        "<name> web </name><uuid>0-1</uuid>"
        "<maxMemory slots='16' unit='GiB'>8</maxMemory><memory unit='GiB'>4</memory>"
        "<vcpu placement='static'>6</vcpu><iothreads>2</iothreads>"
        "<resource><partition>/machine/prod</partition></resource>"
        "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>"
        "<features><tcg><tb-cache unit='MiB'>128</tb-cache></tcg></features>"
        "<launchSecurity type='sev'/>",
        "type='kvm'",
    )
    assert domain == Domain(
        name="web",
        uuid="0-1",
        type="kvm",
        memory=4 * GIB,
        max_memory=8 * GIB,
        max_memory_slots=16,
        vcpus=6,
        iothreads=2,
        architecture="x86_64",
        machine="q35",
        firmware="efi",
        tb_cache=128 * MIB,
        partition="/machine/prod",
        launch_security="sev",
    )


@pytest.mark.parametrize(
    ("text", "most", "started"),
    [
        ("<vcpu>4</vcpu>", 4, 4),
        ("<vcpu current='2'>16</vcpu>", 16, 2),
        ("<vcpu current='many'>4</vcpu>", 4, 4),
        ("<vcpu current='9'>4</vcpu>", 4, 4),
        ("<vcpu>3</vcpu><vcpus/>", 3, 3),
        (
            "<vcpu>3</vcpu><vcpus><vcpu enabled='yes'/><vcpu enabled='no'/></vcpus>",
            3,
            1,
        ),
    ],
)
def test_vcpus_that_start_are_told_from_those_that_can_be_plugged_in(text, most, started):
    domain = read(text)
    assert (domain.vcpus, domain.vcpus_at_start) == (most, started)


def test_a_kernel_that_qemu_loads_is_seen():
    assert read("<os><kernel>/boot/vmlinuz</kernel></os>").direct_kernel
    assert not read("<os><type>hvm</type></os>").direct_kernel


def test_a_loader_of_type_pflash_is_firmware_too():
    assert read("<os><loader type='pflash'>/f</loader></os>").firmware == "pflash"


@pytest.mark.parametrize(
    ("inside", "backing"),
    [
        ("", MemoryBacking(hugepages=())),
        ("<hugepages/>", MemoryBacking(hugepages=(HugepageRequest(),))),
        (
            "<hugepages><page size='1' unit='G' nodeset='0,2'/><page size='2048'/></hugepages>",
            MemoryBacking(
                hugepages=(
                    HugepageRequest(GIB, frozenset({0, 2})),
                    HugepageRequest(2 * MIB, None),
                )
            ),
        ),
        (
            """<locked/><nosharepages/><source type='memfd'/><access mode='shared'/>
            <allocation mode='immediate'/>""",
            MemoryBacking((), locked=True, nosharepages=True, source="memfd", shared=True,
                          immediate=True),
        ),
        ("<access mode='private'/><allocation mode='ondemand'/>", MemoryBacking()),
    ],
)  # fmt: skip
def test_memory_backing(inside, backing):
    assert read(f"<memoryBacking>{inside}</memoryBacking>").backing == backing


def test_numa():
    domain = read(
        "<cpu><numa><cell id='0' memory='1' unit='GiB'/><cell memory='x'/>"
        "<cell memory='4' memAccess='shared'/><cell memory='4' memAccess='private'/></numa></cpu>"
        "<numatune><memory mode='strict' nodeset='0-1'/><memory placement='auto'/>"
        "<memnode cellid='1' mode='preferred' nodeset='1'/><other/></numatune>"
    )
    assert domain.cells == (
        NumaCell(0, GIB),
        NumaCell(1, 0),
        NumaCell(2, 4 * KIB, shared=True),
        NumaCell(3, 4 * KIB, shared=False),
    )
    assert domain.bindings == (
        NumaBinding("strict", frozenset({0, 1})),
        NumaBinding("strict", None),
        NumaBinding("preferred", frozenset({1}), 1),
    )


def test_devices_are_flattened():
    domain = read(
        "<devices><emulator>/q</emulator><disk type='file'><driver queues='4'/>"
        "<source file='/d'><x>1</x></source><source file='/e'/></disk></devices>"
    )
    assert domain.devices == (
        Device("emulator"),
        Device(
            "disk",
            {"type": "file", "driver/@queues": "4", "source/@file": "/d"},
            {"driver": "", "source/x": "1", "source": ""},
        ),
    )


@pytest.mark.parametrize(
    "inside",
    [
        "<memory unit='gigs'>4</memory><vcpu>many</vcpu><iothreads>-1</iothreads>",
        "<memory>9007199254740991</memory><vcpu>9999999999</vcpu><iothreads>٣</iothreads>",
    ],
)
def test_numbers_that_can_not_be_read_count_as_not_given(inside):
    assert read(inside) == Domain()


@given(st.sets(st.integers(0, 200)))
def test_sets_of_numbers(numbers):
    assert parse_set(",".join(map(str, numbers)) if numbers else "") == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0-3,^2,8", {0, 1, 3, 8}),
        ("1, 2", {1, 2}),
        ("3-1", set()),
        ("a", set()),
        ("1-", {1}),
        ("-1", set()),
        ("1,,2", set()),
        ("0-4294967295", set()),
        ("4000-999999999", set(range(4000, 4097))),
    ],
)
def test_sets_as_libvirt_writes_them(text, numbers):
    assert parse_set(text) == numbers


def test_sets_are_read_quickly_however_many_ranges_they_have():
    assert parse_set(",".join(["0-4096", "^1-4096"] * 50_000)) == {0}


def test_of_hostile_rows_not_all_are_read():
    domain = read(
        f"<memoryBacking><hugepages>{PAGE * 5000}</hugepages></memoryBacking>"
        f"<cpu><numa>{'<cell/>' * 5000}</numa></cpu>"
        f"<numatune>{MEMNODE * 5000}</numatune>"
    )
    assert len(domain.backing.hugepages) == len(domain.cells) == len(domain.bindings) == 256


def test_the_corpus_is_read_as_domains(corpus):
    seen = Counter()
    for name, data in corpus.items():
        document = Document.parse(data, name)
        if document.domain is None:
            assert document.root.local != "domain", name
            continue
        seen["domain"] += 1
        seen["named"] += bool(document.domain.name)
        seen["memory"] += document.domain.memory is not None
        seen["device"] += bool(document.domain.devices)
    assert seen["domain"] > 0.95 * len(corpus)
    assert seen["named"] > 0.95 * seen["domain"]
    assert seen["memory"] > 0.9 * seen["domain"]


@pytest.mark.parametrize(
    ("vcpu", "cpuset"),
    [
        ("<vcpu cpuset='0-2,^1'>2</vcpu>", {0, 2}),
        ("<vcpu placement='static' cpuset='3'>2</vcpu>", {3}),
        ("<vcpu placement='auto' cpuset='3'>2</vcpu>", None),
        ("<vcpu cpuset='some'>2</vcpu>", None),
        ("<vcpu>2</vcpu>", None),
    ],
)
def test_the_cpus_of_all_vcpus(vcpu, cpuset):
    assert read(vcpu).cpuset == cpuset


def test_the_cpus_of_each_vcpu():
    pins = (
        "<vcpupin vcpu='0' cpuset='1-2'/><vcpupin vcpu='1' cpuset='none'/>"
        "<vcpupin cpuset='1'/><emulatorpin cpuset='7'/><vcpupin vcpu='3' cpuset='0'/>"
    )
    domain = read(f"<cputune>{pins}</cputune>")
    assert domain.vcpu_pins == ((0, frozenset({1, 2})), (3, frozenset({0})))
    assert domain.cpu_shares is None


@pytest.mark.parametrize(("shares", "number"), [("2048", 2048), ("0", None), ("many", None)])
def test_the_shares_that_libvirt_sets(shares, number):
    assert read(f"<cputune><shares>{shares}</shares></cputune>").cpu_shares == number


def test_hostile_pins_are_not_read_to_their_end():
    lines = "<vcpupin vcpu='1' cpuset='0'/>" * 5000
    assert len(read(f"<cputune>{lines}</cputune>").vcpu_pins) == 4096
