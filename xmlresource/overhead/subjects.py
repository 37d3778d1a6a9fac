"""The subjects that cost memory: a domain taken apart as the table speaks of it.

A subject has a *kind* (a device's element name, or one of those below), *facts* that the table's
conditions ask for, and *units* that its coefficients are multiplied with. Nothing here knows a
figure; those are the table's.

Kinds that are no device: ``guest`` (one), ``image`` (each layer of each disk's backing chain),
``container`` (an LXC domain).

What libvirt adds to a definition by itself (a USB controller, a balloon, root ports …) is a
subject too, with the fact ``implied`` = ``yes``, where the definition does not have it yet.
"""

from collections.abc import Iterator
from typing import Final

from xmlresource.model.domain import QEMU_TYPES, Device, Domain
from xmlresource.overhead.additions import architecture_of, completed, is_pcie
from xmlresource.overhead.guest_ram import ram_of
from xmlresource.record import field, record
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
# Drivers that every kernel has started by then: those of the machine itself.
_NO_DRIVER: Final = frozenset({"none", "ps2", "pci", "sata", "ide", "fdc", "itco"})
# Devices of conventional PCI; on PCIe machines libvirt puts a bridge between.
_ON_OLD_PCI: Final = {
    "interface": (
        "model/@type",
        ("rtl8139", "e1000", "pcnet", "ne2k_pci", "i825*", "tulip", ""),
    ),
    "sound": ("model", ("ich6", "ac97", "es1370")),
    "watchdog": ("model", ("i6300esb",)),
    "serial": ("target/@type", ("pci-serial",)),
}
_CONTROLLERS_ON_PCI: Final = {
    "usb": ("qemu-xhci", "nec-xhci"),
    "scsi": ("virtio*", ""),
    "virtio-serial": ("*",),
    "nvme": ("*",),
}
_CONTROLLERS_ON_OLD_PCI: Final = {
    "usb": ("piix3-uhci", "piix4-uhci", "pci-ohci"),
    "scsi": ("lsi*", "buslogic", "am53c974", "dc390"),
}


@record
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
        """The subject as a person would call it: ``sound es1371``."""
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
    for device in completed(domain):
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
        "architecture": architecture_of(domain),
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
        "vcpu": domain.vcpus_at_start,
        "region": _regions(domain.vcpus_at_start, cache),
        "iothread": domain.iothreads,
        "driver": len(_drivers(domain)),
        "efi": int(facts["firmware"] in _EFI),
        "ram": small,
        "vcpu_ram": domain.vcpus_at_start * min(ram.whole, TLB_REACH),
        "tb_cache": cache,
    }
    at_worst = {"ram": most}
    if domain.vcpus > domain.vcpus_at_start:
        # What can be plugged in costs when it is.
        at_worst |= {
            "vcpu": domain.vcpus,
            "region": _regions(domain.vcpus, cache),
            "vcpu_ram": domain.vcpus * min(ram.whole, TLB_REACH),
        }
    return Subject("guest", facts, units, at_worst)


def _regions(vcpus: int, cache: int) -> int:
    """The vCPUs that begin a hugepage of the translation cache each (tcg_n_regions in QEMU).

    Each vCPU has up to eight regions of it. Where they are too small to hold an aligned hugepage,
    the cache is touched page by page.
    """
    return min(vcpus, cache // (_REGIONS * 2 * _HUGEPAGE))


def _drivers(domain: Domain) -> set[tuple[str, str]]:
    """The different drivers that the guest needs: emulation translates the code of each once."""
    found = set()
    for device in completed(domain):
        fact = _MODEL.get(device.kind)
        if fact is not None:
            model = device.attributes.get(fact, "")
            if model not in _NO_DRIVER:
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
            given.get(f"{prefix}driver/metadata_cache/max_size/@unit", "bytes"),
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


def _ports(domain: Domain, guest: Subject, found: list[Subject]) -> Iterator[Subject]:
    """The PCIe root ports that libvirt adds, and the bridge for devices of conventional PCI.

    Each device that has no address yet gets a port of its own, and one more is kept free
    (qemuDomainAssignPCIAddresses). A device with an address has its port, if it needs one.
    """
    if not is_pcie(domain):
        return
    waiting = [
        subject
        for place, subject in enumerate(found)
        if _sits_on(_ON_PCI, subject)
        and not _is_placed(subject)
        and not _is_first_video(found, place)
    ]
    models = [subject.facts.get("model") for subject in found if subject.kind == "controller"]
    units = {**guest.units, "one": 1}
    wanted = len(waiting)
    if _BRIDGE["model"] not in models and any(
        _sits_on(_ON_OLD_PCI, subject) and not _is_placed(subject) for subject in found
    ):
        wanted += 1
        yield Subject("controller", dict(_BRIDGE), units, guest.at_worst)
    if not wanted:
        return
    taken = sum(_is_placed(subject) and not _is_on_root(subject) for subject in found)
    free = models.count(_ROOT_PORT["model"]) - taken
    for _ in range(wanted + 1 - max(free, 0)):
        yield Subject("controller", dict(_ROOT_PORT), units, guest.at_worst)


def _is_placed(subject: Subject) -> bool:
    return "address/@bus" in subject.facts and subject.facts.get("address/@type") == "pci"


def _is_on_root(subject: Subject) -> bool:
    return subject.facts["address/@bus"] in {"0", "0x0", "0x00"}


def _is_first_video(found: list[Subject], place: int) -> bool:
    """The first video device is on the root itself (qemuDomainValidateDevicePCISlotsQ35)."""
    return found[place].kind == "video" and not any(
        subject.kind == "video" for subject in found[:place]
    )


def _sits_on(table: dict[str, tuple[str, tuple[str, ...]]], subject: Subject) -> bool:
    if subject.kind == "controller":
        kinds = _CONTROLLERS_ON_PCI if table is _ON_PCI else _CONTROLLERS_ON_OLD_PCI
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
