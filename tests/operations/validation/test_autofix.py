"""Mending: what is sure is mended, all else stays byte for byte."""

import os
import stat
from pathlib import Path

import pytest

from xmlresource.configuration.repository_settings import Settings
from xmlresource.operations.validation.autofix import mend
from xmlresource.operations.validation.validate import Options, validate

SCHEMA = Path(__file__).parents[3] / "fixtures" / "domain-schema"


def mended(
    folder: Path, before: str | bytes, *, write: bool = True, settings: Settings | None = None
) -> tuple[str, list[str]]:
    """A document after mending, and the codes of what is left."""
    file = folder / "document.xml"
    file.write_bytes(before.encode() if isinstance(before, str) else before)
    options = Options(settings or Settings(), domain_schema=str(SCHEMA))
    done = mend([str(file)], options, write=write)
    codes = [one.code for one in done.validation.diagnostics]
    return file.read_bytes().decode("utf-8", "surrogateescape"), codes


def memtune(inner: str) -> str:
    return f"<memtune>\n  <!-- kept -->\r\n  {inner}\t</memtune>\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<hard_limitt>65536</hard_limitt>", "<hard_limit>65536</hard_limit>"),
        ("<hardlimit  unit='GiB' >1</hardlimit >", "<hard_limit  unit='GiB' >1</hard_limit >"),
        ("<Hard_Limit>65536</Hard_Limit>", "<hard_limit>65536</hard_limit>"),
        ("<memorySoftLimit>1</memorySoftLimit>", "<soft_limit>1</soft_limit>"),
        ("<soft_limit> 1\n</soft_limit>", "<soft_limit>1</soft_limit>"),
        ("<soft_limit>4GiB</soft_limit>", "<soft_limit unit='GiB'>4</soft_limit>"),
        ("<soft_limit>4 k</soft_limit>", "<soft_limit unit='k'>4</soft_limit>"),
        ("<soft_limit unit=' GiB'>4</soft_limit>", "<soft_limit unit='GiB'>4</soft_limit>"),
        ('<soft_limit unit="GiBs">4</soft_limit>', '<soft_limit unit="GiB">4</soft_limit>'),
        ("<soft_limit unit='mebibytes'>4</soft_limit>", "<soft_limit unit='MiB'>4</soft_limit>"),
        ("<soft_limit units='GiB'>4</soft_limit>", "<soft_limit unit='GiB'>4</soft_limit>"),
        # A fault behind a fault.
        ("<hard_limitt uint='GiBs'> 4 </hard_limitt>", "<hard_limit unit='GiB'>4</hard_limit>"),
        ("<hard_limitt>4GiB</hard_limitt>", "<hard_limit unit='GiB'>4</hard_limit>"),
    ],
)
def test_mends_what_is_sure(tmp_path: Path, before: str, after: str) -> None:
    assert mended(tmp_path, memtune(before)) == (memtune(after), [])


@pytest.mark.parametrize(
    "text",
    [
        "<swap>1</swap>",  # far from every name
        "<hard_limitt>1</hard_limitt><hard_limit>2</hard_limit>",  # the name is there
        "<hard_limitt>1</hard_limitt><hard_limi>2</hard_limi>",  # two would be the same
        "<soft_limit unit='megabytes'>1</soft_limit>",  # 1000 or 1024?
        "<soft_limit unit='KiB'>4GiB</soft_limit>",
        "<soft_limit>4 gigs</soft_limit>",
        "<soft_limit>1.5</soft_limit>",
        "<soft_limit> 4 <!-- MiB --></soft_limit>",
        "<soft_limit unit=''>4</soft_limit>",
        "<soft_limit units='GiB' unit='KiB'>4</soft_limit>",
        "<soft_limit note=''>4</soft_limit>",
    ],
)
def test_leaves_what_is_not(tmp_path: Path, text: str) -> None:
    after, codes = mended(tmp_path, memtune(text))
    assert after == memtune(text)
    assert codes


def test_mends_the_proposals_spelling_with_its_prefix(tmp_path: Path) -> None:
    before = (
        "<r:resource xmlns:r='urn:xmlresource:1'><r:memory>"
        "<r:memoryMinGaurantee>1024</r:memoryMinGaurantee></r:memory></r:resource>"
    )
    assert mended(tmp_path, before) == (before.replace("Gaurantee", "Guarantee"), [])


def test_mends_names_that_libvirts_schema_knows(tmp_path: Path) -> None:
    before = (
        "<domain type='kvm'><name>é</name><vcpu curent='1'> 2 </vcpu>"
        "<devices><emulatr>/a</emulatr></devices></domain>"
    )
    after = before.replace("curent", "current").replace("emulatr", "emulator").replace(" 2 ", "2")
    assert mended(tmp_path, before) == (after, [])


def test_mends_in_the_documents_own_encoding(tmp_path: Path) -> None:
    declaration = "<?xml version='1.0' encoding='UTF-16'?>\r\n"
    text = f"{declaration}<memtune><!-- é --><soft_limit> 1</soft_limit></memtune>"
    after, codes = mended(tmp_path, text.encode("utf-16"))
    assert codes == []
    assert after.encode("utf-8", "surrogateescape") == text.replace("> 1", ">1").encode("utf-16")


def test_mends_the_name_of_what_is_empty(tmp_path: Path) -> None:
    after, codes = mended(tmp_path, memtune("<hard_limitt />"))
    assert after == memtune("<hard_limit />")
    assert codes == ["XR201"]


def test_mends_a_domain_that_is_not_in_utf_8(tmp_path: Path) -> None:
    declaration = "<?xml version='1.0' encoding='ISO-8859-1'?>"
    text = f"{declaration}<domain type='kvm'><name>\xe9</name><vcpu> 2 </vcpu></domain>"
    after, codes = mended(tmp_path, text.encode("latin-1"))
    assert codes == []
    expected = text.replace(" 2 ", "2").encode("latin-1")
    assert after.encode("utf-8", "surrogateescape") == expected


def test_does_not_mend_what_is_ignored(tmp_path: Path) -> None:
    text = memtune("<soft_limit> 1</soft_limit>")
    assert mended(tmp_path, text, settings=Settings(ignore=("XR2",))) == (text, [])
    text = memtune("<soft_limit> 1</soft_limit><!-- xmlresource: ignore=XR201 -->")
    assert mended(tmp_path, text) == (text, [])


def test_can_leave_files_alone(tmp_path: Path) -> None:
    text = memtune("<soft_limit> 1</soft_limit>")
    assert mended(tmp_path, text, write=False) == (text, ["XR201"])


def test_keeps_mode_and_leaves_no_other_file(tmp_path: Path) -> None:
    file = tmp_path / "document.xml"
    file.write_text(memtune("<soft_limit> 1</soft_limit>"))
    file.chmod(0o640)
    mend([str(tmp_path)], Options())
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["document.xml"]  # noqa: PTH208


def test_goes_on_behind_what_cant_be_read(tmp_path: Path) -> None:
    file = tmp_path / "z.xml"
    file.write_text(memtune("<soft_limit> 1</soft_limit>"))
    done = mend([str(tmp_path / "missing.xml"), str(file)], Options())
    assert [one.code for one in done.validation.diagnostics] == ["XR001"]
    assert validate([str(file)]).diagnostics == ()


def test_what_was_mended_needs_no_more_mending(tmp_path: Path) -> None:
    rules = SCHEMA.parent / "rules"
    for document in sorted(rules.glob("*.xml")):
        file = tmp_path / document.name
        file.write_bytes(document.read_bytes())
    options = Options(domain_schema=str(SCHEMA))
    before = validate([str(tmp_path)], options)
    done = mend([str(tmp_path)], options)
    assert len(done.validation.diagnostics) < len(before.diagnostics)
    assert mend([str(tmp_path)], options).mended == ()
