"""Whether a guest's memory may be moved: read, kept by edits, and moved with the tunables."""

import pytest

from xmlresource.document import Document
from xmlresource.document.editing import EditError, Remark, assign, convert
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import Form

GIB = 1 << 30
DOMAIN = """<domain type='{kind}'>
  <name>db1</name>
  <metadata>
    <xr:resource xmlns:xr='urn:xmlresource:1'>
      <xr:memory balance='no'{more}>
        <xr:memoryMinGuarantee unit='GiB'>2</xr:memoryMinGuarantee>
      </xr:memory>
    </xr:resource>
  </metadata>
</domain>
"""


def document(kind="kvm", more=""):
    return Document.parse(DOMAIN.format(kind=kind, more=more).encode())


def said(*memories):
    text = f"<resource>{''.join(memories)}</resource>"
    return Document.parse(text.encode()).balance


@pytest.mark.parametrize(
    ("memories", "balance"),
    [
        (["<memory/>"], None),
        (["<memory balance='yes'/>"], True),
        (["<memory balance='no'/>"], False),
        (["<memory balance='off'/>"], False),
        (["<memory balance=''/>"], False),
        (["<memory balance='yes'/>", "<memory balance='no'/>"], False),
        (["<memory balance='yes'/>", "<memory/>"], True),
    ],
)
def test_what_is_said(memories, balance):
    assert said(*memories) is balance


def test_memtune_has_no_place_for_it():
    assert Document.parse(b"<memtune balance='no'/>").balance is None


def test_edits_leave_it_alone():
    before = document()
    edited = assign(before, {"min_guarantee": 3 * GIB, "hard_limit": 4 * GIB}).document
    assert edited.balance is False
    assert assign(edited, {"priority": 5}).document.balance is False
    empty = assign(before, {"min_guarantee": None}).document
    assert empty.balance is False
    assert before.with_policy(MemoryPolicy(soft_limit=GIB)).balance is False


@pytest.mark.parametrize("more", ["", " priority='3'"])
@pytest.mark.parametrize("form", Form)
def test_conversion_keeps_it(form, more):
    before = document(more=more)
    edit = convert(before, form)
    assert edit.document.balance is False
    assert edit.document.policy == before.policy
    back = convert(edit.document, Form.METADATA).document
    assert (back.balance, back.policy) == (False, before.policy)
    if form is Form.RESOURCE:
        assert "metadata" not in edit.document.to_bytes().decode()


def test_conversion_of_a_container_loses_it_and_says_so():
    edit = convert(document("lxc"), Form.MEMTUNE)
    assert edit.document.balance is None
    assert [(note.tunable, note.remark) for note in edit.notes] == [("balance", Remark.DROPPED)]


def test_conversion_of_a_fragment():
    bare = Document.parse(
        b"<resource><memory balance='no'><memoryHardLimit>5</memoryHardLimit></memory></resource>"
    )
    ours = convert(bare, Form.METADATA).document
    assert ours.balance is False
    edit = convert(bare, Form.MEMTUNE)
    assert edit.document.balance is None
    assert [(note.tunable, note.remark) for note in edit.notes] == [("balance", Remark.DROPPED)]


@pytest.mark.parametrize(
    "memory", ["<memory balance='x'/>", "<memory balance='yes'/><memory balance='no'/>"]
)
def test_conversion_of_what_makes_no_sense(memory):
    faulty = Document.parse(f"<domain><resource>{memory}</resource></domain>".encode())
    with pytest.raises(EditError, match="balance can't be read, or is declared twice"):
        convert(faulty, Form.METADATA)
