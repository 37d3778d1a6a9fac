import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.diagnostics import Severity
from xmlresource.document import Document
from xmlresource.document.editing import EditError, Remark
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.editing.diff import unified
from xmlresource.operations.editing.edit import (
    RefusedError,
    convert,
    generate,
    set_,
    write_in_place,
)
from xmlresource.rules import check, errors
from xmlresource.strategies import documents, policies
from xmlresource.tunables import Form
from xmlresource.units import KIB, LARGEST, UNLIMITED

GIB = KIB**3
GUEST = b"""<domain type='kvm'>
  <name>web</name>
  <memtune>
    <hard_limit unit='GiB'>5</hard_limit>
  </memtune>
</domain>
"""


def read(data, name="web.xml"):
    return Document.parse(data, name)


def test_set_gives_before_and_after_and_the_difference():
    edited = set_(read(GUEST), {"hard_limit": 4 * GIB}, checker=check)
    assert edited.changed
    assert edited.before == GUEST
    assert edited.after == GUEST.replace(b">5<", b">4<")
    assert edited.diff == (
        "--- a/web.xml\n+++ b/web.xml\n@@ -1,6 +1,6 @@\n <domain type='kvm'>\n"
        "   <name>web</name>\n   <memtune>\n-    <hard_limit unit='GiB'>5</hard_limit>\n"
        "+    <hard_limit unit='GiB'>4</hard_limit>\n   </memtune>\n </domain>\n"
    )


def test_setting_what_is_set_changes_nothing():
    edited = set_(read(GUEST), {"hard_limit": 5 * GIB})
    assert not edited.changed
    assert edited.diff == ""


def test_a_document_with_errors_is_refused_unless_told():
    faulty = read(GUEST.replace(b">5<", b">five<"))
    with pytest.raises(RefusedError, match=r"web\.xml has errors: hard_limit") as caught:
        set_(faulty, {"soft_limit": GIB}, checker=check)
    assert [found.code for found in caught.value.diagnostics] == ["XR201"]
    assert set_(faulty, {"hard_limit": GIB}).after == GUEST.replace(b">5<", b">1<")


def test_an_edit_that_brings_errors_is_refused():
    with pytest.raises(RefusedError, match="would have errors") as caught:
        set_(read(GUEST), {"soft_limit": 6 * GIB}, checker=check)
    assert [found.code for found in caught.value.diagnostics] == ["XR302"]


def test_convert_reports_what_stays():
    document = set_(read(GUEST), {"min_guarantee": GIB}, checker=check)
    edited = convert(read(document.after), Form.MEMTUNE, checker=check)
    assert [note.remark for note in edited.notes] == [Remark.KEPT_IN_METADATA]


def test_generate():
    policy = MemoryPolicy(hard_limit=GIB, swap_soft_limit=2 * GIB)
    made = generate(policy, Form.MEMTUNE, checker=check)
    assert made.text == '<memtune>\n  <hard_limit unit="GiB">1</hard_limit>\n</memtune>\n'
    assert [(note.tunable, note.remark) for note in made.notes] == [
        ("swap_soft_limit", Remark.DROPPED)
    ]
    left_out = generate(MemoryPolicy(hard_limit=UNLIMITED), Form.METADATA)
    assert [note.remark for note in left_out.notes] == [Remark.LEFT_OUT]
    with pytest.raises(RefusedError, match="contradicts itself"):
        generate(MemoryPolicy(hard_limit=GIB, soft_limit=2 * GIB), Form.RESOURCE, checker=check)
    with pytest.raises(EditError, match="more than libvirt can hold"):
        generate(MemoryPolicy(hard_limit=LARGEST), Form.RESOURCE)


@given(policies(), st.sampled_from(Form))
def test_what_is_generated_has_no_errors(policy, form):
    generate(policy, form, checker=check)


@given(documents(), policies(), st.one_of(st.none(), st.sampled_from(Form)))
def test_nothing_is_written_that_the_rules_refuse(sample, policy, form):
    document = read(sample.data)
    try:
        edited = set_(document, dict(policy.items()), form, checker=check)
    except EditError:
        return
    found = check(read(edited.after))
    assert [one for one in found if one.severity is Severity.ERROR] == []


def test_writing_in_place(tmp_path):
    path = tmp_path / "web.xml"
    path.write_bytes(GUEST)
    edited = set_(read(GUEST, str(path)), {"hard_limit": 4 * GIB})
    assert write_in_place([edited]) == 1
    assert path.read_bytes() == edited.after
    again = set_(read(edited.after, str(path)), {"hard_limit": 4 * GIB})
    inode = path.stat().st_ino
    assert write_in_place([again]) == 0
    assert path.stat().st_ino == inode


@pytest.mark.skipif(shutil.which("patch") is None, reason="patch is not installed")
@given(documents(bare=False), policies())
def test_patch_understands_the_difference(tmp_path_factory, sample, policy):
    document = read(sample.data)
    after = document.with_policy(policy).to_bytes()
    if b"\0" in after or after == sample.data:
        return  # patch knows no UTF-16
    folder = tmp_path_factory.mktemp("patch")
    (folder / "web.xml").write_bytes(sample.data)
    difference = unified(sample.data, after, "web.xml").encode("utf-8", "surrogateescape")
    subprocess.run(
        ["patch", "--binary", "-s", "-p1"],  # noqa: S607
        cwd=folder, input=difference, check=True, env={**os.environ, "POSIXLY_CORRECT": "1"},
    )  # fmt: skip
    assert (folder / "web.xml").read_bytes() == after


def test_a_refusal_cites_the_file_that_is_there() -> None:
    text = (Path(__file__).parents[3] / "fixtures" / "messages" / "lxc.xml").read_bytes()
    document = Document.parse(text, "lxc.xml")
    with pytest.raises(RefusedError) as caught:
        set_(document, {"min_guarantee": 512 << 20}, checker=errors)
    (found,) = caught.value.diagnostics
    # The line after which it would come, and that of the soft limit.
    assert found.span is not None
    assert (found.span.line, found.span.column) == (8, 5)
    assert found.message.endswith("see line 8")
