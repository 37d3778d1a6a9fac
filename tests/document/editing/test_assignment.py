"""Edits of documents as people and tools write them: what comes out, byte for byte."""

from typing import Any

import pytest

from xmlresource.document import Document
from xmlresource.document.editing import EditError, Note, Remark, assign, replace
from xmlresource.formats.spelling import Spelling
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import Form
from xmlresource.units import KIB, LARGEST, UNLIMITED

GIB = KIB**3
OURS = "xmlns:xr='urn:xmlresource:1'"


def edited(text, form=None, **changes):
    return assign(Document.parse(text.encode()), changes, form).document.to_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "<memtune><hard_limit unit='GiB'>5</hard_limit></memtune>",
            "<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>",
            id="the unit stays",
        ),
        pytest.param(
            "<memtune><hard_limit>5</hard_limit></memtune>",
            "<memtune><hard_limit>4194304</hard_limit></memtune>",
            id="no unit stays none",
        ),
        pytest.param(
            "<memtune><hard_limit unit='tib' >5</hard_limit></memtune>",
            "<memtune><hard_limit unit='GiB' >4</hard_limit></memtune>",
            id="a unit that is not exact goes",
        ),
        pytest.param(
            "<memtune><hard_limit unit='GB'>5</hard_limit></memtune>",
            "<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>",
            id="a thousands unit that is not exact goes",
        ),
        pytest.param(
            "<memtune><hard_limit unit='G&#105;B'>&#53;</hard_limit></memtune>",
            "<memtune><hard_limit unit='G&#105;B'>4</hard_limit></memtune>",
            id="character references",
        ),
        pytest.param(
            "<memtune><hard_limit unit='gigs'>5</hard_limit></memtune>",
            "<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>",
            id="a bad unit is mended",
        ),
        pytest.param(
            "<memtune><hard_limit unit='GiB'> 5 </hard_limit></memtune>",
            "<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>",
            id="blanks are mended",
        ),
        pytest.param(
            "<memtune><hard_limit unit='GiB' /></memtune>",
            "<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>",
            id="an empty tag is opened",
        ),
        pytest.param(
            "<memtune><hard_limit unit='GiB'></hard_limit></memtune>",
            "<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>",
            id="an empty element is filled",
        ),
        pytest.param(
            "<memtune><hard_limit unit='GiB'><!-- a > b --></hard_limit></memtune>",
            "<memtune><hard_limit unit='GiB'><!-- a > b -->4</hard_limit></memtune>",
            id="an element with a comment only",
        ),
        pytest.param(
            "<memtune><hard_limit unit='GiB'>1<!-- a --><![CDATA[2]]><?p?>3</hard_limit></memtune>",
            "<memtune><hard_limit unit='GiB'>4<!-- a --><?p?></hard_limit></memtune>",
            id="a number in pieces",
        ),
        pytest.param(
            "<memtune><hard_limit unit='GiB'><![CDATA[5]]></hard_limit></memtune>",
            "<memtune><hard_limit unit='GiB'><![CDATA[4]]></hard_limit></memtune>",
            id="CDATA",
        ),
        pytest.param(
            "<memtune><hard_limit unit='GiB'><v>5</v></hard_limit></memtune>",
            "<memtune><hard_limit unit='GiB'>4</hard_limit></memtune>",
            id="an element in the value",
        ),
        pytest.param(
            "<memtune x='>'><hard_limit\n  unit = \"GiB\"\n>5</hard_limit\n></memtune>",
            "<memtune x='>'><hard_limit\n  unit = \"GiB\"\n>4</hard_limit\n></memtune>",
            id="blanks in tags",
        ),
        pytest.param(
            "<memtune><hard_limit>5</hard_limit><hard_limit>6</hard_limit></memtune>",
            "<memtune><hard_limit>4194304</hard_limit></memtune>",
            id="of duplicates the first stays",
        ),
        pytest.param(
            "<memtune/>",
            '<memtune>\n  <hard_limit unit="GiB">4</hard_limit>\n</memtune>',
            id="an empty block is opened",
        ),
        pytest.param(
            "<domain a='b'><memtune /></domain>",
            "<domain a='b'><memtune><hard_limit unit='GiB'>4</hard_limit></memtune></domain>",
            id="an empty block in one line",
        ),
        pytest.param(
            "<domain>\r\n\t<memtune></memtune>\r\n</domain>\r\n",
            '<domain>\r\n\t<memtune>\r\n\t\t<hard_limit unit="GiB">4</hard_limit>\r\n\t</memtune>'
            "\r\n</domain>\r\n",
            id="CRLF and tabs",
        ),
        pytest.param(
            "<memtune>\n</memtune>",
            '<memtune>\n  <hard_limit unit="GiB">4</hard_limit>\n</memtune>',
            id="a block of one blank line",
        ),
        pytest.param(
            "<memtune><!-- none yet --></memtune>",
            '<memtune><hard_limit unit="GiB">4</hard_limit><!-- none yet --></memtune>',
            id="a block with a comment only",
        ),
        pytest.param(
            "<memtune>\n  <!-- none yet -->\n</memtune>",
            '<memtune>\n  <hard_limit unit="GiB">4</hard_limit>\n  <!-- none yet -->\n</memtune>',
            id="a block with a comment on a line",
        ),
        pytest.param(
            "<memtune>\n <soft_limit>5</soft_limit>\n</memtune>",
            "<memtune>\n <hard_limit>4194304</hard_limit>\n <soft_limit>5</soft_limit>\n</memtune>",
            id="in libvirt's order, in the unit of the others",
        ),
        pytest.param(
            "<memtune><soft_limit>5</soft_limit>\n</memtune>",
            "<memtune><hard_limit>4194304</hard_limit><soft_limit>5</soft_limit>\n</memtune>",
            id="beside one that has no line to itself",
        ),
        pytest.param(
            "<memtune>\n  <soft_limit unit='KB'>5</soft_limit>\n</memtune>",
            "<memtune>\n  <hard_limit unit='GiB'>4</hard_limit>\n"
            "  <soft_limit unit='KB'>5</soft_limit>\n</memtune>",
            id="in a unit of its own where that of the others is not exact",
        ),
        pytest.param(
            "<domain type='kvm'>\n  <name>a</name> <!-- its\nname -->\n  <vcpu>1</vcpu>\n</domain>",
            "<domain type='kvm'>\n  <name>a</name> <!-- its\nname -->\n  <metadata>\n"
            f"    <xr:resource {OURS}>\n      <xr:memory>\n"
            "        <xr:memoryHardLimit unit='GiB'>4</xr:memoryHardLimit>\n"
            "      </xr:memory>\n    </xr:resource>\n  </metadata>\n  <vcpu>1</vcpu>\n</domain>",
            id="new metadata, after the comment on the line before",
        ),
        pytest.param(
            "<domain><name>a</name><vcpu>1</vcpu></domain>",
            '<domain><name>a</name><metadata><xr:resource xmlns:xr="urn:xmlresource:1"><xr:memory>'
            '<xr:memoryHardLimit unit="GiB">4</xr:memoryHardLimit></xr:memory></xr:resource>'
            "</metadata><vcpu>1</vcpu></domain>",
            id="all in one line",
        ),
        pytest.param(
            "<domain/>",
            '<domain>\n  <metadata>\n    <xr:resource xmlns:xr="urn:xmlresource:1">\n'
            '      <xr:memory>\n        <xr:memoryHardLimit unit="GiB">4</xr:memoryHardLimit>\n'
            "      </xr:memory>\n    </xr:resource>\n  </metadata>\n</domain>",
            id="a domain that is empty",
        ),
        pytest.param(
            "<domain>\n<name>a</name>\n</domain>",
            '<domain>\n<name>a</name>\n<metadata>\n<xr:resource xmlns:xr="urn:xmlresource:1">\n'
            '<xr:memory>\n<xr:memoryHardLimit unit="GiB">4</xr:memoryHardLimit>\n</xr:memory>\n'
            "</xr:resource>\n</metadata>\n</domain>",
            id="no indentation at all",
        ),
        pytest.param(
            "<domain>\n  <metadata>\n    <o:o xmlns:o='o'/>\n  </metadata>\n</domain>",
            f"<domain>\n  <metadata>\n    <o:o xmlns:o='o'/>\n    <xr:resource {OURS}>\n"
            "      <xr:memory>\n        <xr:memoryHardLimit unit='GiB'>4</xr:memoryHardLimit>\n"
            "      </xr:memory>\n    </xr:resource>\n  </metadata>\n</domain>",
            id="metadata of others",
        ),
        pytest.param(
            "<domain xmlns:m='urn:xmlresource:1'><metadata></metadata></domain>",
            "<domain xmlns:m='urn:xmlresource:1'><metadata><m:resource><m:memory>"
            "<m:memoryHardLimit unit='GiB'>4</m:memoryHardLimit></m:memory></m:resource>"
            "</metadata></domain>",
            id="a prefix that is declared is used",
        ),
        pytest.param(
            "<domain xmlns:m='urn:xmlresource:1' xmlns:xr='urn:xmlresource:1'><metadata/></domain>",
            "<domain xmlns:m='urn:xmlresource:1' xmlns:xr='urn:xmlresource:1'><metadata>"
            "<xr:resource><xr:memory><xr:memoryHardLimit unit='GiB'>4</xr:memoryHardLimit>"
            "</xr:memory></xr:resource></metadata></domain>",
            id="of two prefixes the usual one",
        ),
        pytest.param(
            "<domain xmlns:m='urn:xmlresource:1'><metadata xmlns:m='other'></metadata></domain>",
            "<domain xmlns:m='urn:xmlresource:1'><metadata xmlns:m='other'>"
            f"<xr:resource {OURS}><xr:memory>"
            "<xr:memoryHardLimit unit='GiB'>4</xr:memoryHardLimit></xr:memory></xr:resource>"
            "</metadata></domain>",
            id="a prefix that means something else there is not used",
        ),
        pytest.param(
            "<resource xmlns='urn:xmlresource:1'>\n  <memory/>\n</resource>",
            "<resource xmlns='urn:xmlresource:1'>\n  <memory>\n"
            "    <memoryHardLimit unit='GiB'>4</memoryHardLimit>\n  </memory>\n</resource>",
            id="a default namespace",
        ),
        pytest.param(
            "<resource>\n  <partition>/m</partition>\n</resource>",
            "<resource>\n  <partition>/m</partition>\n  <memory>\n"
            '    <memoryHardLimit unit="GiB">4</memoryHardLimit>\n  </memory>\n</resource>',
            id="beside libvirt's own children of resource",
        ),
        pytest.param(
            f"<xr:resource {OURS}/>",
            f"<xr:resource {OURS}>\n  <xr:memory>\n"
            "    <xr:memoryHardLimit unit='GiB'>4</xr:memoryHardLimit>\n  </xr:memory>\n"
            "</xr:resource>",
            id="a bare fragment of ours",
        ),
        pytest.param(
            f"<xr:memory {OURS}>\n</xr:memory>",
            f"<xr:memory {OURS}>\n  <xr:memoryHardLimit unit='GiB'>4</xr:memoryHardLimit>\n"
            "</xr:memory>",
            id="a bare memory",
        ),
        pytest.param(
            "\ufeff<memtune>\n</memtune>",
            '\ufeff<memtune>\n  <hard_limit unit="GiB">4</hard_limit>\n</memtune>',
            id="a byte order mark",
        ),
        pytest.param(
            "<domain>\n  <memory>1</memory><memtune>\n"
            "    <hard_limit>5</hard_limit><!-- five -->\n  </memtune>\n</domain>",
            "<domain>\n  <memory>1</memory><memtune>\n"
            "    <hard_limit>4194304</hard_limit><!-- five -->\n  </memtune>\n</domain>",
            id="all else is left alone",
        ),
        pytest.param(
            f"<domain><metadata><xr:resource {OURS}><xr:memory><xr:memoryHardLimit>5"
            "</xr:memoryHardLimit></xr:memory></xr:resource></metadata><memtune><hard_limit>6"
            "</hard_limit></memtune></domain>",
            f"<domain><metadata><xr:resource {OURS}><xr:memory><xr:memoryHardLimit>4194304"
            "</xr:memoryHardLimit></xr:memory></xr:resource></metadata><memtune><hard_limit>4194304"
            "</hard_limit></memtune></domain>",
            id="everywhere it stands",
        ),
        pytest.param(
            "<domstatus><x/><domain type='kvm'><memtune><hard_limit>5</hard_limit></memtune>"
            "</domain></domstatus>",
            "<domstatus><x/><domain type='kvm'><memtune><hard_limit>4194304</hard_limit></memtune>"
            "</domain></domstatus>",
            id="a domain in libvirt's status file",
        ),
    ],
)
def test_a_hard_limit_of_4_gib(before, after):
    assert edited(before, hard_limit=4 * GIB) == after


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "cp1252"])
def test_the_encoding_stays(encoding):
    text = (
        f"<?xml version='1.0' encoding='{encoding}'?>\r\n<domain>\r\n  <name>größe</name>\r\n"
        "  <memtune>\r\n    <hard_limit unit='GiB'>5</hard_limit>\r\n  </memtune>\r\n</domain>"
    )
    after = assign(Document.parse(text.encode(encoding)), {"hard_limit": 4 * GIB}).document
    assert after.to_bytes() == text.replace(">5<", ">4<").encode(encoding)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<memtune><hard_limit>5</hard_limit></memtune>", "<memtune></memtune>"),
        pytest.param(
            "<memtune>\n  <hard_limit>5</hard_limit> <!-- a -->\n</memtune>",
            "<memtune>\n   <!-- a -->\n</memtune>",
        ),
        pytest.param(
            "<domain>\n  <memtune>\n    <hard_limit>5</hard_limit>  \n  </memtune>\n</domain>",
            "<domain>\n</domain>",
        ),
        pytest.param(
            "<domain>\n  <memtune>\n    <!-- a -->\n    <hard_limit>5</hard_limit>\n  </memtune>\n"
            "</domain>",
            "<domain>\n  <memtune>\n    <!-- a -->\n  </memtune>\n</domain>",
        ),
        pytest.param(
            "<domain><memtune x='y'><hard_limit>5</hard_limit></memtune></domain>",
            "<domain><memtune x='y'></memtune></domain>",
        ),
        pytest.param(
            "<domain><resource><partition>/m</partition><memory><memoryHardLimit>5"
            "</memoryHardLimit></memory></resource></domain>",
            "<domain><resource><partition>/m</partition></resource></domain>",
        ),
        pytest.param(
            "<domain><resource><memory><memoryHardLimit>5</memoryHardLimit></memory></resource>"
            "</domain>",
            "<domain></domain>",
        ),
        pytest.param(
            f"<domain>\r\n\t<metadata>\r\n\t\t<xr:resource {OURS}>\r\n\t\t\t<xr:memory>"
            "<xr:memoryHardLimit>5</xr:memoryHardLimit></xr:memory>\r\n\t\t</xr:resource>\r\n"
            "\t</metadata>\r\n</domain>",
            "<domain>\r\n</domain>",
        ),
        pytest.param(
            "<memtune>\n  <hard_limit>5</hard_limit>\n  <soft_limit>5</soft_limit>\n</memtune>",
            "<memtune>\n  <soft_limit>5</soft_limit>\n</memtune>",
        ),
        pytest.param(
            "<domain><memtune><hard_limit>1</hard_limit></memtune>"
            "<memtune><hard_limit>2</hard_limit><soft_limit>2</soft_limit></memtune></domain>",
            "<domain><memtune><soft_limit>2</soft_limit></memtune></domain>",
        ),
        ("<memtune><hard_limit>bad</hard_limit></memtune>", "<memtune></memtune>"),
        ("<memtune/>", "<memtune/>"),
    ],
)
def test_none_takes_out_the_element_and_what_it_leaves_empty(before, after):
    assert edited(before, hard_limit=None) == after


def test_a_form_may_be_asked_for():
    domain = "<domain type='lxc'><name>a</name></domain>"
    for form in Form:
        document = Document.parse(edited(domain, form, hard_limit=GIB).encode())
        assert document.form is form
        assert document.policy == MemoryPolicy(hard_limit=GIB)


def test_the_form_that_is_used_is_the_default():
    for form in Form:
        text = edited("<domain type='lxc'/>", form, hard_limit=GIB)
        assert Document.parse(edited(text, soft_limit=GIB).encode()).form is form


def test_with_a_form_none_takes_out_of_that_form_only():
    text = edited("<domain/>", Form.MEMTUNE, hard_limit=GIB)
    both = edited(text, Form.METADATA, hard_limit=GIB)
    assert Document.parse(both.encode()).form is None
    assert edited(both, Form.METADATA, hard_limit=None) == text


def test_with_a_form_the_other_forms_must_not_disagree():
    text = edited("<domain/>", Form.MEMTUNE, hard_limit=GIB)
    document = Document.parse(edited(text, Form.METADATA, hard_limit=2 * GIB).encode())
    assert document.policy_in(Form.MEMTUNE) == document.policy_in(Form.METADATA)


def test_unlimited_is_the_sentinel_in_memtune():
    assert edited("<memtune/>", hard_limit=UNLIMITED) == (
        '<memtune>\n  <hard_limit unit="KiB">9007199254740991</hard_limit>\n</memtune>'
    )
    assert edited(
        "<memtune><hard_limit unit='b'>5</hard_limit></memtune>", hard_limit=UNLIMITED
    ) == ("<memtune><hard_limit unit='b'>9223372036854774784</hard_limit></memtune>")


def test_unlimited_is_no_element_elsewhere_and_that_is_said():
    document = Document.parse(b"<domain/>")
    edit = assign(document, {"hard_limit": UNLIMITED})
    assert edit.document is document
    assert [(note.tunable, note.remark) for note in edit.notes] == [("hard_limit", Remark.LEFT_OUT)]
    says_so = Document.parse(
        b"<resource><memory><memoryHardLimit>9007199254740991</memoryHardLimit></memory></resource>"
    )
    assert assign(says_so, {"hard_limit": UNLIMITED}).document is says_so


def test_what_qemus_driver_or_memtune_refuses_stays_in_metadata():
    document = Document.parse(b"<domain type='kvm'/>")
    changes = {"hard_limit": 2 * GIB, "min_guarantee": GIB, "swap_soft_limit": 3 * GIB}
    edit = assign(document, changes, Form.MEMTUNE)
    assert edit.document.policy_in(Form.MEMTUNE) == MemoryPolicy(hard_limit=2 * GIB)
    assert edit.document.policy_in(Form.METADATA) == MemoryPolicy(
        min_guarantee=GIB, swap_soft_limit=3 * GIB
    )
    assert edit.notes == (
        Note(
            "min_guarantee",
            Remark.KEPT_IN_METADATA,
            "libvirt's QEMU driver refuses min_guarantee in <memtune>",
        ),
        Note("swap_soft_limit", Remark.KEPT_IN_METADATA, "<memtune> has no swap_soft_limit"),
    )


def test_where_nobody_asked_for_memtune_nothing_is_said():
    document = Document.parse(
        b"<domain type='kvm'><memtune><hard_limit>1</hard_limit></memtune></domain>"
    )
    edit = assign(document, {"min_guarantee": KIB})
    assert edit.notes == ()
    assert edit.document.policy_in(Form.METADATA) == MemoryPolicy(min_guarantee=KIB)


def test_sizes_are_rounded_up_as_libvirt_does():
    assert ">1<" in edited("<memtune><hard_limit>5</hard_limit></memtune>", hard_limit=1)


def test_a_guarantee_of_zero_is_none():
    text = "<memtune><min_guarantee>5</min_guarantee></memtune>"
    assert edited(text, min_guarantee=0) == "<memtune></memtune>"
    assert ' unit="KiB">0<' in edited("<memtune/>", hard_limit=0)


@pytest.mark.parametrize(
    ("element", "spelling", "after"),
    [
        ("<hard_limit>5</hard_limit>", ("4", "GiB"), "<hard_limit unit='GiB'>4</hard_limit>"),
        (
            "<hard_limit unit='K'>5</hard_limit>",
            ("05", "K"),
            "<hard_limit unit='K'>05</hard_limit>",
        ),
        ("<hard_limit unit='K'>5</hard_limit>", ("5", None), "<hard_limit>5</hard_limit>"),
        ("<hard_limit\n unit='K' >5</hard_limit>", ("5", None), "<hard_limit >5</hard_limit>"),
    ],
)
def test_a_spelling_is_written_as_it_is(element, spelling, after):
    before = f"<memtune>{element}<soft_limit unit='K'>1</soft_limit></memtune>"
    assert edited(before, hard_limit=Spelling(*spelling)) == before.replace(element, after)


@pytest.mark.parametrize(
    ("text", "form", "changes", "message"),
    [
        ("<network/>", None, {"hard_limit": 1}, "<network> holds no tunables"),
        ("<memtune/>", None, {"hard_limits": 1}, "there is no tunable 'hard_limits'"),
        ("<memtune/>", None, {"swap_soft_limit": 1}, "<memtune> has no swap_soft_limit"),
        ("<memtune/>", Form.METADATA, {"hard_limit": 1}, "no place for the form 'metadata'"),
        ("<memtune/>", None, {"hard_limit": LARGEST}, "more than libvirt can hold"),
        ("<memtune/>", None, {"min_guarantee": UNLIMITED}, "can't be unlimited"),
        ("<memtune/>", None, {"hard_limit": Spelling("x", None)}, "not a whole number"),
        (
            f"<domain><metadata><xr:other {OURS}/></metadata></domain>",
            None,
            {"hard_limit": 1},
            "has a <xr:other> in our namespace",
        ),
    ],
)
def test_what_can_not_be_done_is_said(text, form, changes, message):
    with pytest.raises(EditError, match=message):
        assign(Document.parse(text.encode()), changes, form)


def test_a_result_that_is_not_as_meant_is_never_handed_out(monkeypatch):
    monkeypatch.setattr(
        "xmlresource.document.editing.edit_plan.spliced", lambda text, _splices: text + b" "
    )
    with pytest.raises(EditError, match="did not come out as meant"):
        edited("<memtune/>", hard_limit=KIB)


def test_a_whole_policy_replaces_what_was_there():
    document = Document.parse(
        b"<domain type='kvm'><memtune><hard_limit>1</hard_limit>"
        b"<soft_limit>1</soft_limit></memtune></domain>"
    )
    policy = MemoryPolicy(hard_limit=2 * KIB, min_guarantee=KIB)
    after = document.with_policy(policy)
    assert after.policy == policy
    assert after.policy_in(Form.MEMTUNE) == MemoryPolicy(hard_limit=2 * KIB)
    assert after.with_policy(policy) is after
    assert not after.with_policy(MemoryPolicy()).declarations
    assert replace(document, policy, Form.METADATA).document.policy_in(Form.METADATA) == policy


@pytest.mark.parametrize("amount", ["6GiB", 4.5, True])
def test_what_is_no_size_is_no_value(amount: Any) -> None:
    document = Document.parse(b"<memtune/>")
    with pytest.raises(TypeError, match="hard_limit is no size"):
        assign(document, {"hard_limit": amount})
