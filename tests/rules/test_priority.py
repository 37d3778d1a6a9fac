"""What of a priority is a finding, beyond the fixtures."""

import pytest

from xmlresource.document import Document
from xmlresource.rules import check

GUARANTEE = "<memoryMinGuarantee>{}</memoryMinGuarantee>"


def codes(*memories: str) -> list[str]:
    text = f"<resource>{''.join(memories)}</resource>"
    return [found.code for found in check(Document.parse(text.encode()))]


@pytest.mark.parametrize(
    ("memories", "expected"),
    [
        (["<memory priority='0'/>"], []),
        (["<memory priority='1'/>"], ["XR310"]),
        (["<memory priority='1'>" + GUARANTEE.format("x") + "</memory>"], ["XR201"]),
        (["<memory priority='1'>" + GUARANTEE.format("5") + "</memory>"], []),
        (["<memory priority=' 1'>" + GUARANTEE.format("5") + "</memory>"], ["XR206"]),
        (["<memory unit='KiB'/>"], ["XR103"]),
        # one form: the second block is the fault, not what it says
        (["<memory priority='0'/>", "<memory priority='2'/>"], ["XR310", "XR108"]),
    ],
)
def test_findings(memories: list[str], expected: list[str]) -> None:
    assert sorted(codes(*memories)) == sorted(expected)


def test_memtune_takes_none() -> None:
    (found,) = check(Document.parse(b"<memtune priority='5'/>"))
    assert (found.code, found.hint) == ("XR103", "remove it: it takes none")


def test_both_forms_may_say_the_same() -> None:
    ours = "<xr:resource xmlns:xr='urn:xmlresource:1'><xr:memory priority='5'/></xr:resource>"
    text = (
        f"<domain><metadata>{ours}</metadata><resource><partition>/machine</partition>"
        "<memory priority='5'/></resource></domain>"
    )
    assert "XR306" not in {found.code for found in check(Document.parse(text.encode()))}
