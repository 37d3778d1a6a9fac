"""A guest's priority and balance: as text, in policies, on their ways to and from XML and JSON."""

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
from xmlresource.formats.guest_attributes import (
    MOST_PRIORITY,
    PRIORITY_PATTERN,
    ROWS,
    check_attribute,
    written_attributes,
)
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import ATTRIBUTES, Form

SCHEMA = json.loads(schema_files.read("policy.schema.json"))
numbers = st.integers(0, MOST_PRIORITY)
parse_priority = ROWS["priority"].parse


@given(numbers)
def test_every_number_in_range_is_one(number):
    assert parse_priority(str(number)) == number
    assert parse_priority(f"{number:03}") == number
    assert PRIORITY_PATTERN == "[0-9]{1,3}"


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
    assert fault.problem == "it is no whole number from 0 to 999"
    assert fault.cure == "write a whole number from 0 to 999, or none"
    (fault,) = parse_assignments(["prioritty=4"]).faults
    assert fault.cure == "did you mean priority?"


def test_the_table_has_the_attributes_of_the_policy_in_its_order():
    assert tuple(ROWS) == ATTRIBUTES
    assert MemoryPolicy.__match_args__[-len(ATTRIBUTES) :] == ATTRIBUTES


@given(st.booleans(), numbers, st.sampled_from([Form.RESOURCE, Form.METADATA]))
def test_the_balance_there_and_back(balance, number, form):
    policy = MemoryPolicy(min_guarantee=1 << 30, priority=number, balance=balance)
    assert Document.parse(policy.to_xml(form).encode()).policy == policy
    for library in (None, ET, etree):
        assert MemoryPolicy.from_element(policy.to_element(form, library)) == policy
    written = policy.to_json()
    assert written["balance"] is balance
    jsonschema.validate(written, SCHEMA)
    assert MemoryPolicy.from_json(written) == policy
    assert dict(policy.attributes()) == {"priority": number, "balance": balance}


def test_attributes_are_written_in_the_order_of_the_table():
    said = {"balance": False, "priority": 7}
    assert written_attributes(said) == (("priority", "7"), ("balance", "no"))
    assert written_attributes({"balance": True}) == (("balance", "yes"),)


@pytest.mark.parametrize("value", ["no", "yes", 0, 1, 1.0, []])
def test_a_balance_that_is_no_truth_value_is_refused(value):
    with pytest.raises(ValueError, match="balance is neither yes nor no"):
        MemoryPolicy(balance=value)
    with pytest.raises(ValueError, match="balance is neither yes nor no"):
        MemoryPolicy.from_json({"balance": value})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"balance": value}, SCHEMA)


def test_nothing_said_is_none():
    assert check_attribute("balance", None) is None
    assert MemoryPolicy.from_json({"balance": None, "priority": None}) == MemoryPolicy()
    jsonschema.validate({"balance": None}, SCHEMA)


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        ("<memory balance='off'/>", "balance can't be read: 'off'"),
        ("<memory balance='yes'/><memory balance='no'/>", "balance is declared twice"),
    ],
)
def test_an_element_that_contradicts_itself_about_balance(blocks, problem):
    with pytest.raises(ValueError, match=problem):
        MemoryPolicy.from_element(ET.fromstring(f"<resource>{blocks}</resource>"))  # noqa: S314


def test_assignments_of_the_balance():
    assert parse_assignments(["balance=no"]).amounts == {"balance": False}
    assert parse_assignments(["balance= YES "]).amounts == {"balance": True}
    assert parse_assignments(["balance=none"]).amounts == {"balance": None}
    (fault,) = parse_assignments(["balance=off"]).faults
    assert fault.problem == "it is neither yes nor no"
    assert fault.cure == "write yes or no, or none"
    (fault,) = parse_assignments(["balanse=no"]).faults
    assert fault.cure == "did you mean balance?"
