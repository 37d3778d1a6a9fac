"""A document that is let off without a look has nothing that a rule speaks of."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.document import Document, DocumentError
from xmlresource.operations.validation.rule_concerns import may_concern_rules
from xmlresource.rules import check

FIXTURES = Path(__file__).parents[3] / "fixtures"
OSINFO = (
    b'<domain type="kvm"><metadata>\n<libosinfo:libosinfo '
    b'xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">'
    b'<libosinfo:os id="http://debian.org/debian/12"/></libosinfo:libosinfo>\n</metadata>'
    b"<memory unit='KiB'>1048576</memory><currentMemory unit=\"KiB\">1048576</currentMemory>"
    b"</domain>"
)


def findings(data: bytes) -> list[str]:
    try:
        return [found.code for found in check(Document.parse(data))]
    except DocumentError:
        return []


def test_what_virt_install_writes_is_let_off() -> None:
    assert not may_concern_rules(OSINFO)
    assert findings(OSINFO) == []


@pytest.mark.parametrize(
    "data",
    [
        OSINFO.replace(b"</metadata>", b"<owner/></metadata>"),
        OSINFO.replace(b"<metadata>", b"<metadata><owner/>"),
        OSINFO.replace(b"</metadata>", b'<b:c xmlns:b="urn:b"/></metadata>'),
        OSINFO.replace(b"1048576</currentMemory", b"1048577</currentMemory"),
        OSINFO.replace(b'unit="KiB"', b'unit="MiB"'),
        OSINFO.replace(b"<memory", b"<cputune><shares>1024</shares></cputune><memory"),
        b"<domain><metadata/></domain>",
        b"<domain><currentMemory>5</currentMemory></domain>",
    ],
)
def test_anything_else_is_looked_at(data: bytes) -> None:
    assert may_concern_rules(data)


def test_no_fixture_that_breaks_a_rule_is_let_off() -> None:
    seen = 0
    for path in sorted(FIXTURES.glob("rules/**/*.xml")):
        data = path.read_bytes()
        if path.name.startswith(("XR3", "XR4", "XR5")):
            assert may_concern_rules(data), path.name
            seen += 1
    assert seen


def test_no_document_of_libvirts_that_breaks_a_rule_is_let_off(
    corpus_sample: dict[str, bytes],
) -> None:
    for name, data in corpus_sample.items():
        if not may_concern_rules(data):
            assert findings(data) == [], name


CHILDREN = (
    "<a:x xmlns:a='urn:1'>1</a:x>",
    "<a:x xmlns:a='urn:2'/>",
    "<b:x xmlns:b='urn:1'><b:y/></b:x>",
    "<x xmlns='urn:3'/>",
    "<plain/>",
)


@given(
    st.lists(st.sampled_from(CHILDREN), max_size=3),
    st.sampled_from(("", "<currentMemory>8</currentMemory>", "<currentMemory>07</currentMemory>")),
)
def test_metadata_and_memory_of_any_kind(children: list[str], current: str) -> None:
    text = (
        f"<domain type='kvm'><metadata>{''.join(children)}</metadata>"
        f"<memory>7</memory>{current}</domain>"
    )
    if not may_concern_rules(text.encode()):
        assert findings(text.encode()) == []
