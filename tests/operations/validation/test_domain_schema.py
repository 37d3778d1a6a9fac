"""Whole domains: libvirt's own schema decides, as far as our rules leave it to."""

from pathlib import Path
from random import Random

import pytest

from tests.relaxng.mutations import single
from xmlresource.diagnostics import Severity
from xmlresource.operations.validation import domain_schema
from xmlresource.operations.validation.domain_schema import AUTO, OFF, DomainSchema, chosen
from xmlresource.operations.validation.findings import findings
from xmlresource.relaxng import Schema
from xmlresource.relaxng.diagnosing.violation import ViolationKind
from xmlresource.relaxng.validating import verdict

FIXTURES = Path(__file__).parents[3] / "fixtures"
LIBVIRT = Path("/usr/share/libvirt/schemas/domain.rng")
UUID = "<uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>"
HEAD = "<domain type='kvm'><name>a</name><memory>1048576</memory><os><type>hvm</type></os>"


@pytest.fixture(scope="module")
def schema() -> DomainSchema:
    """Libvirt's, where it is installed."""
    if not LIBVIRT.is_file():
        pytest.skip("libvirt's schemas are not installed")
    return DomainSchema(str(LIBVIRT))


def codes(schema: DomainSchema, inner: str) -> list[str]:
    found, _, _ = findings("a.xml", f"{HEAD}{inner}</domain>".encode(), schema)
    return [one.code for one in found]


@pytest.mark.parametrize(
    "fault", [fault for fault in ViolationKind if fault != ViolationKind.UNTRIMMED_VALUE]
)
def test_every_kind_of_fault_has_a_rule(fault: ViolationKind) -> None:
    assert fault in domain_schema.CODES_BY_FAULT


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("", []),
        ("<memtune><hard_limit unit='GiB'>2</hard_limit></memtune>", []),
        ("<memtune><hard_limitt>1</hard_limitt></memtune>", ["XR101"]),
        ("<memtune><hard_limit>x</hard_limit></memtune>", ["XR201"]),
        ("<memtune><hard_limit unit='x'>1</hard_limit></memtune>", ["XR202"]),
        ("<memtune/><memtune/>", ["XR108"]),
        ("<memtune>x</memtune>", ["XR106"]),
        ("<resource><partition>/a</partition></resource>", []),
        ("<resource><partition>a</partition></resource>", ["XR608"]),
        ("<resource><x/></resource>", ["XR101"]),
        ("<resource x=''/>", ["XR605"]),
        ("<resource>x</resource>", ["XR106"]),
        ("<resource/><resource/>", ["XR108"]),
        ("<resource><memory><memorySoftLimit>1</memorySoftLimit></memory></resource>", ["XR402"]),
        ("<resource><memory x=''/></resource>", ["XR402", "XR103"]),
        ("<metadata><r:resource xmlns:r='urn:xmlresource:1'><r:x/></r:resource></metadata>",
         ["XR101"]),
        ("<metadata><o:a xmlns:o='urn:other'>x<o:b/></o:a></metadata>", []),
        ("<memtun><hard_limit>1</hard_limit></memtun>", ["XR601"]),
        ("<devices><dsik/></devices><vcpu>x</vcpu>", ["XR601", "XR604", "XR608"]),
    ],
)  # fmt: skip
def test_each_fault_is_told_once(schema: DomainSchema, inner: str, expected: list[str]) -> None:
    assert codes(schema, inner) == expected


def test_an_order_is_warned_of_where_all_tags_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = DomainSchema(str(FIXTURES / "domain-schema" / "domain.rng"))
    children = ["<name>a</name>", "<memory>1</memory>", "<devices/>", UUID, "<vcpu>2</vcpu>"]

    def document(*order: int) -> bytes:
        inner = "".join(children[number] for number in order)
        return f"<domain type='kvm'>{inner}</domain>".encode()

    refused, taken = document(0, 1, 2, 3, 4), document(0, 3, 1, 4, 2)
    for first in (True, False):
        if not first:
            # From here on all pieces have been there: expat is not asked.
            monkeypatch.setattr(verdict, "is_valid", None)
        assert schema.settles(taken)
        assert not schema.settles(refused)
        found, _, _ = findings("a.xml", refused, schema)
        assert [one.code for one in found] == ["XR613"]


def test_verdicts_on_the_corpus_are_libvirts(
    corpus: dict[str, bytes], schema: DomainSchema
) -> None:
    plain = Schema.load(LIBVIRT)
    wrong = []
    for name, data in corpus.items():
        found, _, _ = findings(name, data, schema)
        kinds = {one.code for one in found if one.severity.value == "error"}
        refused_by_schema = {code for code in kinds if code.startswith(("XR0", "XR6"))}
        # What stands in <memtune> is left to our rules, which know all that the schema does.
        if refused_by_schema if plain.is_valid(data) else not kinds:
            wrong.append((name, kinds))
    assert wrong == []


def test_what_is_settled_has_no_findings(corpus: dict[str, bytes], schema: DomainSchema) -> None:
    rules = {str(path): path.read_bytes() for path in (FIXTURES / "rules").glob("*.xml")}
    settled = 0
    for name, data in (corpus | rules).items():
        if schema.settles(data):
            settled += 1
            assert findings(name, data, schema)[0] == []
    assert settled > len(corpus) // 2


def test_a_schema_is_found_by_folder_and_by_file() -> None:
    folder = FIXTURES / "domain-schema"
    for path in (folder, folder / "domain.rng"):
        found = chosen(str(path))
        assert found is not None
        assert found.is_usable
    assert chosen(OFF) is None


def test_an_older_libvirt_has_no_fibrechannel(tmp_path: Path) -> None:
    text = (FIXTURES / "domain-schema" / "domain.rng").read_text()
    older = text.replace('<optional><ref name="fibrechannel"/></optional>', "")
    start = older.index('  <define name="fibrechannel">')
    end = older.index('  <define name="memtune">')
    (tmp_path / "my domain.rng").write_text(older[:start] + older[end:])
    found = chosen(str(tmp_path / "my domain.rng"))
    assert found is not None
    assert found.is_usable


def test_the_environment_names_a_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XMLRESOURCE_DOMAIN_SCHEMA", str(FIXTURES / "domain-schema"))
    found = chosen(AUTO)
    assert found is not None
    assert not found.settles(b"<domain><name>a</name></domain>")
    assert found.settles(b"<domain type='kvm'><name>a</name></domain>")


def test_one_fault_makes_one_finding_at_its_place(
    corpus: dict[str, bytes], schema: DomainSchema
) -> None:
    plain = Schema.load(LIBVIRT)
    fine = [data for _, data in sorted(corpus.items()) if data.isascii() and plain.is_valid(data)]
    chance = Random(7)  # noqa: S311 -- the same each time
    for mutant in single(fine, chance, plain.is_valid, 150):
        found, _, _ = findings("a.xml", mutant.data, schema)
        (one,) = [one for one in found if one.severity is Severity.ERROR]
        assert one.span is not None
        assert one.span.line in {line for line, _ in mutant.places[0]}, mutant.mutations


@pytest.mark.parametrize(
    ("beginning", "settled", "code"),
    [
        (b"", True, None),
        (b"<?xml version='1.0'?>\n", True, None),
        (b"<?xml version=\"1.1\" encoding='utf-8' standalone='yes'?>", True, None),
        (b"<?xml-stylesheet href='a'?>", True, None),
        (b"<?xml version='2.0'?>", False, "XR002"),
        (b"<?xml version='1.'?>", False, "XR002"),
        (b"\xef\xbb\xbf<?xml version='2.0'?>", False, "XR002"),
        (b"\xef\xbb\xbf", False, None),
    ],
)
def test_what_is_no_xml_is_not_settled_by_a_schema(
    schema: DomainSchema, beginning: bytes, settled: bool, code: str | None
) -> None:
    """Expat takes any version; what knows better reads those that are not plain."""
    data = f"{HEAD}</domain>".encode()
    assert schema.settles(data)  # known by now, so that later ones may be read by the trail
    assert schema.settles(beginning + data) is settled
    found, _, _ = findings("a.xml", beginning + data, schema)
    assert [one.code for one in found] == ([] if code is None else [code])
