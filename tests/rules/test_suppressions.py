"""Comments that suppress findings: what they are about, and what is said of those that aren't."""

import pytest

from xmlresource.codes import CODES
from xmlresource.document.source import Source
from xmlresource.operations.validation.findings import findings
from xmlresource.rules.suppressions import suppressed

FAULTY = "<soft_limit unit='gigs'>1</soft_limit>"


def codes(text: str) -> list[str]:
    found, _, _ = findings("a.xml", text.encode(), None)
    return [one.code for one in found]


def memtune(*lines: str) -> list[str]:
    return codes("\n".join(("<memtune>", *lines, "</memtune>")))


def test_a_comment_on_the_line_before() -> None:
    assert memtune("<!-- xmlresource: ignore=XR202 -->", FAULTY) == []


def test_a_comment_on_the_same_line() -> None:
    assert memtune(f"{FAULTY} <!-- xmlresource: ignore=XR202 -->") == []
    assert memtune(f"<!-- xmlresource: ignore=XR202 -->{FAULTY}") == []


def test_a_comment_behind_something_is_not_about_the_next_line() -> None:
    found = memtune(
        "<hard_limit unit='GiB'>1</hard_limit><!-- xmlresource: ignore=XR202 -->", FAULTY
    )
    assert found == ["XR701", "XR202"]


def test_a_comment_over_several_lines() -> None:
    assert memtune("<!--\n  xmlresource: ignore=XR1,\n  XR202\n-->", FAULTY) == ["XR701"]


def test_several_codes_and_beginnings_in_any_case() -> None:
    both = f"<a/>{FAULTY}"
    assert memtune("<!-- xmlresource: ignore=xr2 ,XR101 -->", both) == []


def test_a_comment_about_the_whole_file() -> None:
    assert memtune("<!-- xmlresource:ignore-file=XR202 -->", "", "", FAULTY) == []
    assert codes("<memtune/><!-- xmlresource: ignore-file=XR3 -->") == ["XR701"]


def test_a_document_that_is_no_xml_can_be_suppressed_too() -> None:
    assert codes("<memtune><!-- xmlresource: ignore-file=XR002 --></a>") == []


@pytest.mark.parametrize(
    "words",
    ["", "ignore", "ignore=", "ignroe=XR202", "ignore=XR9", "ignore=XR202,", "ignore XR202", "XR2"],
)
def test_what_cant_be_understood_is_told(words: str) -> None:
    assert memtune(f"<!-- xmlresource: {words} -->", FAULTY) == ["XR702", "XR202"]


@pytest.mark.parametrize(
    "text",
    ["<![CDATA[<!-- xmlresource: ignore=XR202 -->]]>", "<?a <!-- xmlresource: ignore=XR202 -->?>"],
)
def test_what_only_looks_like_a_comment_is_none(text: str) -> None:
    assert "XR202" in memtune(text, FAULTY)
    assert "XR701" not in memtune(text, FAULTY)


def test_other_comments_are_nobodys_business() -> None:
    assert memtune("<!-- see xmlresource: ignore=XR202 -->") == []
    assert memtune("<!-- xmlresource is fine -->") == []


def test_a_suppression_of_the_schema_is_not_unused_where_there_is_no_schema() -> None:
    assert codes("<domain><name>a</name><!-- xmlresource: ignore=XR605 --></domain>") == []


def test_a_finding_about_the_file_is_on_no_line() -> None:
    found = [CODES["XR001"].diagnostic("can't be read", "a.xml")]
    source = Source(b"<!-- xmlresource: ignore-file=XR001 -->", "a.xml")
    assert suppressed(source, found, whole=True) == []
    source = Source(b"<!-- xmlresource: ignore=XR001 -->", "a.xml")
    assert [one.code for one in suppressed(source, found, whole=True)] == ["XR001", "XR701"]
