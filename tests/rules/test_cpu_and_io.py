"""Rules of CPU time and IO: where each is silent, and the odd cases that no fixture shows."""

import pytest

from xmlresource.document import Document
from xmlresource.rules import check, errors
from xmlresource.rules.left_out import left_out_of_cpu_and_io
from xmlresource.tunables import NAMESPACE

OURS = f"<metadata><xr:resource xmlns:xr='{NAMESPACE}'>{{}}</xr:resource></metadata>"
DISK = "<devices><controller/><disk><target/></disk><disk><target dev='vda'/>{}</disk></devices>"


def codes(inside: str, beside: str = "") -> list[str]:
    """The codes of what is found in a domain that has ``inside`` in our element."""
    metadata = OURS.format(inside)
    text = f"<domain type='kvm'><name>a</name>{metadata}<vcpu>2</vcpu>{beside}</domain>"
    return [found.code for found in check(Document.parse(text.encode()))]


def cpu(hard: str = "", share: str = "", guarantee: str = "", percentage: str = "") -> str:
    said = {
        "cpuHardLimit": hard,
        "cpuShare": share,
        "cpuPercentage": percentage,
        "cpuMinGuarantee": guarantee,
    }
    inside = "".join(f"<xr:{name}>{text}</xr:{name}>" for name, text in said.items() if text)
    return f"<xr:cpu>{inside}</xr:cpu>"


def io(inside: str, name: str = "path='/dev/sda'") -> str:
    return f"<xr:io><xr:device {name}>{inside}</xr:device></xr:io>"


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        (cpu(hard="2.149"), ["XR315"]),
        (cpu(hard="2.15"), []),
        (cpu(guarantee="2"), []),
        (cpu(guarantee="2.001"), ["XR312"]),
        (cpu(guarantee="1", hard="3"), []),
        (cpu(guarantee="2", hard="1.5"), ["XR315", "XR313"]),
        (cpu(percentage="100"), []),
        (cpu(percentage="0", guarantee="1"), []),
        (cpu(percentage="1", guarantee="1"), ["XR314"]),
        (cpu(hard="0"), ["XR205"]),
        (cpu(hard="x", guarantee="1"), ["XR201"]),
    ],
)
def test_cpu_time_beside_vcpus(inside: str, found: list[str]) -> None:
    assert codes(inside) == found


def test_a_container_has_no_vcpus() -> None:
    metadata = OURS.format(cpu(hard="3", guarantee="2"))
    text = f"<domain type='lxc'><name>a</name>{metadata}</domain>"
    assert not check(Document.parse(text.encode()))


@pytest.mark.parametrize(
    ("cputune", "inside", "found"),
    [
        ("<global_quota>250000</global_quota>", cpu(hard="2.5"), []),
        ("<global_quota>-1</global_quota>", cpu(hard="2.5"), []),
        ("<global_quota>100000</global_quota>", cpu(hard="2.5"), ["XR316"]),
        (
            "<global_period>1000000</global_period><global_quota>2500000</global_quota>",
            cpu(hard="2.5"),
            [],
        ),
        (
            "<global_period>30000</global_period><global_quota>100000</global_quota>",
            cpu(hard="3.333"),
            ["XR316"],
        ),
        ("<quota>1000</quota>", cpu(hard="2.5"), []),
        ("<shares>1024</shares>", cpu(share="100"), []),
        ("<shares>100</shares>", cpu(share="100"), []),
        ("<shares>many</shares>", cpu(share="100"), []),
        ("<shares>1024</shares>", cpu(hard="2.5"), []),
        ("<shares>1024</shares>", cpu(share="1000"), ["XR316"]),
        ("<shares>1024</shares>", cpu(share="x"), ["XR201"]),
    ],
)
def test_cpu_time_beside_cputune(cputune: str, inside: str, found: list[str]) -> None:
    about_shares = {"XR413"}
    beside = f"<cputune>{cputune}</cputune>"
    assert [code for code in codes(inside, beside) if code not in about_shares] == found


BLKIOTUNE = "<blkiotune><device><path>/dev/sda</path>{}</device></blkiotune>"
LIMIT = "<xr:iopsHardLimit read='5'/>"


@pytest.mark.parametrize(
    ("beside", "inside", "found"),
    [
        ("", io(LIMIT), []),
        ("<blkiotune/>", io(LIMIT), []),
        ("<blkiotune><device><weight>5</weight></device></blkiotune>", io(LIMIT), []),
        (
            BLKIOTUNE.format("<weight>5</weight>"),
            io(LIMIT + "<xr:ioBandwidthPercentage>5</xr:ioBandwidthPercentage>"),
            [],
        ),
        (
            BLKIOTUNE.format("<read_iops_sec>6</read_iops_sec>"),
            io(LIMIT),
            ["XR316"],
        ),
        (DISK.format(""), io(LIMIT, "target='vda'"), []),
        (
            DISK.format("<iotune><read_iops_sec>5</read_iops_sec></iotune>"),
            io(LIMIT, "target='vda'"),
            [],
        ),
        (
            DISK.format("<iotune><read_iops_sec>6</read_iops_sec></iotune>"),
            io(LIMIT, "target='vda'"),
            ["XR316"],
        ),
        (DISK.format(""), io(LIMIT, "target='vdb'"), ["XR407"]),
        ("", io(LIMIT, "target='vdb'"), ["XR407"]),
        ("<devices/>", io("", "target=''"), ["XR209"]),
        (DISK.format("").replace("<disk>", "<disk type='nvme'>"), io("", "target='vda'"), []),
        (
            DISK.format("").replace("<disk>", "<disk type='nvme'>"),
            io(LIMIT, "target='vda'"),
            ["XR408"],
        ),
    ],
)
def test_io_beside_libvirts(beside: str, inside: str, found: list[str]) -> None:
    assert codes(inside, beside) == found


@pytest.mark.parametrize(
    ("resource", "found"),
    [
        ("<cpu><cpuShare>200</cpuShare></cpu>", []),
        ("<cpu><cpuShare>100</cpuShare></cpu>", ["XR306"]),
        ("<cpu><cpuShare>200</cpuShare><cpuShare>100</cpuShare></cpu>", ["XR102"]),
        ("<cpu><cpuHardLimit>3</cpuHardLimit></cpu>", []),
    ],
)
def test_forms_that_disagree(resource: str, found: list[str]) -> None:
    told = codes(cpu(share="200"), f"<resource>{resource}</resource>")
    assert [code for code in told if code != "XR402"] == found


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("<xr:device target='a'/><xr:device target='b'/>", []),
        ("<xr:device target='a'/><xr:device target='a'/>", ["XR111"]),
        ("<xr:device/>", ["XR109"]),
        ("<xr:device target='a'><xr:iopsHardLimit/></xr:device>", ["XR110"]),
        (
            "<xr:device target='a'><xr:ioBandwidthHardLimit unit='x'/></xr:device>",
            ["XR110", "XR202"],
        ),
        ("<xr:device target='a'><xr:ioBandwidthHardLimit unit='b'/></xr:device>", ["XR110"]),
        ("<xr:device target='a'><xr:iopsHardLimit><a/></xr:iopsHardLimit></xr:device>", ["XR107"]),
        ("<xr:device target='a'><iopsHardLimit/></xr:device>", ["XR105"]),
        (
            "<xr:device target='a'><xr:ioBandwidthHardLimit read='1' unit='x'/></xr:device>",
            ["XR202"],
        ),
    ],
)
def test_devices_of_a_fragment(inside: str, found: list[str]) -> None:
    text = f"<xr:io xmlns:xr='{NAMESPACE}'>{inside}</xr:io>"
    assert [each.code for each in check(Document.parse(text.encode()))] == found


def test_warnings_keep_no_guest_from_starting() -> None:
    text = "<resource><cpu><cpuSoftLimit>1</cpuSoftLimit></cpu></resource>"
    assert not errors(Document.parse(text.encode()))


def test_what_cant_be_read_is_told_to_a_reader() -> None:
    text = "<resource><cpu><cpuShare>0</cpuShare></cpu></resource>"
    (told,) = left_out_of_cpu_and_io(Document.parse(text.encode()))
    assert told.message.startswith("left out: cpu_share: '0' is not between")
