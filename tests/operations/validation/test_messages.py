"""Messages of libvirt's schema: its words, its versions, and what no message may do."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from xmlresource.operations.validation import libvirt_versions
from xmlresource.operations.validation.domain_schema import DomainSchema
from xmlresource.operations.validation.findings import findings
from xmlresource.operations.validation.libvirt_words import DATATYPES
from xmlresource.relaxng.diagnosing.vocabulary import Vocabulary
from xmlresource.relaxng.errors import SchemaError
from xmlresource.relaxng.loading.grammar import Grammar
from xmlresource.relaxng.loading.grammar_cache import GrammarCache
from xmlresource.relaxng.xsd.datatypes import Datatype
from xmlresource.system.libvirt import installed_schemas

if TYPE_CHECKING:
    from xmlresource.relaxng.loading.grammar import Form

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "fixtures"
FOLDER = Path("/usr/share/libvirt/schemas")
SMALL = FIXTURES / "domain-schema" / "domain.rng"
INSTALLED = pytest.mark.skipif(not FOLDER.is_dir(), reason="libvirt's schemas are not installed")
DOCUMENTS = sorted((FIXTURES / "messages").glob("*.xml")) + sorted(
    (FIXTURES / "rules").glob("*.xml")
)
SCHEMA_WORDS = re.compile(r"\b(unsigned(Int|Long|Short)|uint\d+|inactiveDomain|string matching)\b")


def grammars() -> list[Grammar]:
    """Those of all installed schemas that stand by themselves."""
    found = []
    for path in sorted(FOLDER.glob("*.rng")):
        # Some are there to be included, and have no start.
        with suppress(SchemaError):
            found.append(GrammarCache(None).load(str(path), {}, None)[0])
    return found


def datatypes(grammar: Grammar) -> set[tuple[str, str, str, tuple[tuple[str, str], ...]]]:
    """The named datatypes of a grammar: name, library, type, facets."""
    found, seen = set(), set[int]()

    def look(form: Form) -> None:
        if id(form) in seen:
            return
        seen.add(id(form))
        if form[0] == "data" and form[5]:
            found.add((form[5], form[1], form[2], form[3]))
        for part in form[1:]:
            if isinstance(part, tuple) and part and isinstance(part[0], tuple):
                for inner in part:
                    look(inner)
            elif isinstance(part, tuple) and part and isinstance(part[0], str):
                look(part)

    look(grammar.start)
    for _, content, _ in grammar.elements:
        look(content)
    return found


@INSTALLED
def test_every_named_datatype_has_words_and_a_right_example() -> None:
    named = set().union(*map(datatypes, grammars()))
    assert len(named) > 100
    assert {name for name, *_ in named} - set(DATATYPES) == set()
    accepted = {
        name
        for name, library, kind, facets in named
        if Datatype(library, kind, facets).accepts(DATATYPES[name].example)
    }
    assert {name for name, *_ in named} - accepted == set()


def test_words_are_short() -> None:
    for described in DATATYPES.values():
        assert 0 < len(described.what) <= 80, described
        assert len(described.example) <= 60, described


@INSTALLED
def test_nothing_is_told_as_newer_that_the_schema_knows() -> None:
    version = installed_schemas.version(str(FOLDER / "domain.rng"))
    if version != "9.0":
        pytest.skip(f"the table begins after 9.0, and libvirt {version} is installed")
    vocabulary = Vocabulary(GrammarCache(None).load(str(FOLDER / "domain.rng"), {}, None)[0])
    for owner, name in libvirt_versions.ELEMENTS:
        assert owner not in vocabulary.parents.get(name, set()), (owner, name)
    known = {
        (owner, name) for owner, name in libvirt_versions.ATTRIBUTES
        if owner in vocabulary.owners.get(name, set())
    }  # fmt: skip
    # Other elements of these names have attributes of these names.
    assert known <= {("driver", "model"), ("backend", "hostname")}


@pytest.mark.parametrize(
    ("kind", "xpath", "value", "version"),
    [
        ("unknown-element", "/domain/devices/crypto[2]", "", "9.1"),
        ("unknown-element", "/domain/crypto", "", None),
        ("unknown-element", "/", "", None),
        ("unknown-attribute", "/domain/cpu/topology/@clusters", "2", "10.1"),
        ("bad-value", "/domain/launchSecurity/@type", "tdx", "11.6"),
        ("bad-value", "/domain/launchSecurity/@type", "tdxx", None),
        ("missing-element", "/domain/devices/crypto", "", None),
    ],
)
def test_since(kind: str, xpath: str, value: str, version: str | None) -> None:
    assert libvirt_versions.since(kind, xpath, value) == version


@INSTALLED
def test_the_schemas_version_is_told_once_a_file() -> None:
    schema = DomainSchema(str(FOLDER / "domain.rng"))
    if (version := installed_schemas.version(schema.path)) is None:
        pytest.skip("nothing tells which libvirt is installed")
    found, _, _ = findings("a.xml", (FIXTURES / "messages" / "values.xml").read_bytes(), schema)
    told = [
        one.message for one in found if f"(checked with libvirt {version}'s schema)" in one.message
    ]
    assert told == [found[0].message]


def test_no_version_is_told_of_a_schema_that_was_given() -> None:
    assert installed_schemas.version(str(SMALL)) is None


@pytest.mark.parametrize("path", [SMALL, *FOLDER.glob("domain.rng")], ids=str)
def test_no_message_is_in_the_schemas_words(path: Path) -> None:
    schema = DomainSchema(str(path))
    for document in DOCUMENTS:
        for one in findings(document.name, document.read_bytes(), schema)[0]:
            assert SCHEMA_WORDS.search(f"{one.message} {one.hint}") is None, one


def misspelt(text: bytes, chance: Random) -> list[bytes]:
    """The document with two letters swapped in the name of one attribute, some times."""
    names = list(re.finditer(rb"\s([a-zA-Z]{4,})=['\"]", text))
    places = [match.start(1) + 1 for match in chance.sample(names, min(len(names), 5))]
    return [text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :] for at in places]


def pointing_elsewhere(documents: list[bytes], path: Path) -> list[str]:
    schema, chance = DomainSchema(str(path)), Random(3)  # noqa: S311 -- the same each time
    valid = [text for text in documents if not findings("a", text, schema)[0]]
    assert valid
    found = [
        one
        for text in valid
        for wrong in misspelt(text, chance)
        for one in findings("a", wrong, schema)[0]
    ]
    assert found
    return [one.message for one in found if "belongs in" in f"{one.hint}"]


def test_no_hint_points_elsewhere_where_a_letter_is_wrong() -> None:
    documents = sorted((FIXTURES / "documents" / "valid").rglob("*.xml"))
    assert pointing_elsewhere([path.read_bytes() for path in documents], SMALL) == []


@INSTALLED
def test_so_it_is_on_the_corpus(corpus_sample: dict[str, bytes]) -> None:
    assert pointing_elsewhere(list(corpus_sample.values()), FOLDER / "domain.rng") == []


LONG = "x" * 1_000_000
ENDLESS = {
    "element": f"<domain type='kvm'><name>a</name><{LONG}/></domain>",
    "attribute": f"<domain type='kvm' {LONG}=''><name>a</name></domain>",
    "value": f"<domain type='kvm'><name>a</name><memory unit='{LONG}'>1</memory></domain>",
    "text": f"<domain type='kvm'><name>a</name><vcpu>{LONG}</vcpu></domain>",
    "stray text": f"<domain type='kvm'>{LONG}<name>a</name></domain>",
    "prefix": f"<domain type='kvm'><name>a</name><{LONG}:a xmlns:{LONG}='u'/></domain>",
    "namespace": f"<domain type='kvm' xmlns='{LONG}'><name>a</name></domain>",
    "child of ours": f"<memtune><{LONG}>1</{LONG}></memtune>",
    "root": f"<{LONG}/>",
    "unit": f"<memtune><hard_limit unit='{LONG}'>1</hard_limit></memtune>",
    "size": f"<memtune><hard_limit>{LONG}</hard_limit></memtune>",
    "attribute of ours": f"<memtune {LONG}=''/>",
    "comment": f"<memtune><!-- xmlresource: ignore={LONG} --></memtune>",
    "name's child": f"<domain type='kvm'><name>a<{LONG}/></name></domain>",
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS.keys())
@pytest.mark.parametrize(
    "path", [SMALL, *FOLDER.glob("domain.rng")], ids=["small", "libvirt"][: 1 + FOLDER.is_dir()]
)
def test_messages_are_bounded(path: Path, text: str) -> None:
    found, _, _ = findings("a.xml", text.encode(), DomainSchema(str(path)))
    assert found
    for one in found:
        assert len(one.message) <= 200
        assert len(one.hint or "") <= 200
        assert len(one.xpath or "") <= 2000
