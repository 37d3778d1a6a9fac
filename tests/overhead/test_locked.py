"""What a guest locks, and what libvirt lets it lock: by libvirt's own test values, too."""

import pytest
from hypothesis import given

from tests.overhead.strategies import domains
from xmlresource.document import Document
from xmlresource.model.domain import (
    Device,
    Domain,
    HugepageRequest,
    MemoryBacking,
)
from xmlresource.overhead import estimate
from xmlresource.overhead.locked import Locked
from xmlresource.record import replace
from xmlresource.units import UNLIMITED, Amount

MIB = 1 << 20
GIB = 1 << 30
PCI = Device("hostdev", {"mode": "subsystem", "type": "pci"})
IOMMU = Device("iommu", {"model": "intel"})
GUEST = Domain(type="kvm", memory=4 * GIB, vcpus=2)
LOCKED = MemoryBacking(locked=True)

# tests/qemumemlocktest.c of libvirt, by the names of its documents.
OF_LIBVIRT: dict[str, Amount | None] = {
    "pc-kvm": None,
    "pc-tcg": None,
    "pc-hardlimit": 2147483648,
    "pc-locked": UNLIMITED,
    "pc-hostdev": 2147483648,
    "pc-hardlimit+locked": 2147483648,
    "pc-hardlimit+hostdev": 2147483648,
    "pc-hardlimit+locked+hostdev": 2147483648,
    "pc-locked+hostdev": UNLIMITED,
    "pseries-kvm": 20971520,
    "pseries-tcg": None,
    "pseries-hardlimit": 2147483648,
    "pseries-locked": UNLIMITED,
    "pseries-hostdev": 4320133120,
    "pseries-hardlimit+locked": 2147483648,
    "pseries-hardlimit+hostdev": 2147483648,
    "pseries-hardlimit+locked+hostdev": 2147483648,
    "pseries-locked+hostdev": UNLIMITED,
}


def locked(**changes: object) -> Locked:
    return estimate(replace(GUEST, **changes)).locked


def document(name: str) -> str:
    """A guest like libvirt's of that name: 1 GiB, on a PC or on POWER."""
    machine, *has = name.replace("-", "+").split("+")
    arch = "x86_64" if machine == "pc" else "ppc64"
    host = "<address domain='0x0001' bus='0x01' slot='0x00' function='0x0'/>"
    hostdev = f"<hostdev mode='subsystem' type='pci'><source>{host}</source></hostdev>"
    limit = "<memtune><hard_limit unit='KiB'>2097152</hard_limit></memtune>"
    backing = "<memoryBacking><locked/></memoryBacking>"
    return (
        f"<domain type='{'qemu' if 'tcg' in has else 'kvm'}'><name>guest</name>"
        f"<memory unit='KiB'>1048576</memory>{limit if 'hardlimit' in has else ''}"
        f"{backing if 'locked' in has else ''}<os><type arch='{arch}'>hvm</type></os>"
        f"<devices>{hostdev if 'hostdev' in has else ''}</devices></domain>"
    )


def allowed(data: bytes) -> Amount | None:
    read = Document.parse(data)
    assert read.domain is not None
    return estimate(read.domain).locked.allowed(read.policy.hard_limit)


@pytest.mark.parametrize("name", OF_LIBVIRT)
def test_libvirt_allows_what_its_own_tests_say(name: str) -> None:
    assert allowed(document(name).encode()) == OF_LIBVIRT[name]


def test_so_it_does_for_its_own_documents(corpus: dict[str, bytes]) -> None:
    folder = "valid/qemumemlockdata/qemumemlock-"
    told = {
        name.removeprefix(folder).removesuffix(".xml"): allowed(data)
        for name, data in corpus.items()
        if name.startswith(folder)
    }
    assert told
    assert told == {name: OF_LIBVIRT[name] for name in told}


@pytest.mark.parametrize(
    ("devices", "spaces"),
    [((PCI,), 1), ((PCI, PCI), 1), ((PCI, PCI, IOMMU), 2), ((PCI, PCI, PCI, IOMMU), 3)],
)
def test_ram_once_an_address_space_and_a_gibibyte(devices: tuple[Device, ...], spaces: int) -> None:
    found = locked(devices=devices)
    assert found.needs == found.expected == found.rule == spaces * 4 * GIB + GIB
    assert found.unseen is None


def test_hugepages_are_locked_like_other_ram() -> None:
    backing = MemoryBacking(hugepages=(HugepageRequest(),))
    overhead = estimate(replace(GUEST, backing=backing, devices=(PCI,)))
    assert overhead.locked.needs == 5 * GIB
    assert overhead.cgroup_limit is not None
    assert overhead.cgroup_limit < GIB
    assert overhead.hard_limit == overhead.hard_limit_for(memtune=True) == 5 * GIB
    assert overhead.hard_limit_for(memtune=False) == overhead.cgroup_limit


def test_what_is_plugged_in_later_is_locked_then() -> None:
    found = locked(devices=(PCI,), max_memory=16 * GIB)
    assert (found.expected, found.needs, found.rule) == (5 * GIB, 17 * GIB, 5 * GIB)


def test_a_virtio_mem_device_is_mapped_whole() -> None:
    plugged = Device(
        "memory", {"model": "virtio-mem", "target/size/@unit": "GiB"}, {"target/size": "2"}
    )
    assert locked(devices=(PCI, plugged), memory=6 * GIB).rule == 7 * GIB


def test_locked_counts_all_that_qemu_maps() -> None:
    plain = locked(backing=LOCKED)
    # 464 MiB beside 256 MiB of RAM were mapped for two vCPUs, and twice 72 are for graphics.
    assert 4 * GIB + 400 * MIB < plain.expected < plain.needs
    assert plain.rule is UNLIMITED
    for more in (
        {"vcpus": 8},
        {"iothreads": 4},
        {"type": "qemu"},
        {"devices": (Device("video", {"model/@type": "qxl", "model/@heads": "2"}),)},
        {"devices": (Device("disk", {"type": "file"}),)},
        {"devices": (PCI,)},
    ):
        found = locked(backing=LOCKED, **more)
        assert found.expected > plain.expected
        assert found.needs > plain.needs


def test_disks_with_io_of_the_kernel_need_no_pool_of_threads() -> None:
    threads = locked(backing=LOCKED, devices=(Device("disk", {"type": "file"}),))
    native = locked(
        backing=LOCKED, devices=(Device("disk", {"type": "file", "driver/@io": "native"}),)
    )
    assert threads.needs - native.needs >= 64 * 8 * MIB


def test_a_module_is_mapped_over_its_reservation() -> None:
    fixed = locked(backing=LOCKED)
    growing = locked(backing=LOCKED, max_memory=6 * GIB)
    assert growing.needs - fixed.needs >= 2 * 2 * GIB
    assert growing.expected == pytest.approx(fixed.expected, abs=16 * MIB)


@pytest.mark.parametrize(
    ("video", "mapped"),
    [
        ({}, 160),
        ({"model/@ram": "262144", "model/@vram": "131072"}, 400),
        ({"model/@ram": "x"}, 160),
    ],
)
def test_video_memory_is_what_the_definition_says(video: dict[str, str], mapped: int) -> None:
    none = locked(backing=LOCKED).needs
    with_it = locked(backing=LOCKED, devices=(Device("video", video),)).needs
    assert with_it - none >= mapped * MIB


def test_encrypted_ram_is_pinned_by_kvm() -> None:
    found = locked(launch_security="sev")
    assert found.needs == 4 * GIB + 256 * MIB
    assert found.words == "launchSecurity sev"
    assert found.rule is None
    assert locked(launch_security="sev", backing=LOCKED).needs == locked(backing=LOCKED).needs


@pytest.mark.parametrize("changes", [{}, {"type": "lxc"}, {"type": "test"}, {"memory": None}])
def test_most_guests_lock_nothing(changes: dict[str, object]) -> None:
    assert locked(**changes) == Locked()


def test_on_power_each_host_bridge_counts() -> None:
    bridge = Device("controller", {"type": "pci", "model": "pci-root"})
    here = Device("hostdev", {"type": "pci", "address/@bus": "0x00"})
    power = {"architecture": "ppc64le", "memory": GIB}
    assert locked(devices=(bridge,) * 3, **power).rule == (8 + 4 * 3 + 8) * MIB
    assert locked(max_memory=4 * GIB, **power).rule == (32 + 4 + 8) * MIB
    # max(2 GiB a bridge, RAM + RAM/512 a bridge + 8 MiB), and the base
    assert locked(devices=(bridge, here), **power).rule == 2 * GIB + 20 * MIB
    many = locked(devices=(bridge, here), architecture="ppc64", memory=64 * GIB)
    assert many.rule == (512 + 4 + 8) * MIB + 64 * GIB + 128 * MIB + 8 * MIB


def test_what_libvirt_does_not_see_is_told() -> None:
    arguments = ("-device", "intel-iommu")
    found = locked(devices=(PCI, PCI), arguments=arguments)
    assert (found.rule, found.needs) == (5 * GIB, 9 * GIB)
    assert found.unseen is not None
    assert "intel-iommu" in found.unseen
    assert locked(devices=(PCI,), arguments=arguments).unseen is None
    assert locked(devices=(PCI, PCI), arguments=arguments, backing=LOCKED).unseen is None


@given(domains)
def test_a_hard_limit_in_memtune_is_never_recommended_below_what_is_locked(domain: Domain) -> None:
    overhead = estimate(domain)
    best = overhead.hard_limit
    assert overhead.locked.expected <= overhead.locked.needs
    if best is not None:
        assert overhead.locked.objection(best, overhead.locked.needs) is None
        assert overhead.objection(best) is None


@given(domains)
def test_one_device_more_never_locks_less(domain: Domain) -> None:
    more = replace(domain, devices=(*domain.devices, PCI))
    assert estimate(more).locked.needs >= estimate(domain).locked.needs
