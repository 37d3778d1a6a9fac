"""The formulas that others use for the same overhead, to set beside ours.

Each takes a domain and gives X: what it adds to the guest's RAM, in bytes. They are written as
published, for what their authors meant by overhead: KubeVirt's is a pod's with its daemons, the
part for QEMU alone is a formula of its own here. None of them came with an error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from xmlresource.model.domain import Device, Domain
from xmlresource.overhead.guest_ram import ram_of
from xmlresource.units import KIB

_MIB: Final = KIB * KIB
_DEFAULT_VIDEO: Final = 16 * _MIB


@dataclass(frozen=True, slots=True)
class Peer:
    """One formula.

    Attributes:
        name: Whose it is.
        formula: In words, MiB.
        overhead: X of a domain, in bytes.
    """

    name: str
    formula: str
    overhead: Callable[[Domain], int]


def _count(domain: Domain, kind: str) -> int:
    return sum(1 for device in domain.devices if device.kind == kind)


def _video(domain: Domain) -> int:
    return sum(_video_ram(device) for device in domain.devices if device.kind == "video")


def _video_ram(device: Device) -> int:
    for name in ("model/@vram", "model/@vgamem"):
        text = device.attributes.get(name, "")
        if text.isascii() and text.isdigit():
            return int(text) * KIB
    return 0 if device.attributes.get("model/@type") == "none" else _DEFAULT_VIDEO


def _passes_through(domain: Domain) -> bool:
    return any(
        device.kind == "hostdev" and device.attributes.get("type") in {"pci", "mdev"}
        for device in domain.devices
    )


def _libvirt_2012(domain: Domain) -> int:
    ram = ram_of(domain).whole
    return (ram + _video(domain)) * 102 // 100 + 200 * _MIB - ram


def _libvirt_2013(domain: Domain) -> int:
    ram = ram_of(domain).whole
    disks = 32 * _MIB * _count(domain, "disk")
    return (ram + _video(domain)) * 3 // 2 + disks + 200 * _MIB - ram


def _libvirt_2013_later(domain: Domain) -> int:
    return _libvirt_2013(domain) + 200 * _MIB


def _kubevirt_qemu(domain: Domain) -> int:
    total = ram_of(domain).whole // 512 + (50 + 8 * domain.vcpus + 8) * _MIB
    total += 32 * _MIB * bool(_count(domain, "video"))
    total += 1024 * _MIB * _passes_through(domain)
    total += 256 * _MIB * (domain.launch_security or "").startswith("sev")
    total += 53 * _MIB * bool(_count(domain, "tpm"))
    return total + 128 * _MIB * (domain.architecture == "aarch64")


def _kubevirt(domain: Domain) -> int:
    return _kubevirt_qemu(domain) + (25 + 100 + 25 + 40) * _MIB


def _ovirt_static(domain: Domain) -> int:
    return ram_of(domain).whole // 512 + 64 * _MIB


def _ovirt(domain: Domain) -> int:
    possible = _video(domain) + (domain.vcpus + domain.iothreads) * 8 * _MIB
    return _ovirt_static(domain) + possible


def _eve(domain: Domain) -> int:
    return (350 + 20 + 3 * domain.vcpus) * _MIB + ram_of(domain).whole * 25 // 1000


def _kata(_domain: Domain) -> int:
    return 320 * _MIB


def _openshift(domain: Domain) -> int:
    graphics = 16 * _MIB * _count(domain, "video")
    return ram_of(domain).whole * 2 // 1000 + (218 + 8 * domain.vcpus) * _MIB + graphics


def _igvm(_domain: Domain) -> int:
    return 50 * _MIB


PEERS: Final = (
    Peer("libvirt 2012", "1.02 * (RAM + video) + 200", _libvirt_2012),
    Peer("libvirt 2013", "1.5 * (RAM + video) + 32 a disk + 200", _libvirt_2013),
    Peer("libvirt 2013, later", "1.5 * (RAM + video) + 32 a disk + 400", _libvirt_2013_later),
    Peer(
        "KubeVirt",
        "RAM/512 + 190 for its daemons + 50 + 8 a vCPU + 8 + 32 with graphics, …",
        _kubevirt,
    ),
    Peer(
        "KubeVirt, QEMU's part", "RAM/512 + 50 + 8 a vCPU + 8 + 32 with graphics, …", _kubevirt_qemu
    ),
    Peer("oVirt, static", "RAM/512 + 64", _ovirt_static),
    Peer("oVirt", "RAM/512 + 64 + video + 8 a vCPU + 8 an iothread", _ovirt),
    Peer("EVE", "350 + 20 + 3 a vCPU + 2.5 % of RAM", _eve),
    Peer("Kata", "320", _kata),
    Peer("OpenShift's guide", "0.002 * RAM + 218 + 8 a vCPU + 16 a screen", _openshift),
    Peer("igvm", "50", _igvm),
)
"""The formulas, oldest first where that is known."""
