"""Which documents may hold a policy, and which do whatever a parser would say."""

import pytest

from xmlresource.model.signs import declares, may_declare
from xmlresource.tunables import BY_NAME, NAMESPACE

OURS = f"<domain><metadata><r xmlns='{NAMESPACE}'/></metadata></domain>"
MEMTUNE = f"<domain><memtune><{BY_NAME['min_guarantee'].memtune_element}>1</min_guarantee>"
NONE = "<domain><description>min_guarantee urn:xmlresource:1</description></domain>"


@pytest.mark.parametrize(
    ("document", "may", "does"),
    [
        (OURS, True, True),
        (OURS.replace("'", '"'), True, True),
        (MEMTUNE, True, True),
        (NONE, False, False),
        ("<domain name='caf&#xE9;'/>", True, False),
        (OURS.replace("urn:", "urn&#58;"), True, False),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_signs(document: str, may: bool, does: bool, encoding: str) -> None:
    data = document.encode(encoding)
    assert may_declare(data) == (may or encoding == "utf-16")
    assert declares(data) == does
