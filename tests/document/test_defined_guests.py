"""The guests that a document defines."""

import pytest

from xmlresource.document import Document
from xmlresource.document.defined_guests import guests, kind_named
from xmlresource.document.forms import domain_element
from xmlresource.formats.document_kinds import KINDS


def test_guests_are_the_root_or_inside() -> None:
    def names(text: bytes) -> list[str]:
        return [guest.name for guest in guests(Document.parse(text).root)]

    assert names(b"<domain/>") == ["domain"]
    assert names(b"<inactiveDomain/>") == ["inactiveDomain"]
    assert names(b"<domstatus><domain/></domstatus>") == ["domain"]
    assert names(b"<domainsnapshot><x/><domain/><inactiveDomain/></domainsnapshot>") == [
        "domain",
        "inactiveDomain",
    ]
    assert names(b"<network><domain/></network>") == []
    assert names(b"<project><domain/></project>") == []


@pytest.mark.parametrize("root", KINDS)
@pytest.mark.parametrize("inside", ["", "<domain/>", "<inactiveDomain/><domain/>"])
def test_the_domain_of_a_document_is_its_first_guest(root: str, inside: str) -> None:
    document = Document.parse(f"<{root}>{inside}</{root}>".encode())
    first = next(iter(guests(document.root)), None)
    if first is None or first.name in {root, "domain"}:
        assert domain_element(document.root) is first


def test_a_namespace_makes_another_kind() -> None:
    assert kind_named(Document.parse(b"<pool xmlns='urn:x'/>").root) is None
    assert kind_named(Document.parse(b"<pool/>").root) is KINDS["pool"]
