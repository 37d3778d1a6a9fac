"""What of a guest costs memory: a domain taken apart into the subjects that the table speaks of.

A subject has a *kind* (a device's element name, or one of those below), *facts* that the table's
conditions ask for, and *units* that its coefficients are multiplied with. Nothing here knows a
figure; those are the table's.

Kinds that are no device: ``guest`` (one), ``image`` (each layer of each disk's backing chain),
``container`` (an LXC domain).

What libvirt adds to a definition by itself (a USB controller, a balloon, root ports …) is a
subject too, with the fact ``implied`` = ``yes``, where the definition does not have it yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from xmlresource.model.domain import QEMU_TYPES, Device, Domain
from xmlresource.overhead.ram import ram_of
from xmlresource.units import KIB, SizeError, Unlimited, parse_size

MIB: Final = KIB * KIB

COUNTS: Final = frozenset(
    {"one", "vcpu", "region", "iothread", "driver", "efi", "queue", "head", "extra_head"}
)
"""Units that are counted."""

SIZES: Final = frozenset({"ram", "vcpu_ram", "tb_cache", "vram", "vgamem", "size", "l2_cache"})
"""Units that are sizes in bytes; the table gives the cost of one MiB of them."""

TB_CACHE: Final = 1024 * MIB
"""QEMU's translation cache where the XML sets none, on a host with 8 GiB or more (tcg/region.c)."""

TLB_REACH: Final = 1024 * MIB
"""The RAM that one vCPU may touch between two flushes of its emulated TLB."""

L2_CACHE: Final = 32 * MIB
"""The most that qcow2 caches of its tables by default, per image (docs/qcow2-cache.txt)."""

LXC_TYPES: Final = frozenset({"lxc"})

_PCIE_MACHINES: Final = ("q35", "pc-q35", "virt")
_X86: Final = frozenset({"x86_64", "i686"})
_NO_DEVICE: Final = frozenset({"emulator", "lease", "redirfilter", "audio"})

# Devices that sit on PCI by themselves, by kind, with the attribute that says so and its values;
# on PCIe machines libvirt gives each a root port of its own.
_ON_PCI: Final = {
    "interface": ("model/@type", ("virtio*", "e1000e", "vmxnet3", "igb")),
    "disk": ("target/@bus", ("virtio",)),
    "memballoon": ("model", ("virtio*",)),
    "rng": ("model", ("virtio*",)),
    "filesystem": ("type", ("mount",)),
    "vsock": ("model", ("virtio*", "")),
    "hostdev": ("type", ("pci", "mdev")),
    "crypto": ("model", ("virtio*",)),
    "video": ("model/@type", ("virtio",)),
    "input": ("bus", ("virtio",)),
}
_REGIONS: Final = 8
_HUGEPAGE: Final = 2 * MIB
_ROOT_PORT: Final = {"type": "pci", "model": "pcie-root-port", "implied": "yes"}
_BRIDGE: Final = {"type": "pci", "model": "pcie-to-pci-bridge", "implied": "yes"}
_EFI: Final = frozenset({"efi", "pflash"})

# What tells which driver a device needs in the guest.
_MODEL: Final = {
    "disk": "target/@bus",
    "interface": "model/@type",
    "controller": "type",
    "video": "model/@type",
    "memballoon": "model",
    "rng": "model",
    "filesystem": "driver/@type",
    "input": "bus",
    "watchdog": "model",
    "vsock": "model",
    "hostdev": "type",
}
# Devices of conventional PCI; on PCIe machines libvirt puts a bridge between.
_ON_OLD_PCI: Final = {
    "interface": (
        "model/@type",
        ("rtl8139", "e1000", "pcnet", "ne2k_pci", "i825*", "tulip", ""),
    ),
    "sound": ("model", ("ich6", "ac97", "es1370")),
    "watchdog": ("model", ("i6300esb",)),
}
_CONTROLLERS_ON_PCI: Final = {
    "usb": ("qemu-xhci", "nec-xhci"),
    "scsi": ("virtio*", ""),
    "virtio-serial": ("*",),
    "nvme": ("*",),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that costs memory.

    Attributes:
        kind: What it is.
        facts: What the table's conditions can ask; facts of the guest are ``guest/…``.
        units: What the table's coefficients are multiplied with.
        at_worst: What they are multiplied with in the worst case, where that is more: the RAM with
            everything plugged in.
    """

    kind: str
    facts: dict[str, str] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    at_worst: dict[str, int] = field(default_factory=dict)

    def describe(self) -> str:
        """What a person would call it: ``sound es1371``."""
        for fact in ("model/@type", "model", "model/@name", "type", "format"):
            if self.facts.get(fact):
                return f"{self.kind} {self.facts[fact]}"
        return self.kind


def subjects_of(domain: Domain) -> list[Subject]:
    """Everything of ``domain`` that costs memory; empty where QEMU does not run it."""
    if domain.type in LXC_TYPES:
        return [Subject("container", {}, {"one": 1})]
    if domain.type not in QEMU_TYPES:
        return []
    guest = _guest(domain)
    found = [guest]
    for device in (*domain.devices, *_implied(domain)):
        if device.kind not in _NO_DEVICE:
            subject = _device(device, guest)
            found.append(subject)
            if device.kind == "disk":
                found.extend(_images(device, guest))
    found.extend(_ports(domain, guest, found))
    return found


def device_size(device: Device) -> int:
    """The size of a memory device (``<target><size>``), 0 where it can't be read."""
    return device.size("target/size") or 0


def accelerator(domain: Domain) -> str:
    """``kvm``, ``tcg`` or ``hvf``: what runs the guest's code."""
    return "tcg" if domain.type == "qemu" else domain.type


def _guest(domain: Domain) -> Subject:
    ram = ram_of(domain)
    small, most = ram.ordinary
    kinds = [device.kind for device in domain.devices]
    facts = {
        "accelerator": accelerator(domain),
        "architecture": domain.architecture or "x86_64",
        "machine": domain.machine or "pc",
        "firmware": domain.firmware or "bios",
        "direct_kernel": "yes" if domain.direct_kernel else "no",
        "launch_security": domain.launch_security or "",
        "disks": "some" if "disk" in kinds else "none",
        "qxl": "yes" if _has_qxl(domain) else "no",
        "shared": "yes" if _is_shared(domain) else "no",
    }
    cache = (domain.tb_cache or TB_CACHE) if facts["accelerator"] == "tcg" else 0
    units = {
        "one": 1,
        "vcpu": domain.vcpus,
        "region": _regions(domain, cache),
        "iothread": domain.iothreads,
        "driver": len(_drivers(domain)),
        "efi": int(facts["firmware"] in _EFI),
        "ram": small,
        "vcpu_ram": domain.vcpus * min(ram.whole, TLB_REACH),
        "tb_cache": cache,
    }
    return Subject("guest", facts, units, {"ram": most})


def _regions(domain: Domain, cache: int) -> int:
    """The vCPUs that begin a hugepage of the translation cache each (tcg_n_regions in QEMU).

    Each vCPU has up to eight regions of it. Where they are too small to hold an aligned hugepage,
    the cache is touched page by page.
    """
    return min(domain.vcpus, cache // (_REGIONS * 2 * _HUGEPAGE))


def _drivers(domain: Domain) -> set[tuple[str, str]]:
    """The different drivers that the guest needs: emulation translates the code of each once."""
    found = set()
    for device in domain.devices:
        fact = _MODEL.get(device.kind)
        if fact is not None:
            model = device.attributes.get(fact, "")
            if model not in {"none", "ps2"}:
                found.add((device.kind, model))
    return found


def _has_qxl(domain: Domain) -> bool:
    return any(
        device.kind == "video" and device.attributes.get("model/@type") == "qxl"
        for device in domain.devices
    )


def _is_shared(domain: Domain) -> bool:
    return domain.backing.shared or domain.backing.source == "memfd"


def _device(device: Device, guest: Subject) -> Subject:
    given = device.attributes
    inherited = {f"guest/{fact}": value for fact, value in guest.facts.items()}
    facts = {**given, **inherited}
    # QEMU gives a virtio disk or SCSI controller a queue per vCPU (since 5.2), a NIC one.
    queues = _number(given.get("driver/@queues"), 0)
    if not queues:
        queues = guest.units["vcpu"] if device.kind in {"disk", "controller"} else 1
    heads = max(_number(given.get("model/@heads"), 1), 1)
    units = {
        **guest.units,
        "one": 1,
        "queue": queues,
        "head": heads,
        "extra_head": heads - 1,
        "vram": _kib(given.get("model/@vram"), 16 * MIB),
        "vgamem": _kib(given.get("model/@vgamem"), 16 * MIB),
        "size": device_size(device),
    }
    return Subject(device.kind, facts, units, guest.at_worst)


def _images(device: Device, guest: Subject) -> Iterator[Subject]:
    """Each layer of a disk's chain: the image itself, then the backing files that are named."""
    given = device.attributes
    if device.kind == "disk" and given.get("device") in {"cdrom", "floppy"} and not _source(given):
        return  # an empty drive
    prefix, layer_format = "", given.get("driver/@type", "raw")
    while True:
        cache = _size(
            device.texts.get(f"{prefix}driver/metadata_cache/max_size"),
            given.get(f"{prefix}driver/metadata_cache/max_size/@unit"),
        )
        facts = {
            "format": layer_format,
            "protocol": given.get(f"{prefix}source/@protocol", ""),
            "cache": given.get("driver/@cache", ""),
            "layer": "backing" if prefix else "top",
        }
        yield Subject("image", facts, {**guest.units, "one": 1, "l2_cache": cache or L2_CACHE})
        prefix += "backingStore/"
        below = f"{prefix}format/@type"
        if below not in given:
            return
        layer_format = given[below]


def _source(given: dict[str, str]) -> bool:
    return any(name.startswith("source/@") for name in given)


def _implied(domain: Domain) -> Iterator[Device]:
    """The devices that libvirt adds to a definition that leaves them out (qemu_domain.c)."""
    kinds = {device.kind for device in domain.devices}
    controllers = {
        device.attributes.get("type") for device in domain.devices if device.kind == "controller"
    }
    buses = {
        device.attributes.get("target/@bus") for device in domain.devices if device.kind == "disk"
    }
    x86 = (domain.architecture or "x86_64") in _X86
    if x86 and "usb" not in controllers:
        pcie = (domain.machine or "").startswith(_PCIE_MACHINES)
        yield _added("controller", type="usb", model="qemu-xhci" if pcie else "piix3-uhci")
    if "memballoon" not in kinds:
        yield _added("memballoon", model="virtio")
    if "scsi" in buses and "scsi" not in controllers:
        yield _added("controller", type="scsi")
    ports = any(
        device.kind == "channel" and device.attributes.get("target/@type") == "virtio"
        for device in domain.devices
    )
    if ports and "virtio-serial" not in controllers:
        yield _added("controller", type="virtio-serial")
    if "graphics" in kinds and "video" not in kinds:
        yield Device("video", {"implied": "yes"})


def _added(kind: str, **attributes: str) -> Device:
    return Device(kind, {**attributes, "implied": "yes"})


def _ports(domain: Domain, guest: Subject, found: list[Subject]) -> Iterator[Subject]:
    """The PCIe root ports that libvirt adds, where the definition names none yet."""
    if not (domain.machine or "").startswith(_PCIE_MACHINES):
        return
    if any(
        device.kind == "controller" and device.attributes.get("model") == _ROOT_PORT["model"]
        for device in domain.devices
    ):
        return
    units = {**guest.units, "one": 1}
    for subject in found:
        if _sits_on(_ON_PCI, subject):
            yield Subject("controller", dict(_ROOT_PORT), units)
    if any(_sits_on(_ON_OLD_PCI, subject) for subject in found):
        yield Subject("controller", dict(_ROOT_PORT), units)
        yield Subject("controller", dict(_BRIDGE), units)


def _sits_on(table: dict[str, tuple[str, tuple[str, ...]]], subject: Subject) -> bool:
    if subject.kind == "controller":
        kinds = _CONTROLLERS_ON_PCI if table is _ON_PCI else {}
        fact, patterns = "model", kinds.get(subject.facts.get("type", ""), ())
    else:
        fact, patterns = table.get(subject.kind, ("", ()))
    value = subject.facts.get(fact, "")
    return any(fits(value, pattern) for pattern in patterns)


def fits(value: str, pattern: str) -> bool:
    """Whether ``value`` is ``pattern``, or begins with it where the pattern ends in ``*``."""
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def _number(text: str | None, default: int) -> int:
    longest = 6  # nothing here is counted in millions
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > longest:
        return default
    return int(text)


def _kib(text: str | None, default: int) -> int:
    return default if text is None else _size(text, None)


def _size(text: str | None, unit: str | None) -> int:
    if text is None:
        return 0
    try:
        amount = parse_size(text, unit)
    except SizeError:
        return 0
    return 0 if isinstance(amount, Unlimited) else amount
