"""How much a document with a policy may have; each bound from both sides."""

import pytest

from xmlresource import limits
from xmlresource.document import Document
from xmlresource.rules import errors

POLICY = (
    "<metadata><xr:resource xmlns:xr='urn:xmlresource:1'><xr:memory>"
    "<xr:memoryMinGuarantee>1</xr:memoryMinGuarantee></xr:memory></xr:resource>{}</metadata>"
)
MEMTUNE = "<memtune><min_guarantee>1</min_guarantee></memtune><metadata>{}</metadata>"
PLAIN = "<memtune><hard_limit unit='GiB'>1</hard_limit></memtune><metadata>{}</metadata>"


def messages(metadata: str = "", body: str = "", policy: str = POLICY) -> list[str]:
    xml = f"<domain type='lxc'><name>a</name>{policy.format(metadata)}{body}</domain>"
    found = errors(Document.parse(xml.encode()))
    assert {each.code for each in found} <= {"XR011"}
    return [each.message for each in found]


def devices(kind: str, number: int, inner: str = "") -> str:
    return f"<devices>{f'<{kind}>{inner}</{kind}>' * number}</devices>"


def mask(nodes: str) -> str:
    return f"<source><nodemask>{nodes}</nodemask></source>"


HALF = limits.MOST_NODES_NAMED // 2
SETS = (
    f"<numatune><memory mode='strict' nodeset='1-{HALF}'/></numatune>"
    f"<memoryBacking><hugepages><page size='1' nodeset='1-{{}}'/></hugepages></memoryBacking>"
)


@pytest.mark.parametrize(
    ("within", "beyond", "what"),
    [
        (devices("disk", limits.MOST_DEVICES), devices("disk", limits.MOST_DEVICES + 1), "devices"),
        (devices("memory", 256), devices("memory", 257), "memory devices"),
        (SETS.format(HALF), SETS.format(HALF + 1), "numbers"),
        (
            devices("memory", 2, mask(f"1-{HALF}")),
            devices("memory", 2, mask(f"0-{HALF}")),
            "numbers",
        ),
    ],
)
def test_bounds_of_a_guest(within: str, beyond: str, what: str) -> None:
    assert messages(body=within) == []
    (message,) = messages(body=beyond)
    assert message.endswith(what)
    assert messages(body=beyond, policy=MEMTUNE) == [message]
    assert messages(body=beyond, policy=PLAIN) == [], "the hook is not asked about it"


def io(number: int) -> str:
    """A policy of so many devices, of CPU time and IO alone."""
    block = "<p:io>" + "<p:device path='/dev/a'/>" * number + "</p:io>"
    return f"<metadata><p:resource xmlns:p='urn:xmlresource:1'>{block}</p:resource>{{}}</metadata>"


def test_bound_of_devices_in_io() -> None:
    """Beyond it nothing else is told: the devices here are all named alike, which is a fault."""
    (message,) = messages(policy=io(limits.MOST_IO_DEVICES + 1))
    assert message == "its <io> has more than 1024 devices"
    within = Document.parse(f"<domain>{io(limits.MOST_IO_DEVICES).format('')}</domain>".encode())
    assert "XR011" not in {each.code for each in errors(within)}


def test_bounds_hold_for_a_policy_of_io_alone() -> None:
    (message,) = messages(body=devices("memory", 257), policy=io(1))
    assert message.endswith("memory devices")
    assert messages(body=devices("memory", 257), policy=io(0)) == [], "it declares nothing"


def test_bound_of_elements() -> None:
    others = 5  # of the policy
    metadata = "<a xmlns='x'/>" * (limits.MOST_POLICY_ELEMENTS - others - 1)
    assert messages(metadata) == []
    (message,) = messages(metadata + "<a/>")
    assert "elements" in message


def test_bound_of_bytes() -> None:
    (message,) = messages("<!-- " + "x" * limits.MOST_POLICY_BYTES + " -->")
    assert "bytes" in message
    assert messages("<!-- " + "x" * (limits.MOST_POLICY_BYTES - 1000) + " -->") == []
