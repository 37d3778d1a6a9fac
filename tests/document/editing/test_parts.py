import pytest

from xmlresource.document import Document
from xmlresource.document.editing import EditError
from xmlresource.document.editing.form_editor import FormEditor
from xmlresource.document.editing.layout import TextLayout
from xmlresource.document.editing.splice import Splice, spliced
from xmlresource.tunables import Form
from xmlresource.units import KIB


def test_splices_are_made_by_place_and_in_the_order_given():
    splices = [Splice(3, 4, b"D"), Splice(1, 1, b"x"), Splice(1, 1, b"y"), Splice(1, 2, b"")]
    assert spliced(b"abcd", splices) == b"axycD"


def test_splices_that_overlap_are_refused():
    with pytest.raises(ValueError, match="overlap at byte 2"):
        spliced(b"abcd", [Splice(1, 3, b""), Splice(2, 4, b"")])


def test_memtune_is_never_given_what_it_lacks():
    root = Document.parse(b"<memtune/>").root
    editor = FormEditor(root, TextLayout(root), Form.MEMTUNE, {})
    with pytest.raises(EditError, match="has no swap_soft_limit"):
        editor.splices({"swap_soft_limit": KIB})


def test_an_indentation_that_does_not_grow_is_not_copied():
    assert TextLayout(Document.parse(b"    <a>\n  <b/>\n    </a>").root).step == "  "
    assert TextLayout(Document.parse(b"<a>\n\t<b/>\n</a>").root).step == "\t"
    assert TextLayout(Document.parse(b"<a><b/>\n    <c/></a>").root).step == "    "
