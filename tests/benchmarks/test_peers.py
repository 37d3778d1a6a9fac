import sys
from pathlib import Path

import pytest

from xmlresource.model.domain import Device, Domain

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks/calibrate"))

from peers import PEERS

MIB = 1 << 20
GUEST = Domain(
    type="kvm",
    memory=500 * MIB,
    vcpus=1,
    devices=(
        Device("disk", {"target/@bus": "virtio"}),
        Device("video", {"model/@type": "vga", "model/@vram": "16384"}),
    ),
)
BY_NAME = {peer.name: peer for peer in PEERS}


@pytest.mark.parametrize(
    ("name", "mib"),
    [
        ("libvirt 2012", 226),
        ("libvirt 2013", 506),
        ("libvirt 2013, later", 706),
        ("KubeVirt", 289),
        ("KubeVirt, QEMU's part", 99),
        ("oVirt, static", 65),
        ("oVirt", 65 + 24),
        ("EVE", 385),
        ("Kata", 320),
        ("OpenShift's guide", 243),
        ("igvm", 50),
    ],
)
def test_the_guest_of_the_rfc(name, mib):
    """A guest of 500 MiB with 1 vCPU, 1 disk and 16 MiB of video, as their authors have it."""
    assert abs(BY_NAME[name].overhead(GUEST) - mib * MIB) < MIB * 6 // 10


def test_none_is_left_out():
    assert len(BY_NAME) == len(PEERS) == 11


def test_video_ram_is_what_the_definition_says():
    libvirt = BY_NAME["libvirt 2012"].overhead

    def with_video(**attributes):
        return Domain(memory=100 * MIB, devices=(Device("video", attributes),))

    none = libvirt(Domain(memory=100 * MIB))
    assert libvirt(with_video(**{"model/@type": "none"})) == none
    assert libvirt(with_video(**{"model/@vgamem": "102400"})) - none == 102 * MIB
    assert libvirt(with_video()) - none == 16 * MIB * 102 // 100


@pytest.mark.parametrize(
    ("change", "mib"),
    [
        ({"devices": (Device("hostdev", {"type": "pci"}),)}, 1024),
        ({"devices": (Device("tpm"),)}, 53),
        ({"launch_security": "sev-snp"}, 256),
        ({"architecture": "aarch64"}, 128),
    ],
)
def test_kubevirts_extras(change, mib):
    kubevirt = BY_NAME["KubeVirt"].overhead
    assert kubevirt(Domain(**change)) - kubevirt(Domain()) == mib * MIB
