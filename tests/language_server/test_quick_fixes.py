"""Each finding is mended as its hint says, and what --fix mends is mended alike."""

from pathlib import Path

import pytest

from xmlresource.configuration.repository_settings import Settings
from xmlresource.language_server.editor_findings import editor_findings
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.quick_fixes import FixKind, QuickFix, quick_fixes
from xmlresource.language_server.workspace_rules import FolderRules
from xmlresource.operations.validation.autofix import mend_data
from xmlresource.operations.validation.domain_schema import DomainSchema

FIXTURES = Path(__file__).parents[2] / "fixtures"
SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")

needs_libvirt = pytest.mark.skipif(not SCHEMA.is_file(), reason="libvirt's schemas: not installed")


@pytest.fixture(scope="module")
def rules() -> FolderRules:
    return FolderRules(Settings(), DomainSchema(str(SCHEMA)) if SCHEMA.is_file() else None)


def fixes_of(rules: FolderRules, text: bytes) -> list[QuickFix]:
    document = OpenDocument("a.xml", 1, text)
    found = editor_findings(rules, document)
    return quick_fixes(rules, document, found, 0, len(text))


def mended(text: bytes, fix: QuickFix) -> bytes:
    for edit in sorted(fix.edits, key=lambda each: -each.start):
        text = text[: edit.start] + edit.text.encode() + text[edit.end :]
    return text


HEAD = "<domain type='kvm'><name>a</name><memory>1048576</memory><os><type>hvm</type></os>"


@needs_libvirt
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<devices><disk><tarjet dev='a'></tarjet></disk></devices>",
         "<devices><disk><target dev='a'></target></disk></devices>"),
        ("<on_crash>destory</on_crash>", "<on_crash>destroy</on_crash>"),
        ("<devices><disk><target/></disk></devices>",
         "<devices><disk><target dev='vda'/></disk></devices>"),
        ("<clock/>", "<clock offset='localtime'/>"),
        ("<qemu:commandline/>",
         "<qemu:commandline/>"),
        ("<memtune><hard_limit unit='GB '>4</hard_limit></memtune>",
         "<memtune><hard_limit unit='GB'>4</hard_limit></memtune>"),
        ("<memtune><hard_limmit>4194304</hard_limmit></memtune>",
         "<memtune><hard_limit>4194304</hard_limit></memtune>"),
        ("<memtune><hard_limit>8</hard_limit></memtune>",
         "<memtune><hard_limit unit='GiB'>8</hard_limit></memtune>"),
        ("<cputune>", "<cputune></cputune>"),
    ],
)  # fmt: skip
def test_what_is_meant_is_written(rules: FolderRules, text: str, expected: str) -> None:
    whole = f"{HEAD}{text}</domain>"
    found = fixes_of(rules, whole.encode())
    results = [
        mended(whole.encode(), fix).decode() for fix in found if fix.kind is FixKind.QUICK_FIX
    ]
    if "qemu" in text:
        uri = "http://libvirt.org/schemas/domain/qemu/1.0"
        assert f"<domain xmlns:qemu='{uri}'" in results[0]
    else:
        assert f"{HEAD}{expected}</domain>" in results


def test_a_document_that_was_cut_off_is_closed(rules: FolderRules) -> None:
    text = b"<memtune><hard_limit unit='GiB'>4</hard_limit>\n"
    assert [mended(text, fix) for fix in fixes_of(rules, text)] == [
        b"<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>\n"
    ]


def test_what_a_driver_refuses_moves_to_the_form_that_works(rules: FolderRules) -> None:
    text = f"{HEAD}<memtune><min_guarantee unit='MiB'>512</min_guarantee></memtune></domain>"
    (fix,) = [one for one in fixes_of(rules, text.encode()) if one.title == "convert to metadata"]
    assert b"memoryMinGuarantee unit='MiB'>512<" in mended(text.encode(), fix)
    assert b"<memtune>" not in mended(text.encode(), fix)


def test_a_limit_becomes_what_is_recommended(rules: FolderRules) -> None:
    text = f"{HEAD}<memtune><hard_limit unit='MiB'>1030</hard_limit></memtune></domain>".encode()
    found = [one for one in fixes_of(rules, text) if "hard_limit=auto" in one.title]
    assert found
    after = mended(text, found[0])
    assert not [one for one in editor_findings(rules, OpenDocument("a.xml", 1, after))
                if one.code.startswith("XR5")]  # fmt: skip
    assert [one.kind for one in fixes_of(rules, after)] == []
    document = OpenDocument("a.xml", 1, text)
    at = text.index(b"1030")
    on_limit = quick_fixes(rules, document, [], at, at)
    assert [one.kind for one in on_limit] == [FixKind.REWRITE]


@pytest.mark.parametrize("folder", ["rules", "messages", "documents/schema-invalid"])
def test_every_fixture_is_mended_as_by_the_command(rules: FolderRules, folder: str) -> None:
    mended_once = 0
    for path in sorted((FIXTURES / folder).glob("*.xml")):
        text = path.read_bytes()
        document = OpenDocument(str(path), 1, text)
        if document.data != text:
            continue  # in another encoding
        found = editor_findings(rules, document)
        fixes = quick_fixes(rules, document, found, 0, len(text))
        for fix in fixes:
            assert mended(text, fix) != text, path
            mended(text, fix).decode()
        sure = [one for one in found if one.fix]
        offered = [one.edits for one in fixes if one.is_sure]
        assert [one.fix for one in sure] == offered
        everything = [one for one in fixes if one.kind is FixKind.ALL]
        expected = mend_data(rules.checker, str(path), text).after
        if sure:
            assert [mended(text, one) for one in everything] == (
                [expected] if expected != text else []
            )
            mended_once += 1
    assert mended_once > 0 or folder == "documents/schema-invalid"


def test_without_a_finding_there_is_nothing_to_mend(rules: FolderRules) -> None:
    assert fixes_of(rules, f"{HEAD}</domain>".encode()) == []
    assert fixes_of(rules, b"") == []
