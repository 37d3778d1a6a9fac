"""What can't be read is told by those who show the rest."""

from pathlib import Path

import pytest

from xmlresource.document import Document
from xmlresource.operations.editing.show import show
from xmlresource.operations.memory_use.overhead import overhead
from xmlresource.rules.left_out import left_out_of_domain, left_out_of_policy


def told(found):
    return [(one.span.line, one.message) for one in found]


def domain(inner):
    return Document.parse(f"<domain type='kvm'>\n<name>a</name>\n{inner}\n</domain>".encode())


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<memory unit='GiB'> 4 </memory><maxMemory>8</maxMemory><vcpu>2</vcpu>", []),
        ("<memory>4 GiB</memory>",
         [(3, "<memory> is left out: '4 GiB' has its unit beside the number")]),
        ("<memory unit='KBB'>4</memory>", [(3, "<memory> is left out: unknown unit 'KBB'")]),
        ("<devices/><vcpu>two</vcpu>", [(3, "<vcpu> is left out: not a number")]),
        ("<devices>\n<memory><target><size>x</size></target></memory><memory/></devices>",
         [(4, "<size> is left out: 'x' is not a whole number")]),
    ],
)  # fmt: skip
def test_of_a_domain(inner, expected):
    assert told(left_out_of_domain(domain(inner))) == expected


def test_of_a_fragment_no_guest_is_left_out():
    document = Document.parse(b"<memtune><hard_limit>x</hard_limit></memtune>")
    assert left_out_of_domain(document) == ()
    (found,) = left_out_of_policy(document)
    assert found.message.startswith("left out: hard_limit: ")


def test_show_and_overhead_say_so(tmp_path: Path):
    path = tmp_path / "guest.xml"
    path.write_text(
        "<domain type='kvm'>\n<name>a</name>\n<memory>x</memory>\n"
        "<memtune><hard_limit>x</hard_limit></memtune></domain>"
    )
    assert [one.code for one in show(str(path)).left_out] == ["XR201"]
    (guest,) = overhead(str(path)).guests
    assert [one.code for one in guest.left_out] == ["XR608", "XR201"]
