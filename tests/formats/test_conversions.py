"""The policy's ways to and from XML text, elements, libvirt's parameters and JSON."""

import json
import subprocess
import sys
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from xmlresource import schema_files
from xmlresource.document import Document
from xmlresource.formats.xml_text import expressible
from xmlresource.model.policy import MemoryPolicy
from xmlresource.strategies import documents, policies
from xmlresource.tunables import ATTRIBUTES, MEMORY, NAMESPACE, Form
from xmlresource.units import KIB, LARGEST, UNLIMITED

GIB = KIB**3
SCHEMA = json.loads(schema_files.read("policy.schema.json"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@given(policies(consistent=False), st.sampled_from(Form))
def test_text_is_read_back_as_what_the_form_can_say(policy, form):
    said = MemoryPolicy(**expressible(policy.items(), form))
    assert Document.parse(policy.to_xml(form).encode()).policy == said
    for library in (None, ET, etree):
        assert MemoryPolicy.from_element(policy.to_element(form, library)) == said


def test_text_of_each_form():
    policy = MemoryPolicy(hard_limit=5 * GIB, soft_limit=UNLIMITED, min_guarantee=0)
    assert policy.to_xml(Form.MEMTUNE) == (
        '<memtune>\n  <hard_limit unit="GiB">5</hard_limit>\n'
        '  <soft_limit unit="KiB">9007199254740991</soft_limit>\n</memtune>'
    )
    assert policy.to_xml(Form.RESOURCE) == (
        '<resource>\n  <memory>\n    <memoryHardLimit unit="GiB">5</memoryHardLimit>\n'
        "  </memory>\n</resource>"
    )
    assert policy.to_xml() == (
        '<xr:resource xmlns:xr="urn:xmlresource:1">\n  <xr:memory>\n'
        '    <xr:memoryHardLimit unit="GiB">5</xr:memoryHardLimit>\n  </xr:memory>\n'
        "</xr:resource>"
    )


def test_lxml_gets_the_usual_prefix():
    element = MemoryPolicy(hard_limit=GIB).to_element(Form.METADATA, etree)
    assert etree.tostring(element).startswith(b'<xr:resource xmlns:xr="urn:xmlresource:1">')


@given(documents())
def test_elements_are_read_as_documents_are(sample):
    assert MemoryPolicy.from_element(etree.fromstring(sample.data)) == sample.policy
    assert MemoryPolicy.from_element(ET.fromstring(sample.data)) == sample.policy  # noqa: S314


def test_elements_of_the_corpus_are_read_as_documents_are(corpus):
    for name, data in corpus.items():
        policy = Document.parse(data, name).policy
        assert MemoryPolicy.from_element(etree.fromstring(data)) == policy, name


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("<network/>", MemoryPolicy()),
        ("<memtune><min_guarantee>0</min_guarantee><x/></memtune>", MemoryPolicy()),
        ("<memtune><hard_limit>4<!--2-->0</hard_limit></memtune>", MemoryPolicy(40 * KIB)),
        (
            "<resource><memory><memoryMinGaurantee>1</memoryMinGaurantee></memory></resource>",
            MemoryPolicy(min_guarantee=KIB),
        ),
        (
            f"<memory xmlns='{NAMESPACE}'><memoryHardLimit>1</memoryHardLimit></memory>",
            MemoryPolicy(hard_limit=KIB),
        ),
    ],
)  # fmt: skip
def test_odd_elements(text, policy):
    assert MemoryPolicy.from_element(etree.fromstring(text)) == policy
    assert Document.parse(text.encode()).policy == policy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<memtune><hard_limit unit='gigs'>1</hard_limit></memtune>", "unknown unit"),
        ("<memtune><hard_limit>1</hard_limit><hard_limit>2</hard_limit></memtune>", "twice"),
    ],
)
def test_elements_that_can_not_be_read(text, message):
    with pytest.raises(ValueError, match=message):
        MemoryPolicy.from_element(etree.fromstring(text))


@given(policies(consistent=False))
def test_parameters_there_and_back(policy):
    if policy.swap_soft_limit is not None:
        with pytest.raises(ValueError, match="libvirt's API has no swap_soft_limit"):
            policy.to_params()
        return
    assert MemoryPolicy.from_params(policy.to_params()) == policy


def test_what_libvirt_reports_of_a_guest_without_limits():
    unlimited = 9007199254740991
    reported = dict.fromkeys(("hard_limit", "soft_limit", "swap_hard_limit"), unlimited)
    policy = MemoryPolicy.from_params({**reported, "min_guarantee": 0})
    assert policy == MemoryPolicy(
        hard_limit=UNLIMITED, soft_limit=UNLIMITED, swap_hard_limit=UNLIMITED
    )
    assert policy.to_params() == reported
    assert MemoryPolicy(min_guarantee=0).to_params() == {"min_guarantee": 0}


@pytest.mark.parametrize("parameters", [{"hard": 1}, {"swap_soft_limit": 1}, {"hard_limit": -1}])
def test_parameters_that_are_none(parameters):
    with pytest.raises(ValueError, match=r"parameter|negative"):
        MemoryPolicy.from_params(parameters)


@given(policies(consistent=False))
def test_json_there_and_back(policy):
    written = json.dumps(policy.to_json())
    VALIDATOR.validate(json.loads(written))
    assert MemoryPolicy.from_json(json.loads(written)) == policy


values = st.one_of(
    st.none(),
    st.booleans(),
    st.just("unlimited"),
    st.text(max_size=3),
    st.integers(),
    st.sampled_from([LARGEST - KIB, LARGEST - KIB + 1, 1e300, float("inf"), 1.0, 1.5, -0.0]),
    st.lists(st.integers(), max_size=1),
)


@given(
    st.dictionaries(
        st.sampled_from([*(tunable.name for tunable in MEMORY), "hard"]), values, max_size=3
    )
)
def test_the_json_schema_and_the_reader_agree(value):
    try:
        MemoryPolicy.from_json(value)
    except ValueError:
        assert not VALIDATOR.is_valid(value)
    else:
        assert VALIDATOR.is_valid(value)


def test_the_json_schema_knows_each_tunable_and_its_help():
    VALIDATOR.check_schema(SCHEMA)
    names = [*(tunable.name for tunable in MEMORY), *ATTRIBUTES, "cpu", "io"]
    assert list(SCHEMA["properties"]) == names
    for tunable in MEMORY:
        described = SCHEMA["properties"][tunable.name]["description"]
        assert described == f"{tunable.help[0].upper()}{tunable.help[1:]}."


def test_the_policy_alone_imports_none_of_its_conversions():
    code = "import sys, xmlresource.model.policy; print(sorted(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert "xmlresource.model.policy" in done.stdout
    for module in ("elements", "parameters", "json_form", "writing", "spelling"):
        assert f"xmlresource.model.{module}" not in done.stdout


def test_a_whole_number_with_a_point_is_one_to_json() -> None:
    policy = MemoryPolicy.from_json({"hard_limit": 1048576.0})
    assert policy == MemoryPolicy(hard_limit=1048576)
    assert isinstance(policy.hard_limit, int)
