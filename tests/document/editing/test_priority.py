"""Setting and moving a guest's priority."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.document import Document
from xmlresource.document.editing import EditError, Remark, assign, convert, memory_attributes
from xmlresource.document.editing.memory_attributes import with_attribute
from xmlresource.formats.guest_attributes import MOST_PRIORITY
from xmlresource.model.policy import MemoryPolicy
from xmlresource.strategies import documents
from xmlresource.tunables import Form

GIB = 1 << 30
DOMAIN = """<domain type='kvm'>
  <name>db1</name>
  <metadata>
    <xr:resource xmlns:xr='urn:xmlresource:1'>
      <xr:memory>
        <xr:memoryMinGuarantee unit='GiB'>2</xr:memoryMinGuarantee>
      </xr:memory>
    </xr:resource>
  </metadata>
</domain>
"""
numbers = st.integers(0, MOST_PRIORITY)


def with_priority(found, number):
    return with_attribute(found, "priority", number)


def document(text=DOMAIN):
    return Document.parse(text.encode())


def text_of(found):
    return found.to_bytes().decode()


def test_the_attribute_is_all_that_changes():
    edited = assign(document(), {"priority": 10}).document
    assert text_of(edited) == DOMAIN.replace("<xr:memory>", "<xr:memory priority='10'>")
    assert edited.policy.priority == 10
    again = assign(edited, {"priority": 7}).document
    assert text_of(again) == DOMAIN.replace("<xr:memory>", "<xr:memory priority='7'>")
    assert assign(again, {"priority": 7}).document is again
    assert text_of(assign(again, {"priority": None}).document) == DOMAIN


@given(documents(), numbers)
def test_taking_it_out_restores_the_document(sample, number):
    before = Document.parse(sample.data)
    if sample.form is Form.MEMTUNE or not before.blocks:
        with pytest.raises(EditError, match="no <memory> that could say the priority"):
            with_priority(before, number)
        return
    edited = with_priority(before, number)
    assert edited.policy == MemoryPolicy(**dict(sample.policy.items()), priority=number)
    assert with_priority(edited, None).to_bytes() == sample.data


def test_it_goes_with_a_guarantee_that_is_set_at_once():
    bare = document("<domain type='kvm'><name>db1</name></domain>")
    edited = assign(bare, {"min_guarantee": GIB, "priority": 3}).document
    assert edited.policy == MemoryPolicy(min_guarantee=GIB, priority=3)
    assert assign(edited, {"min_guarantee": None, "priority": None}).document.policy == (
        MemoryPolicy()
    )
    assert "metadata" not in text_of(edited.with_policy(MemoryPolicy()))


def test_the_form_that_is_asked_for():
    both = DOMAIN.replace("</domain>", "<resource><memory/></resource></domain>")
    edited = assign(document(both), {"priority": 3}, Form.RESOURCE).document
    assert "<resource><memory priority='3'/></resource>" in text_of(edited)


def test_a_policy_is_declared_exactly():
    policy = MemoryPolicy(min_guarantee=GIB, priority=4)
    edited = document().with_policy(policy)
    assert edited.policy == policy
    assert edited.with_policy(MemoryPolicy(min_guarantee=GIB)).policy.priority is None


@pytest.mark.parametrize("number", [-1, 1000, "x"])
def test_what_is_none(number):
    with pytest.raises(EditError, match="no whole number"):
        with_priority(document(), number)


def test_an_unreadable_one_is_replaced():
    spoilt = DOMAIN.replace("<xr:memory>", "<xr:memory priority='high'>")
    assert with_priority(document(spoilt), 5).policy.priority == 5


def test_every_one_that_is_there_says_the_same_then():
    two = "<resource><memory priority='1' /><memory priority='3'/></resource>"
    edited = with_priority(document(two), 2)
    assert text_of(edited) == "<resource><memory priority='2' /><memory priority='2'/></resource>"


def test_an_edit_that_does_not_take_is_not_made(monkeypatch):
    monkeypatch.setattr(memory_attributes, "spliced", lambda text, _splices: text)
    with pytest.raises(EditError, match="did not come out as meant"):
        with_priority(document(), 5)


def prioritized(number=9):
    return assign(document(), {"priority": number}).document


@pytest.mark.parametrize("form", Form)
def test_conversion_keeps_it(form):
    edit = convert(prioritized(), form)
    assert edit.document.policy == MemoryPolicy(min_guarantee=2 * GIB, priority=9)
    back = convert(edit.document, Form.METADATA).document
    assert back.policy == edit.document.policy


def test_conversion_of_a_container_loses_it_and_says_so():
    container = document(text_of(prioritized()).replace("'kvm'", "'lxc'"))
    edit = convert(container, Form.MEMTUNE)
    assert edit.document.policy == MemoryPolicy(min_guarantee=2 * GIB)
    assert [(note.tunable, note.remark) for note in edit.notes] == [("priority", Remark.DROPPED)]
    assert "metadata" not in text_of(edit.document)


def test_conversion_of_a_fragment():
    bare = document(
        "<resource><memory priority='7'><memoryHardLimit>5</memoryHardLimit></memory></resource>"
    )
    ours = convert(bare, Form.METADATA).document
    assert ours.policy.priority == 7
    edit = convert(bare, Form.MEMTUNE)
    assert edit.document.policy.priority is None
    assert [(note.tunable, note.remark) for note in edit.notes] == [("priority", Remark.DROPPED)]


@pytest.mark.parametrize(
    "memory", ["<memory priority='x'/>", "<memory priority='1'/><memory priority='2'/>"]
)
def test_conversion_of_what_makes_no_sense(memory):
    faulty = document(f"<domain><resource>{memory}</resource></domain>")
    with pytest.raises(EditError, match="priority can't be read, or is declared twice"):
        convert(faulty, Form.METADATA)
