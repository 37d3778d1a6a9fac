"""The shortcut past expat: it decides what is plain, and never otherwise than expat."""

from __future__ import annotations

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmlresource.relaxng import Limits, Schema
from xmlresource.relaxng.shortcut.trail import Trail
from xmlresource.relaxng.validating import verdict
from xmlresource.relaxng.validating.outline import Outline

if TYPE_CHECKING:
    from tests.relaxng.conftest import Document

SCHEMA = b"""
<grammar xmlns="http://relaxng.org/ns/structure/1.0"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start><element name="doc"><interleave>
    <optional><element name="n"><data type="unsignedInt"/></element></optional>
    <optional>
      <element name="t"><optional><attribute name="a"/></optional><text/></element>
    </optional>
    <optional><element name="e"><empty/></element></optional>
    <optional><element name="any"><ref name="any"/></element></optional>
  </interleave></element></start>
  <define name="any"><zeroOrMore><choice>
    <attribute><anyName/></attribute><text/>
    <element><anyName/><ref name="any"/></element>
  </choice></zeroOrMore></define>
</grammar>"""


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema.load(SCHEMA, cache_dir=None)


def by_expat(schema: Schema, data: bytes, outline: Outline | None = None) -> bool:
    return verdict.is_valid(schema.automaton, data, schema.limits, {}, outline)


def by_trail(
    schema: Schema, trail: Trail, data: bytes, outline: Outline | None = None
) -> bool | None:  # fmt: skip
    return trail.leads_through(data, schema.limits.max_depth, outline)


def decided(schema: Schema, data: bytes, trail: Trail | None = None) -> bool | None:
    """Return what the trail says of a document, having compared it to what expat says.

    Of a valid document with children the outline is compared too.
    """
    trail = trail or Trail(schema.automaton, 1 << 20)
    new, known, expected = Outline(), Outline(), Outline()
    first = by_trail(schema, trail, data, new)
    assert by_trail(schema, trail, data, known) == first
    assert first in (None, by_expat(schema, data, expected))
    if first and expected.opened()[2]:
        assert new.opened() == known.opened() == expected.opened()
    return first


PLAIN = [
    b"<doc/>",
    b"<doc></doc>",
    b"<doc\n>\n</doc\t>\n",
    b"<?xml version='1.0'?>\n<doc/>",
    b'<?xml version="1.0" encoding="utf-8" ?><doc/>',
    b"<!-- x --><doc><!-- - -x --><n>1</n><!----></doc><!-- y -->",
    b"<doc><e/><!-- --><n>1</n>\n<!-- -->\n<!-- --><any><e/></any></doc>",
    b"<doc><t a='1 > 0'>a > b &lt; &amp;lt; \xc3\xa4</t></doc>",
    b"<doc>\r\n<n>\r\n1\r</n>\r\n</doc>",
    b"<doc><any xmlns='u' xmlns:p='v' p:a='' a=''><p:b xmlns:p='w' p:a=''/><b/></any></doc>",
    b"<p:doc xmlns:p='u'/>",
    b"<doc xmlns='u'/>",
    b"<doc>x</doc>",
    b"<doc><n>x</n></doc>",
    b"<doc><n/></doc>",
    b"<doc><e> </e></doc>",
    b"<doc><e>\n</e>\n</doc>",
    b"<doc/><doc/>",
    b"<doc><e/><e/></doc>",
    b"<doc><t a=''/><x/></doc>",
    b"<doc><any>x<y>z</y>w</any></doc>",
    b"<doc>",
    b"<doc><t>",
    b"<doc/>x",
]


@pytest.mark.parametrize("data", PLAIN)
def test_what_is_plain_is_decided(schema: Schema, data: bytes) -> None:
    assert decided(schema, data) is not None


NOT_PLAIN = [
    b"",
    b" <doc/>",
    b"\xef\xbb\xbf<doc/>",
    "<doc/>".encode("utf-16"),
    "<doc/>".encode("utf-16-le"),
    b"<?xml version='1.1'?><doc/>",
    b"<?xml version='1.0' encoding='latin-1'?><doc/>",
    b"<?xml version='1.0' encoding='utf-16'?><doc/>",
    b"<?xml version='1.0'?>x<doc/>",
    b"<?xml version='1.0'?><?xml version='1.0'?><doc/>",
    b"<doc/><?xml version='1.0'?>",
    b"<!-- --><?xml version='1.0'?><doc/>",
    b"<doc><?pi?></doc>",
    b"<!DOCTYPE doc><doc/>",
    b"<doc><t><![CDATA[x]]></t></doc>",
    b"<doc><n>1<!-- -->2</n></doc>",
    b"<doc><!-- <n/> --></doc>",
    b"<doc><!-- -- --></doc>",
    b"<doc><!-- ---></doc>",
    b"<doc><!-- \x01 --></doc>",
    b"<doc><t>&#65;</t></doc>",
    b"<doc><t>&nbsp;</t></doc>",
    b"<doc><t>&</t></doc>",
    b"<doc><t a='&'/></doc>",
    b"<doc><t a='\n'/></doc>",
    b"<doc><t a='<'/></doc>",
    b"<doc><t a='1' a='1'/></doc>",
    b"<doc><t a=1/></doc>",
    b"<doc><t a/></doc>",
    b"<doc><t a='1'b='1'/></doc>",
    b"<doc><t>]]></t></doc>",
    b"<doc><t>\x00</t></doc>",
    b"<doc><t>\x0b</t></doc>",
    b"<doc><t>\xff</t></doc>",
    b"<doc><t>\xed\xa0\x80</t></doc>",
    b"<doc><t>\xef\xbf\xbf</t></doc>",
    b"<doc><t a='\xef\xbf\xbe'/></doc>",
    "<doc><any><\u00e4/></any></doc>".encode(),
    b"<doc><t>" + b"x" * 5000 + b"</t></doc>",
    b"<doc><any xmlns=''/></doc>",
    b"<doc><any xmlns:p=''/></doc>",
    b"<doc><any xmlns:p='a b'/></doc>",
    b"<doc><any xmlns:xml='u'/></doc>",
    b"<doc><any xmlns:xmlns='u'/></doc>",
    b"<doc><any xmlns:p='http://www.w3.org/2000/xmlns/'/></doc>",
    b"<doc><any xmlns:p='u' xmlns:p='v'/></doc>",
    b"<doc><any xmlns:p='u' xmlns:q='u' p:a='' q:a=''/></doc>",
    b"<doc><any xml:lang='de'/></doc>",
    b"<doc><p:any/></doc>",
    b"<doc><any p:a=''/></doc>",
    b"<doc><any><b xmlns:p='u'/><p:b/></any></doc>",
    b"<doc><:any/></doc>",
    b"<doc><any a:b:c=''/></doc>",
    b"<doc></dok>",
    b"<doc/></doc>",
    b"</doc>",
    b"<doc",
    b"<<doc/>",
    b"<doc/><",
    b"< doc/>",
    b"<doc / >",
    b"<1/>",
]


@pytest.mark.parametrize("data", NOT_PLAIN)
def test_what_is_not_plain_is_left_to_expat(schema: Schema, data: bytes) -> None:
    assert decided(schema, data) is None


ANYTHING = b"""
<grammar xmlns="http://relaxng.org/ns/structure/1.0"><start><ref name="any"/></start>
  <define name="any"><element><anyName/><zeroOrMore><choice>
    <attribute><anyName/></attribute><text/><ref name="any"/>
  </choice></zeroOrMore></element></define>
</grammar>"""


@pytest.mark.parametrize(
    "data",
    [
        b"<a><a/><b/><a><a/><b/></a><b></b></a>",
        b"<a><b/><a/><b></b><a><b/><a/></a></a>",
        b"<b><b/><a/><b></b><a><b/><a/></a></b>",
        b"<a z='' y=''><b z=''/></a>",
        b"<a y='' z=''><b z=''/></a>",
        b"<a z=''><b z=''/></a>",
        b"<a xmlns='u'><b/><c xmlns='v'/><p:b xmlns:p='w'/><p:b xmlns:p='x'></p:b></a>",
        b"<p:a xmlns:p='u' p:z=''><b/><p:b/><p:b></p:b></p:a>",
    ],
)
def test_outlines_agree_where_elements_are_in_each_other(data: bytes) -> None:
    schema = Schema.load(ANYTHING, cache_dir=None)
    trail = Trail(schema.automaton, 1 << 20)
    for other in (b"<a><c><b/></c><b>x</b></a>", data, data + b"\n", data.replace(b"z", b"w")):
        assert decided(schema, other, trail)


def test_depth_is_left_to_expat(schema: Schema) -> None:
    for depth, plain in ((990, True), (998, False), (999, False)):
        data = b"<doc><any>" + b"<a>" * depth + b"</a>" * depth + b"</any></doc>"
        assert (decided(schema, data) is not None) == plain
    wide = b"<doc><any>" + b"<a/>" * 5000 + b"</any></doc>"
    assert decided(schema, wide)


def test_number_of_attributes(schema: Schema) -> None:
    for count, valid in ((1000, True), (1001, False)):
        names = b" ".join(b"a%d=''" % number for number in range(count))
        assert by_expat(schema, b"<doc><any %s/></doc>" % names) == valid
        few = Schema.load(SCHEMA, cache_dir=None, limits=Limits(max_attributes=count - 990))
        names = b" ".join(b"a%d=''" % number for number in range(20))
        assert decided(few, b"<doc><any %s/></doc>" % names) == (count - 990 >= 20)


def test_a_large_document_is_cut_in_parts(schema: Schema) -> None:
    for size in range(200_000, 200_040):
        data = b"<doc><any>" + b"<a/> " * (size // 5) + b" " * (size % 5) + b"</any></doc>"
        assert decided(schema, data)


def test_references_stand_for_characters() -> None:
    schema = Schema.load(
        b"""<element name="doc" xmlns="http://relaxng.org/ns/structure/1.0">
        <attribute name="a"><value>1&lt;2&amp;</value></attribute><value>&gt;</value></element>""",
        cache_dir=None,
    )
    assert decided(schema, b"<doc a='1&lt;2&amp;'>&gt;</doc>") is True
    assert decided(schema, b"<doc a='1&lt;2&amp;'>&amp;gt;</doc>") is False
    assert decided(schema, b"<doc a='1&amp;lt;2&amp;'>&gt;</doc>") is False


def test_values_with_blanks_around_are_counted_every_time(schema: Schema) -> None:
    trail = Trail(schema.automaton, 1 << 20)
    for _ in range(3):
        before = schema.automaton.untrimmed
        assert by_trail(schema, trail, b"<doc><n> 1 </n></doc>")
        assert schema.automaton.untrimmed == before + 1


@pytest.mark.parametrize("padding", [b"", b"<!-- long enough for its tags to be counted -->"])
def test_documents_that_may_be_too_deep_are_left_to_expat(padding: bytes) -> None:
    schema = Schema.load(SCHEMA, cache_dir=None, limits=Limits(max_depth=5))
    verdicts = [
        schema.is_valid(b"<doc>%s<any>%s%s</any></doc>" % (padding, b"<x>" * deep, b"</x>" * deep))
        for deep in range(6)
    ]
    assert verdicts == [True] * 4 + [False] * 2


def test_a_full_trail_is_followed_and_then_left(schema: Schema) -> None:
    trail = Trail(schema.automaton, 10_000)
    known, new = b"<doc><t>known</t></doc>", b"<doc><t>new</t></doc>"
    assert by_trail(schema, trail, known)
    number = 0
    while not trail.is_over:
        number += 1
        by_trail(schema, trail, b"<doc><t>%d</t></doc>" % number)
    assert number < 100
    assert by_trail(schema, trail, known)
    _, remembered, _ = trail.counts()
    assert by_trail(schema, trail, new)  # read, but not remembered
    assert trail.counts()[1] == remembered
    results = [by_trail(schema, trail, b"<doc><t>%d</t></doc>" % n) for n in range(500, 1000)]
    assert set(results) == {True, None}
    assert results == sorted(results, key=lambda result: result is None)
    assert by_trail(schema, trail, known)


def test_values_do_not_make_the_schema_begin_anew() -> None:
    schema = Schema.load(SCHEMA, cache_dir=None, limits=Limits(max_memory=200_000))
    for number in range(5000):
        assert schema.is_valid(b"<doc><n>%d</n><t a='%d'>%d</t></doc>" % ((number,) * 3))
    assert not schema.automaton.factored
    assert schema.automaton.counts()[2] < 1000


def test_states_that_are_read_factored_are_left_to_expat() -> None:
    names = [b"e%d" % number for number in range(8)]
    branches = b"".join(
        b'<optional><element name="%s"><text/></element></optional>' % n for n in names
    )
    schema = Schema.load(
        b'<element name="doc" xmlns="http://relaxng.org/ns/structure/1.0"><element name="in">'
        b"<interleave>%s</interleave></element></element>" % branches,
        cache_dir=None,
        limits=Limits(max_memory=20_000),
    )
    trail = Trail(schema.automaton, 1 << 20)
    chance = random.Random(1)  # noqa: S311  # repeatable, not secret
    for _ in range(200):
        chance.shuffle(names)
        data = b"<doc><in>" + b"".join(b"<%s/>" % name for name in names) + b"</in></doc>"
        assert schema.is_valid(data)
        assert not schema.is_valid(data.replace(b"</in>", b"<e0/></in>"))
        decided(schema, data, trail)
    assert schema.automaton.factored
    assert decided(schema, data) is None


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_agrees_with_expat_on_what_is_a_little_broken(schema: Schema, data: st.DataObject) -> None:
    document = bytearray(data.draw(st.sampled_from([*PLAIN, *NOT_PLAIN])))
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(document)))
        width = data.draw(st.integers(0, 3))
        document[place : place + width] = data.draw(
            st.sampled_from([b"<", b">", b"/", b"'", b"&", b"--", b"]]>", b" ", b":", b"=", b"x",
                             b"\n", b"\0", b"\xc3\xa4", b"\xff", b"xmlns:p='u'", b"<!-- -->"])
        )  # fmt: skip
    decided(schema, bytes(document))


def test_agrees_with_expat_on_domains(
    domain_schema: Schema,
    sample: list[Document],
    full: bool,  # a fixture
) -> None:
    chance = random.Random(5)  # noqa: S311  # repeatable, not secret
    trail = Trail(domain_schema.automaton, 1 << 24)
    unsure = sum(decided(domain_schema, item.data, trail) is None for item in sample)
    assert unsure < len(sample) // 20
    for item in sample if full else sample[:150]:
        data = bytearray(item.data)
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(2)] = chance.choice(
                [b"<", b">", b"/", b'"', b"'", b"&", b" ", b"x", b"\n", b"-", b"<x/>"]
            )
        decided(domain_schema, bytes(data), trail)


def test_threads_share_a_trail() -> None:
    schema = Schema.load(SCHEMA, cache_dir=None)
    other = Schema.load(SCHEMA, cache_dir=None)
    documents = [item for item in [*PLAIN, *NOT_PLAIN] if len(item) < 1000] * 3
    expected = [by_expat(other, data) for data in documents]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        with ThreadPoolExecutor(4) as pool:
            runs = [
                pool.submit(lambda order: [schema.is_valid(documents[i]) for i in order], order)
                for order in _orders(len(documents), 4)
            ]
            results = [run.result() for run in runs]
    finally:
        sys.setswitchinterval(interval)
    for order, verdicts in zip(_orders(len(documents), 4), results, strict=True):
        assert verdicts == [expected[i] for i in order]


def _orders(count: int, orders: int) -> list[list[int]]:
    chance = random.Random(7)  # noqa: S311  # repeatable, not secret
    return [chance.sample(range(count), count) for _ in range(orders)]
