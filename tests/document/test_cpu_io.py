import pytest

from xmlresource.document import Document
from xmlresource.document.cpu_io import devices_of
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.tunables import NAMESPACE, Form

XMLNS = f"xmlns:xr='{NAMESPACE}'"
CPU = (
    "<xr:cpu><xr:cpuHardLimit unit='%'>250</xr:cpuHardLimit><xr:cpuSoftLimit>2</xr:cpuSoftLimit>"
    "<xr:cpuShare>200</xr:cpuShare><xr:cpuPercentage>25</xr:cpuPercentage>"
    "<xr:cpuMinGuarantee unit='millicpu'>1500</xr:cpuMinGuarantee></xr:cpu>"
)
IO = (
    "<xr:io><xr:ioShare>300</xr:ioShare><xr:device target='vda'>"
    "<xr:ioBandwidthHardLimit read='2' write='1' unit='MiB'/><xr:iopsHardLimit write='500'/>"
    "</xr:device><xr:device path='/dev/sda'>"
    "<xr:ioBandwidthSoftLimit unit='b'>1500</xr:ioBandwidthSoftLimit>"
    "<xr:ioBandwidthPercentage>30</xr:ioBandwidthPercentage></xr:device></xr:io>"
)
CPU_POLICY = CpuPolicy(
    hard_limit=2500, soft_limit=2000, share=200, percentage=25_000, min_guarantee=1500
)
IO_POLICY = IoPolicy(
    share=300,
    devices=(
        DevicePolicy(
            target="vda",
            read_bandwidth_hard_limit=2 * 1024**2,
            write_bandwidth_hard_limit=1024**2,
            write_iops_hard_limit=500,
        ),
        DevicePolicy(path="/dev/sda", bandwidth_soft_limit=1500, bandwidth_percentage=30_000),
    ),
)


def read(text):
    return Document.parse(text.encode())


def plain(text):
    return text.replace("xr:", "")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (f"<resource>{plain(CPU + IO)}</resource>", Form.RESOURCE),
        (f"<domain><resource>{plain(CPU + IO)}</resource></domain>", Form.RESOURCE),
        (f"<xr:resource {XMLNS}>{IO}{CPU}</xr:resource>", Form.METADATA),
        (
            f"<domain><metadata><xr:resource {XMLNS}>{CPU}{IO}</xr:resource></metadata></domain>",
            Form.METADATA,
        ),
    ],
)
def test_policies_are_read_from_every_form(text, form):
    document = read(text)
    assert document.is_known
    assert document.cpu_policy_in(form) == CPU_POLICY
    assert document.io_policy_in(form) == IO_POLICY
    for other in set(Form) - {form}:
        assert not document.cpu_policy_in(other)
        assert not document.io_policy_in(other)
    assert not document.policy


def test_policies_are_read_from_bare_elements():
    cpu, io = (read(text.replace(">", f" {XMLNS}>", 1)) for text in (CPU, IO))
    assert cpu.is_known
    assert cpu.cpu_policy_in(Form.METADATA) == CPU_POLICY
    assert io.io_policy_in(Form.METADATA) == IO_POLICY
    assert not io.cpu_policy_in(Form.METADATA)


@pytest.mark.parametrize(
    "text",
    [
        "<domain><cpu><cpuShare>200</cpuShare></cpu></domain>",
        f"<resource xmlns='urn:other'>{plain(CPU + IO)}</resource>",
        f"<resource {XMLNS}>{CPU + IO}</resource>",
        plain(CPU),
        "<resource><cpu><ioShare>1</ioShare></cpu><io><cpuShare>1</cpuShare></io></resource>",
        "<resource><io><iopsHardLimit read='1'/></io></resource>",
        "<resource><io><device target='a'><ioShare>1</ioShare></device></io></resource>",
        f"<xr:resource {XMLNS}><xr:cpu><cpuShare>1</cpuShare></xr:cpu></xr:resource>",
    ],
)
def test_elements_elsewhere_mean_nothing(text):
    document = read(text)
    assert not document.cpu_policy_in(*Form)
    assert not document.io_policy_in(*Form)


def test_what_cant_be_read_is_kept_with_its_fault():
    document = read(
        "<resource><cpu><cpuShare>0</cpuShare></cpu><io><device target='vda'>"
        "<iopsHardLimit read='x' write='5'/></device></io></resource>"
    )
    assert not document.cpu_policy_in(Form.RESOURCE)
    share, fault, fine = document.cpu_io_declarations
    assert (share.tunable.key, share.amount, share.value_span.column) == ("cpu_share", None, 26)
    assert (fault.tunable.key, fault.amount) == ("iops_hard_limit.read", None)
    assert fault.error is not None
    assert fine.error is None
    assert fine.device is fine.element.parent
    assert document.io_policy_in(Form.RESOURCE) == IoPolicy(
        devices=(DevicePolicy(target="vda", write_iops_hard_limit=5),)
    )


def test_each_declaration_has_the_name_of_what_it_declares():
    document = read(
        "<resource><cpu><cpuShare>1</cpuShare></cpu><io><device target='vda'>"
        "<iopsHardLimit read='1' write='5'/></device><device path='/dev/sda'>"
        "<ioBandwidthSoftLimit>1</ioBandwidthSoftLimit></device><device>"
        "<ioBandwidthPercentage>1</ioBandwidthPercentage></device></io></resource>"
    )
    assert [one.name for one in document.cpu_io_declarations] == [
        "cpu_share",
        "vda.iops_hard_limit.read",
        "vda.iops_hard_limit.write",
        "/dev/sda.io_bandwidth_soft_limit",
        "io_bandwidth_percentage",
    ]
    assert list(document.all_forms) == [one.name for one in document.cpu_io_declarations]
    faulty = read("<resource><cpu><cpuShare>x</cpuShare></cpu></resource>")
    assert faulty.all_forms == {}


def test_a_guarantee_of_zero_is_none_a_limit_of_zero_is_zero():
    document = read(
        "<resource><cpu><cpuMinGuarantee>0</cpuMinGuarantee><cpuPercentage>0</cpuPercentage>"
        "<cpuHardLimit>0</cpuHardLimit></cpu></resource>"
    )
    assert document.cpu_policy_in(Form.RESOURCE) == CpuPolicy(hard_limit=0)


def test_of_two_the_first_that_says_something_counts():
    document = read(
        f"<domain><metadata><xr:resource {XMLNS}><xr:cpu><xr:cpuShare>x</xr:cpuShare></xr:cpu>"
        "<xr:io><xr:device target='vda'><xr:iopsHardLimit read='1'/></xr:device></xr:io>"
        "</xr:resource></metadata><resource><cpu><cpuShare>2</cpuShare><cpuShare>3</cpuShare></cpu>"
        "<io><device target='vda'><iopsHardLimit read='2' write='3'/></device></io></resource>"
        "</domain>"
    )
    assert document.cpu_policy_in(*Form) == CpuPolicy(share=2)
    assert document.io_policy_in(*Form) == IoPolicy(
        devices=(DevicePolicy(target="vda", read_iops_hard_limit=2, write_iops_hard_limit=3),)
    )
    assert document.io_policy_in(Form.METADATA) == IoPolicy(
        devices=(DevicePolicy(target="vda", read_iops_hard_limit=1),)
    )


def test_devices_stand_in_io_alone():
    document = read(f"<resource>{plain(IO)}<cpu><device target='x'/></cpu></resource>")
    named = [device.attributes for device in devices_of(document.cpu_io_blocks)]
    assert named == [{"target": "vda"}, {"path": "/dev/sda"}]
