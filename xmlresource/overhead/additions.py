"""A definition as libvirt fills it in: the devices that it adds, and the models that it chooses.

A person leaves out what libvirt adds when the guest is defined, so that the file and the
definition of the running guest differ. Both have to give the same estimate. The comments name the
functions that decide in libvirt's sources (10.7): ``src/qemu/qemu_domain.c``,
``src/qemu/qemu_domain_address.c`` and ``src/conf/domain_conf.c``.

What costs nothing of its own is not added: PS/2 inputs, the SATA controller and the watchdog of
q35, the panic notifier of s390x and pseries are parts of the machine.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from xmlresource.model.domain import Device, Domain
from xmlresource.record import replace

PCIE_MACHINES: Final = ("q35", "pc-q35", "virt")
"""How the names of machines with PCIe begin."""

X86: Final = frozenset({"x86_64", "i686"})
"""The architectures of PCs."""

_ARM: Final = frozenset({"aarch64", "armv7l", "armv6l"})
_POWER: Final = frozenset({"ppc64", "ppc64le"})
_S390: Final = frozenset({"s390x", "s390"})
_RISCV: Final = frozenset({"riscv64", "riscv32"})

# qemuDomainControllerDefPostParse with qemuDomainGetSCSIControllerModel: what stands first in QEMU.
_SCSI: Final = {**dict.fromkeys(X86, "lsilogic"), **dict.fromkeys(_POWER, "ibmvscsi")}
# qemuDomainControllerDefPostParse (9.0: qemuDomainControllerDefPostParse, too).
_USB: Final = {
    **dict.fromkeys(X86, "piix3-uhci"),
    **dict.fromkeys(_POWER, "pci-ohci"),
    "aarch64": "qemu-xhci",
}
# qemuDomainDefaultVideoDevice.
_VIDEO: Final = {
    **dict.fromkeys(X86, "cirrus"),
    **dict.fromkeys(_POWER, "vga"),
    **dict.fromkeys(_ARM | _S390 | _RISCV, "virtio"),
}
# qemuDomainDefaultPanicModel.
_PANIC: Final = {**dict.fromkeys(_POWER, "pseries"), **dict.fromkeys(_S390, "s390")}
# virDomainVideoDefaultRAM and qemuDomainDeviceVideoDefPostParse.
_QXL_MEMORY: Final = {"model/@ram": "65536", "model/@vram": "65536", "model/@vgamem": "16384"}
_NO_MODEL: Final = frozenset({"", "auto", "default"})


def architecture_of(domain: Domain) -> str:
    """The guest's architecture; x86_64 where the definition does not say."""
    return domain.architecture or "x86_64"


def is_pcie(domain: Domain) -> bool:
    """Whether the machine has PCIe, so that devices sit on root ports."""
    return (domain.machine or "").startswith(PCIE_MACHINES)


def completed(domain: Domain) -> tuple[Device, ...]:
    """The devices of ``domain`` with those that libvirt adds; each with the model it is given."""
    written = list(_with_consoles(domain))
    added = list(_controllers(domain, written))
    if not _has(written, "memballoon"):  # qemuDomainDefAddDefaultDevices
        added.append(_added("memballoon", model="virtio"))
    if _has(written, "graphics") and not _has(written, "video"):
        # virDomainDefAddImplicitVideo
        added.append(_added("video"))
    if architecture_of(domain) in _POWER and _has(written, "graphics"):
        # qemuDomainDefAddDefaultDevices: pseries has no PS/2.
        added += [
            _added("input", type=kind, bus="usb")
            for kind in ("keyboard", "mouse")
            if not _has_input(written, kind)
        ]
    return tuple(_with_model(device, domain) for device in (*written, *added))


def _controllers(domain: Domain, devices: Sequence[Device]) -> Iterator[Device]:
    """Controllers that the machine has by default, and those that devices sit on."""
    there = {device.attributes.get("type", "") for device in devices if device.kind == "controller"}
    for kind, model in _wanted_controllers(domain, devices):
        if kind not in there:
            yield _added("controller", type=kind, **({"model": model} if model else {}))


def _wanted_controllers(domain: Domain, devices: Sequence[Device]) -> Iterator[tuple[str, str]]:
    architecture = architecture_of(domain)
    if architecture in X86:
        # qemuDomainDefAddDefaultDevices; isapc and microvm have none.
        machine = domain.machine or "pc"
        if machine not in {"isapc", "microvm", "none"}:
            yield "usb", "qemu-xhci" if is_pcie(domain) else ""
    elif architecture in _POWER:
        yield "usb", ""
    # virDomainDefAddImplicitControllers
    if any(_sits_on_scsi(device) for device in devices):
        yield "scsi", ""
    if any(_sits_on_virtio_serial(device) for device in devices):
        yield "virtio-serial", ""
    if _has(devices, "smartcard"):
        yield "ccid", ""


def _sits_on_scsi(device: Device) -> bool:
    given = device.attributes
    if device.kind == "disk":
        return given.get("target/@bus") == "scsi"
    return device.kind == "hostdev" and given.get("type") == "scsi"


def _sits_on_virtio_serial(device: Device) -> bool:
    given = device.attributes
    if device.kind == "channel":
        return given.get("target/@type") == "virtio"
    return device.kind == "console" and given.get("target/@type") == "virtio"


def _with_consoles(domain: Domain) -> Iterator[Device]:
    """The devices with the first console as what it is (virDomainDefAddConsoleCompat).

    A console of type ``serial`` is another name of the first serial port, which is made of it
    where there is none.
    """
    has_port = _has(domain.devices, "serial")
    for device in domain.devices:
        if device.kind == "console" and device.attributes.get("target/@type", "serial") == "serial":
            if not has_port:
                has_port = True
                yield replace(device, kind="serial")
        else:
            yield device


def _with_model(device: Device, domain: Domain) -> Device:
    """The device with the model that libvirt writes where the definition has none."""
    given, architecture = device.attributes, architecture_of(domain)
    if device.kind == "controller" and given.get("model", "") in _NO_MODEL:
        models = {"scsi": _SCSI.get(architecture, "virtio-scsi"), "usb": _USB.get(architecture, "")}
        model = models.get(given.get("type", ""), "")
        return replace(device, attributes={**given, "model": model}) if model else device
    if device.kind == "panic" and given.get("model", "") in _NO_MODEL:
        return replace(device, attributes={**given, "model": _PANIC.get(architecture, "isa")})
    if device.kind == "video":
        model = given.get("model/@type", "")
        if model in _NO_MODEL:
            model = _VIDEO.get(architecture, "")
        memory = _QXL_MEMORY if model == "qxl" else {}
        return replace(device, attributes={**memory, **given, "model/@type": model})
    return device


def _has(devices: Sequence[Device], kind: str) -> bool:
    return any(device.kind == kind for device in devices)


def _has_input(devices: Sequence[Device], kind: str) -> bool:
    return any(
        device.kind == "input" and device.attributes.get("type") == kind for device in devices
    )


def _added(kind: str, **attributes: str) -> Device:
    return Device(kind, {**attributes, "implied": "yes"})
