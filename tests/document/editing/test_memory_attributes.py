"""Whether a guest's memory may be moved: read, kept by edits, and moved with the tunables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.document import Document
from xmlresource.document.editing import EditError, Remark, assign, convert
from xmlresource.document.editing.memory_attributes import with_attribute
from xmlresource.model.policy import MemoryPolicy
from xmlresource.strategies import documents
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


def text_of(found):
    return found.to_bytes().decode()


def test_the_attribute_is_all_that_changes():
    plain = DOMAIN.format(kind="kvm", more="").replace(" balance='no'", "")
    edited = assign(Document.parse(plain.encode()), {"balance": False}).document
    assert text_of(edited) == DOMAIN.format(kind="kvm", more="")
    assert edited.policy.balance is False
    again = assign(edited, {"balance": True}).document
    assert text_of(again) == plain.replace("<xr:memory>", "<xr:memory balance='yes'>")
    assert assign(again, {"balance": True}).document is again
    assert text_of(assign(again, {"balance": None}).document) == plain


@given(documents(), st.booleans())
def test_taking_it_out_restores_the_document(sample, balance):
    before = Document.parse(sample.data)
    if sample.form is Form.MEMTUNE or not before.blocks:
        with pytest.raises(EditError, match="no <memory> that could say the balance"):
            with_attribute(before, "balance", balance)
        return
    edited = with_attribute(before, "balance", balance)
    assert edited.policy == MemoryPolicy(
        **dict(sample.policy.items()), priority=None, balance=balance
    )
    assert with_attribute(edited, "balance", None).to_bytes() == sample.data


def test_with_a_priority_they_stand_in_the_order_of_the_table():
    bare = Document.parse(b"<domain type='kvm'><name>db1</name></domain>")
    changes = {"balance": False, "min_guarantee": GIB, "priority": 3}
    edited = assign(bare, changes).document
    assert edited.policy == MemoryPolicy(min_guarantee=GIB, priority=3, balance=False)
    assert "<xr:memory priority='3' balance='no'>" in text_of(edited)
    none = assign(edited, dict.fromkeys(changes)).document
    assert none.policy == MemoryPolicy()
    assert "metadata" not in text_of(none)


def test_a_policy_is_declared_exactly():
    without = document().with_policy(MemoryPolicy(min_guarantee=2 * GIB))
    assert without.balance is None
    assert without.with_policy(MemoryPolicy(min_guarantee=2 * GIB, balance=True)).balance is True


@pytest.mark.parametrize("value", ["no", 0, "off"])
def test_what_is_no_balance(value):
    with pytest.raises(EditError, match="balance is neither yes nor no"):
        assign(document(), {"balance": value})


def test_every_one_that_is_there_says_the_same_then():
    two = b"<resource><memory balance='yes' /><memory balance='x'/></resource>"
    edited = assign(Document.parse(two), {"balance": False}).document
    assert text_of(edited) == "<resource><memory balance='no' /><memory balance='no'/></resource>"


def test_edits_leave_it_alone():
    before = document()
    edited = assign(before, {"min_guarantee": 3 * GIB, "hard_limit": 4 * GIB}).document
    assert edited.balance is False
    assert assign(edited, {"priority": 5}).document.balance is False
    empty = assign(before, {"min_guarantee": None}).document
    assert empty.balance is False
    kept = MemoryPolicy(soft_limit=GIB, balance=before.policy.balance)
    assert before.with_policy(kept).balance is False


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
