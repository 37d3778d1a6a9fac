"""Orders that libxml2 refuses: our model of it against libxml2 itself."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.relaxng.conftest import FULL
from xmlresource.relaxng import Schema
from xmlresource.relaxng import schema as schema_module
from xmlresource.relaxng.validating import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NS = 'xmlns="http://relaxng.org/ns/structure/1.0"'
MANY = settings(
    max_examples=3000 if FULL else 150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def warned(schema: Schema, data: bytes) -> bool:
    return bool(schema.libxml2_warnings(data))


# Random schemas


@st.composite
def contents(draw: st.DrawFn, names: Iterator[str], depth: int = 3) -> tuple[str, list[str]]:
    """Return a pattern with interleaves in interleaves, and children that match it."""
    kind = draw(st.sampled_from(["element", "interleave", "interleave", "group", "choice"]))
    if depth == 0 or kind == "element":
        return draw(elements(names))
    if kind == "choice":
        one, children = draw(contents(names, depth - 1))
        other, _ = draw(contents(names, depth - 1))
        return f"<choice>{one}{other}</choice>", children
    count = draw(st.integers(2, 4))
    parts = [draw(contents(names, depth - 1)) for _ in range(count)]
    inner = "".join(pattern for pattern, _ in parts)
    orders = [children for _, children in parts]
    if kind == "group":
        return f"<group>{inner}</group>", list(itertools.chain(*orders))
    return f"<interleave>{inner}</interleave>", mixed(draw, orders)


@st.composite
def elements(draw: st.DrawFn, names: Iterator[str]) -> tuple[str, list[str]]:
    name = next(names)
    pattern = f'<element name="{name}"><empty/></element>'
    how = draw(st.sampled_from(["", "optional", "zeroOrMore", "oneOrMore"]))
    low = how in ("", "oneOrMore")
    times = draw(st.integers(low, 1 if how in ("", "optional") else 3))
    return f"<{how}>{pattern}</{how}>" if how else pattern, [name] * times


def mixed(draw: st.DrawFn, orders: list[list[str]]) -> list[str]:
    """Return the elements of several lists, those of one list in their order."""
    turns = [number for number, order in enumerate(orders) for _ in order]
    rest = [iter(order) for order in orders]
    return [next(rest[number]) for number in draw(st.permutations(turns))]


@st.composite
def cases(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Return a schema and a document; an optional attribute has libxml2 read the children twice."""
    names = (f"e{number}" for number in itertools.count())
    pattern, children = draw(contents(names))
    first = "".join(
        f'<optional><attribute name="{name}"/></optional>'
        for name in "xy"[: draw(st.integers(0, 2))]
    )
    there = "".join(f' {name}="1"' for name in "xy" if name in first and draw(st.booleans()))
    inside = "".join(f"<{name}/>" for name in children)
    source = f'<grammar {NS}><start><element name="a">{first}{pattern}</element></start></grammar>'
    return source.encode(), f"<a{there}>{inside}</a>".encode()


@MANY
@given(cases())
def test_the_model_says_what_libxml2_says(case: tuple[bytes, bytes]) -> None:
    source, document = case
    schema = Schema.load(source, cache_dir=None)
    assert schema.is_valid(document)
    accepted = etree.RelaxNG(etree.fromstring(source)).validate(etree.fromstring(document))
    event("accepted" if accepted else "refused")
    assert warned(schema, document) == (not accepted)


def test_it_takes_no_time() -> None:
    """Thousands of children out of order: the time that is spent on them is bounded."""
    source = f"""<element name="a" {NS}>
      <interleave>
        <interleave><element name="b"><empty/></element><element name="c"><empty/></element>
        </interleave>
        <zeroOrMore><element name="d"><empty/></element></zeroOrMore>
      </interleave>
    </element>"""
    schema = Schema.load(source.encode(), cache_dir=None)

    def document(count: int) -> bytes:
        return b"<a><b/>" + b"<d/>" * count + b"<c/><d/></a>"

    assert warned(schema, document(1990))
    assert not warned(schema, document(200_000))


def test_known_tags_are_in_no_known_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents all of whose tags were there before, each in its own order, without expat."""
    monkeypatch.setattr(schema_module, "USE_SHORTCUT", True)
    b, c, d, e = (f'<element name="{name}"><text/></element>' for name in "bcde")
    source = f"""<element name="a" {NS}><interleave>
        <interleave>{b}{c}</interleave><interleave>{d}{e}</interleave>
      </interleave></element>"""
    schema = Schema.load(source.encode(), cache_dir=None)
    tags = ["<b/>", "<c></c>", "<d>x</d>\n", "<e/>"]
    documents = [f"<a>{''.join(order)}</a>".encode() for order in itertools.permutations(tags)]
    by_libxml2 = etree.RelaxNG(etree.fromstring(source))
    refused = [not by_libxml2.validate(etree.fromstring(data)) for data in documents]
    assert {True, False} == set(refused)
    assert [warned(schema, data) for data in documents] == refused
    monkeypatch.setattr(verdict, "is_valid", None)
    assert [warned(schema, data) for data in documents] == refused


# libvirt's schema, real documents with their children in other orders


def shuffled(data: bytes, chance: random.Random) -> bytes:
    """Return the document with some children of the root elsewhere, or all in random order."""
    root = etree.fromstring(data)
    children = list(root)
    if chance.random() < 0.4:
        chance.shuffle(children)
    else:
        for _ in range(chance.randint(1, 3)):
            child = children.pop(chance.randrange(len(children)))
            children.insert(chance.randrange(len(children) + 1), child)
    root[:] = children
    return bytes(etree.tostring(root))


@pytest.fixture(scope="module")
def libxml2(libvirt_schema_path: Path) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(str(libvirt_schema_path)))


@pytest.fixture(scope="module")
def orders(valid_documents: list[bytes], domain_schema: Schema) -> list[bytes]:
    chance = random.Random(31)  # noqa: S311  # repeatable, not secret
    made = [shuffled(chance.choice(valid_documents), chance) for _ in range(6000 if FULL else 600)]
    return [data for data in made if domain_schema.is_valid(data)]


def test_domains_that_libxml2_refuses(
    orders: list[bytes], domain_schema: Schema, libxml2: etree.RelaxNG
) -> None:
    """No warning without a reason. One reason is not known: a bootloader far from its os."""
    refused = [data for data in orders if not libxml2.validate(etree.fromstring(data))]
    warned_of = [data for data in orders if warned(domain_schema, data)]
    assert set(warned_of) <= set(refused)
    assert len(warned_of) >= 0.995 * len(refused)
    assert 0.3 * len(orders) < len(refused) < 0.7 * len(orders)


def test_domains_are_warned_of_again_without_expat(
    orders: list[bytes], domain_schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_module, "USE_SHORTCUT", True)
    warnings = [domain_schema.libxml2_warnings(data) for data in orders]
    assert any(warnings)
    read = mock.Mock(wraps=verdict.is_valid)
    monkeypatch.setattr(verdict, "is_valid", read)
    assert [domain_schema.libxml2_warnings(data) for data in orders] == warnings
    assert read.call_count < len(orders) // 10


def test_the_cure_helps(
    orders: list[bytes], domain_schema: Schema, libxml2: etree.RelaxNG
) -> None:  # fmt: skip
    """Following the hints, one after the other, ends at a document that libxml2 takes."""
    for data in orders[: len(orders) // 10]:
        known = warned(domain_schema, data)
        cured = data
        for _ in range(40):
            found = domain_schema.libxml2_warnings(cured)
            if not found:
                break
            cured = follow(cured, found[0].hint or "")
        assert domain_schema.is_valid(cured)
        assert not known or libxml2.validate(etree.fromstring(cured))


def follow(data: bytes, hint: str) -> bytes:
    """Do what the hint says: ``put <a> directly after <b>``."""
    moved, place = hint.removeprefix("put <").removesuffix(">").split("> directly after <")
    root = etree.fromstring(data)
    spot = [child for child in root if local(child) == place][-1]
    later = root[root.index(spot) + 1 :]
    spot.addnext(next(child for child in later if local(child) == moved))
    return bytes(etree.tostring(root))


def local(element: etree._Element) -> str:
    return str(etree.QName(element).localname) if isinstance(element.tag, str) else ""
