"""``auto`` for guests that lock memory: no rule of ours finds too low what it writes."""

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.document import Document
from xmlresource.formats.assignments import AUTO
from xmlresource.operations.editing.edit import set_
from xmlresource.overhead import estimate
from xmlresource.rules import check
from xmlresource.tunables import Form

MIB = 1 << 20
GIB = 1 << 30
# What is no matter of sizes: a form that libvirt drops, and what it can't see of the guest.
NOT_ABOUT_THE_VALUE = {"XR402", "XR405"}

DEVICES = (
    "<hostdev mode='subsystem' type='pci'/>",
    "<hostdev mode='subsystem' type='mdev' model='vfio-pci'/>",
    "<hostdev mode='subsystem' type='mdev' model='vfio-ap'/>",
    "<interface type='hostdev'/>",
    "<interface type='vdpa'/>",
    "<interface type='user'><model type='virtio'/></interface>",
    "<disk type='nvme' device='disk'><target dev='vda' bus='virtio'/></disk>",
    "<disk type='file' device='disk'><backingStore type='nvme'/><target dev='vdb'/></disk>",
    "<disk type='file' device='disk'><driver type='qcow2' io='native'/><target dev='vdc'/></disk>",
    "<disk type='vhostvdpa' device='disk'><target dev='vdd' bus='virtio'/></disk>",
    "<iommu model='intel'/>",
    "<video><model type='qxl' ram='131072' vram='65536' heads='2'/></video>",
    "<graphics type='spice'/>",
    "<memory model='dimm'><target><size unit='MiB'>512</size></target></memory>",
    "<memory model='virtio-mem'><target><size unit='GiB'>1</size></target></memory>",
)
BACKINGS = (
    "<locked/>",
    "<hugepages/>",
    "<hugepages><page size='2048' unit='KiB'/></hugepages>",
    "<source type='memfd'/><access mode='shared'/>",
    "<nosharepages/>",
)
SECURITY = ("", "<launchSecurity type='sev'/>")
COMMAND_LINE = (
    "<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='intel-iommu'/>"
    "</qemu:commandline>"
)
LIMIT = {
    None: "",
    Form.MEMTUNE: "<memtune><hard_limit unit='EiB'>1</hard_limit></memtune>",
    Form.METADATA: (
        "<metadata><r:resource xmlns:r='urn:xmlresource:1'><r:memory>"
        "<r:memoryHardLimit unit='EiB'>1</r:memoryHardLimit></r:memory></r:resource></metadata>"
    ),
}


@st.composite
def guests(draw: st.DrawFn) -> str:
    """Guests of QEMU with any mix of devices, and perhaps a limit already."""
    size = draw(st.integers(1, 4096)) * 16 * MIB
    later = draw(st.sampled_from((0, 0, GIB, 64 * GIB)))
    slots = f"<maxMemory slots='4' unit='b'>{size + 4 * GIB + later}</maxMemory>" if later else ""
    return (
        f"<domain type='{draw(st.sampled_from(('kvm', 'qemu', 'hvf')))}' "
        "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
        f"<name>g</name>{draw(st.sampled_from(tuple(LIMIT.values())))}{slots}"
        f"<memory unit='b'>{size + 4 * GIB}</memory><vcpu>{draw(st.integers(1, 64))}</vcpu>"
        f"<memoryBacking>{''.join(draw(st.sets(st.sampled_from(BACKINGS))))}</memoryBacking>"
        f"<os><type arch='{draw(st.sampled_from(('x86_64', 'ppc64le', 'aarch64')))}' "
        f"machine='{draw(st.sampled_from(('q35', 'pc', 'pseries')))}'>hvm</type></os>"
        f"<devices>{''.join(draw(st.lists(st.sampled_from(DEVICES), max_size=6)))}</devices>"
        f"{draw(st.sampled_from(SECURITY))}"
        f"{draw(st.sampled_from(('', COMMAND_LINE)))}</domain>"
    )


@given(guests(), st.sampled_from((None, *Form)))
def test_what_auto_writes_is_never_found_too_low(guest: str, form: Form | None) -> None:
    document = Document.parse(guest.encode(), "g.xml")
    amounts = {"hard_limit": AUTO, "min_guarantee": AUTO}
    edited = Document.parse(set_(document, amounts, form).after, "g.xml")
    codes = {found.code for found in check(edited)}
    assert codes <= NOT_ABOUT_THE_VALUE


@given(guests(), st.sampled_from((50, 90, 100, 120, 200, 300)))
def test_no_advice_is_below_another_on_the_same_line(guest: str, share: int) -> None:
    """What XR501 recommends, XR403 does not find too low, and the other way round."""
    document = Document.parse(guest.encode(), "g.xml")
    assert document.domain is not None
    best = estimate(document.domain).hard_limit
    assert best is not None
    limit = max(estimate(document.domain).ram, 256 * MIB) * share // 100 // MIB * MIB
    found = check(Document.parse(set_(document, {"hard_limit": limit}, Form.MEMTUNE).after))
    hints = [one.hint or "" for one in found if one.code in {"XR403", "XR501"}]
    recommended = f"{best // GIB} GiB" if best % GIB == 0 else f"{best // MIB} MiB"
    assert all(recommended in hint for hint in hints)


def test_hugepages_and_locks_in_memtune_take_more_than_the_cgroup_is_charged() -> None:
    guest = (
        b"<domain type='kvm'><memory unit='GiB'>2</memory><vcpu>2</vcpu>"
        b"<memoryBacking><hugepages/><locked/></memoryBacking></domain>"
    )
    document = Document.parse(guest, "g.xml")
    limits = {
        form: Document.parse(set_(document, {"hard_limit": AUTO}, form).after).policy.hard_limit
        for form in (Form.METADATA, Form.MEMTUNE)
    }
    assert isinstance(limits[Form.METADATA], int)
    assert isinstance(limits[Form.MEMTUNE], int)
    assert limits[Form.METADATA] < GIB
    assert limits[Form.MEMTUNE] > 2 * GIB + 400 * MIB
