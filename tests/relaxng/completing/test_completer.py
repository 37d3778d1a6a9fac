"""What is offered is what the schema allows, at places of the corpus chosen at random.

Judged by the engine's own first pass, which reads the part before the place with expat, and by its
second pass, which is asked about each document with an offer in it. With XMLRESOURCE_FULL=1 there
are 2,000 places.
"""

from __future__ import annotations

import random
import re
from xml.parsers import expat

import pytest
from lxml import etree

from xmlresource.relaxng import Schema
from xmlresource.relaxng.completing.markup import MarkupElement, MarkupTree
from xmlresource.relaxng.completing.offers import ElementOffer, Offers
from xmlresource.relaxng.core.automaton import Automaton, AutomatonState, Invalid
from xmlresource.relaxng.core.patterns import NOT_ALLOWED
from xmlresource.relaxng.diagnosing.vocabulary import Vocabulary


def offers(schema: Schema, data: bytes, offset: int) -> Offers:
    found = schema.completer.offers(MarkupTree(data), offset)
    assert found is not None
    return found


def names(found: Offers) -> list[str]:
    """The names of elements, without a prefix, which an element may declare for itself."""
    return [local(each.name) for each in found.elements]


def local(name: str) -> str:
    return name.rpartition(":")[2]


def places(documents: list[bytes], count: int, seed: int) -> list[tuple[bytes, MarkupElement]]:
    """Elements of documents, but no document elements, none twice."""
    chosen = random.Random(seed)  # noqa: S311 -- repeatable, not secret
    found = []
    while len(found) < count:
        data = chosen.choice(documents)
        elements = MarkupTree(data).elements[1:]
        if elements:
            found.append((data, chosen.choice(elements)))
    return found


def test_a_child_that_was_deleted_is_offered(
    domain_schema: Schema, valid_documents: list[bytes], *, full: bool
) -> None:
    for data, element in places(valid_documents, 2000 if full else 250, 1):
        start = element.tag.start
        rest = data[:start] + data[element.end :]
        assert local(element.name) in names(offers(domain_schema, rest, start)), (
            element.path(),
            data,
        )
        # Begun, with the rest of the document behind it.
        begun = data[:start] + b"<" + element.name[:1].encode() + data[element.end :]
        assert local(element.name) in names(offers(domain_schema, begun, start + 2))
        # And with nothing behind it.
        assert local(element.name) in names(offers(domain_schema, begun[: start + 2], start + 2))


def test_an_attribute_that_was_deleted_is_offered_and_so_is_its_value(
    domain_schema: Schema, valid_documents: list[bytes], *, full: bool
) -> None:
    compared = 0
    for data, element in places(valid_documents, 2000 if full else 250, 2):
        for each in element.tag.attributes():
            if each.name.startswith("xmlns"):
                continue
            inside = offers(domain_schema, data, each.value_start)
            values = re.split(rb"""['"]""", data[each.value_start : each.value_end + 1])[0]
            is_listed = data[each.value_start : each.value_end].decode() in inside.values
            assert (inside.start, inside.end) == (each.value_start, each.value_end)
            without = data[: each.start] + data[each.value_end + 1 :]
            offered = offers(domain_schema, without, each.start).attributes
            assert each.name in {one.name for one in offered}, (each.name, values, data)
            compared += is_listed
    assert compared > 50


def state_at(automaton: Automaton, data: bytes, offset: int) -> AutomatonState | None:
    """The state at a place, by expat and the automaton alone; None where it is not viable."""
    stack: list[object] = []
    state: AutomatonState = automaton.start
    text: list[str] = []

    def read_text() -> None:
        nonlocal state
        if state.texts is not None:
            state = state.texts["".join(text)]
        text.clear()

    def start(name: str, attributes: list[str]) -> None:
        nonlocal state
        read_text()
        table, opening, state = state[name]
        if attributes:
            state = opening[tuple(attributes)]
        stack.append(table)

    def end(_: str) -> None:
        nonlocal state
        read_text()
        state = stack.pop()[state]  # type: ignore[index]

    parser = expat.ParserCreate(None, " ")
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    try:
        parser.Parse(data[:offset], False)  # noqa: FBT003 -- positional only
        read_text()
    except Invalid:
        return None
    return state


def allows(state: AutomatonState, name: str) -> bool:
    try:
        return state[name][1].pattern.kind != NOT_ALLOWED
    except Invalid:
        return False


def written(offer: ElementOffer) -> bytes:
    attributes = "".join(f" {each.name}='{(*each.values, '')[0]}'" for each in offer.attributes)
    return f"<{offer.name}{attributes}/>".encode()


def is_in_a_namespace(offer: ElementOffer) -> bool:
    return ":" in offer.name or any(each.name.startswith("xmlns") for each in offer.attributes)


def misplaced(schema: Schema, data: bytes, depth: int) -> set[str]:
    """The elements at a depth that are not allowed where they are."""
    kinds = {"unknown-element", "misplaced-element", "duplicate-element"}
    found = {each.xpath for each in schema.diagnose(data) if str(each.code) in kinds}
    return {each for each in found if each.count("/") == depth}


def test_nothing_but_what_is_allowed_is_offered_and_all_of_it(
    domain_schema: Schema, valid_documents: list[bytes], *, full: bool
) -> None:
    known = set(Vocabulary(domain_schema._grammar).parents)  # noqa: SLF001 -- all names there are
    plain = sorted(name for name in known if " " not in name and name != "*")
    assert len(plain) > 300
    for data, element in places(valid_documents, 2000 if full else 25, 3):
        at = element.tag.start
        state = state_at(domain_schema.automaton, data, at)
        assert state is not None
        viable = {name for name in plain if allows(state, name)}
        found = offers(domain_schema, data, at)
        offered = {each.name: each for each in found.elements if not is_in_a_namespace(each)}
        assert set(offered) <= viable, found.path
        depth = len(found.path) + 1
        for name in sorted(viable):
            # What is offered does no harm, what is not would do some.
            offer = offered.get(name, ElementOffer(name))
            inserted = data[:at] + written(offer) + data[at:]
            assert bool(misplaced(domain_schema, inserted, depth)) == (name not in offered), (
                inserted
            )


SCHEMA = b"""
<element name="a" xmlns="http://relaxng.org/ns/structure/1.0">
  <attribute name="kind"><choice><value>z</value><value>b</value></choice></attribute>
  <interleave>
    <element name="z"><text/></element>
    <optional><element name="once"><empty/></element></optional>
    <zeroOrMore><element name="many">
      <attribute name="id"/>
      <optional><attribute name="x"><choice><value>1</value><value>2</value></choice></attribute>
      </optional>
    </element></zeroOrMore>
    <optional><element name="p:other" xmlns:p="urn:p"><empty/></element></optional>
    <element name="fixed"><choice><value>second</value><value>first</value></choice></element>
  </interleave>
</element>"""


@pytest.fixture(scope="module")
def small() -> Schema:
    return Schema.load(SCHEMA, cache_dir=None)


def at_cursor(schema: Schema, text: str) -> Offers | None:
    before, _, after = text.partition("|")
    return schema.completer.offers(MarkupTree((before + after).encode()), len(before.encode()))


def offered(schema: Schema, text: str) -> list[str]:
    found = at_cursor(schema, text)
    assert found is not None
    return [
        *(each.name for each in found.elements),
        *(f"@{each.name}" for each in found.attributes),
        *(f"={each}" for each in found.values),
        *([f"/{found.closing}"] if found.closing else []),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("|", "a"),
        ("<|", "a"),
        ("<a kind='z'>|", "z once many other fixed /a"),
        ("<a kind='z'><|</a>", "z once many other fixed"),
        ("<a kind='z'><o|<z/></a>", "once many other fixed"),
        ("<a kind='z'><once/>|<z/></a>", "many other fixed"),
        ("<a kind='z'>|<once/></a>", "z many other fixed"),
        ("<a |>", "@kind"),
        ("<a k|ind='z'>", "@kind"),
        ("<a kind='|'>", "=z =b"),
        ("<a kind='|", "=z =b"),
        ("<a kind=\"z|>\n<z/></a>", "=z =b"),
        ("<a kind='z'><many |/></a>", "@id @x"),
        ("<a kind='z'><many id='' |/></a>", "@x"),
        ("<a kind='z'><many x='|'/></a>", "=1 =2"),
        ("<a kind='z'><fixed>|</fixed></a>", "=second =first"),
        ("<a kind='z'><fixed>fi|rst</fixed></a>", "=second =first"),
        ("<a kind='z'></|", "/a"),
        ("<a kind='z'><many id=''></m|", "/many"),
        ("<a kind='z'><unheard><|</unheard></a>", ""),
        ("<a wrong='z'><z/>|</a>", "once many other fixed"),
        ("<a><z/><unheard/><once>text</once>|</a>", "many other fixed"),
        ("<a kind='z'><!-- <many> --><?x <once?>|</a>", "z once many other fixed"),
        ("<a kind='z'><many><once |", ""),
    ],
)  # fmt: skip
def test_what_may_come(small: Schema, text: str, expected: str) -> None:
    assert offered(small, text) == expected.split()


@pytest.mark.parametrize(
    "text",
    ["<!-- |", "<!-- | -->", "<?xml |?>", "<a><![CDATA[ | ]]></a>", "<!DOCTYPE |>", "<a kind=|"],
)
def test_nothing_is_offered_in_a_comment_and_the_like(small: Schema, text: str) -> None:
    assert at_cursor(small, text) is None


def test_an_element_comes_with_what_it_must_have(small: Schema) -> None:
    found = at_cursor(small, "|")
    assert found is not None
    (root,) = found.elements
    assert [(each.name, each.values) for each in root.attributes] == [("kind", ("z", "b"))]
    inside = at_cursor(small, "<a kind='z'>|")
    assert inside is not None
    by_name = {each.name: each for each in inside.elements}
    assert by_name["once"].has_content is False
    assert by_name["fixed"].texts == ("second", "first")
    assert by_name["other"].attributes[0].name == "xmlns"
    assert by_name["other"].attributes[0].values == ("urn:p",)


def test_a_prefix_that_is_declared_is_used(small: Schema) -> None:
    assert "q:other" in offered(small, "<a kind='z' xmlns:q='urn:p'>|")
    assert "other" not in offered(small, "<a kind='z' xmlns:q='urn:p'><q:other/>|")


def test_a_name_that_is_there_keeps_its_attributes(small: Schema) -> None:
    found = at_cursor(small, "<a kind='z'><ma|ny id='1'/></a>")
    assert found is not None
    assert found.name_only
    begun = at_cursor(small, "<a kind='z'><ma|\n</a>")
    assert begun is not None
    assert not begun.name_only


def test_the_judge_itself_is_no_other_than_lxml(
    domain_schema: Schema, valid_documents: list[bytes]
) -> None:
    """Its states at the end of a document are where the document is valid."""
    for data in valid_documents[:5]:
        state = state_at(domain_schema.automaton, data, len(data))
        assert state is not None
        assert state.pattern.nullable
        assert etree.fromstring(data) is not None
