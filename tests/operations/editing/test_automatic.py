"""``auto`` in place of a size."""

import pytest

from xmlresource.document import Document
from xmlresource.document.editing import EditError
from xmlresource.formats.assignments import AUTO, parse_assignments
from xmlresource.operations.editing.automatic import without_auto
from xmlresource.operations.editing.edit import RefusedError, set_
from xmlresource.overhead import estimate
from xmlresource.rules import check
from xmlresource.tunables import Form

MIB = 1 << 20
GUEST = b"""<domain type='kvm'>
  <name>web</name>
  <memory unit='MiB'>500</memory>
  <vcpu>2</vcpu>
  <devices><disk type='file' device='disk'><target dev='vda' bus='virtio'/></disk></devices>
</domain>
"""


def read(data: bytes) -> Document:
    return Document.parse(data, "web.xml")


def test_auto_is_what_is_recommended_in_whole_mebibytes() -> None:
    document = read(GUEST)
    assert document.domain is not None
    overhead = estimate(document.domain)
    found = parse_assignments(["hard_limit=auto", "min_guarantee=auto"])
    edited = set_(document, found.amounts, checker=check)
    policy = read(edited.after).policy
    assert policy.hard_limit == overhead.hard_limit
    assert policy.min_guarantee == overhead.min_guarantee
    assert isinstance(policy.hard_limit, int)
    assert policy.hard_limit % MIB == policy.guarantee % MIB == 0
    assert check(read(edited.after)) == []


def test_auto_stands_beside_sizes_and_in_any_form() -> None:
    edited = set_(
        read(GUEST), {"hard_limit": AUTO, "soft_limit": 400 * MIB}, Form.MEMTUNE, checker=check
    )
    assert b"<soft_limit unit='MiB'>400<" in edited.after
    assert read(edited.after).policy_in(Form.MEMTUNE).hard_limit is not None


def test_setting_it_again_changes_nothing() -> None:
    once = set_(read(GUEST), {"hard_limit": AUTO}).after
    assert not set_(read(once), {"hard_limit": AUTO}).changed


def test_auto_must_agree_with_what_stands() -> None:
    limited = set_(read(GUEST), {"hard_limit": 100 * MIB}, checker=check).after
    with pytest.raises(RefusedError, match="would have errors: min_guarantee"):
        set_(read(limited), {"min_guarantee": AUTO}, checker=check)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"<memtune/>", "<memtune> tells nothing of the guest; give the whole <domain>, or write"),
        (b"<resource><memory/></resource>", "<resource> tells nothing of the guest; give the"),
        (b"<domain type='kvm'/>", "gives no memory that can be read; write a size"),
        (b"<domain type='xen'><memory>1024</memory></domain>", "not run by QEMU or LXC; write"),
    ],
)
def test_without_a_guest_there_is_nothing_to_go_by(document: bytes, words: str) -> None:
    with pytest.raises(EditError, match=words) as caught:
        set_(read(document), {"hard_limit": AUTO})
    assert str(caught.value).startswith("hard_limit=auto: ")


def test_some_tunables_have_no_recommendation() -> None:
    with pytest.raises(EditError, match="soft_limit=auto: nothing is recommended for it"):
        set_(read(GUEST), {"soft_limit": AUTO})


def test_a_fragment_to_be_made_takes_sizes_alone() -> None:
    assert without_auto({"hard_limit": MIB, "soft_limit": None}) == {
        "hard_limit": MIB,
        "soft_limit": None,
    }
    with pytest.raises(EditError, match="hard_limit=auto: a fragment tells nothing of the guest"):
        without_auto({"hard_limit": AUTO})
