"""What holds of every edit: of random documents, and of libvirt's own."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xmlresource.document import Document
from xmlresource.document.editing import assign, convert
from xmlresource.document.editing.amounts import spelling_of
from xmlresource.formats.spelling import Spelling
from xmlresource.model.policy import MemoryPolicy
from xmlresource.strategies import documents, policies, sizes, spellings
from xmlresource.tunables import MEMORY, Form
from xmlresource.units import KIB

GIB = KIB**3
RNG = "/usr/share/libvirt/schemas/domain.rng"

names = st.sampled_from([tunable.name for tunable in MEMORY])


def change_between(before, after):
    """What is replaced, and by what, between the common beginning and the common end."""
    start = common(before, after)
    rest, new = before[start:], after[start:]
    end = common(rest[::-1], new[::-1])
    return rest[: len(rest) - end], new[: len(new) - end]


def common(one, two):
    return next(
        (place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b),
        min(len(one), len(two)),
    )


@given(documents(), names, sizes())
def test_setting_again_changes_nothing(sample, name, size):
    assume(sample.form is not Form.MEMTUNE or name != "swap_soft_limit")
    once = assign(Document.parse(sample.data), {name: size}).document
    assert once.policy[name] == size
    assert assign(once, {name: size}).document is once


@given(documents(), names)
def test_one_tunable_is_one_change_of_its_own_bytes(sample, name):
    document = Document.parse(sample.data)
    assume(document.policy[name] is not None)
    found = next(one for one in document.declarations if one.tunable.name == name)
    after = assign(document, {name: 12345 * KIB}).document
    before, edited = document.source.text, after.source.text
    assert edited.startswith(before[: found.element.start])
    assert edited.endswith(before[found.element.end :])


@given(documents(), policies())
def test_taking_out_what_was_put_in_restores_the_document(sample, policy):
    document = Document.parse(sample.data)
    assume(document.domain is not None)
    # A block that was there and empty is not told from one that an edit has left empty.
    assume(document.declarations)
    new = {name: size for name, size in policy.items() if document.policy[name] is None}
    edited = assign(document, new).document
    back = assign(edited, dict.fromkeys(new)).document
    assert back.to_bytes() == sample.data


@given(documents(), st.data())
def test_edits_undone_in_reverse_order_end_at_the_original_bytes(sample, data):
    document = Document.parse(sample.data)
    original = {found.tunable.name for found in document.declarations}
    assume(original)
    undo = []
    for _ in range(data.draw(st.integers(1, 6))):
        name = data.draw(names)
        if name == "swap_soft_limit" and document.domain is None and sample.form is Form.MEMTUNE:
            continue
        stands = [one for one in document.declarations if one.tunable.name == name]
        undo.append((name, spelling_of(stands[0].element) if stands else None))
        if stands and name not in original and data.draw(st.booleans()):
            change = None
        else:
            size = data.draw(sizes())
            change = data.draw(st.one_of(st.just(size), spellings(size)))
            if stands and isinstance(change, Spelling) and change.unit is None:
                change = size  # an attribute taken out says nothing of its place and quotes
        document = assign(document, {name: change}).document
    for name, before in reversed(undo):
        document = assign(document, {name: before}).document
    assert document.to_bytes() == sample.data


@pytest.mark.parametrize("form", Form)
def test_the_corpus_one_insertion_no_second_one_and_back(corpus_sample, form):
    restored = fresh = 0
    for name, data in corpus_sample.items():
        document = Document.parse(data, name)
        edited = assign(document, {"hard_limit": 4 * GIB}, form).document
        assert edited.policy.hard_limit == 4 * GIB, name
        assert assign(edited, {"hard_limit": 4 * GIB}, form).document is edited, name
        if document.policy.hard_limit is not None:
            continue
        fresh += 1
        old, new = change_between(data, edited.to_bytes())
        assert old == b"", name
        assert b"4" in new
        restored += assign(edited, {"hard_limit": None}).document.to_bytes() == data
    assert fresh > 0.9 * len(corpus_sample)
    assert restored >= 0.99 * fresh


def test_the_corpus_through_all_forms_keeps_every_value(corpus_sample):
    policy = MemoryPolicy(
        hard_limit=4 * GIB,
        soft_limit=3 * GIB,
        min_guarantee=2 * GIB,
        swap_hard_limit=6 * GIB,
        swap_soft_limit=5 * GIB,
    )
    for name, data in corpus_sample.items():
        document = start = Document.parse(data, name).with_policy(policy, Form.RESOURCE)
        for form in (Form.MEMTUNE, Form.METADATA, Form.RESOURCE):
            document = convert(document, form).document
            assert document.policy == policy, name
        if start.form is Form.RESOURCE:
            assert document.to_bytes() == start.to_bytes(), name


@pytest.mark.skipif(not Path(RNG).exists(), reason=f"libvirt's schema is not here ({RNG})")
def test_libvirts_schema_accepts_what_was_valid_before(corpus_sample):
    etree = pytest.importorskip("lxml.etree")
    schema = etree.RelaxNG(etree.parse(RNG))
    policy = MemoryPolicy(hard_limit=4 * GIB, soft_limit=3 * GIB, min_guarantee=2 * GIB)
    seen = 0
    for name, data in corpus_sample.items():
        if not schema.validate(etree.fromstring(data)):
            continue
        seen += 1
        document = Document.parse(data, name)
        for form in (Form.METADATA, Form.MEMTUNE):
            after = document.with_policy(policy, form).to_bytes()
            assert schema.validate(etree.fromstring(after)), (name, schema.error_log)
    assert seen > 0.7 * len(corpus_sample)
