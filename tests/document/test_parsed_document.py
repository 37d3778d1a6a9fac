"""A status file of libvirt's, whole and as far as it goes."""

import pytest

from xmlresource.document import DocumentError
from xmlresource.document.parsed_document import ParsedDocument
from xmlresource.limits import MOST_LEVELS, MOST_POLICY_ELEMENTS

STATUS = "<domstatus pid='1'><domain><name>a</name>{}</domain></domstatus>"


def deep(levels: int) -> bytes:
    return STATUS.format("<b>" * levels + "</b>" * levels).encode()


def test_the_domain_may_be_as_deep_as_any() -> None:
    document = ParsedDocument.parse_status(deep(MOST_LEVELS - 1), "a.xml")
    assert document.domain is not None
    assert document.domain.name == "a"
    with pytest.raises(DocumentError, match="deeper"):
        ParsedDocument.parse_status(deep(MOST_LEVELS), "a.xml")


def test_no_more_elements_than_a_policy_may_have() -> None:
    large = STATUS.format("<b/>" * MOST_POLICY_ELEMENTS).encode()
    with pytest.raises(DocumentError, match="elements"):
        ParsedDocument.parse_status(large, "a.xml")


def test_as_far_as_it_goes() -> None:
    document = ParsedDocument.parse_beginning(STATUS.partition("{}")[0].encode(), "a.xml")
    assert document is not None
    assert document.domain is not None
    assert document.domain.name == "a"
    assert ParsedDocument.parse_beginning(b"", "a.xml") is None
    encoding = b"<?xml version='1.0' encoding='x'?><domain/>"
    assert ParsedDocument.parse_beginning(encoding, "a.xml") is None
