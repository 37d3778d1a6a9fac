"""The head of a document: whose it is, whatever follows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.document.head import Head, read_head

BEFORE = (
    b"<!-- WARNING: <uuid>no</uuid> -->\n<domstatus state='running' pid='12'><uuid>not this</uuid>"
    b"<domain type='kvm' id='1'>\n<name>a</name>\n"
)
STATUS = BEFORE + b"<uuid> u-u </uuid>"


@pytest.mark.parametrize(
    ("data", "head"),
    [
        (STATUS, Head("u-u", "12")),
        (STATUS + b"<metadata><broken", Head("u-u", "12")),
        (
            STATUS.replace(b"<uuid> u-u", b"<title><uuid>other</uuid></title><uuid>u"),
            Head("u", "12"),
        ),
        (BEFORE, Head(None, "12")),
        (BEFORE + b"</domain><domain><uuid>x</uuid>", Head(None, "12")),
        (b"<domain><name/><uuid>&#117;</uuid></domain>", Head("u", None)),
        (b"<domain><uuid/></domain>", Head("", None)),
        (b"<network><uuid>x</uuid></network>", Head()),
        (b"<!DOCTYPE a [<!ENTITY u 'x'>]><domain><uuid>&u;</uuid></domain>", Head()),
        (b"", Head()),
        (b"\0", Head()),
        ("<domain><uuid>u</uuid></domain>".encode("utf-16"), Head("u", None)),
    ],
)
def test_heads(data: bytes, head: Head) -> None:
    assert read_head([data]) == head
    assert read_head(bytes([each]) for each in data) == head


@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    read_head([data])
    read_head([STATUS[:70], data])


def test_no_more_is_asked_for_than_it_takes() -> None:
    def chunks() -> object:
        yield STATUS
        raise AssertionError

    assert read_head(chunks()) == Head("u-u", "12")  # type: ignore[arg-type]
