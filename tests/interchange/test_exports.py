"""What is exported follows the DMTF's rules, and says what becomes of each tunable."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from lxml import etree

from xmlresource.document import Document
from xmlresource.interchange.outcomes import Fate
from xmlresource.interchange.writers.exported import Exported
from xmlresource.interchange.writers.ovf_descriptor import write_ovf
from xmlresource.interchange.writers.rasd import write_rasd
from xmlresource.interchange.writers.resources_block import write_resources_block
from xmlresource.interchange.writers.unit_drop_in import write_drop_in
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.domain import Domain
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.model.policy import MemoryPolicy
from xmlresource.strategies import policies
from xmlresource.units import UNLIMITED

SCHEMAS = Path(__file__).parents[2] / "fixtures" / "interchange" / "schemas"
MIB = 2**20
GIB = 2**30
OVF = "http://schemas.dmtf.org/ovf/envelope/1"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2"
NS = {
    "o": OVF,
    "r": f"{CIM}/CIM_ResourceAllocationSettingData",
    "v": f"{CIM}/CIM_VirtualSystemSettingData",
}

#: The properties of CIM_ResourceAllocationSettingData in the order of its schema: the alphabet's.
RASD_ORDER = (
    *("Address", "AddressOnParent", "AllocationUnits", "AutomaticAllocation"),
    *("AutomaticDeallocation", "Caption", "Connection", "ConsumerVisibility", "Description"),
    *("ElementName", "HostResource", "InstanceID", "Limit", "MappingBehavior"),
    *("OtherResourceType", "Parent", "PoolID", "Reservation", "ResourceSubType", "ResourceType"),
    *("VirtualQuantity", "VirtualQuantityUnits", "Weight"),
)

SCHEMA = etree.XMLSchema(file=str(SCHEMAS / "ovf.xsd"))

#: What DSP0203 has of a declaration of instances, as far as ours go.
CIM_DTD = """
<!ELEMENT CIM (DECLARATION)>
<!ATTLIST CIM CIMVERSION CDATA #REQUIRED DTDVERSION CDATA #REQUIRED>
<!ELEMENT DECLARATION (DECLGROUP)+>
<!ELEMENT DECLGROUP (VALUE.OBJECT)*>
<!ELEMENT VALUE.OBJECT (INSTANCE)>
<!ELEMENT INSTANCE (PROPERTY)*>
<!ATTLIST INSTANCE CLASSNAME CDATA #REQUIRED>
<!ELEMENT PROPERTY (VALUE?)>
<!ATTLIST PROPERTY NAME CDATA #REQUIRED
  TYPE (boolean|string|char16|uint8|uint16|uint32|uint64|datetime) #REQUIRED>
<!ELEMENT VALUE (#PCDATA)>
"""

INNER = """
<devices><disk type='file' device='disk'><source file='/a'/><target dev='vda'/></disk>
<disk type='file' device='cdrom'><target dev='sda'/></disk><disk type='file'/></devices>
"""


def guest(ram: str = "4", name: str = "web &amp; &lt;shop>", inner: str = INNER) -> Domain:
    text = (
        f"<domain type='kvm'><name>{name}</name><memory unit='GiB'>{ram}</memory><vcpu>2</vcpu>"
        f"<os><type arch='x86_64' machine='q35'>hvm</type></os>{inner}</domain>"
    )
    found = Document.parse(text.encode()).domain
    assert found is not None
    return found


FULL = MemoryPolicy(
    hard_limit=3 * GIB,
    soft_limit=2 * GIB,
    min_guarantee=GIB,
    swap_hard_limit=5 * GIB,
    swap_soft_limit=4 * GIB,
    priority=7,
    balance=False,
)


def fates(exported: Exported) -> dict[str, Fate]:
    return {one.tunable: one.fate for one in exported.values}


def parsed(exported: Exported) -> etree._Element:
    return etree.fromstring(exported.text.encode())


def test_an_envelope_has_its_parts_in_order() -> None:
    root = parsed(write_ovf(FULL, guest()))
    assert root.tag == f"{{{OVF}}}Envelope"
    locals_ = [etree.QName(one).localname for one in root.iter(f"{{{OVF}}}*")]
    assert locals_ == [
        *("Envelope", "References", "VirtualSystem", "Info", "Name", "VirtualHardwareSection"),
        *("Info", "System", "Item", "Item"),
    ]
    assert root.xpath("string(o:VirtualSystem/@o:id)", namespaces=NS) == "web & <shop>"
    assert root.xpath("string(o:VirtualSystem/o:Name)", namespaces=NS) == "web & <shop>"


@given(policies())
def test_every_descriptor_is_valid(policy: MemoryPolicy) -> None:
    root = parsed(write_ovf(policy, guest()))
    assert SCHEMA.validate(root), SCHEMA.error_log


@pytest.mark.parametrize("wrong", ["Reservation", "ElementName", "Nothing"])
def test_the_schema_can_tell(wrong: str) -> None:
    root = parsed(write_ovf(FULL, guest()))
    item = root.xpath("//o:Item[r:ResourceType = 4]", namespaces=NS)[0]
    found = item.find(f"r:{wrong}", NS)
    if found is None:
        etree.SubElement(item, f"{{{NS['r']}}}{wrong}")
    else:
        item.insert(0, found)
    assert not SCHEMA.validate(root)


def test_items_are_in_the_order_of_the_schema() -> None:
    root = parsed(write_ovf(FULL, guest()))
    items = root.xpath("//o:Item", namespaces=NS)
    for item in items:
        names = [etree.QName(one).localname for one in item]
        assert {etree.QName(one).namespace for one in item} == {NS["r"]}
        assert names == sorted(names, key=RASD_ORDER.index)
        assert {"ElementName", "InstanceID", "ResourceType"} <= set(names)  # what DSP0243 requires
    identities = [item.findtext("r:InstanceID", namespaces=NS) for item in items]
    assert len(set(identities)) == len(items)
    system = [etree.QName(one).localname for one in root.xpath("//o:System/*", namespaces=NS)]
    assert system == sorted(system)


def test_memory_is_in_mebibytes_of_guest_ram() -> None:
    root = parsed(write_ovf(FULL, guest()))
    memory = root.xpath("//o:Item[r:ResourceType = 4]", namespaces=NS)[0]
    assert memory.findtext("r:AllocationUnits", namespaces=NS) == "byte * 2^20"
    assert memory.findtext("r:VirtualQuantity", namespaces=NS) == "4096"
    reservation = int(memory.findtext("r:Reservation", namespaces=NS))
    limit = int(memory.findtext("r:Limit", namespaces=NS))
    assert 900 < reservation < 1024
    assert 2500 < limit < 3072
    processor = root.xpath("//o:Item[r:ResourceType = 3]", namespaces=NS)[0]
    assert processor.findtext("r:VirtualQuantity", namespaces=NS) == "2"


def test_what_ovf_can_not_say_is_told() -> None:
    dropped = {"soft_limit", "swap_hard_limit", "swap_soft_limit", "priority", "balance"}
    found = fates(write_ovf(FULL, guest()))
    assert {name for name, fate in found.items() if fate is Fate.DROPPED} == dropped
    assert set(found) == {*dropped, "hard_limit", "min_guarantee"}


@pytest.mark.parametrize(
    ("policy", "fate", "item"),
    [
        (MemoryPolicy(min_guarantee=16 * MIB), Fate.DROPPED, None),
        (MemoryPolicy(min_guarantee=16 * GIB), Fate.ROUNDED, "4096"),
        (MemoryPolicy(min_guarantee=GIB + 1024), Fate.ROUNDED, "967"),
        (MemoryPolicy(hard_limit=16 * MIB), Fate.DROPPED, None),
        (MemoryPolicy(hard_limit=16 * GIB), Fate.DROPPED, None),
        (MemoryPolicy(hard_limit=UNLIMITED), Fate.TAKEN, None),
    ],
)
def test_bounds_of_guest_ram(policy: MemoryPolicy, fate: Fate, item: str | None) -> None:
    exported = write_ovf(policy, guest())
    assert list(fates(exported).values()) == [fate]
    found = parsed(exported).xpath("//r:Reservation/text() | //r:Limit/text()", namespaces=NS)
    assert found == ([] if item is None else [item])
    assert exported.values[0].reason


def test_instances_are_valid_cim_xml() -> None:
    root = parsed(write_rasd(FULL, guest()))
    dtd = etree.DTD(StringIO(CIM_DTD))
    assert dtd.validate(root), dtd.error_log
    assert set(root.xpath("//INSTANCE/@CLASSNAME")) == {"CIM_ResourceAllocationSettingData"}
    kinds = root.xpath("//PROPERTY[@NAME = 'ResourceType']/VALUE/text()")
    assert kinds == ["4", "3", "17"]
    for instance in root.xpath("//INSTANCE"):
        names = instance.xpath("PROPERTY/@NAME")
        assert names == sorted(names, key=RASD_ORDER.index)
    types = {one.get("NAME"): one.get("TYPE") for one in root.xpath("//PROPERTY")}
    assert types["Reservation"] == types["Limit"] == types["VirtualQuantity"] == "uint64"
    assert types["ResourceType"] == "uint16"
    assert len(set(root.xpath("//PROPERTY[@NAME = 'InstanceID']/VALUE/text()"))) == 3


def test_figures_of_instances_are_exact() -> None:
    policy = MemoryPolicy(hard_limit=3 * GIB, min_guarantee=GIB + 1024)
    root = parsed(write_rasd(policy, guest()))
    memory = root.xpath("//INSTANCE")[0]
    values = {one.get("NAME"): one.findtext("VALUE") for one in memory}
    assert values["AllocationUnits"] == values["VirtualQuantityUnits"] == "byte * 2^10"
    assert values["Reservation"] == str(MIB + 1)
    assert values["Limit"] == str(3 * MIB)
    assert values["VirtualQuantity"] == str(4 * MIB)


def test_a_bare_policy_has_instances_too() -> None:
    root = parsed(write_rasd(MemoryPolicy(min_guarantee=GIB), None))
    assert root.xpath("//PROPERTY/@NAME") == [
        *("AllocationUnits", "Caption", "ElementName", "InstanceID", "Reservation", "ResourceType")
    ]
    assert parsed(write_rasd(MemoryPolicy(hard_limit=UNLIMITED), None)).xpath("//INSTANCE") == []


def test_a_drop_in_says_what_systemd_can() -> None:
    exported = write_drop_in(FULL, guest())
    assert exported.text == (
        "# Guest: web & <shop>\n[Slice]\nMemoryMax=3G\nMemoryLow=2G\nMemoryMin=1G\n"
        "MemorySwapMax=2G\n"
    )
    assert fates(exported) == {
        "hard_limit": Fate.TAKEN,
        "soft_limit": Fate.TAKEN,
        "min_guarantee": Fate.TAKEN,
        "swap_hard_limit": Fate.CONVERTED,
        "swap_soft_limit": Fate.DROPPED,
        "priority": Fate.DROPPED,
        "balance": Fate.DROPPED,
    }


@pytest.mark.parametrize(
    ("policy", "lines"),
    [
        (MemoryPolicy(hard_limit=UNLIMITED), ["MemoryMax=infinity"]),
        (MemoryPolicy(swap_hard_limit=UNLIMITED), ["MemorySwapMax=infinity"]),
        (MemoryPolicy(swap_hard_limit=GIB), []),
        (MemoryPolicy(hard_limit=1000), ["MemoryMax=1000"]),
        (MemoryPolicy(hard_limit=GIB, swap_hard_limit=GIB), ["MemoryMax=1G", "MemorySwapMax=0"]),
    ],
)
def test_odd_sizes_for_systemd(policy: MemoryPolicy, lines: list[str]) -> None:
    assert write_drop_in(policy, None).text.splitlines() == ["[Slice]", *lines]


def test_a_name_is_no_line_of_a_unit() -> None:
    evil = Domain(name="a\n[Service]\nExecStart=/bin/sh")
    lines = write_drop_in(MemoryPolicy(), evil).text.splitlines()
    assert len(lines) == 2


def test_a_manifest_is_yaml_for_kubevirt() -> None:
    exported = write_resources_block(FULL, guest())
    manifest = yaml.safe_load(exported.text)
    assert (manifest["apiVersion"], manifest["kind"]) == ("kubevirt.io/v1", "VirtualMachine")
    assert manifest["metadata"] == {"name": "web & <shop>"}
    domain = manifest["spec"]["template"]["spec"]["domain"]
    assert domain["memory"] == {"guest": "4Gi"}
    assert domain["resources"]["requests"]["memory"].endswith("Mi")
    assert domain["resources"]["limits"]["memory"].endswith("Mi")


def test_a_guest_without_bounds_has_no_resources() -> None:
    exported = write_resources_block(MemoryPolicy(), guest())
    assert "resources" not in exported.text
    assert exported.values == ()


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb: c", "é😀", "\x85", "##[x]"])
def test_any_name_is_one_string(name: str) -> None:
    text = write_resources_block(
        MemoryPolicy(min_guarantee=GIB + 1), Domain(name=name, type="kvm", memory=GIB + 1)
    ).text
    assert yaml.safe_load(text)["metadata"]["name"] == name


CPU = CpuPolicy(hard_limit=2500, soft_limit=2000, share=200, percentage=25_000, min_guarantee=1250)
IO = IoPolicy(
    share=50,
    devices=(DevicePolicy(target="vda", read_iops_hard_limit=500, bandwidth_soft_limit=MIB),),
)


def test_processors_and_disks_have_their_weights() -> None:
    root = parsed(write_rasd(MemoryPolicy(), guest(), CPU, IO))
    _, processor, disk = [
        {one.get("NAME"): one.findtext("VALUE") for one in instance}
        for instance in root.xpath("//INSTANCE")
    ]
    assert processor["AllocationUnits"] == "percent / 10"
    assert (processor["Limit"], processor["Reservation"]) == ("2500", "1250")
    assert (processor["Weight"], disk["Weight"]) == ("200", "50")
    assert etree.DTD(StringIO(CIM_DTD)).validate(root)


@pytest.mark.parametrize(
    ("write", "kept"),
    [
        (write_rasd, {"cpu_hard_limit", "cpu_share", "cpu_min_guarantee", "io_share"}),
        (write_ovf, set()),
        (write_drop_in, {"cpu_hard_limit", "cpu_share", "io_share"}),
        (write_resources_block, {"cpu_hard_limit", "cpu_min_guarantee"}),
    ],
)
def test_each_format_says_what_it_can(write: Callable[..., Exported], kept: set[str]) -> None:
    exported = write(MemoryPolicy(), guest(), CPU, IO)
    found = fates(exported)
    assert {name for name, fate in found.items() if fate is Fate.TAKEN} == kept
    assert set(found) == {
        *("cpu_hard_limit", "cpu_soft_limit", "cpu_share", "cpu_percentage"),
        *("cpu_min_guarantee", "io_share", "iops_hard_limit.read", "io_bandwidth_soft_limit"),
    }
    assert all(one.written or one.reason for one in exported.values)


def test_a_share_without_a_disk_is_told() -> None:
    exported = write_rasd(MemoryPolicy(), guest(inner=""), CpuPolicy(), IoPolicy(share=50))
    assert [one.reason for one in exported.values] == ["the guest has no disk to have it"]


@pytest.mark.parametrize("write", [write_rasd, write_drop_in, write_resources_block])
def test_no_limit_of_cpu_time(write: Callable[..., Exported]) -> None:
    exported = write(MemoryPolicy(), guest(), CpuPolicy(hard_limit=UNLIMITED))
    assert fates(exported) == {"cpu_hard_limit": Fate.TAKEN}
    assert "Limit" not in exported.text
    assert "CPUQuota" not in exported.text


def test_a_bare_policy_of_cpu_time_has_an_instance() -> None:
    root = parsed(write_rasd(MemoryPolicy(), None, CpuPolicy(share=7)))
    assert root.xpath("//PROPERTY[@NAME = 'Weight']/VALUE/text()") == ["7"]
