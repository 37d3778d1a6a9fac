"""Each document in fixtures/kinds is of another kind: what is wrong with it stands beside it.

`XMLRESOURCE_WRITE_EXPECTED=1 pytest` of this file writes what is found now; read the diff.
"""

import os
from pathlib import Path

import pytest
from lxml import etree

from xmlresource.formats.document_kinds import KINDS, DocumentKind
from xmlresource.operations.validation.domain_schema import DomainSchema, chosen
from xmlresource.operations.validation.findings import findings
from xmlresource.operations.validation.libvirt_schemas import MissingSchemaError
from xmlresource.operations.validation.validate import Options, validate
from xmlresource.relaxng import Schema

FIXTURES = Path(__file__).parents[3] / "fixtures" / "kinds"
LIBVIRT = Path("/usr/share/libvirt/schemas")
DOCUMENTS = sorted(FIXTURES.glob("*.xml"))

needs_libvirt = pytest.mark.skipif(not LIBVIRT.is_dir(), reason="libvirt's schemas: not installed")


def found_in(document: Path) -> str:
    """The codes and places: the words are tested where they are made."""
    result = validate([str(document)], Options(domain_schema="required"))
    lines = []
    for one in result.diagnostics:
        assert one.span is not None
        lines.append(f"{one.span.line}:{one.span.column} {one.code} {one.severity.value}\n")
    return "".join(lines)


@needs_libvirt
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_finds_what_stands_beside_it(document: Path) -> None:
    expected = document.with_suffix(".out")
    if os.environ.get("XMLRESOURCE_WRITE_EXPECTED"):
        expected.write_text(found_in(document))
    assert found_in(document) == expected.read_text()


def test_every_kind_has_a_document() -> None:
    assert {path.stem for path in DOCUMENTS} == set(KINDS)


@needs_libvirt
def test_every_schema_for_documents_has_a_kind() -> None:
    parts = {"basictypes", "cputypes", "domaincommon", "domainoverrides", "networkcommon"}
    parts |= {"nwfilter_params", "privatedata", "storagecommon"}
    schemas = {path.stem for path in LIBVIRT.glob("*.rng")} - parts
    assert schemas == {kind.schema.removesuffix(".rng") for kind in KINDS.values()}


@needs_libvirt
@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if kind.inside is None], ids=lambda kind: kind.root
)
def test_verdicts_are_those_of_libxml2(kind: DocumentKind) -> None:
    """With libvirt's own file, as `virt-xml-validate` asks it."""
    data = (FIXTURES / f"{kind.root}.xml").read_bytes()
    theirs = etree.RelaxNG(etree.parse(LIBVIRT / kind.schema)).validate(etree.fromstring(data))
    assert Schema.load(LIBVIRT / kind.schema).is_valid(data) == theirs
    found, _, _ = findings("a.xml", data, DomainSchema(str(LIBVIRT / "domain.rng")))
    of_schema = [one for one in found if one.code.startswith("XR6")]
    if theirs:
        assert of_schema == []


@needs_libvirt
def test_what_libvirt_installs_itself_is_valid() -> None:
    places = ["/etc/libvirt/nwfilter", "/usr/share/libvirt/networks"]
    there = [place for place in places if any(Path(place).glob("*.xml"))]
    if not there:
        pytest.skip("libvirt's own filters and networks are not installed")
    result = validate(there, Options(domain_schema="required"))
    assert result.files > 0
    assert result.diagnostics == ()


def test_a_kind_that_an_older_libvirt_lacks_is_not_checked(tmp_path: Path) -> None:
    text = (FIXTURES.parent / "domain-schema" / "domain.rng").read_bytes()
    (tmp_path / "domain.rng").write_bytes(text)
    (tmp_path / "a.xml").write_text("<network><nmae/></network>")
    options = Options(domain_schema=str(tmp_path))
    result = validate([str(tmp_path / "a.xml")], options)
    assert (result.diagnostics, result.policy_only) == ((), True)


def test_required_means_there_has_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (FIXTURES.parent / "domain-schema" / "domain.rng").read_bytes()
    (tmp_path / "domain.rng").write_bytes(text)
    (tmp_path / "a.xml").write_text("<network><name/></network>")
    monkeypatch.setenv("XMLRESOURCE_DOMAIN_SCHEMA", str(tmp_path))
    with pytest.raises(MissingSchemaError, match=r"no network\.rng beside .*domain\.rng"):
        validate([str(tmp_path / "a.xml")], Options(domain_schema="required"))
    monkeypatch.delenv("XMLRESOURCE_DOMAIN_SCHEMA")
    folders = "xmlresource.system.libvirt.installed_schemas.FOLDERS"
    monkeypatch.setattr(folders, ())
    assert chosen("auto") is None
    with pytest.raises(MissingSchemaError, match="libvirt-common on Debian 13"):
        chosen("required")
