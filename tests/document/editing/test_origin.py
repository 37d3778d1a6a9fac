"""Places in an edited document are told of the document before."""

import pytest

from xmlresource.document import Document
from xmlresource.document.editing.origin import with_places_before

BEFORE = "<domain>\n  <a/>\n  <b/>\n  <c>\n    <d/>\n  </c>\n</domain>\n"


@pytest.mark.parametrize(
    ("after", "name", "place"),
    [
        # nothing before it has changed
        (BEFORE, "c", (4, 3)),
        # lines were put in, or taken out, before it
        ("<domain>\n  <x/>\n  <x/>\n  <a/>\n  <b/>\n  <c/>\n</domain>\n", "b", (3, 3)),
        ("<domain>\n  <b/>\n  <c>\n    <d/>\n  </c>\n</domain>\n", "d", (5, 5)),
        # it was put in itself: after which line
        ("<domain>\n  <a/>\n    <new/>\n  <b/>\n  <c>\n    <d/>\n  </c>\n</domain>\n",
         "new", (2, 3)),
        # it takes the place of another line, or of more or fewer
        ("<domain>\n  <a/>\n    <new/>\n  <c>\n    <d/>\n  </c>\n</domain>\n", "new", (3, 5)),
        ("<domain>\n  <a/>\n  <b/>\n  <new/>\n</domain>\n", "new", (4, 3)),
        ("<domain>\n  <a/>\n  <x/>\n  <new/>\n  <c>\n    <d/>\n  </c>\n</domain>\n", "new", (3, 3)),
    ],
)  # fmt: skip
def test_places(after, name, place):
    before = Document.parse(BEFORE.encode(), "guest.xml")
    edited = with_places_before(Document.parse(after.encode()), before)
    (element,) = [one for one in edited.root.descendants() if one.local == name]
    assert (element.span.line, element.span.column) == place
    assert edited.source.name == "guest.xml"


def test_all_on_one_line():
    before = Document.parse(b"<domain/>")
    edited = with_places_before(Document.parse(b"<domain>\n<a/>\n</domain>"), before)
    assert edited.root.children[0].span.line == 1
