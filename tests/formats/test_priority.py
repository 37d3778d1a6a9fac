"""A guest's priority: as text, in policies, and on their ways to and from XML and JSON."""

import json
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from xmlresource import schema_files
from xmlresource.document import Document
from xmlresource.formats.assignments import parse_assignments
from xmlresource.formats.priority import MOST, PATTERN, parse_priority
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import Form

SCHEMA = json.loads(schema_files.read("policy.schema.json"))
numbers = st.integers(0, MOST)


@given(numbers)
def test_every_number_in_range_is_one(number):
    assert parse_priority(str(number)) == number
    assert parse_priority(f"{number:03}") == number
    assert PATTERN == "[0-9]{1,3}"


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "1\n", "-1", "+1", "1.0", "1000", "0001", "\u0665", "²"]
)
def test_anything_else_is_none(text):
    assert parse_priority(text) is None


@given(numbers, st.sampled_from([Form.RESOURCE, Form.METADATA]))
def test_there_and_back(number, form):
    policy = MemoryPolicy(min_guarantee=1 << 30, priority=number)
    assert Document.parse(policy.to_xml(form).encode()).policy == policy
    for library in (None, ET, etree):
        assert MemoryPolicy.from_element(policy.to_element(form, library)) == policy
    written = policy.to_json()
    assert written["priority"] == number
    jsonschema.validate(written, SCHEMA)
    assert MemoryPolicy.from_json(written) == policy
    assert MemoryPolicy.from_json({"priority": float(number)}) == MemoryPolicy(priority=number)


def test_memtune_has_no_place_for_it():
    policy = MemoryPolicy(hard_limit=1 << 30, priority=1)
    assert "priority" not in policy.to_xml(Form.MEMTUNE)
    element = ET.fromstring("<memtune priority='5'/>")  # noqa: S314
    assert MemoryPolicy.from_element(element).priority is None
    assert Document.parse(b"<memtune priority='5'/>").policy.priority is None


@pytest.mark.parametrize("value", [-1, 1000, "5", True, 1.5])
def test_what_is_out_of_range_is_refused(value):
    with pytest.raises(ValueError, match="priority is no whole number from 0 to 999"):
        MemoryPolicy(priority=value)
    with pytest.raises(ValueError, match="priority is no whole number"):
        MemoryPolicy.from_json({"priority": value})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"priority": value}, SCHEMA)


def test_a_priority_alone_declares_no_tunable():
    assert not MemoryPolicy(priority=5)
    assert MemoryPolicy(priority=5) != MemoryPolicy()


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        ("<memory priority='x'/>", "priority can't be read: 'x'"),
        ("<memory priority='1'/><memory priority='2'/>", "priority is declared twice"),
    ],
)
def test_an_element_that_contradicts_itself(blocks, problem):
    with pytest.raises(ValueError, match=problem):
        MemoryPolicy.from_element(ET.fromstring(f"<resource>{blocks}</resource>"))  # noqa: S314


def test_a_document_takes_the_first_that_can_be_read():
    text = "<domain><metadata><resource xmlns='urn:xmlresource:1'>{}</resource></metadata></domain>"
    blocks = "<memory priority='x'/><memory priority='7'/><memory priority='8'/>"
    document = Document.parse(text.format(blocks).encode())
    assert document.policy.priority == 7
    assert document.policy_in(Form.METADATA).priority == 7
    assert document.policy_in(Form.RESOURCE).priority is None


def test_assignments():
    assert parse_assignments(["priority=10"]).amounts == {"priority": 10}
    assert parse_assignments(["priority=none"]).amounts == {"priority": None}
    (fault,) = parse_assignments(["priority=4GiB"]).faults
    assert fault.problem == "it is no priority"
    assert fault.cure == "write a whole number from 0 to 999, or none"
    (fault,) = parse_assignments(["prioritty=4"]).faults
    assert fault.cure == "did you mean priority?"
