"""The assertions of the XSD 1.1 schema say what RELATIONS says, in exact arithmetic."""

from functools import cache

import pytest
import xmlschema
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.schemas.documents import NUMBERS, UNITS
from xmlresource import schema_files
from xmlresource.tunables import BY_NAME, RELATIONS, Relation
from xmlresource.units import UNLIMITED, SizeError, parse_size

NEEDS_HARD_LIMIT = "XR304"
OVERFLOW = "XR203"

Written = dict[str, tuple[str, str | None]]
"""The value and the unit of each tunable that is set."""


def broken_rules(policy: Written) -> set[str]:
    """The codes of the rules that ``policy`` breaks, by the product's own reading of sizes."""
    sizes, broken = {}, set()
    for name, (value, unit) in policy.items():
        try:
            sizes[name] = parse_size(value, unit)
        except SizeError:
            broken.add(OVERFLOW)
    # What is unlimited bounds nothing, and what can't be read can't be compared.
    known = {name: size for name, size in sizes.items() if isinstance(size, int)}
    for relation in RELATIONS:
        if relation.lower in known and relation.upper in known:
            broken |= {relation.code} if known[relation.lower] > known[relation.upper] else set()
    needed = sizes.get("hard_limit", UNLIMITED if "hard_limit" not in policy else None)
    if "swap_hard_limit" in known and needed is UNLIMITED:
        broken.add(NEEDS_HARD_LIMIT)
    return broken


@cache
def schema() -> xmlschema.XMLSchema11:
    return xmlschema.XMLSchema11(str(schema_files.path("resource-1.1.xsd")))


def failed_assertions(document: str) -> set[str]:
    """The ids of the assertions that fail; nothing else may be wrong with the document."""
    failed = set()
    for error in schema().iter_errors(document):
        assert isinstance(error.validator, xmlschema.validators.XsdAssert), error
        failed.add(str(error.validator.elem.get("id")))
    return failed


def write(policy: Written) -> str:
    children = ""
    for name, (value, unit) in policy.items():
        element = BY_NAME[name].element
        attribute = "" if unit is None else f" unit='{unit}'"
        children += f"<{element}{attribute}>{value}</{element}>"
    return f"<resource><memory>{children}</memory></resource>"


def one_of_each(relation_sizes: tuple[str, str, str, str]) -> Written:
    lower, lower_unit, upper, upper_unit = relation_sizes
    return {"min_guarantee": (lower, lower_unit), "hard_limit": (upper, upper_unit)}


# Sizes that meet: few numbers, units whose figures are near each other, the edges of the range.
NEAR = st.tuples(
    st.sampled_from(["0", "1", "2", "3", "1000", "1023", "1024", "1025", "1048576", "0001"]),
    st.none() | st.sampled_from(["b", "KiB", "KB", "K", "MiB", "MB", "m"]),
)
EDGES = st.sampled_from(
    [
        ("9007199254740991", None),
        ("9007199254740990", "KiB"),
        ("9007199254740992", None),
        ("9223372036854774784", "b"),
        ("9223372036854774783", "byte"),
        ("9223372036854774785", "b"),
        ("8", "EiB"),
        ("7", "EiB"),
        ("9", "EB"),
        ("10", "EB"),
        ("8191", "PiB"),
        ("8192", "p"),
    ]
)
SIZES = st.one_of(NEAR, NEAR, EDGES, st.tuples(NUMBERS, st.none() | UNITS))
POLICIES = st.dictionaries(st.sampled_from(list(BY_NAME)), SIZES)


@settings(max_examples=150, deadline=None)
@given(POLICIES)
@example(one_of_each(("1000", "KB", "976", "KiB")))  # 976.56 KiB, rounded up to 977
@example(one_of_each(("999425", "b", "976", "KiB")))
@example(one_of_each(("1", "b", "1", "KiB")))
@example(one_of_each(("9007199254740991", "K", "9223372036854774783", "b")))
@example({"swap_hard_limit": ("1", None)})
@example({"swap_hard_limit": ("9007199254740991", None)})
@example({"swap_hard_limit": ("1", None), "hard_limit": ("9007199254740991", None)})
@example({"swap_hard_limit": ("1", None), "hard_limit": ("9007199254740992", None)})
@example({"soft_limit": ("9007199254740991", None), "hard_limit": ("1", None)})
def test_assertions_say_what_the_rules_say(policy: Written) -> None:
    assert failed_assertions(write(policy)) == broken_rules(policy)


@pytest.mark.parametrize("unit", ["b", *(x + end for x in "KMGTP" for end in ("iB", "B")), "EB"])
def test_every_units_bytes(unit: str) -> None:
    """A guarantee may be what the limit is in bytes; a KiB less of limit is too little."""
    size = parse_size("3", unit)
    assert isinstance(size, int)
    assert not failed_assertions(write(one_of_each(("3", unit, str(size), "b"))))
    assert failed_assertions(write(one_of_each(("3", unit, str(size - 1024), "b")))) == {"XR301"}


def assertions() -> list[etree._Element]:
    """Those between the figures of a memory."""
    root = etree.parse(schema_files.path("resource-1.1.xsd"))
    return list(root.iterfind(".//{*}complexType[@name='Memory']/{*}assert"))


def test_libvirts_own_children_stand_in_its_order() -> None:
    schema = xmlschema.XMLSchema11(str(schema_files.path("resource-1.1.xsd")))
    partition, fibrechannel = "<partition>/m</partition>", "<fibrechannel appid='a'/>"
    assert schema.is_valid(f"<resource>{partition}<cpu/>{fibrechannel}<memory/></resource>")
    assert not schema.is_valid(f"<resource>{fibrechannel}<cpu/>{partition}</resource>")


def test_all_reckon_the_same_way() -> None:
    """XPath 2.0 has no functions: what would be one is written out in each assertion."""
    tests = [" ".join(str(assertion.get("test")).split()) for assertion in assertions()]
    reckonings = {test[test.index("$number in") : test.index("idiv 1024")] for test in tests}
    assert len(reckonings) == 1


def test_ids_are_the_rules_codes() -> None:
    ids = [str(assertion.get("id")) for assertion in assertions()]
    codes = [relation.code for relation in RELATIONS]
    assert sorted(ids) == sorted([*codes, NEEDS_HARD_LIMIT, OVERFLOW])


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: relation.code)
def test_each_relation_fails_alone(relation: Relation) -> None:
    policy: Written = {"hard_limit": ("1", None)} if relation.upper == "swap_hard_limit" else {}
    policy |= {relation.lower: ("2", None), relation.upper: ("1", None)}
    assert failed_assertions(write(policy)) == {relation.code}
