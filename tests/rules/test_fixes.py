"""The edits of a fix: where they begin and end, and where there is none."""

import pytest

from xmlresource.document import Document
from xmlresource.document.tree import Element
from xmlresource.rules import check
from xmlresource.rules.fixes import attribute_renamed, renamed


def first_child(data: bytes) -> Element:
    return Document.parse(data).root.children[0]


@pytest.mark.parametrize(
    ("data", "written"),
    [
        (b"<memtune><hard_limitt unit='KiB'/></memtune>", [b"hard_limitt"]),
        (b"<memtune><hard_limitt >1</hard_limitt ></memtune>", [b"hard_limitt"] * 2),
    ],
)
def test_a_name_is_replaced_in_each_tag(data: bytes, written: list[bytes]) -> None:
    edits = renamed(first_child(data), "hard_limit")
    assert [data[edit.start : edit.end] for edit in edits] == written
    assert {edit.text for edit in edits} == {"hard_limit"}


@pytest.mark.parametrize(("others", "edits"), [(b"", 1), (b" unit='KiB'", 0)])
def test_an_attribute_is_renamed_where_the_right_one_is_not_there(
    others: bytes, edits: int
) -> None:
    element = first_child(b"<memtune><hard_limit units='KiB'%s>1</hard_limit></memtune>" % others)
    assert len(attribute_renamed(element, "units", "unit")) == edits


def test_a_document_of_libvirts_without_tunables_is_told_apart_from_others() -> None:
    libvirts, others = (check(Document.parse(text)) for text in (b"<network/>", b"<project/>"))
    assert libvirts[0].message == "<network> is not a document that holds tunables"
    assert others[0].message == "<project> is no document of libvirt's"
