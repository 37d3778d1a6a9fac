"""Devices that reach RAM by themselves: what libvirt counts, and in how many address spaces."""

import pytest

from xmlresource.admission.passthrough import Passthrough, passthrough_of
from xmlresource.admission.pinning import pinned_by
from xmlresource.document import Document
from xmlresource.model.domain import Domain

QEMU = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
PCI = "<hostdev mode='subsystem' type='pci'/>"
GPU = "<hostdev mode='subsystem' type='mdev' model='vfio-pci'/>"
CRYPTO = "<hostdev mode='subsystem' type='mdev' model='vfio-ap'/>"
FUNCTION = "<interface type='hostdev'/>"
VDPA = "<interface type='vdpa'/>"
IOMMU = "<iommu model='intel'/>"


def disk(*layers: str) -> str:
    top, *below = layers
    inner = ""
    for layer in reversed(below):
        inner = f"<backingStore type='{layer}'><format type='raw'/>{inner}</backingStore>"
    return f"<disk type='{top}' device='disk'>{inner}<target dev='vda'/></disk>"


def read(devices: str, arguments: tuple[str, ...] = ()) -> Domain:
    words = "".join(f"<qemu:arg value='{word}'/>" for word in arguments)
    line = f"<qemu:commandline>{words}</qemu:commandline>" if words else ""
    text = f"<domain type='kvm' {QEMU}><devices>{devices}</devices>{line}</domain>"
    domain = Document.parse(text.encode()).domain
    assert domain is not None
    return domain


def found(devices: str, *arguments: str) -> Passthrough:
    return passthrough_of(read(devices, arguments))


@pytest.mark.parametrize(
    ("devices", "factor", "spaces"),
    [
        ("", 0, 0),
        (PCI, 1, 1),
        (PCI * 3, 1, 1),
        (PCI + GPU + FUNCTION, 1, 1),
        (PCI * 3 + IOMMU, 3, 3),
        (PCI + GPU + FUNCTION + IOMMU, 3, 3),
        (IOMMU, 0, 0),
        (CRYPTO, 1, 0),
        ("<hostdev mode='capabilities' type='pci'/>", 0, 0),
        ("<hostdev mode='subsystem' type='usb'/>", 0, 0),
        (VDPA, 1, 1),
        (VDPA * 2 + PCI, 3, 3),
        (disk("nvme"), 1, 1),
        (disk("nvme") * 2, 2, 2),
        (disk("file", "nvme"), 1, 1),
        (disk("file", "block", "nvme"), 1, 1),
        (disk("nvme", "nvme"), 1, 2),
        (disk("vhostvdpa"), 1, 1),
        (disk("file", "vhostvdpa"), 1, 1),
        (disk("file", "file"), 0, 0),
        (disk("nvme") + VDPA + PCI * 2, 3, 3),
        (disk("nvme") + VDPA + PCI * 2 + IOMMU, 4, 4),
    ],
)
def test_what_libvirt_counts_and_what_there_is(devices: str, factor: int, spaces: int) -> None:
    ways = found(devices)
    assert (ways.factor, ways.spaces) == (factor, spaces)


@pytest.mark.parametrize(
    ("arguments", "factor", "spaces"),
    [
        (("-device", "intel-iommu,intremap=on"), 1, 2),
        (("--device", "virtio-iommu-pci"), 1, 2),
        (("-device", '{"driver":"amd-iommu","id":"i"}'), 1, 2),
        (("-device", '{"id":"i", "driver" : "arm-smmuv3"}'), 1, 2),
        (("-device", "vfio-pci,host=01:00.0"), 1, 1),
        (("-device", "vfio-ap"), 1, 1),
        (("-device", "intel-iommu", "-device", "vfio-pci,host=01:00.0"), 1, 3),
        (("-netdev", "vhost-vdpa,id=v,vhostdev=/dev/vhost-vdpa-0"), 1, 2),
        (("-netdev", '{"type":"vhost-vdpa","id":"v"}'), 1, 2),
        (("-device", "{no JSON"), 1, 1),
        (("-device",), 1, 1),
        (("-append", "intel-iommu"), 1, 1),
    ],
)
def test_the_command_line_is_read_and_libvirt_does_not(
    arguments: tuple[str, ...], factor: int, spaces: int
) -> None:
    ways = found(PCI * 2, *arguments)
    assert (ways.factor, ways.spaces) == (factor, spaces)


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        (PCI, "1 VFIO device"),
        (PCI * 2 + IOMMU, "2 VFIO devices behind an IOMMU"),
        (disk("nvme") * 2 + VDPA, "2 NVMe disks, 1 vDPA device"),
        (CRYPTO, ""),
    ],
)
def test_they_are_told_in_words(devices: str, words: str) -> None:
    assert found(devices).words == words


@pytest.mark.parametrize(
    ("devices", "arguments", "reasons"),
    [
        (PCI * 2 + disk("file", "nvme"), (), ("hostdev pci", "disk nvme")),
        ("", ("-device", "vfio-pci"), ("commandline vfio-pci",)),
        ("", ("-device", "intel-iommu"), ()),
        (CRYPTO, (), ()),
    ],
)
def test_what_pins_is_what_reaches_all_ram(
    devices: str, arguments: tuple[str, ...], reasons: tuple[str, ...]
) -> None:
    assert pinned_by(read(devices, arguments)) == reasons
