"""What is learnt of a schema: whoever begins with it finds what all others find."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from tests.relaxng.test_random import MANY, cases, schema_of
from xmlresource.relaxng import Limits, Schema, SchemaError
from xmlresource.relaxng.core import learning
from xmlresource.relaxng.core.knowledge import NOTHING, Knowledge
from xmlresource.relaxng.core.learning import learnt
from xmlresource.relaxng.loading.grammar_cache import GrammarCache
from xmlresource.relaxng.loading.knowledge_file import KnowledgeFile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.relaxng.conftest import Document
    from tests.relaxng.naive import Pattern
    from xmlresource.relaxng import Violation

SCHEMA = b"""
<grammar xmlns="http://relaxng.org/ns/structure/1.0"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start><element name="doc"><interleave>
    <zeroOrMore><element name="n">
      <optional><attribute name="unit"><choice><value>KiB</value><value>MiB</value></choice>
      </attribute></optional>
      <optional><attribute name="id"><data type="unsignedInt"><except><value>7</value></except>
      </data></attribute></optional>
      <data type="unsignedInt"/>
    </element></zeroOrMore>
    <optional><element name="words"><list><oneOrMore><data type="NCName"/></oneOrMore></list>
    </element></optional>
    <optional><choice>
      <group><element name="boot"><empty/></element>
        <element name="os"><data type="unsignedInt"/></element></group>
      <element name="os"><data type="unsignedInt"/></element>
      <element name="os"><optional><attribute name="a"/></optional>
        <element name="type"><text/></element></element>
    </choice></optional>
    <optional><element name="any"><ref name="any"/></element></optional>
  </interleave></element></start>
  <define name="any"><zeroOrMore><choice>
    <attribute><anyName/></attribute><text/>
    <element><anyName/><ref name="any"/></element>
  </choice></zeroOrMore></define>
</grammar>"""
DOCUMENTS = [
    b"<doc/>",
    b"<doc><n>1</n><n unit='KiB' id='3'>2</n></doc>",
    b"<doc><n id='7'>1</n></doc>",
    b"<doc><n unit='GiB'>1</n><x/></doc>",
    b"<doc><words>a b</words><n> 1 </n></doc>",
    b"<doc><os>1</os></doc>",
    b"<doc><os a=''><type>hvm</type></os></doc>",
    b"<doc><boot/><os>1</os><any><x y=''>z</x></any></doc>",
    b"<doc><boot/><os><type/></os></doc>",
    b"<doc><os/><words/></doc>",
]


class Given(KnowledgeFile):
    """Knowledge that is at hand."""

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__(None, b"")
        self._knowledge = knowledge

    def read(self) -> Knowledge:
        return self._knowledge


def schema_with(
    knowledge: Knowledge, source: bytes = SCHEMA, limits: Limits | None = None
) -> Schema:  # fmt: skip
    grammar, files, _ = GrammarCache(None).load("<schema>", {"<schema>": source}, None)
    return Schema(grammar, files, Given(knowledge), limits or Limits())


def after(documents: list[bytes], schema: Schema) -> Knowledge:
    for data in documents:
        schema.diagnose(data, libxml2=True)
    found = learnt(schema.automaton)
    assert found is not None
    return Knowledge(*found.as_plain_values())


def findings(schema: Schema, documents: list[bytes]) -> list[tuple[bool, list[Violation]]]:
    return [(schema.is_valid(data), schema.diagnose(data, libxml2=True)) for data in documents]


def test_nothing_is_derived_twice() -> None:
    known = after(DOCUMENTS, schema_with(NOTHING))
    valid = [data for data in DOCUMENTS if schema_with(NOTHING).is_valid(data)]
    schema = schema_with(known)
    before = schema.automaton.derived
    for data in valid:
        if b"any" not in data:  # what a wildcard lets in is not kept
            assert schema.is_valid(data)
    assert schema.automaton.derived == before == 0


def test_what_is_known_stays_known() -> None:
    first = after(DOCUMENTS[:5], schema_with(NOTHING))
    both = after(DOCUMENTS[5:], schema_with(first))
    assert both.keys[: len(first.keys)] == first.keys
    assert len(both) > len(first)
    again = after(DOCUMENTS, schema_with(both))
    assert len(after(DOCUMENTS, schema_with(again))) == len(again)


@settings(max_examples=200, deadline=None)
@given(
    taught=st.lists(st.sampled_from(DOCUMENTS), max_size=8),
    more=st.lists(st.sampled_from(DOCUMENTS), max_size=8),
    asked=st.permutations(DOCUMENTS),
)
def test_whoever_knows_finds_what_others_find(
    taught: list[bytes], more: list[bytes], asked: list[bytes]
) -> None:
    alone = [findings(schema_with(NOTHING), [data])[0] for data in asked]
    known = after(more, schema_with(after(taught, schema_with(NOTHING))))
    assert findings(schema_with(known), asked) == alone


@MANY
@given(case=cases(), chance=st.randoms(use_true_random=False))
def test_of_random_schemas_too(case: tuple[Pattern, list[str]], chance: random.Random) -> None:
    pattern, texts = case
    source, asked = schema_of(pattern), [text.encode() for text in texts]
    try:
        cold = schema_with(NOTHING, source)
    except SchemaError:
        reject()
    taught = chance.sample(asked, len(asked) - 1)
    known = after(taught, schema_with(NOTHING, source))
    assert findings(schema_with(known, source), asked) == findings(cold, asked)


def test_findings_in_domains_are_the_same(
    sample: list[Document], libvirt_schema_path: Path
) -> None:
    chance = random.Random(3)  # noqa: S311  # repeatable, not secret
    chosen = [item.data for item in chance.sample(sample, min(len(sample), 200))]

    grammar, files, _ = GrammarCache(None).load(str(libvirt_schema_path), {}, None)

    def load(knowledge: Knowledge) -> Schema:
        return Schema(grammar, files, Given(knowledge), Limits())

    cold = load(NOTHING)
    expected = {data: cold.diagnose(data, libxml2=True) for data in chosen}
    half = after(chosen[::2], load(NOTHING))
    for known in (half, after(chosen, load(half))):
        chance.shuffle(chosen)
        schema = load(known)
        assert [schema.diagnose(data, libxml2=True) for data in chosen] == [
            expected[data] for data in chosen
        ]


def test_contents_bear_the_same_marks_for_all() -> None:
    """Which of several declarations was met first depends on documents, and must not matter."""
    by_text = after([b"<doc><os>1</os></doc>"], schema_with(NOTHING))
    by_type = after([b"<doc><boot/></doc>", b"<doc><os><type/></os></doc>"], schema_with(by_text))
    asked = [data for data in DOCUMENTS if b"os" in data]
    assert findings(schema_with(by_type), asked) == findings(schema_with(NOTHING), asked)


def test_nothing_of_a_documents_own_is_kept() -> None:
    secret = b"""<doc><!-- s3cret1 --><n id='31337'>271828</n><words>s3cret2</words>
      <os a='s3cret3'><type>s3cret4</type></os>
      <any s3cret5='s3cret6'><s3cret7 xmlns='s3cret8'>s3cret9</s3cret7></any></doc>"""
    schema = schema_with(NOTHING)
    assert schema.is_valid(secret)
    assert schema.is_valid(secret)
    kept = repr(after([secret], schema).as_plain_values())
    assert "words" in kept
    assert not any(word in kept for word in ("s3cret", "31337", "271828"))


def test_a_wildcard_teaches_a_bounded_lot() -> None:
    schema = schema_with(NOTHING)
    few = len(after([b"<doc><any><a b=''/></any></doc>"], schema))
    names = b"".join(b"<a%d b%d=''/>" % (number, number) for number in range(500))
    assert len(after([b"<doc><any>%s</any></doc>" % names], schema)) == few


def branches(number: int) -> bytes:
    options = b"".join(
        b'<optional><element name="e%d"><text/></element></optional>' % n for n in range(number)
    )
    return (
        b'<element name="doc" xmlns="http://relaxng.org/ns/structure/1.0"><element name="in">'
        b"<interleave>%s</interleave></element></element>" % options
    )


def shuffled(count: int, seed: int) -> list[bytes]:
    chance = random.Random(seed)  # noqa: S311  # repeatable, not secret
    names = [b"<e%d/>" % number for number in range(10)]
    return [
        b"<doc><in>%s</in></doc>" % b"".join(chance.sample(names, chance.randrange(11)))
        for _ in range(count)
    ]


def test_too_much_is_forgotten_but_for_what_was_used(monkeypatch: pytest.MonkeyPatch) -> None:
    source = branches(10)
    flood = after(shuffled(50, 1), schema_with(NOTHING, source))
    one = shuffled(1, 2)
    used = after(one, schema_with(NOTHING, source))
    monkeypatch.setattr(learning, "MOST_KNOWN", len(flood) - 1)
    found = after(one, schema_with(flood, source))
    assert len(used) <= len(found) < len(flood) // 2
    assert findings(schema_with(found, source), one) == findings(schema_with(NOTHING, source), one)


def test_far_too_much_is_not_learnt_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = schema_with(NOTHING, branches(10))
    for data in shuffled(50, 1):
        assert schema.is_valid(data)
    monkeypatch.setattr(learning, "MOST_KNOWN", 100)
    assert learnt(schema.automaton) is None


def test_who_began_anew_teaches_nothing() -> None:
    schema = schema_with(NOTHING, branches(10), Limits(max_memory=20_000))
    for data in shuffled(100, 1):
        assert schema.is_valid(data)
    assert schema.automaton.factored
    assert learnt(schema.automaton) is None


def test_who_knows_may_begin_anew_too() -> None:
    source, asked = branches(10), shuffled(100, 1)
    asked += [data.replace(b"</in>", b"<e0/></in>") for data in asked]
    known = after(asked[:30], schema_with(NOTHING, source))
    schema = schema_with(known, source, Limits(max_memory=20_000))
    expected = findings(schema_with(NOTHING, source), asked)
    assert findings(schema, asked) == findings(schema, asked) == expected
    assert schema.automaton.factored
