"""Policies of all families, there and back: XML, elements of two libraries, JSON."""

import json
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from xmlresource import schema_files
from xmlresource.document import Document
from xmlresource.formats.cpu_io_json import RANGES
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.resource import ResourcePolicy
from xmlresource.strategies import resource_policies
from xmlresource.tunables import NAMESPACE, Form
from xmlresource.tunables.families import CPU, IO
from xmlresource.units import UNLIMITED

SCHEMA = json.loads(schema_files.read("policy.schema.json"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
FORMS = [Form.METADATA, Form.RESOURCE]
DEVICE = DevicePolicy(target="vda", read_iops_hard_limit=5)


def said(policy: ResourcePolicy) -> tuple[object, ...]:
    """What elements can say: "unlimited" is none of it."""
    memory = {name: amount for name, amount in policy.memory.items() if amount is not UNLIMITED}
    return (memory, dict(policy.quantities()))


@given(resource_policies(), st.sampled_from(FORMS))
def test_xml_there_and_back(policy: ResourcePolicy, form: Form) -> None:
    document = Document.parse(policy.to_xml(form).encode())
    assert said(document.resources) == said(policy)


@given(resource_policies(), st.sampled_from(FORMS), st.sampled_from([ET, etree, None]))
def test_elements_there_and_back(policy: ResourcePolicy, form: Form, library: object) -> None:
    element = policy.to_element(form, library)
    assert said(ResourcePolicy.from_element(element)) == said(policy)
    domain = ET.Element("domain")
    holder = ET.SubElement(domain, "metadata") if form is Form.METADATA else domain
    holder.append(policy.to_element(form))
    assert said(ResourcePolicy.from_element(domain)) == said(policy)


@given(resource_policies())
def test_json_there_and_back(policy: ResourcePolicy) -> None:
    written = json.loads(json.dumps(policy.to_json()))
    VALIDATOR.validate(written)
    assert ResourcePolicy.from_json(written) == policy


def test_unlimited_is_said_in_json_alone() -> None:
    policy = ResourcePolicy(
        MemoryPolicy(hard_limit=2**20),
        CpuPolicy(hard_limit=UNLIMITED, percentage=0),
        IoPolicy(devices=(DevicePolicy(path="/dev/sda", read_iops_hard_limit=UNLIMITED),)),
    )
    assert ResourcePolicy.from_json(policy.to_json()) == policy
    assert "cpu" not in policy.to_xml()
    assert "io>" not in policy.to_xml()


@pytest.mark.parametrize(
    ("policy", "truth"),
    [
        (ResourcePolicy(), False),
        (ResourcePolicy(MemoryPolicy(hard_limit=1)), True),
        (ResourcePolicy(cpu=CpuPolicy(share=1)), True),
        (ResourcePolicy(io=IoPolicy(devices=(DEVICE,))), True),
    ],
)
def test_a_policy_that_says_something_is_true(policy: ResourcePolicy, *, truth: bool) -> None:
    assert bool(policy) is truth


def test_nothing_is_an_empty_memory() -> None:
    assert ResourcePolicy().to_xml(Form.RESOURCE) == MemoryPolicy().to_xml(Form.RESOURCE)
    memtune = ResourcePolicy(MemoryPolicy(hard_limit=2**20), CpuPolicy(share=1)).to_xml(
        Form.MEMTUNE
    )
    assert memtune == MemoryPolicy(hard_limit=2**20).to_xml(Form.MEMTUNE)


def test_memory_that_is_not_said_has_no_element() -> None:
    written = ResourcePolicy(cpu=CpuPolicy(share=200)).to_xml(Form.RESOURCE)
    assert "<cpuShare>200</cpuShare>" in written
    assert "memory" not in written


def test_bare_elements_are_read() -> None:
    cpu = etree.fromstring(f"<cpu xmlns='{NAMESPACE}'><cpuShare>7</cpuShare></cpu>")
    assert ResourcePolicy.from_element(cpu) == ResourcePolicy(cpu=CpuPolicy(share=7))


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("<cpu><cpuShare>0</cpuShare></cpu>", "is not between"),
        ("<cpu><cpuShare>1</cpuShare><cpuShare>2</cpuShare></cpu>", "cpu_share is declared twice"),
        ("<io><device target='a'><iopsHardLimit read=''/></device></io>", "no number"),
    ],
)
def test_faulty_elements_are_refused(inside: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ResourcePolicy.from_element(etree.fromstring(f"<resource>{inside}</resource>"))


def test_a_guarantee_of_zero_is_none() -> None:
    text = "<resource><cpu><cpuMinGuarantee>0</cpuMinGuarantee></cpu></resource>"
    assert not ResourcePolicy.from_element(etree.fromstring(text))


BOUNDS = [bound + step for pair in RANGES.values() for bound in pair for step in (0, 1)]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.just("unlimited"),
    st.integers(-1, 10_001),
    st.sampled_from(BOUNDS),
    st.sampled_from([1.0, 1.5, "x", ""]),
)
CPU_FIELDS = [*(row.field for row in CPU), "x"]
CPU_OBJECTS = st.dictionaries(st.sampled_from(CPU_FIELDS), VALUES, max_size=2)
OF_DEVICES = [row.field for row in IO if row.per_device]
DEVICES = st.dictionaries(st.sampled_from([*OF_DEVICES, "x"]), VALUES, max_size=2).flatmap(
    lambda rest: st.sampled_from(
        [
            {**rest, "target": "vda"},
            {**rest, "path": "/dev/sda", "target": None},
            {**rest, "path": "/dev/sda", "target": "vda"},
            {**rest, "target": ""},
            {**rest, "target": "a", "path": 5},
            rest,
            [],
        ]
    )
)
IO_OBJECTS = st.fixed_dictionaries(
    {}, optional={"share": VALUES, "x": VALUES, "devices": st.lists(DEVICES, max_size=2) | VALUES}
)


@given(
    st.fixed_dictionaries(
        {}, optional={"cpu": CPU_OBJECTS | VALUES, "io": IO_OBJECTS | VALUES, "soft_limit": VALUES}
    )
)
def test_the_json_schema_and_the_reader_agree(value: dict[str, object]) -> None:
    try:
        ResourcePolicy.from_json(value)
    except ValueError:
        assert not VALIDATOR.is_valid(value)
    else:
        assert VALIDATOR.is_valid(value)


@pytest.mark.parametrize(
    "value",
    [
        {"io": {"devices": [5]}},
        {"io": {"devices": [{}]}},
        {"io": {"devices": [{"target": "a", "path": "/b"}]}},
        {"io": {"devices": [{"target": "a", "x": 1}]}},
        {"io": {"devices": 5}},
        {"io": 5},
        {"cpu": {"share": 1.5}},
        {"cpu": {"share": "unlimited"}},
        {"cpu": []},
    ],
)
def test_json_that_says_nothing_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"is no|has a target|there is no"):
        ResourcePolicy.from_json(value)
    assert not VALIDATOR.is_valid(value)


def test_a_whole_number_with_a_point_is_one_to_json() -> None:
    policy = ResourcePolicy.from_json({"cpu": {"share": 1.0}, "io": {"devices": []}})
    assert policy == ResourcePolicy(cpu=CpuPolicy(share=1))


def test_the_json_schema_knows_each_tunable_and_its_help() -> None:
    VALIDATOR.check_schema(SCHEMA)
    known = {
        CPU: SCHEMA["properties"]["cpu"]["oneOf"][0]["properties"],
        tuple(row for row in IO if row.per_device): SCHEMA["$defs"]["device"]["properties"],
        tuple(row for row in IO if not row.per_device): (
            SCHEMA["properties"]["io"]["oneOf"][0]["properties"]
        ),
    }
    for rows, properties in known.items():
        names = [name for name in properties if name not in {"target", "path", "devices"}]
        assert names == [row.field for row in rows]
        for row in rows:
            help_ = f"{row.help[0].upper()}{row.help[1:]}."
            assert properties[row.field]["description"] == help_
