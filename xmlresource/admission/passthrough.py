"""Devices that reach a guest's RAM by themselves, and in how many address spaces they do.

In each address space all of the guest's RAM is pinned, and counts as locked memory once more.
Known, with its source:

- VFIO devices share one address space, as long as the guest has no IOMMU of its own; behind one,
  each has its own (libvirt's qemuDomainGetMemLockLimitBytes says so of its factor).
- An NVMe disk that QEMU drives itself has one of its own, each layer of a backing chain that is one
  (QEMU's block/nvme.c opens a VFIO container a controller). libvirt counts such a disk once.
- A vDPA device has one of its own (vhost-vdpa in the kernel).
- ``<qemu:commandline>`` can add all of these, and an IOMMU: libvirt does not look there.

An interface of a libvirt network that hands out host devices can't be told from the definition.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from xmlresource.model.domain import Device, Domain
from xmlresource.record import record

VFIO: Final = "vfio"
NVME: Final = "nvme"
VDPA: Final = "vdpa"

_KINDS: Final = {
    ("hostdev", "pci"): VFIO,
    ("hostdev", "mdev"): VFIO,
    ("interface", "hostdev"): VFIO,
    ("interface", "vdpa"): VDPA,
    ("disk", "nvme"): NVME,
    ("disk", "vhostvdpa"): VDPA,
}
_PINS_LITTLE: Final = frozenset({"vfio-ap", "vfio-ccw"})

# QEMU's options, behind one dash or two; a device is told as "name,key=value" or as JSON.
_DEVICE_OPTIONS: Final = frozenset({"-device", "--device"})
_NETWORK_OPTIONS: Final = frozenset({"-netdev", "--netdev"})
_NAME: Final = r'\s*(?:\{.*?"(?:driver|type)"\s*:\s*"(?P<json>[^"]*)"|(?P<plain>[^,{]*))'
_IOMMUS: Final = (
    "intel-iommu",
    "amd-iommu",
    "virtio-iommu",
    "arm-smmuv3",
    "riscv-iommu",
)


@record
class Reach:
    """One way of a device to the guest's RAM.

    Attributes:
        by: ``vfio``, ``nvme`` or ``vdpa``.
        name: What a person would call it: ``hostdev pci``.
        pins_all: Whether all RAM is pinned; some mediated devices pin what an operation touches.
    """

    by: str
    name: str
    pins_all: bool = True


@record
class Passthrough:
    """All such ways of a guest.

    Attributes:
        vfio: The VFIO devices that libvirt counts.
        nvme: The disks with an NVMe disk in their chain.
        vdpa: The vDPA devices, of interfaces and of each layer of disks.
        iommu: Whether the guest has an ``<iommu>``.
        pinning: The VFIO devices that pin all RAM, with those of the command line.
        layers: The NVMe disks, each layer of a chain.
        hidden_iommus: The IOMMUs of the command line, which libvirt does not see.
        hidden_vfio: The VFIO devices of the command line.
        hidden_vdpa: The vDPA devices of the command line.
    """

    vfio: int = 0
    nvme: int = 0
    vdpa: int = 0
    iommu: bool = False
    pinning: int = 0
    layers: int = 0
    hidden_iommus: tuple[str, ...] = ()
    hidden_vfio: tuple[str, ...] = ()
    hidden_vdpa: tuple[str, ...] = ()

    @property
    def behind_iommu(self) -> bool:
        """Whether the guest has an IOMMU, wherever that is declared."""
        return self.iommu or bool(self.hidden_iommus)

    @property
    def factor(self) -> int:
        """Count how often libvirt lets QEMU lock all RAM."""
        return self.nvme + self.vdpa + (self.vfio if self.iommu else min(self.vfio, 1))

    @property
    def spaces(self) -> int:
        """In how many address spaces all RAM is pinned."""
        vfio = self.pinning if self.behind_iommu else min(self.pinning, 1)
        return self.layers + self.vdpa + len(self.hidden_vdpa) + vfio

    @property
    def words(self) -> str:
        """Say what devices they are: ``2 VFIO devices behind an IOMMU, 1 NVMe disk``."""
        counts = (
            (self.pinning, "VFIO device"),
            (self.layers, "NVMe disk"),
            (self.vdpa + len(self.hidden_vdpa), "vDPA device"),
        )
        named = [
            f"{count} {name}{'' if count == 1 else 's'}"
            + (" behind an IOMMU" if name == "VFIO device" and self.behind_iommu else "")
            for count, name in counts
            if count
        ]
        return ", ".join(named)


def reaches(device: Device) -> Iterator[Reach]:
    """The ways of one device: of a disk each layer may be one."""
    given = device.attributes
    if device.kind == "hostdev" and given.get("mode", "subsystem") != "subsystem":
        return
    own = _KINDS.get((device.kind, given.get("type", "")))
    if own is not None:
        pins_all = given.get("model") not in _PINS_LITTLE
        yield Reach(own, f"{device.kind} {given['type']}", pins_all)
    if device.kind != "disk":
        return
    layer = "backingStore/"
    while (below := given.get(f"{layer}@type")) is not None:
        by = _KINDS.get(("disk", below))
        if by is not None:
            yield Reach(by, f"disk {below}")
        layer += "backingStore/"


def passthrough_of(domain: Domain) -> Passthrough:
    """All ways of the guest's devices to its RAM."""
    found = [list(reaches(device)) for device in domain.devices]
    ways = [way for of_device in found for way in of_device]
    iommu = any(device.kind == "iommu" for device in domain.devices)
    iommus, vfio, vdpa = _of_command_line(domain.arguments)
    return Passthrough(
        vfio=_count(ways, VFIO),
        nvme=sum(any(way.by == NVME for way in of_device) for of_device in found),
        vdpa=_count(ways, VDPA),
        iommu=iommu,
        pinning=sum(way.by == VFIO and way.pins_all for way in ways) + len(vfio),
        layers=_count(ways, NVME),
        hidden_iommus=tuple(iommus),
        hidden_vfio=tuple(vfio),
        hidden_vdpa=tuple(vdpa),
    )


def _count(ways: list[Reach], by: str) -> int:
    return sum(way.by == by for way in ways)


def _of_command_line(arguments: tuple[str, ...]) -> tuple[list[str], list[str], list[str]]:
    """The IOMMUs, the VFIO devices and the vDPA devices that it adds, by QEMU's names."""
    iommus, vfio, vdpa = [], [], []
    for option, value in pairwise(arguments):
        name = _name(value)
        if option in _NETWORK_OPTIONS and name == "vhost-vdpa":
            vdpa.append(name)
        elif option in _DEVICE_OPTIONS and name.startswith(_IOMMUS):
            iommus.append(name)
        elif option in _DEVICE_OPTIONS and name.startswith("vfio-"):
            vfio.extend([] if name in _PINS_LITTLE else [name])
    return iommus, vfio, vdpa


def _name(value: str) -> str:
    match = re.match(_NAME, value, re.DOTALL)
    return "" if match is None else match["json"] or match["plain"] or ""
