"""What an editor is told is what `validate` says; of a broken document, of its sound part too."""

from pathlib import Path

import pytest

from xmlresource.configuration.repository_settings import Settings
from xmlresource.language_server.editor_findings import editor_findings
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.sound_part import SoundFindings
from xmlresource.language_server.workspace_rules import FolderRules
from xmlresource.operations.validation.domain_schema import DomainSchema
from xmlresource.operations.validation.validate import Options, validate

FIXTURES = Path(__file__).parents[2] / "fixtures"
SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")

needs_libvirt = pytest.mark.skipif(not SCHEMA.is_file(), reason="libvirt's schemas: not installed")


@pytest.fixture(scope="module")
def rules() -> FolderRules:
    """With libvirt's schemas where they are installed."""
    return FolderRules(Settings(), DomainSchema(str(SCHEMA)) if SCHEMA.is_file() else None)


def assert_the_same(rules: FolderRules, documents: dict[str, bytes]) -> None:
    checker = rules.checker
    compared = 0
    for name, data in documents.items():
        checked = checker.check(name, data)
        expected = [] if checked is None else list(checked.diagnostics)
        try:
            document = OpenDocument.from_editor(name, 1, data.decode())
        except UnicodeDecodeError:
            continue  # an editor would show something else
        if document.data != data:
            continue  # it is not in the encoding that it declares, and an editor would save it so
        found = editor_findings(rules, document)
        if any(one.code == "XR010" for one in expected) or not data.strip():
            continue  # an editor shows other documents, too, that nobody has named
        broken = [one for one in expected if one.code == "XR002"]
        assert [one for one in found if not broken or one.code == "XR002"] == (broken or expected)
        compared += 1
    assert compared > 20


def test_findings_are_those_of_validate(
    rules: FolderRules, corpus_sample: dict[str, bytes]
) -> None:
    assert_the_same(rules, corpus_sample)


def test_findings_in_faulty_documents_are_those_of_validate(rules: FolderRules) -> None:
    folders = ("documents/valid", "documents/schema-invalid", "rules", "messages", "kinds")
    paths = [path for folder in folders for path in (FIXTURES / folder).rglob("*.xml")]
    assert_the_same(rules, {str(path): path.read_bytes() for path in paths})


HEAD = "<domain type='kvm'><name>a</name><memory unit='Foo'>1</memory><os><type>hvm</type></os>"
BROKEN = {
    "a tag is begun": f"{HEAD}<devices><dis</devices></domain>",
    "an attribute is begun": f"{HEAD}<devices><disk type='</devices></domain>",
    "an element is begun": f"{HEAD}<devices><disk><emulator>/a</emulator></devices></domain>",
    "an end tag is begun": "<domain type='kvm'><name>a</nam<memory unit='Foo'>1</memory>"
    "<os><type>hvm</type></os></domain>",
    "the rest is to come": "<domain type='kvm'><name>a</name><memory unit='Foo'>1</memory>"
    "<os><type>hvm</type>",
    "an end tag too many": f"{HEAD}</oss></domain>",
    "an attribute twice": f"{HEAD}<devices><disk type='file' type='file'/></devices></domain>",
    "an ampersand": f"{HEAD}<title>a & b</title></domain>",
    "a prefix that is not declared": f"{HEAD}<qemu:x/></domain>",
}


@needs_libvirt
@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_document_keeps_the_findings_of_its_sound_part(
    rules: FolderRules, text: str
) -> None:
    found = editor_findings(rules, OpenDocument.from_editor("a.xml", 1, text))
    assert sorted(one.code for one in found) == ["XR002", "XR608"]
    at = next(one.span for one in found if one.code == "XR608")
    assert at is not None
    assert text.encode()[at.start : at.end] == b"Foo"


@needs_libvirt
@pytest.mark.parametrize("kind", ["domain", "network", "pool", "volume", "filter"])
def test_what_is_still_to_be_typed_is_no_fault(rules: FolderRules, kind: str) -> None:
    """Of each beginning of a document nothing is wrong that is not wrong in the whole."""
    data = (FIXTURES / "kinds" / f"{kind}.xml").read_bytes()

    def told(text: bytes) -> set[tuple[str, str]]:
        found = editor_findings(rules, OpenDocument("a.xml", 1, text))
        version = " (checked with"  # of libvirt's schema stands at the first finding
        return {(one.code, one.message.partition(version)[0]) for one in found}

    whole = told(data)
    for end in range(len(f"<{kind}"), len(data)):
        new = {one for one in told(data[:end]) if one[0] != "XR002"} - whole
        assert not new, data[:end]


def test_nothing_is_said_of_an_empty_document(rules: FolderRules) -> None:
    assert editor_findings(rules, OpenDocument("a.xml", 1, b" \n")) == []


def test_a_doctype_is_not_mended(rules: FolderRules) -> None:
    text = b"<!DOCTYPE domain><domain><a></domain>"
    found = editor_findings(rules, OpenDocument("a.xml", 1, text))
    assert [one.code for one in found] == ["XR003"]


def test_the_corpus_agrees_with_a_run_in_the_folder(tmp_path: Path, rules: FolderRules) -> None:
    """Not only with the checker: with all that is around it, too."""
    data = (FIXTURES / "kinds" / "domain.xml").read_bytes()
    path = tmp_path / "a.xml"
    path.write_bytes(data.replace(b"<name", b"<nam"))
    run = validate([str(path)], Options()).diagnostics
    assert editor_findings(rules, OpenDocument(str(path), 1, path.read_bytes())) == list(run)


@needs_libvirt
def test_what_was_found_before_is_found_again_where_it_is_now(rules: FolderRules) -> None:
    """Key after key, with what is remembered and without: all the same."""
    before = f"{HEAD}<devices><emulator>a</emulator>"
    after = "<disk><target dev='a'/><sauce/></disk></devices>\n<vcpus/></domain>"
    typed = "<disk type='file'>\n <target dev='x' bus='y'/>\u20ac</disk>"
    known = SoundFindings()
    for end in range(len(typed) + 1):
        document = OpenDocument.from_editor("a.xml", end, before + typed[:end] + after)
        found = editor_findings(rules, document, known)
        assert found == editor_findings(rules, document)
        assert any("sauce" in one.message for one in found)
