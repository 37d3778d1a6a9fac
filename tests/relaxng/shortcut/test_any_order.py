"""Children in any order, judged at the end: never otherwise than one after the other."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.relaxng.shortcut.test_trail import by_expat, by_trail
from xmlresource.relaxng import Schema
from xmlresource.relaxng.shortcut.any_order import any_order
from xmlresource.relaxng.shortcut.trail import Trail
from xmlresource.relaxng.validating.outline import Outline

if TYPE_CHECKING:
    from xmlresource.relaxng.core.patterns import Pattern

FREE = "".join(f"<optional><element name='e{n}'><text/></element></optional>" for n in range(6))


def schema_of(*branches: str) -> Schema:
    text = f"""
      <element name="doc" xmlns="http://relaxng.org/ns/structure/1.0"
               datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
        <optional><attribute name="kind"/></optional>
        <interleave>{FREE}{"".join(branches)}</interleave>
      </element>"""
    return Schema.load(text.encode(), cache_dir=None)


MUST = "<element name='must'><empty/></element>"
AGAIN = """
  <zeroOrMore>
    <element name="again"><optional><attribute name="a"/></optional></element>
  </zeroOrMore>"""
FULL = """
  <optional>
    <element name="full"><attribute name="a"/><element name="x"><empty/></element></element>
  </optional>"""
#: Several declarations of one name, of which a sibling leaves fewer, as in libvirt's domains.
FEWER = """
  <optional><choice>
    <group>
      <element name="boot"><empty/></element>
      <element name="os"><data type="unsignedInt"/></element>
    </group>
    <element name="os"><data type="unsignedInt"/></element>
    <element name="os"><element name="type"><text/></element></element>
    <element name="os"><list><oneOrMore><data type="NCName"/></oneOrMore></list></element>
  </choice></optional>"""
#: A sibling adds to what a child may hold.
MORE = """
  <choice>
    <group>
      <element name="p"><empty/></element>
      <element name="q"><data type="unsignedInt"/></element>
    </group>
    <element name="q"><empty/></element>
  </choice>"""
ONE_AFTER_ANOTHER = """
  <optional>
    <group><element name="p"><empty/></element><element name="q"><empty/></element></group>
  </optional>"""
TEXT = "<text/>"
CHILDREN = (
    *("<e0/>", "<e1>x</e1>", "<e2/>", "<e5></e5>", "<must/>", "<again/>", "<again a='1'/>"),
    *(
        "<boot/>",
        "<os>1</os>",
        "<os><type>hvm</type></os>",
        "<os>a b</os>",
        "<os/>",
        "<os> 1 </os>",
    ),
    *("<full a='1'><x/></full>", "<full a='1'></full>", "<full a='1'/>", "<full/>"),
    *("<p/>", "<q>1</q>", "<q/>", "<!-- -->", "<other/>", "<must>x</must>", "text"),
)


def document(children: list[str], kind: str = "") -> bytes:
    return f"<doc{kind}>{' '.join(children)}</doc>".encode()


@pytest.fixture(scope="module")
def schema() -> Schema:
    return schema_of(MUST, AGAIN, FULL, FEWER)


@settings(max_examples=1000, deadline=None)
@given(
    children=st.lists(st.sampled_from(CHILDREN), max_size=9),
    must=st.booleans(),
    kind=st.sampled_from(["", " kind='a'"]),
)
def test_agrees_with_reading_one_after_the_other(
    schema: Schema, children: list[str], must: bool, kind: str
) -> None:
    data = document([*children, *(["<must/>"] if must else [])], kind)
    trail = Trail(schema.automaton, 1 << 20)
    outlines = Outline(), Outline(), Outline()
    verdicts = [by_trail(schema, trail, data, outline) for outline in outlines[:2]]
    expected = by_expat(schema, data, outlines[2])
    assert verdicts == [expected] * 2
    if expected:
        assert outlines[0].opened() == outlines[1].opened() == outlines[2].opened()


@pytest.mark.parametrize(
    ("children", "valid"),
    [
        ([], False),
        (["<must/>"], True),
        (["<must/>", "<must/>"], False),
        (["<e3/>", "<must/>", "<e1/>", "<again/>", "<e0/>", "<again/>"], True),
        (["<e3/>", "<must/>", "<e3/>"], False),
        (["<os>a b</os>", "<must/>"], True),
        (["<boot/>", "<must/>", "<os>1</os>"], True),
        (["<boot/>", "<must/>", "<os>a b</os>"], False),
        (["<boot/>", "<must/>"], False),
        (["<os>1</os>", "<boot/>", "<must/>"], False),
        (["<must/>", "<full a='1'><x/></full>"], True),
        (["<must/>", "<full a='1'></full>"], False),
        (["<must/>", "<full a='1'/>"], False),
    ],
)
def test_tells_by_itself(schema: Schema, children: list[str], valid: bool) -> None:
    trail = Trail(schema.automaton, 1 << 20)
    data = document(children)
    assert by_trail(schema, trail, data) is by_trail(schema, trail, data) is valid
    assert by_expat(schema, data) is valid


def test_a_new_order_makes_no_new_states(schema: Schema) -> None:
    children = ["<e0/>", "<e1/>", "<e2/>", "<e3/>", "<e4/>", "<must/>", "<again/>", "<os>1</os>"]
    trail = Trail(schema.automaton, 1 << 20)
    assert by_trail(schema, trail, document(children))
    chance = random.Random(1)  # noqa: S311  # repeatable, not secret
    before, (nodes, *_) = schema.automaton.counts(), trail.counts()
    for _ in range(500):
        chance.shuffle(children)
        assert by_trail(schema, trail, document(children))
    assert schema.automaton.counts()[:2] == before[:2]
    assert trail.counts()[0] <= nodes + 2 * len(children)


def test_orders_are_remembered_within_bounds(schema: Schema) -> None:
    children = ["<e0/>", "<e1/>", "<e2/>", "<e3/>", "<e4/>", "<must/>", "<again/>", "<os>1</os>"]
    trail = Trail(schema.automaton, 100_000)
    chance = random.Random(1)  # noqa: S311  # repeatable, not secret
    for _ in range(2000):
        chance.shuffle(children)
        assert by_trail(schema, trail, document(children))
    assert trail.is_over
    _, _, orders = trail.counts()
    assert 0 < orders < 500


@pytest.mark.parametrize("branch", [MORE, ONE_AFTER_ANOTHER, TEXT])
@settings(max_examples=100, deadline=None)
@given(children=st.lists(st.sampled_from(CHILDREN), max_size=4))
def test_other_contents_are_read_as_they_come(branch: str, children: list[str]) -> None:
    schema = schema_of(branch)
    assert any_order(schema.automaton, content_of(schema)) is None
    data = document(children)
    trail = Trail(schema.automaton, 1 << 20)
    assert by_trail(schema, trail, data) in (by_expat(schema, data), None)


def test_that_of_libvirts_domains_may_come_in_any_order(domain_schema: Schema) -> None:
    content = content_of(domain_schema, "domain", type="kvm")
    assert any_order(domain_schema.automaton, content) is not None


def content_of(schema: Schema, name: str = "doc", **attributes: str) -> Pattern:
    """Return what the document element may hold."""
    _, opening, _ = schema.automaton.start[name]
    return opening.after(sorted(attributes.items())).pattern
