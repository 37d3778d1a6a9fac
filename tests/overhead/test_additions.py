"""A definition as written and what libvirt makes of it give the same estimate."""

import json
from pathlib import Path

import pytest
from hypothesis import given

from tests.overhead.strategies import domains
from xmlresource.document import Document
from xmlresource.document.domain import read_domain
from xmlresource.model.domain import Device, Domain
from xmlresource.overhead import estimate
from xmlresource.overhead.additions import completed
from xmlresource.record import replace

PROJECT = Path(__file__).parent.parent.parent
MEASURED = PROJECT / "benchmarks/calibrate/measurements"


def added(*devices, **fields):
    domain = Domain(**{"type": "kvm", "machine": "pc", "devices": devices, **fields})
    return [
        (device.kind, device.attributes.get("type"), device.attributes.get("model"))
        for device in completed(domain)
        if device.attributes.get("implied")
    ]


def models(kind, fact, *devices, **fields):
    domain = Domain(**{"type": "kvm", "machine": "pc", "devices": devices, **fields})
    return [one.attributes.get(fact) for one in completed(domain) if one.kind == kind]


@given(domains)
def test_completing_twice_adds_nothing(domain):
    once = completed(domain)
    assert completed(replace(domain, devices=once)) == once


@given(domains)
def test_what_is_written_stays(domain):
    kinds = [device.kind for device in completed(domain)]
    for device in domain.devices:
        assert device.kind in kinds


@pytest.mark.parametrize(
    ("machine", "architecture", "usb"),
    [
        ("pc", None, "piix3-uhci"),
        ("q35", "x86_64", "qemu-xhci"),
        ("pseries", "ppc64le", "pci-ohci"),
        ("microvm", "x86_64", None),
        ("virt", "aarch64", None),
        ("s390-ccw-virtio", "s390x", None),
    ],
)
def test_the_usb_controller_is_that_of_the_machine(machine, architecture, usb):
    found = added(machine=machine, architecture=architecture)
    assert [model for kind, _, model in found if kind == "controller"] == [usb] * bool(usb)


def test_controllers_come_with_the_devices_that_sit_on_them():
    for device, controller in (
        (Device("disk", {"target/@bus": "scsi"}), ("scsi", "lsilogic")),
        (Device("hostdev", {"type": "scsi"}), ("scsi", "lsilogic")),
        (Device("channel", {"target/@type": "virtio"}), ("virtio-serial", None)),
        (Device("console", {"target/@type": "virtio"}), ("virtio-serial", None)),
        (Device("smartcard"), ("ccid", None)),
    ):
        assert ("controller", *controller) in added(device)
        there = Device("controller", {"type": controller[0], "model": "x"})
        assert ("controller", *controller) not in added(device, there)


@pytest.mark.parametrize(
    ("architecture", "model"),
    [(None, "lsilogic"), ("ppc64", "ibmvscsi"), ("aarch64", "virtio-scsi")],
)
def test_a_scsi_controller_without_model_gets_that_of_the_architecture(architecture, model):
    controller = Device("controller", {"type": "scsi", "model": "auto"})
    found = models("controller", "model", controller, architecture=architecture)
    assert model in found


@pytest.mark.parametrize(
    ("architecture", "model"),
    [(None, "cirrus"), ("ppc64le", "vga"), ("s390x", "virtio"), ("mips", "")],
)
def test_video_comes_with_graphics(architecture, model):
    found = models(
        "video", "model/@type", Device("graphics", {"type": "vnc"}), architecture=architecture
    )
    assert found == [model]


def test_qxl_gets_the_memory_that_libvirt_writes():
    video = Device("video", {"model/@type": "qxl", "model/@vram": "1024"})
    assert models("video", "model/@vram", video) == ["1024"]
    assert models("video", "model/@ram", video) == ["65536"]


def test_power_gets_a_keyboard_and_a_mouse_on_usb():
    graphics, mouse = Device("graphics"), Device("input", {"type": "mouse", "bus": "usb"})
    power = {"architecture": "ppc64", "machine": "pseries"}
    assert [kind for kind, *_ in added(graphics, **power)].count("input") == 2
    assert [kind for kind, *_ in added(graphics, mouse, **power)].count("input") == 1
    assert not [kind for kind, *_ in added(**power) if kind == "input"]


def test_a_panic_device_without_model_is_that_of_the_architecture():
    for architecture, model in ((None, "isa"), ("s390x", "s390"), ("ppc64", "pseries")):
        assert models("panic", "model", Device("panic"), architecture=architecture) == [model]


def test_a_first_console_is_another_name_of_the_serial_port():
    console, port = Device("console", {"type": "pty"}), Device("serial")
    for devices, ports in (
        ((console,), 1),
        ((console, port), 1),
        ((port,), 1),
        ((console,) * 2, 1),
    ):
        found = completed(Domain(type="kvm", devices=devices))
        assert [device.kind for device in found].count("serial") == ports
        assert "console" not in {device.kind for device in found}
    virtio = Device("console", {"target/@type": "virtio"})
    assert "console" in {device.kind for device in completed(Domain(type="kvm", devices=(virtio,)))}


def _domain(text):
    return read_domain(Document.parse(text).root)


def _pairs_of_ours():
    for path in sorted(MEASURED.glob("libvirt-*.json")):
        for guest in json.loads(path.read_text())["guests"]:
            yield pytest.param(guest["xml"].encode(), guest["live"].encode(), id=guest["name"])


@pytest.mark.parametrize(("written", "live"), list(_pairs_of_ours()))
def test_a_file_is_estimated_as_the_running_guest_that_libvirt_made_of_it(written, live):
    ours, theirs = estimate(_domain(written)), estimate(_domain(live))
    # Backing files that only libvirt sees are all that may differ.
    assert _without_images(ours) == _without_images(theirs)
    if b"chain-" not in written:
        assert ours.total == theirs.total


def _without_images(overhead):
    return {item.name: item for item in overhead.items if item.name != "qcow2 image"}


# libvirt plans ports around devices that are as good as placed, or that it will not place at all.
_A_PORT_OR_BRIDGE_OFF = {
    "aarch64-pci-serial",
    "autoindex",
    "pci-autoadd-addr",
    "riscv64-virt-graphics",
    "virtio-non-transitional",
}
_CHANGED_BY_LIBVIRT = {"tap-vhost-incorrect"}  # five queues become one


def test_libvirts_own_documents_are_estimated_as_what_it_makes_of_them(corpus):
    folder, ending = "valid/qemuxmlconfdata/", "-latest.xml"
    seen, differ = 0, set()
    for path, filled in corpus.items():
        name = path.removeprefix(folder).removesuffix(ending).rpartition(".")[0]
        written = corpus.get(f"{folder}{name}.xml")
        if path.startswith(folder) and path.endswith(ending) and written is not None:
            seen += 1
            if estimate(_domain(written)).total != estimate(_domain(filled)).total:
                differ.add(name)
    assert seen > 250
    assert differ == _A_PORT_OR_BRIDGE_OFF | _CHANGED_BY_LIBVIRT
