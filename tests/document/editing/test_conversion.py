import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.document import Document
from xmlresource.document.editing import EditError, Remark, convert
from xmlresource.model.policy import MemoryPolicy
from xmlresource.strategies import documents
from xmlresource.tunables import Form
from xmlresource.units import KIB

RESOURCE = """<!-- kept -->
<resource>
\t<memory>
\t\t<memoryHardLimit unit='G'>010</memoryHardLimit>
\t\t<swapSoftLimit>12582912</swapSoftLimit>
\t</memory>
</resource>
"""


def converted(text, form):
    edit = convert(Document.parse(text.encode()), form)
    return edit.document.to_bytes().decode(), [(note.tunable, note.remark) for note in edit.notes]


def test_a_fragment_keeps_its_layout_and_spelling():
    assert converted(RESOURCE, Form.METADATA) == (
        """<!-- kept -->
<xr:resource xmlns:xr='urn:xmlresource:1'>
\t<xr:memory>
\t\t<xr:memoryHardLimit unit='G'>010</xr:memoryHardLimit>
\t\t<xr:swapSoftLimit>12582912</xr:swapSoftLimit>
\t</xr:memory>
</xr:resource>
""",
        [],
    )


def test_what_a_fragment_can_not_say_is_reported():
    text, notes = converted(RESOURCE, Form.MEMTUNE)
    assert text == "<!-- kept -->\n<memtune>\n\t<hard_limit unit='G'>010</hard_limit>\n</memtune>\n"
    assert notes == [("swap_soft_limit", Remark.DROPPED)]
    sentinel = "<memtune><hard_limit>9007199254740991</hard_limit></memtune>"
    assert converted(sentinel, Form.RESOURCE)[1] == [("hard_limit", Remark.LEFT_OUT)]


def test_a_fragment_that_is_in_the_form_already():
    assert converted(RESOURCE, Form.RESOURCE) == (RESOURCE, [])
    assert converted("<resource/>", Form.MEMTUNE) == ("<resource/>", [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<memtune><hard_limit>x</hard_limit></memtune>", "mend it first"),
        (
            "<memtune><hard_limit>1</hard_limit><hard_limit>2</hard_limit></memtune>",
            "declared twice",
        ),
        (
            """<resource><partition>/m</partition><memory><memoryHardLimit>1</memoryHardLimit>
            </memory></resource>""",
            "/resource/partition has no place",
        ),
        ("<memtune><!-- a --><hard_limit>1</hard_limit></memtune>", "comments in it would be lost"),
        ("<network/>", "holds no tunables"),
    ],
)
def test_what_would_be_lost_is_not_converted(text, message):
    with pytest.raises(EditError, match=message):
        converted(text, Form.METADATA)


def test_a_result_that_is_not_as_meant_is_never_handed_out(monkeypatch):
    module = sys.modules["xmlresource.document.editing.conversion"]
    monkeypatch.setattr(module, "spliced", lambda *_: b"<memtune/>")
    with pytest.raises(EditError, match="did not come out as meant"):
        converted(RESOURCE, Form.MEMTUNE)


def test_a_guarantee_of_zero_says_nothing():
    text = "<domain type='kvm'><memtune><min_guarantee>0</min_guarantee></memtune></domain>"
    assert converted(text, Form.METADATA) == (text, [])


@given(documents(form=Form.RESOURCE, bare=False))
def test_there_and_back_keeps_every_value(sample):
    document = Document.parse(sample.data)
    for form in (Form.MEMTUNE, Form.METADATA, Form.RESOURCE):
        document = convert(document, form).document
        assert document.policy == sample.policy
        moved = document.policy_in(form)
        if form is Form.MEMTUNE:
            kept = MemoryPolicy(
                min_guarantee=sample.policy.min_guarantee,
                swap_soft_limit=sample.policy.swap_soft_limit,
            )
            assert document.policy_in(Form.METADATA) == kept
        else:
            assert moved == sample.policy


@given(documents(bare=False), st.sampled_from(Form))
def test_converting_again_changes_nothing(sample, form):
    once = convert(Document.parse(sample.data), form).document
    assert convert(once, form).document is once


def test_a_value_that_stands_in_both_forms_stays_once():
    text = (
        "<domain><metadata><r xmlns='u'/></metadata>"
        "<memtune><hard_limit>1</hard_limit></memtune>"
        "<resource><memory><memoryHardLimit>1</memoryHardLimit></memory></resource></domain>"
    )
    after, notes = converted(text, Form.MEMTUNE)
    assert after == text.replace(
        "<resource><memory><memoryHardLimit>1</memoryHardLimit></memory></resource>", ""
    )
    assert notes == []
    assert Document.parse(after.encode()).policy == MemoryPolicy(hard_limit=KIB)
